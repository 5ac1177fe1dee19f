//! What a host answers to extensions and signals, most of them of TLS 1.2 and older.

use waxseal_model::offer::Version;
use waxseal_model::scan::{Answers, Found, Refusal, UnknownAlpn};

use super::exchange::{answers, encrypts_then_macs};
use super::host::Host;
use super::reply::Reply;
use super::versions::{Heard, absent};
use crate::tls::hello::{Hellos, USUAL_SUITES, whole};
use crate::tls::{FirstFlight, NoAnswer, agrees_to};
use crate::wire::numbers::suite_parts;
use crate::wire::tls::{ClientHello, Extension, kind};

/// TLS_FALLBACK_SCSV (RFC 7507 section 2).
const FALLBACK_SCSV: u16 = 0x5600;

/// A protocol that no host knows.
const UNKNOWN_PROTOCOL: &[u8] = b"waxseal-unknown";

/// Reads what the flights of the suites have shown already, and asks the rest: one connection each
/// for the TLS_FALLBACK_SCSV, compression, ALPN, and two for server_name.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Answers {
    let flights: Vec<(&u16, &FirstFlight)> = heard
        .iter()
        .filter(|heard| heard.facts.version < Version::Tls13)
        .filter(|heard| heard.facts.version > Version::Ssl3)
        .flat_map(|heard| &heard.flights)
        .collect();
    let all = |says: fn(&FirstFlight) -> bool| match flights.is_empty() {
        true => absent(heard, "nothing between SSL 3.0 and TLS 1.3 is spoken"),
        false => Found::Known(flights.iter().all(|(_, flight)| says(flight))),
    };
    let cbc = |id: u16| suite_parts(id).cipher.ends_with("-cbc");
    let cbc: Vec<&FirstFlight> =
        flights.iter().filter(|(id, _)| cbc(**id)).map(|(_, flight)| *flight).collect();
    let encrypt_then_mac = match cbc.is_empty() {
        true => absent(heard, "no CBC suite is accepted"),
        false => Found::Known(cbc.iter().all(|flight| encrypts_then_macs(flight))),
    };
    let stapled = flights.iter().filter(|(id, _)| suite_parts(**id).authentication != "anonymous");
    let stapled: Vec<bool> = stapled.map(|(_, flight)| flight.stapled).collect();
    let (fallback_scsv, compression, unknown_alpn, without_sni, unknown_sni) = tokio::join!(
        fallback(host, hellos, heard),
        compression(host, hellos, heard),
        alpn(host, hellos, heard),
        sni(host, hellos, None),
        sni(host, hellos, Some("unknown.invalid")),
    );
    Answers {
        secure_renegotiation: all(|flight| answers(flight, kind::RENEGOTIATION_INFO)),
        extended_master_secret: all(|flight| answers(flight, kind::EXTENDED_MASTER_SECRET)),
        encrypt_then_mac,
        session_ticket: all(|flight| answers(flight, kind::SESSION_TICKET)),
        ocsp_staple: match stapled.is_empty() {
            true => absent(heard, "no certificate is shown below TLS 1.3"),
            false => Found::Known(stapled.contains(&true)),
        },
        fallback_scsv,
        downgrade_sentinel: downgrade_sentinel(heard),
        compression,
        unknown_alpn,
        without_sni,
        unknown_sni,
    }
}

/// The newest version below TLS 1.3 that is spoken, and its suites.
pub(super) fn newest_old(heard: &[Heard]) -> Option<(Version, Vec<u16>)> {
    let found = heard
        .iter()
        .rev()
        .find(|heard| heard.facts.version < Version::Tls13 && !heard.flights.is_empty())?;
    Some((found.facts.version, found.flights.keys().copied().collect()))
}

/// The newest version below TLS 1.3, as its answers stand in plaintext; TLS 1.3 where there is no other.
pub(super) fn newest_told(heard: &[Heard]) -> Option<(Version, Vec<u16>)> {
    newest_old(heard).or_else(|| {
        let found = heard.iter().rev().find(|heard| !heard.flights.is_empty())?;
        Some((found.facts.version, found.flights.keys().copied().collect()))
    })
}

