//! Groups and signature schemes: as with suites, what a host picks is taken out of the offer.

use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Listing, Refusal};

use super::host::Host;
use super::reply::Reply;
use super::versions::{Heard, absent, signed_by};
use crate::tls::hello::{CURVES, GROUPS_TLS13, Hellos, SCHEMES, whole};
use crate::tls::{FirstFlight, NoAnswer, signs};
use crate::wire::numbers::{group_name, scheme_name};
use crate::wire::tls::{ClientHello, Extension, kind};

/// Groups up to TLS 1.2. One connection for each and one more.
///
/// A key on P-256, P-384 or P-521 may be shown only to a client that knows its curve (RFC 8422
/// section 5.1): where no suite is signed otherwise, a group that was picked goes to the end of the
/// offer in place of out of it, and a host that picks by its own order may hide others behind it.
pub(super) async fn curves(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<Listing> {
    let with_curves = |heard: &&Heard| {
        heard.facts.version < Version::Tls13
            && heard.facts.suites.iter().any(|suite| suite.parts.exchange == "ecdhe")
    };
    let Some(newest) = heard.iter().rev().find(with_curves) else {
        return absent(heard, "no suite with elliptic curves is accepted below TLS 1.3");
    };
    let version = newest.facts.version;
    let free = signed_by(&newest.flights, &["rsa", "anonymous", "psk"]);
    if free.is_empty() {
        let suites = signed_by(&newest.flights, &["ecdsa"]);
        return last_in_line(host, &hellos.hello(version, &suites)).await;
    }
    let hello = hellos.hello(version, &free);
    pick_and_remove(host, CURVES, group_name, |left| {
        let mut hello = hello.clone();
        hello.set(Extension::groups(left));
        (hello, FirstFlight::group)
    })
    .await
}

async fn last_in_line(host: &Host, hello: &ClientHello) -> Found<Listing> {
    let mut names: Vec<u16> = Vec::new();
    loop {
        let new = CURVES.iter().filter(|group| !names.contains(group));
        let offered: Vec<u16> = new.chain(&names).copied().collect();
        let mut hello = hello.clone();
        hello.set(Extension::groups(&offered));
        let incomplete = match host.ask_surely(&whole(&hello)).await {
            Reply::Flight(flight) => match flight.group() {
                Some(group) if !names.contains(&group) => {
                    names.push(group);
                    continue;
                }
                // It came to the groups at the end, so there is none before them in its view.
                Some(group) if names.len() > 1 && group == names[0] => None,
                Some(_) => Some("its key fits only clients that know its curve, which it prefers"),
                None => Some("it names no group"),
            },
            Reply::Refused(_) | Reply::Unclear(_) => Some("it would not answer"),
        };
        let names = names.into_iter().map(group_name).collect();
        return Found::Known(Listing { names, incomplete: incomplete.map(str::to_owned) });
    }
}

/// Groups of TLS 1.3: a hello without key shares makes the host name the one it wants (RFC 8446
/// section 4.1.4). One connection for each and one more.
pub(super) async fn groups_tls13(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<Listing> {
    let tls13 = heard.iter().filter(|heard| heard.facts.version == Version::Tls13);
    let suites: Vec<u16> = tls13.flat_map(|heard| heard.flights.keys()).copied().collect();
    if suites.is_empty() {
        return absent(heard, "TLS 1.3 is not spoken");
    }
    let hello = hellos.hello(Version::Tls13, &suites);
    pick_and_remove(host, GROUPS_TLS13, group_name, |left| {
        let mut hello = hello.clone();
        hello.set(Extension::groups(left));
        hello.set(Extension::key_share(&[]));
        (hello, |flight: &FirstFlight| flight.hello.group())
    })
    .await
}

/// Signature schemes of the key exchange in TLS 1.2. One connection for each and one more.
pub(super) async fn schemes(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<Listing> {
    let tls12 = heard.iter().find(|heard| heard.facts.version == Version::Tls12);
    let signed: Vec<u16> = tls12
        .into_iter()
        .flat_map(|heard| &heard.flights)
        .filter(|(_, flight)| flight.exchange.as_ref().is_some_and(|e| e.scheme.is_some()))
        .map(|(id, _)| *id)
        .collect();
    if signed.is_empty() {
        return absent(heard, "TLS 1.2 is not spoken with a signed key exchange");
    }
    let hello = hellos.hello(Version::Tls12, &signed);
    pick_and_remove(host, SCHEMES, scheme_name, |left| {
        let mut hello = hello.clone();
        hello.set(Extension::schemes(left));
        (hello, |flight: &FirstFlight| {
            flight.exchange.as_ref().and_then(|exchange| exchange.scheme)
        })
    })
    .await
}

/// Schemes of TLS 1.3 that the engine can verify.
const SCHEMES_TLS13: [&str; 11] = [
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "ed448",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256",
    "rsa_pss_pss_sha384",
    "rsa_pss_pss_sha512",
];

/// Signature schemes of the key exchange in TLS 1.3, which stand behind its encryption: an engine
/// reads them. One connection for each and one more.
pub(super) async fn schemes_tls13(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<Listing> {
    if !heard.iter().any(|h| h.facts.version == Version::Tls13 && !h.flights.is_empty()) {
        return absent(heard, "TLS 1.3 is not spoken");
    }
    let mut left = SCHEMES_TLS13.to_vec();
    let mut list = Listing::default();
    let end = loop {
        match signature(host, hellos.sni(), &left).await {
            Ok(Some(name)) if left.contains(&name.as_str()) => {
                left.retain(|other| *other != name);
                list.names.push(name);
                if left.is_empty() {
                    break None;
                }
            }
            Ok(_) => break Some("what it signs with is not told".into()),
            // handshake_failure: it has no other (RFC 8446 section 4.4.2.2).
            Err(NoAnswer { end: Some(Refusal::Alert(40)), .. }) => break None,
            // Any other end counts where a client that knows all is served after it, and this one
            // is not again.
            Err(NoAnswer { end: Some(how), .. }) => {
                let served = signature(host, hellos.sni(), &SCHEMES_TLS13).await.is_ok();
                let again = signature(host, hellos.sni(), &left).await;
                let same = matches!(&again, Err(NoAnswer { end: Some(_), .. }));
                break (!served || !same).then(|| format!("it ended the handshake ({how})"));
            }
            Err(why) => break Some(why.to_string()),
        }
    };
    match end {
        Some(why) if list.names.is_empty() => Found::Unknown(why),
        incomplete => Found::Known(Listing { incomplete, ..list }),
    }
}

/// What the host signs with for a client that knows these schemes alone. One connection.
async fn signature(
    host: &Host,
    sni: Option<&str>,
    schemes: &[&str],
) -> Result<Option<String>, NoAnswer> {
    let mut visit = host.visit().await.map_err(|trouble| NoAnswer::new(trouble.words()))?;
    let asking = signs(&mut visit.stream, sni, schemes, host.patience());
    let asked = host.within(asking).await;
    asked.unwrap_or_else(|| Err(NoAnswer::new("the time for this host was over")))
}

/// Offers all, takes out what is picked, and asks again until nothing is left that would be taken.
async fn pick_and_remove<F: Fn(&FirstFlight) -> Option<u16>>(
    host: &Host,
    all: &[u16],
    name: impl Fn(u16) -> String,
    offer: impl Fn(&[u16]) -> (ClientHello, F),
) -> Found<Listing> {
    let mut left = all.to_vec();
    let mut list = Listing::default();
    while !left.is_empty() {
        let (hello, read) = offer(&left);
        let picked = match host.ask_surely(&whole(&hello)).await {
            Reply::Flight(flight) => read(&flight).ok_or("it does not say what it picked".into()),
            // It did take some before: so it is the question that it will not take.
            Reply::Refused(how) if list.names.is_empty() => {
                return Found::Unknown(format!(
                    "it ended the handshake at the first of these ({how})"
                ));
            }
            // Nothing in common is often put as illegal_parameter or internal_error as well; by
            // now it is sure that a good hello is still answered.
            Reply::Refused(_) => break,
            Reply::Unclear(why) => Err(why),
        };
        match picked {
            Ok(picked) if left.contains(&picked) => {
                left.retain(|other| *other != picked);
                list.names.push(name(picked));
            }
            // The host holds on to what it was not offered: what else it has stays hidden.
            Ok(picked) => {
                let picked = name(picked);
                list.incomplete = Some(format!("it picks {picked}, which was not offered"));
                break;
            }
            Err(why) if list.names.is_empty() => return Found::Unknown(why),
            Err(why) => {
                list.incomplete = Some(why);
                break;
            }
        }
    }
    Found::Known(list)
}

/// Whether this extension stands in the host's hello.
pub(super) fn answers(flight: &FirstFlight, kind: u16) -> bool {
    flight.hello.extension(kind).is_some()
}

/// Whether encrypt_then_mac stands in the host's hello.
pub(super) fn encrypts_then_macs(flight: &FirstFlight) -> bool {
    answers(flight, kind::ENCRYPT_THEN_MAC)
}
