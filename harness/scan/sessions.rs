//! A second handshake and a second session, which need a whole handshake: an engine plays them.

use tokio::io::AsyncWriteExt;
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Sessions};
use waxseal_model::scenario::{HelloVariant, RawHello};

use super::answers::newest_old;
use super::exchange::answers;
use super::host::Host;
use super::versions::{Heard, absent};
use crate::tls::{Answers, BareSession, hello_by_hand, open_session, renegotiates, resumes};
use crate::wire::tls::kind;

/// Why there is no answer when the host's time ends in a handshake.
const OVER: &str = "the time for this host was over";

/// One connection or two for renegotiation, and two for resumption in each of TLS 1.2 and 1.3.
pub(super) async fn learn(host: &Host, sni: Option<&str>, heard: &[Heard]) -> Sessions {
    // Where a second handshake is tied to the first, that is a question of its own.
    let untied = async {
        match ties(heard) {
            Some(true) => Some(without_rfc5746(host, sni, heard).await),
            _ => None,
        }
    };
    let (client_renegotiation, untied, resumption_tls12, resumption_tls13) = tokio::join!(
        renegotiation(host, sni, heard),
        untied,
        resumption(host, sni, heard, Version::Tls12),
        resumption(host, sni, heard, Version::Tls13),
    );
    let insecure_renegotiation = untied.unwrap_or_else(|| client_renegotiation.clone());
    Sessions { client_renegotiation, insecure_renegotiation, resumption_tls12, resumption_tls13 }
}

/// Whether the newest version below TLS 1.3 answers renegotiation_info; `None`: there is none.
fn ties(heard: &[Heard]) -> Option<bool> {
    let (version, _) = newest_old(heard)?;
    let mut flights = heard.iter().filter(|h| h.facts.version == version).flat_map(|h| &h.flights);
    Some(flights.all(|(_, flight)| answers(flight, kind::RENEGOTIATION_INFO)))
}

/// Whether a client that does not know RFC 5746 gets a second handshake from a host that does.
async fn without_rfc5746(host: &Host, sni: Option<&str>, heard: &[Heard]) -> Found<bool> {
    let tls12 = heard.iter().any(|h| h.facts.version == Version::Tls12 && !h.flights.is_empty());
    if !tls12 {
        return absent(heard, "TLS 1.2 is not spoken");
    }
    let variants = vec![HelloVariant::NoRenegotiationInfo];
    let wanted = RawHello { version: Version::Tls12, variants, octets: None };
    let Some(hello) = hello_by_hand(&wanted, sni, None) else {
        return Found::Unknown("our ClientHello could not be written".into());
    };
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let patience = host.patience();
    let asking = async {
        let (stream, mut answers) = (&mut visit.stream, Answers::default());
        // A host that closes at once is heard by reading.
        let _ = stream.write_all(&hello).await;
        answers.flight(stream, patience).await?;
        let mut session = BareSession::establish(stream, &hello, answers.heard(), patience).await?;
        Ok::<_, TlsFailure>(session.renegotiate(stream, &hello, patience).await)
    };
    match host.within(asking).await {
        Some(Ok(Ok(()))) => Found::Known(true),
        Some(Ok(Err(failure))) if failure.cause == FailureCause::Silence => {
            Found::Unknown("it keeps silent on a second handshake".into())
        }
        Some(Ok(Err(_))) => Found::Known(false),
        // To refuse such a client from the start is right as well (RFC 5746 section 4.4), and so is to
        // know neither X25519 nor AES-128-GCM, all that this client has.
        Some(Err(_)) => Found::NotApplicable(
            "it ties a second handshake to the first, and serves no client that cannot".into(),
        ),
        None => Found::Unknown(OVER.into()),
    }
}

async fn renegotiation(host: &Host, sni: Option<&str>, heard: &[Heard]) -> Found<bool> {
    let Some((version, _)) = newest_old(heard) else {
        return absent(heard, "nothing below TLS 1.3 is spoken");
    };
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let asking = renegotiates(&mut visit.stream, version, sni, host.patience());
    match host.within(asking).await {
        Some(Ok(done)) => Found::Known(done),
        Some(Err(why)) => Found::Unknown(why.to_string()),
        None => Found::Unknown(OVER.into()),
    }
}

async fn resumption(
    host: &Host,
    sni: Option<&str>,
    heard: &[Heard],
    version: Version,
) -> Found<bool> {
    let spoken = heard.iter().any(|h| h.facts.version == version && !h.flights.is_empty());
    if !spoken {
        return absent(heard, &format!("{version} is not spoken"));
    }
    let session = {
        let mut visit = match host.visit().await {
            Ok(visit) => visit,
            Err(trouble) => return Found::Unknown(trouble.words()),
        };
        let patience = host.patience();
        let opening = open_session(&mut visit.stream, version, sni, b"QUIT\r\n", patience);
        match host.within(opening).await {
            Some(Ok(Some(session))) => session,
            Some(Ok(None)) => return Found::Known(false),
            Some(Err(why)) => return Found::Unknown(why.to_string()),
            None => return Found::Unknown(OVER.into()),
        }
    };
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let asking = resumes(&mut visit.stream, version, sni, &session, host.patience());
    match host.within(asking).await {
        Some(Ok(resumed)) => Found::Known(resumed),
        Some(Err(why)) => Found::Unknown(why.to_string()),
        None => Found::Unknown(OVER.into()),
    }
}
