//! What a ClientHello that was written by hand has to be answered with, and how an end is signalled.

use super::met::{Met, Unmet, fail, of_peers, undecided, witnessed};
use crate::expect::{AnswerExpect, AnswerFactsExpect, Told};
use crate::facts::{Alert, AnswerFacts, FailureCause, Speaker, TlsFailure};
use crate::offer::Version;
use crate::trace::{Channel, End, Happening, Place, Trace};

/// Judges the first answer after the hand-written hello.
pub(super) fn meets_answer(wanted: &AnswerExpect, trace: &Trace) -> Met {
    let after =
        of_peers(trace).skip_while(|(_, event)| !matches!(event.kind, Happening::WroteHello(_)));
    let answer = after
        .filter_map(|(at, event)| match &event.kind {
            Happening::Answered(facts) => Some((at, Ok(facts.as_ref()))),
            Happening::HandshakeFailed(failure) => Some((at, Err(failure))),
            _ => None,
        })
        .next();
    let Some((at, answer)) = answer else {
        return Err(undecided("The relay was never sent the hand-written ClientHello."));
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
            let how = told(failure.alert_heard);
            Err(fail(format!("The relay refused the ClientHello ({how})."), vec![at]))
        }
        (_, Err(failure)) => Err(Unmet {
            evidence: vec![at],
            ..undecided(format!("The relay's reply could not be interpreted: {}.", failure.detail))
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
    match wanted.downgrade_sentinel {
        Some(true) if !facts.downgrade_sentinel => {
            Some("The ServerHello lacks the downgrade sentinel.".into())
        }
        Some(false) if facts.downgrade_sentinel => {
            Some("The ServerHello has the downgrade sentinel.".into())
        }
        _ => None,
    }
}

/// The last end of a handshake that is the relay's own doing, and the alert that told it: of one that
/// did not finish, or of a session in which a fault was played.
fn ended(trace: &Trace) -> Option<(usize, Option<u8>)> {
    let mut faulted: Vec<&Place> = Vec::new();
    let mut alerted: Vec<&Place> = Vec::new();
    let mut last = None;
    for (at, event) in of_peers(trace) {
        match &event.kind {
            Happening::HandshakeFailed(failure) if ended_by_relay(failure) => {
                last = Some((at, failure.alert_heard));
            }
            Happening::Faulted(_) => faulted.push(&event.place),
            Happening::Alerted(Alert { by: Speaker::Relay, description }) => {
                alerted.push(&event.place);
                last = Some((at, Some(*description)));
            }
            // A last word in plaintext ends a session as well.
            Happening::UnexpectedBytes { channel: Channel::Plaintext, .. }
            | Happening::Ended(End::Fin | End::CloseNotify | End::Reset)
                if faulted.contains(&&event.place) && !alerted.contains(&&event.place) =>
            {
                last = Some((at, None));
            }
            _ => {}
        }
    }
    last
}

fn ended_by_relay(failure: &TlsFailure) -> bool {
    matches!(
        failure.cause,
        FailureCause::RelayAlert | FailureCause::RelayClosed | FailureCause::RelayReset
    )
}

fn told(alert: Option<u8>) -> String {
    alert.map_or_else(|| "no alert".into(), |code| Told::By(code).name())
}

/// Judges how the end of a handshake is signalled. `optional`: the relay may have gone on instead, and
/// then there is nothing to tell.
pub(super) fn meets_alert(wanted: &[Told], optional: bool, trace: &Trace) -> Met {
    let Some((at, alert)) = ended(trace) else {
        return match (optional, not_asked(trace)) {
            (true, _) => Ok(Vec::new()),
            (false, Some(at)) => Ok(vec![at]),
            (false, None) => Err(undecided("The relay ended no handshake.")),
        };
    };
    if wanted.iter().any(|told| told.holds(alert)) {
        return Ok(vec![at]);
    }
    let names: Vec<_> = wanted.iter().map(|told| told.name()).collect();
    let reason = format!("The relay sent {}, expected: {}.", told(alert), names.join(" or "));
    Err(fail(reason, vec![at]))
}

/// The handshake that our own side ended because it found nothing in common.
fn not_asked(trace: &Trace) -> Option<usize> {
    of_peers(trace).find_map(|(at, event)| match &event.kind {
        Happening::HandshakeFailed(failure) if failure.cause == FailureCause::NothingInCommon => {
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

/// The alert that would have been better, where a relay that keeps the claim sent another.
pub(super) fn note(wanted: &[Told], trace: &Trace) -> Option<String> {
    let (_, alert) = ended(trace)?;
    let best = wanted.first()?;
    (!best.holds(alert))
        .then(|| format!("It sent {}; {} would be the better alert.", told(alert), best.name()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::{Event, Place};

    fn trace(events: Vec<Happening>) -> Trace {
        let place = Place::Peer { name: "client".into(), connection: 1 };
        let event = |kind| Event { at: Duration::ZERO, place: place.clone(), kind };
        Trace { events: events.into_iter().map(event).collect() }
    }

    fn written() -> Happening {
        Happening::WroteHello("TLS 1.2".into())
    }

    fn ended(cause: FailureCause, alert_heard: Option<u8>) -> Happening {
        let detail = String::new();
        Happening::HandshakeFailed(TlsFailure {
            engine: None,
            cause,
            alert_heard,
            alert_said: None,
            detail,
        })
    }

    fn answered() -> AnswerFacts {
        AnswerFacts {
            version: 0x0303,
            retry: false,
            suite: None,
            compression: 0,
            group: Some("x25519".into()),
            alpn: None,
            downgrade_sentinel: false,
            extensions: vec!["renegotiation_info".into()],
        }
    }

    /// `Ok`: met. `Err(true)`: undecided.
    fn check(wanted: &AnswerExpect, events: Vec<Happening>, expected: Result<(), bool>) {
        let met = meets_answer(wanted, &trace(events.clone()));
        let met = met.map(drop).map_err(|unmet| unmet.is_undecided());
        assert_eq!(met, expected, "{wanted:?} {events:?}");
    }

    #[test]
    fn only_an_end_by_the_relay_is_a_refusal() {
        let refused = AnswerExpect::Refused;
        for (cause, expected) in [
            (FailureCause::RelayAlert, Ok(())),
            (FailureCause::RelayClosed, Ok(())),
            (FailureCause::RelayReset, Ok(())),
            (FailureCause::Silence, Err(true)),
            (FailureCause::NotTls, Err(true)),
            (FailureCause::OurObjection, Err(true)),
        ] {
            check(&refused, vec![written(), ended(cause, None)], expected);
        }
        check(&refused, vec![ended(FailureCause::RelayAlert, Some(40))], Err(true));
        let answer = Happening::Answered(Box::new(answered()));
        check(&refused, vec![written(), answer], Err(false));
    }

    #[test]
    fn each_fact_of_a_server_hello_is_judged() {
        let plain = AnswerFactsExpect::default;
        let names = |name: &str| vec![name.to_owned()];
        let version = crate::expect::VersionRange::parse;
        let rows = [
            (plain(), true),
            (AnswerFactsExpect { version: version("1.2"), ..plain() }, true),
            (AnswerFactsExpect { version: version("1.3"), ..plain() }, false),
            (AnswerFactsExpect { retry: Some(true), ..plain() }, false),
            (AnswerFactsExpect { no_compression: true, ..plain() }, true),
            (AnswerFactsExpect { groups: (names("x25519"), Vec::new()), ..plain() }, true),
            (AnswerFactsExpect { groups: (names("p-256"), Vec::new()), ..plain() }, false),
            (AnswerFactsExpect { groups: (Vec::new(), names("x25519")), ..plain() }, false),
            (AnswerFactsExpect { alpn: Some("none".into()), ..plain() }, true),
            (AnswerFactsExpect { alpn: Some("h2".into()), ..plain() }, false),
            (AnswerFactsExpect { downgrade_sentinel: Some(true), ..plain() }, false),
        ];
        for (wanted, holds) in rows {
            let answer = Happening::Answered(Box::new(answered()));
            let expected = if holds { Ok(()) } else { Err(false) };
            check(&AnswerExpect::ServerHello(wanted), vec![written(), answer], expected);
        }
        let extensions = (names("renegotiation_info"), names("heartbeat"));
        let wanted = AnswerFactsExpect { extensions, ..plain() };
        let answer = |extensions: Vec<String>| {
            Happening::Answered(Box::new(AnswerFacts { extensions, ..answered() }))
        };
        let wanted = AnswerExpect::ServerHello(wanted);
        check(&wanted, vec![written(), answer(names("renegotiation_info"))], Ok(()));
        check(&wanted, vec![written(), answer(Vec::new())], Err(false));
        let both = [names("renegotiation_info"), names("heartbeat")].concat();
        check(&wanted, vec![written(), answer(both)], Err(false));
    }

    #[test]
    fn an_alert_that_is_as_good_passes_with_a_note() {
        let wanted = [Told::By(70), Told::By(40)];
        let told = |alert| trace(vec![written(), ended(FailureCause::RelayAlert, Some(alert))]);
        let met = |alert| meets_alert(&wanted, false, &told(alert)).is_ok();
        assert!(met(70) && met(40) && !met(47));
        assert_eq!(note(&wanted, &told(70)), None);
        let text = "It sent handshake_failure; protocol_version would be the better alert.";
        assert_eq!(note(&wanted, &told(40)).as_deref(), Some(text));
        let silent = trace(vec![written(), ended(FailureCause::Silence, None)]);
        assert!(meets_alert(&wanted, false, &silent).is_err_and(|unmet| unmet.is_undecided()));
        assert!(meets_alert(&wanted, true, &silent).is_ok());
    }

    #[test]
    fn the_last_end_of_the_relay_counts() {
        let banned = [Told::By(70), Told::ByAny, Told::NotAtAll];
        let note = |alerts: &[u8]| {
            let ends = alerts.iter().map(|alert| ended(FailureCause::RelayAlert, Some(*alert)));
            note(&banned, &trace(ends.collect()))
        };
        assert_eq!(note(&[40, 70]), None);
        assert!(note(&[70, 40]).is_some());
        let closed = trace(vec![ended(FailureCause::RelayClosed, None)]);
        let none = "It sent no alert; protocol_version would be the better alert.";
        assert_eq!(super::note(&banned, &closed).as_deref(), Some(none));
    }

    #[test]
    fn who_was_never_asked_owes_no_alert() {
        let wanted = [Told::By(70)];
        let ours = trace(vec![ended(FailureCause::NothingInCommon, None)]);
        assert!(meets_alert(&wanted, false, &ours).is_ok());
        assert!(not_due(&wanted, &ours).unwrap().contains("no protocol_version was due"));
        assert_eq!(not_due(&[], &ours), None);
        assert!(meets_alert(&wanted, false, &trace(Vec::new())).is_err());
    }
}
