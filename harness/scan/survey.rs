//! One host's TLS from the first hello to the last.

use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, HostFacts};

use super::depth::Depth;
use super::front::Trouble;
use super::host::Host;
use super::versions::{Heard, examine, ssl2};
use super::{answers, exchange, extensions, sessions, tolerance, vulnerabilities};
use crate::tls::hello::{Hellos, whole};

/// Learns what there is to learn of the TLS of one host, within its limits.
///
/// It never fails: what could not be had is in the facts, with its reason.
pub async fn survey(host: &Host, depth: Depth) -> HostFacts {
    Box::pin(facts(host, depth)).await
}

async fn facts(host: &Host, depth: Depth) -> HostFacts {
    let hellos = Hellos::new(&host.target.host);
    let mut facts = match depth {
        Depth::Suites => HostFacts::not_asked(),
        Depth::Whole => HostFacts::default(),
    };
    facts.tls = begin(host, &hellos).await;
    if facts.tls != Found::Known(true) {
        return facts;
    }
    // Boxed: joined futures stand side by side on the stack otherwise.
    let version = |version| Box::pin(examine(host, &hellos, version, depth));
    // Those with the most suites begin: their questions wait for each other.
    let (e, d, c, b, a, ssl2) = tokio::join!(
        version(Version::Tls13),
        version(Version::Tls12),
        version(Version::Tls11),
        version(Version::Tls10),
        version(Version::Ssl3),
        ssl2(host),
    );
    let heard = [a, b, c, d, e];
    facts.ssl2 = ssl2;
    if depth == Depth::Whole {
        more(host, &hellos, &heard, &mut facts).await;
    }
    facts.versions = heard.into_iter().map(|heard: Heard| heard.facts).collect();
    // A host that never said a word of TLS did not begin it, whatever it answered to STARTTLS.
    let mute = facts.versions.iter().map(|version| match &version.support {
        Found::Unknown(why) => Some(why.clone()),
        _ => None,
    });
    if let Some(whys) = mute.collect::<Option<Vec<_>>>() {
        facts.tls = Found::Unknown(whys.into_iter().next().unwrap_or_default());
    }
    facts
}

/// Asks about all but versions and suites.
async fn more(host: &Host, hellos: &Hellos, heard: &[Heard], facts: &mut HostFacts) {
    (
        facts.groups,
        facts.groups_tls13,
        facts.schemes,
        facts.schemes_tls13,
        facts.answers,
        facts.tolerance,
        facts.vulnerabilities,
        facts.sessions,
        facts.extensions,
    ) = tokio::join!(
        Box::pin(exchange::curves(host, hellos, heard)),
        Box::pin(exchange::groups_tls13(host, hellos, heard)),
        Box::pin(exchange::schemes(host, hellos, heard)),
        Box::pin(exchange::schemes_tls13(host, hellos, heard)),
        Box::pin(answers::learn(host, hellos, heard)),
        Box::pin(tolerance::learn(host, hellos, heard)),
        Box::pin(vulnerabilities::learn(host, hellos, heard)),
        Box::pin(sessions::learn(host, hellos.sni(), heard)),
        Box::pin(extensions::learn(host, hellos, heard)),
    );
}

/// Whether TLS may be begun. One connection, on which an ordinary hello is asked at once: what later
/// refusals are compared with. A host that refuses it may still be a very old one.
async fn begin(host: &Host, hellos: &Hellos) -> Found<bool> {
    match host.visit().await {
        Ok(visit) => {
            host.ask_here(visit, &whole(&hellos.ordinary())).await;
            Found::Known(true)
        }
        Err(Trouble::NoTls(_)) => Found::Known(false),
        Err(Trouble::Passing(why)) => Found::Unknown(why),
    }
}
