//! The certificates a host shows, by what it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::JoinSet;
use waxseal_model::certificate::StapleFacts;
use waxseal_model::facts::{Engine, FailureCause, TlsFailure};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::{AskedKey, AskedName, Found, HostFacts, Refusal, Shown, ShownChain};

use super::host::{Host, Visit};
use crate::tls::hello::Hellos;
use crate::tls::{self, ClientSetup, describe_chain};

/// A name that no host has (RFC 6761 section 6.4).
const UNKNOWN: &str = "unknown.invalid";

/// Asks a host for its certificates in TLS 1.2 and 1.3, for each kind of key, and with each kind of
/// name; `roots` (DER) are those that are trusted. A version that `facts` says is not spoken is not
/// asked for.
///
/// The host's name is compared where it is known and was asked for or left out: what a host shows
/// to those who ask for another is not wrong.
pub async fn certificates(
    host: &Arc<Host>,
    facts: &HostFacts,
    roots: &Arc<Vec<Vec<u8>>>,
) -> Vec<Shown> {
    let own = Hellos::new(&host.target.host).sni().map(str::to_owned);
    let mut asking = JoinSet::new();
    let mut shown = Vec::new();
    for version in [Version::Tls12, Version::Tls13] {
        for key in [AskedKey::Rsa, AskedKey::Ecdsa] {
            for name in [AskedName::Own, AskedName::None, AskedName::Unknown] {
                if name == AskedName::Own && own.is_none() {
                    continue;
                }
                if facts.speaks(version) == Some(false) {
                    let result = Found::NotApplicable(format!("{version} is not spoken"));
                    shown.push(Shown { version, key, name, result });
                    continue;
                }
                let (host, own) = (Arc::clone(host), own.clone());
                asking.spawn(async move {
                    let setup = setup(own.as_deref(), version, key, name);
                    let answer = ask(&host, &setup).await;
                    (Shown { version, key, name, result: Found::default() }, setup, answer)
                });
            }
        }
    }
    let answers = asking.join_all().await;
    let good = answers.iter().find(|(.., answer)| matches!(answer, Answer::Showed(..)));
    let ended = answers.iter().any(|(.., answer)| matches!(answer, Answer::Ended(_)));
    // Only a host that still answers a good hello has refused another by ending it.
    let alive = match good {
        Some((_, setup, _)) if ended => matches!(ask(host, setup).await, Answer::Showed(..)),
        _ => false,
    };
    // Most hosts show one chain whatever they are asked: it is verified once.
    let mut known = BTreeMap::new();
    let mut describe = |chain: Vec<Vec<u8>>, name: Option<&str>| {
        let now = SystemTime::now();
        let facts = known
            .entry((chain, name.is_some()))
            .or_insert_with_key(|(chain, _)| describe_chain(chain, roots, name, now));
        facts.clone()
    };
    shown.extend(answers.into_iter().map(|(shown, _, answer)| Shown {
        result: match answer {
            Answer::Showed(chain, staple) => {
                let name = own.as_deref().filter(|_| shown.name != AskedName::Unknown);
                Found::Known(ShownChain { chain: describe(chain, name), staple })
            }
            Answer::Refused(how) => Found::NotApplicable(how),
            Answer::Ended(how) if alive => Found::NotApplicable(how),
            Answer::Ended(why) | Answer::Open(why) => Found::Unknown(why),
        },
        ..shown
    }));
    shown.sort_by_key(|shown| (shown.version, shown.key, shown.name));
    shown
}

fn setup(own: Option<&str>, version: Version, key: AskedKey, name: AskedName) -> ClientSetup {
    let kinds = match version {
        Version::Tls13 => vec![SuiteKind::Tls13],
        _ => vec![SuiteKind::Ecdhe, SuiteKind::Dhe],
    };
    let offer = Offer {
        versions: vec![version],
        suites: kinds.into_iter().map(SuiteChoice::Kind).collect(),
        schemes: schemes(key),
        ..Offer::modern()
    };
    let sni = match name {
        AskedName::Own => own.map(str::to_owned),
        AskedName::None => None,
        AskedName::Unknown => Some(UNKNOWN.to_owned()),
    };
    // This engine plays the schemes that are named, and asks for a staple.
    ClientSetup { offer, sni, identity: None, engine: Some(Engine::Legacy), sessions: None }
}

/// The signature schemes of a client that can verify this kind of key alone.
pub(super) fn schemes(key: AskedKey) -> Vec<String> {
    let schemes: &[&str] = match key {
        AskedKey::Rsa => &[
            "rsa_pss_rsae_sha256",
            "rsa_pss_rsae_sha384",
            "rsa_pss_rsae_sha512",
            "rsa_pkcs1_sha256",
            "rsa_pkcs1_sha384",
            "rsa_pkcs1_sha512",
        ],
        AskedKey::Ecdsa => {
            &["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"]
        }
    };
    schemes.iter().map(|scheme| (*scheme).to_owned()).collect()
}

enum Answer {
    /// A chain in DER, leaf first, and the staple.
    Showed(Vec<Vec<u8>>, Option<StapleFacts>),
    /// It said that it has none of this kind; how.
    Refused(String),
    /// It ended the handshake each time, in a way that may be a limit as well; how.
    Ended(String),
    /// It could not be determined; why.
    Open(String),
}

/// One handshake, and a second one where the end of the first is no clear word.
async fn ask(host: &Host, setup: &ClientSetup) -> Answer {
    let mut answer = Answer::Open(String::new());
    for _ in 0..2 {
        // The place is given up with the visit, once the handshake is over.
        let Visit { stream, place: _place, .. } = match host.visit().await {
            Ok(visit) => visit,
            Err(trouble) => return Answer::Open(trouble.words()),
        };
        answer = match tls::connect(setup, stream, host.patience()).await.result {
            Ok(session) => Answer::Showed(session.facts.peer_chain, session.facts.staple),
            Err(failure) => read(failure),
        };
        if matches!(answer, Answer::Showed(..) | Answer::Refused(_)) {
            break;
        }
    }
    answer
}

/// A host says that it has no such certificate by an alert other than the one about its own
/// trouble, or by choosing what was not asked for.
fn read(failure: TlsFailure) -> Answer {
    const INTERNAL_ERROR: u8 = 80;
    let ended = |how| format!("it ended the handshake ({how})");
    match (failure.cause, failure.alert_heard) {
        (FailureCause::RelayAlert, Some(INTERNAL_ERROR)) => {
            Answer::Ended(ended(Refusal::Alert(INTERNAL_ERROR)))
        }
        (FailureCause::RelayAlert, Some(alert)) => Answer::Refused(ended(Refusal::Alert(alert))),
        (FailureCause::NothingInCommon, _) => {
            Answer::Refused("it chose what was not offered".into())
        }
        (FailureCause::RelayClosed, _) => Answer::Ended(ended(Refusal::Closed)),
        (FailureCause::RelayReset, _) => Answer::Ended(ended(Refusal::Reset)),
        _ => Answer::Open(failure.detail),
    }
}
