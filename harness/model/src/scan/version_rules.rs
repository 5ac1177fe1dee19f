//! What the versions that a host speaks mean, and how it treats those that it does not.

use std::collections::BTreeMap;

use super::facts::HostFacts;
use super::finding::Finding;
use super::found::{Found, Refusal};
use super::outcome::{Outcome, no, yes_if_asked};
use crate::offer::Version;
use crate::requirement::Level;
use crate::verdict::Verdict;

pub(super) fn versions(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    let banned = |version| Some(spoken(facts, version, false));
    add("rfc9325-no-sslv2", Some(no(&facts.ssl2, "SSL 2.0 is spoken", "SSL 2.0 is not spoken")));
    add("rfc9325-no-sslv3", banned(Version::Ssl3));
    add("rfc8996-server-no-tls10", banned(Version::Tls10));
    add("rfc8996-server-no-tls11", banned(Version::Tls11));
    let both = match (spoken(facts, Version::Tls10, false), spoken(facts, Version::Tls11, false)) {
        (Ok((true, _)), Ok((true, _))) => Ok((true, "TLS 1.0 and 1.1 are not spoken.".into())),
        (Ok((false, text)), _) | (_, Ok((false, text))) => Ok((false, text)),
        (Err(why), _) | (_, Err(why)) => Err(why),
    };
    add("exo-no-tls10-11", Some(both));
    add("rfc9325-tls12-support", Some(spoken(facts, Version::Tls12, true)));
    add("rfc9325-tls13-support", Some(spoken(facts, Version::Tls13, true)));
    add("rfc8996-server-alert", refusal_alert(facts));
    if !without_work(facts) {
        add(SIGNAL, fallback(facts));
    }
}

/// The row about the signal that ends a needless fallback.
const SIGNAL: &str = "rfc7507-scsv-server";

/// RFC 7507 section 3. The rule is for versions that have no other way to tell: RFC 8996 retired it
/// together with them.
fn fallback(facts: &HostFacts) -> Option<Outcome> {
    let signal = &facts.answers.fallback_scsv;
    if signal == &Found::Known(false) && marked(facts).is_none() {
        return Some(Err(
            "The TLS_FALLBACK_SCSV is passed over; whether the downgrade sentinel does its \
                         work is not known."
                .into(),
        ));
    }
    yes_if_asked(
        signal,
        "The TLS_FALLBACK_SCSV ends a needless fallback.",
        "A hello with the TLS_FALLBACK_SCSV is served below the best version.",
    )
}

/// Whether nobody needs the TLS_FALLBACK_SCSV, which is not honoured.
fn without_work(facts: &HostFacts) -> bool {
    facts.answers.fallback_scsv != Found::Known(true) && marked(facts) == Some(true)
}

/// Whether the mark in the random (RFC 8446 section 4.1.3) does the work of the TLS_FALLBACK_SCSV: the
/// lowest version is TLS 1.2, so that there is one step down, and every ServerHello of it tells
/// clients of TLS 1.3 that it was needless. `None`: not known.
fn marked(facts: &HostFacts) -> Option<bool> {
    let older = [Version::Ssl3, Version::Tls10, Version::Tls11].map(|old| facts.speaks(old));
    let older = older.into_iter().chain([facts.ssl2.known().copied()]);
    match &facts.answers.downgrade_sentinel {
        Found::Known(false) | Found::NotApplicable(_) => Some(false),
        _ if older.clone().any(|spoken| spoken == Some(true)) => Some(false),
        Found::Known(true) if older.into_iter().all(|spoken| spoken == Some(false)) => Some(true),
        Found::Known(true) | Found::Unknown(_) => None,
    }
}

fn spoken(facts: &HostFacts, version: Version, wanted: bool) -> Outcome {
    let Some(found) = facts.version(version) else {
        return Err(format!("{version} was not asked about."));
    };
    match &found.support {
        Found::Known(true) => Ok((wanted, format!("{version} is spoken."))),
        Found::Known(false) => {
            let how = found.refusal.as_ref().map(|how| format!(" ({how})")).unwrap_or_default();
            Ok((!wanted, format!("{version} is not spoken{how}.")))
        }
        Found::Unknown(why) | Found::NotApplicable(why) => {
            Err(format!("Whether {version} is spoken is not known: {why}."))
        }
    }
}

/// TLS 1.0 and 1.1 are to be refused with protocol_version. Another alert and a bare close are taken
/// as well, and reported; a reset is nothing that a client can read.
fn refusal_alert(facts: &HostFacts) -> Option<Outcome> {
    let refused: Vec<_> = [Version::Tls10, Version::Tls11]
        .into_iter()
        .filter_map(|version| facts.version(version))
        .filter_map(|found| Some((found.version, found.refusal.as_ref()?)))
        .collect();
    if refused.is_empty() {
        return None;
    }
    let good = refused.iter().all(|(_, how)| !matches!(how, Refusal::Reset));
    let list: Vec<_> = refused.iter().map(|(version, how)| format!("{version}: {how}")).collect();
    Some(Ok((good, format!("Refused with {}.", list.join(", ")))))
}

/// The finding where nobody needs the TLS_FALLBACK_SCSV.
pub(super) fn unneeded_signal(
    facts: &HostFacts,
    levels: &BTreeMap<String, Level>,
) -> Option<Finding> {
    let level = *levels.get(SIGNAL).filter(|_| without_work(facts))?;
    let text = "The TLS_FALLBACK_SCSV has no work left: nothing below TLS 1.2 is spoken, and every \
                ServerHello of TLS 1.2 is marked, by which a client of TLS 1.3 sees a downgrade.";
    let verdict = Verdict::NotApplicable;
    Some(Finding { requirement: SIGNAL.into(), level, verdict, text: text.into() })
}
