//! A second handshake and a second session, which need a whole handshake: an engine plays them.

use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Sessions};

use super::answers::newest_old;
use super::exchange::answers;
use super::host::Host;
use super::versions::{Heard, absent};
use crate::tls::{open_session, renegotiates, resumes};
use crate::wire::tls::kind;

/// Why there is no answer when the host's time ends in a handshake.
const OVER: &str = "the time for this host was over";

/// One connection for renegotiation, and two for resumption in each of TLS 1.2 and 1.3.
pub(super) async fn learn(host: &Host, sni: Option<&str>, heard: &[Heard]) -> Sessions {
    let (client_renegotiation, resumption_tls12, resumption_tls13) = tokio::join!(
        renegotiation(host, sni, heard),
        resumption(host, sni, heard, Version::Tls12),
        resumption(host, sni, heard, Version::Tls13),
    );
    let insecure_renegotiation = match ties(heard) {
        Some(true) => Found::NotApplicable("it ties a second handshake to the first".into()),
        _ => client_renegotiation.clone(),
    };
    Sessions { client_renegotiation, insecure_renegotiation, resumption_tls12, resumption_tls13 }
}

/// Whether the newest version below TLS 1.3 answers renegotiation_info; `None`: there is none.
fn ties(heard: &[Heard]) -> Option<bool> {
    let (version, _) = newest_old(heard)?;
    let mut flights = heard.iter().filter(|h| h.facts.version == version).flat_map(|h| &h.flights);
    Some(flights.all(|(_, flight)| answers(flight, kind::RENEGOTIATION_INFO)))
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
