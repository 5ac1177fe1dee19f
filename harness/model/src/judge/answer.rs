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
        return match (optional, not_asked(trace)) {
            (true, _) => Ok(Vec::new()),
            (false, Some(at)) => Ok(vec![at]),
            (false, None) => Err(undecided("The relay ended no handshake.")),
        };
    };
    if wanted.iter().any(|told| told.holds(failure.alert_heard)) {
        return Ok(vec![at]);
    }
    let names: Vec<_> = wanted.iter().map(|told| told.name()).collect();
    let reason = format!("The relay told it by {}, not by {}.", told(failure), names.join(" or "));
    Err(fail(reason, vec![at]))
}

/// The handshake that our own side ended because it found nothing in common.
fn not_asked(trace: &Trace) -> Option<usize> {
    of_peers(trace).find_map(|(at, event)| match &event.kind {
        Happening::NotSecured(failure) if failure.cause == FailureCause::NothingInCommon => {
            Some(at)
        }
        _ => None,
    })
}

/// Why no alert was due from the relay, where our side had to end the handshake before it: neither
/// kept nor broken.
pub(super) fn not_due(wanted: &[Told], trace: &Trace) -> Option<String> {
    let best = wanted.first()?;
    let not_due = ended(trace).is_none() && not_asked(trace).is_some();
    not_due.then(|| {
        let name = best.name();
        format!("Our side found nothing in common, so no {name} was due from the relay.")
    })
}

/// What a relay that keeps the claim could have told better.
pub(super) fn note(wanted: &[Told], trace: &Trace) -> Option<String> {
    let (_, failure) = ended(trace)?;
    let best = wanted.first()?;
    (!best.holds(failure.alert_heard))
        .then(|| format!("It told so by {}, and better would be {}.", told(failure), best.name()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::{Event, Place};

    const BANNED: [Told; 3] = [Told::By(70), Told::ByAny, Told::NotAtAll];

    fn trace(ends: &[(FailureCause, Option<u8>)]) -> Trace {
        let events = ends.iter().map(|(cause, alert)| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "mx".into(), connection: 1 },
            kind: Happening::NotSecured(TlsFailure {
                engine: None,
                cause: *cause,
                alert_heard: *alert,
                alert_said: Some(70),
                detail: String::new(),
            }),
        });
        Trace { events: events.collect() }
    }

    #[test]
    fn the_last_end_of_the_relay_counts_and_a_lesser_one_is_noted() {
        let relay = |alert| (FailureCause::RelayAlert, alert);
        let note = |ends: &[_]| note(&BANNED, &trace(ends));
        assert_eq!(note(&[relay(Some(40)), relay(Some(70))]), None);
        let other = "It told so by handshake_failure, and better would be protocol_version.";
        assert_eq!(note(&[relay(Some(70)), relay(Some(40))]).as_deref(), Some(other));
        let none = "It told so by no alert, and better would be protocol_version.";
        assert_eq!(note(&[(FailureCause::RelayClosed, None)]).as_deref(), Some(none));
        assert!(meets_alert(&BANNED[..1], false, &trace(&[relay(Some(40))])).is_err());
        assert!(meets_alert(&BANNED, false, &trace(&[relay(Some(40))])).is_ok());
    }

    #[test]
    fn who_was_never_asked_owes_no_alert() {
        let ours = trace(&[(FailureCause::NothingInCommon, None)]);
        assert!(meets_alert(&BANNED[..1], false, &ours).is_ok());
        assert!(not_due(&BANNED, &ours).unwrap().contains("no protocol_version was due"));
        assert_eq!(not_due(&[], &ours), None);
        assert!(meets_alert(&BANNED, false, &trace(&[])).is_err());
    }
}
