//! What a ClientHello that was written by hand has to be answered with, and how an end is told.

use super::demand::{Met, Unmet, fail, of_peers, undecided, witnessed};
use crate::expect::{AnswerExpect, AnswerFactsExpect, Told};
use crate::facts::{AnswerFacts, FailureCause, TlsFailure};
use crate::offer::Version;
use crate::trace::{Happening, Trace};

/// Judges the first answer after the forged hello.
pub(super) fn meets_answer(wanted: &AnswerExpect, trace: &Trace) -> Met {
    let after =
        of_peers(trace).skip_while(|(_, event)| !matches!(event.kind, Happening::WroteHello(_)));
    let answer = after
        .filter_map(|(at, event)| match &event.kind {
            Happening::Answered(facts) => Some((at, Ok(facts.as_ref()))),
            Happening::NotSecured(failure) => Some((at, Err(failure))),
            _ => None,
        })
        .next();
    let Some((at, answer)) = answer else {
        return Err(undecided("The relay was never sent the forged ClientHello."));
    };
    match (wanted, answer) {
        (AnswerExpect::Refused, Ok(facts)) => {
            let reason = format!("The relay answered with {}.", words(facts));
            Err(witnessed(reason, vec![at]))
        }
        (AnswerExpect::Refused, Err(failure)) if ended_by_relay(failure) => Ok(vec![at]),
        (AnswerExpect::ServerHello(wanted), Ok(facts)) => match misses(wanted, facts) {
            Some(reason) => Err(witnessed(reason, vec![at])),
            None => Ok(vec![at]),
        },
        (AnswerExpect::ServerHello(wanted), Err(failure)) if ended_by_relay(failure) => {
            if wanted.or_refused {
                return Ok(vec![at]);
            }
            let how = told(failure);
            Err(fail(format!("The relay refused the ClientHello ({how})."), vec![at]))
        }
        (_, Err(failure)) => Err(Unmet {
            evidence: vec![at],
            ..undecided(format!("The answer says nothing: {}.", failure.detail))
        }),
    }
}

fn words(facts: &AnswerFacts) -> String {
    let kind = if facts.retry { "HelloRetryRequest" } else { "ServerHello" };
    let suite = facts.suite.as_ref().map(|suite| format!(" and {}", suite.name));
    format!("a {kind} of {}{}", facts.version_name(), suite.unwrap_or_default())
}

fn misses(wanted: &AnswerFactsExpect, facts: &AnswerFacts) -> Option<String> {
    let version = Version::from_code(facts.version);
    let fits = |range: crate::expect::VersionRange| version.is_some_and(|known| range.holds(known));
    if wanted.version.is_some_and(|range| !fits(range)) {
        return Some(format!("The relay chose {}.", facts.version_name()));
    }
    if wanted.retry.is_some_and(|retry| retry != facts.retry) {
        return Some(format!("The relay answered with {}.", words(facts)));
    }
    if wanted.no_compression && facts.compression != 0 {
        return Some(format!("The relay chose the compression method {}.", facts.compression));
    }
    let (always, never) = &wanted.extensions;
    if let Some(name) = always.iter().find(|name| !facts.extensions.contains(name)) {
        return Some(format!("The ServerHello lacks {name}."));
    }
    if let Some(name) = never.iter().find(|name| facts.extensions.contains(name)) {
        return Some(format!("The ServerHello has {name}."));
    }
    let (always, never) = &wanted.groups;
    let group = facts.group.as_deref().unwrap_or("no group");
    if (!always.is_empty() && !always.iter().any(|name| name == group))
        || never.iter().any(|name| name == group)
    {
        return Some(format!("The relay named {group}."));
    }
    if let Some(alpn) = &wanted.alpn {
        let chosen = facts.alpn.as_deref().unwrap_or("none");
        if chosen != alpn {
            return Some(format!("The relay chose the protocol {chosen} by ALPN."));
        }
    }
    match wanted.downgrade_mark {
        Some(true) if !facts.downgrade_mark => {
            Some("The ServerHello has no mark that the relay could do better.".into())
        }
        Some(false) if facts.downgrade_mark => {
            Some("The ServerHello has the mark that the relay could do better.".into())
        }
        _ => None,
    }
}

/// The last handshake that the relay itself ended, if any.
fn ended(trace: &Trace) -> Option<(usize, &TlsFailure)> {
    let ends = of_peers(trace).filter_map(|(at, event)| match &event.kind {
        Happening::NotSecured(failure) if ended_by_relay(failure) => Some((at, failure)),
        _ => None,
    });
    ends.last()
}

fn ended_by_relay(failure: &TlsFailure) -> bool {
    matches!(
        failure.cause,
        FailureCause::RelayAlert | FailureCause::RelayClosed | FailureCause::RelayReset
    )
}

fn told(failure: &TlsFailure) -> String {
    match failure.alert_heard {
        Some(code) => Told::By(code).name(),
        None if failure.cause == FailureCause::RelayReset => "a reset without an alert".into(),
        None => "no alert".into(),
    }
}

/// Judges how the end of a handshake is told. `optional`: the relay may have gone on instead, and
/// then there is nothing to tell.
pub(super) fn meets_alert(wanted: &[Told], optional: bool, trace: &Trace) -> Met {
    let Some((at, failure)) = ended(trace) else {
        return match optional {
            true => Ok(Vec::new()),
            false => Err(undecided("The relay ended no handshake.")),
        };
    };
    if wanted.iter().any(|told| told.holds(failure.alert_heard)) {
        return Ok(vec![at]);
    }
    let names: Vec<_> = wanted.iter().map(|told| told.name()).collect();
    let reason = format!("The relay told it by {}, not by {}.", told(failure), names.join(" or "));
    Err(fail(reason, vec![at]))
}

/// What a relay that keeps the claim could have told better.
pub(super) fn note(wanted: &[Told], trace: &Trace) -> Option<String> {
    let (_, failure) = ended(trace)?;
    let best = wanted.first()?;
    (!best.holds(failure.alert_heard))
        .then(|| format!("It told so by {}, and better would be {}.", told(failure), best.name()))
}