fn downgrade_sentinel(heard: &[Heard]) -> Found<bool> {
    let of = |version| heard.iter().find(|heard| heard.facts.version == version);
    let speaks13 = of(Version::Tls13).is_some_and(|heard| !heard.flights.is_empty());
    match of(Version::Tls12) {
        Some(tls12) if speaks13 && !tls12.flights.is_empty() => Found::Known(
            tls12.flights.values().all(|flight| flight.hello.downgrade_sentinel() == Some(1)),
        ),
        _ => absent(heard, "not both TLS 1.2 and 1.3 are spoken"),
    }
}

async fn fallback(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<bool> {
    let spoken: Vec<&Heard> = heard.iter().filter(|heard| !heard.flights.is_empty()).collect();
    let [.., lower, _] = spoken[..] else {
        return absent(heard, "there are not two versions to fall between");
    };
    let mut suites: Vec<u16> = lower.flights.keys().copied().collect();
    suites.push(FALLBACK_SCSV);
    let hello = hellos.hello(lower.facts.version, &suites);
    match host.ask(&whole(&hello)).await {
        Reply::Refused(Refusal::Alert(86)) => Found::Known(true),
        Reply::Flight(_) => Found::Known(false),
        Reply::Refused(how) => Found::Unknown(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => Found::Unknown(why),
    }
}

async fn compression(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<bool> {
    let Some((version, suites)) = newest_old(heard) else {
        return absent(heard, "nothing below TLS 1.3 is spoken");
    };
    let mut hello = hellos.hello(version, &suites);
    hello.compression = vec![1, 0];
    match host.ask(&whole(&hello)).await {
        Reply::Flight(flight) => Found::Known(flight.hello.compression == 1),
        // Not even a hello that offers it is taken: so it is not chosen.
        Reply::Refused(Refusal::Alert(_)) => Found::Known(false),
        Reply::Refused(how) => Found::Unknown(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => Found::Unknown(why),
    }
}

/// In TLS 1.3 the answer is encrypted: where the hello is not refused, an engine goes on.
async fn alpn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<UnknownAlpn> {
    let Some((version, suites)) = newest_told(heard) else {
        return absent(heard, "no version is spoken");
    };
    let mut hello = hellos.hello(version, &suites);
    hello.set(Extension::alpn(&[UNKNOWN_PROTOCOL]));
    match host.ask_surely(&whole(&hello)).await {
        Reply::Flight(_) if version == Version::Tls13 => encrypted_alpn(host, hellos).await,
        Reply::Flight(flight) if answers(&flight, kind::ALPN) => Found::Known(UnknownAlpn::Echoed),
        Reply::Flight(_) => Found::Known(UnknownAlpn::Ignored),
        Reply::Refused(Refusal::Alert(120)) => Found::Known(UnknownAlpn::Alert),
        Reply::Refused(_) => Found::Known(UnknownAlpn::OtherEnd),
        Reply::Unclear(why) => Found::Unknown(why),
    }
}

async fn encrypted_alpn(host: &Host, hellos: &Hellos) -> Found<UnknownAlpn> {
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let (patience, version) = (host.patience(), Version::Tls13);
    let asking = agrees_to(&mut visit.stream, version, hellos.sni(), UNKNOWN_PROTOCOL, patience);
    match host.within(asking).await {
        Some(Ok(true)) => Found::Known(UnknownAlpn::Echoed),
        Some(Ok(false)) => Found::Known(UnknownAlpn::Ignored),
        Some(Err(NoAnswer { end: Some(Refusal::Alert(120)), .. })) => {
            Found::Known(UnknownAlpn::Alert)
        }
        Some(Err(why)) => Found::Unknown(why.to_string()),
        None => Found::Unknown("the time for this host was over".into()),
    }
}

/// Whether an ordinary hello with this name in server_name, or none, is served.
async fn sni(host: &Host, hellos: &Hellos, name: Option<&str>) -> Found<bool> {
    let mut hello = hellos.ordinary();
    match name {
        Some(name) => hello.set(Extension::server_name(name)),
        None => hello.remove(kind::SERVER_NAME),
    }
    served(host, &hello).await
}

async fn served(host: &Host, hello: &ClientHello) -> Found<bool> {
    debug_assert!(hello.suites.ends_with(USUAL_SUITES));
    match host.ask_surely(&whole(hello)).await {
        Reply::Flight(_) => Found::Known(true),
        Reply::Refused(_) => Found::Known(false),
        Reply::Unclear(why) => Found::Unknown(why),
    }
}
