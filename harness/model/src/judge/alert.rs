//! With which alert the relay broke off.

use super::demand::of_peers;
use crate::alert::alert_name;
use crate::facts::{FailureCause, Speaker};
use crate::trace::{Happening, Trace};

/// What the relay did instead of sending one of the alerts that were due.
pub(super) struct Other {
    /// One sentence.
    pub(super) reason: String,
    /// The events it rests on.
    pub(super) evidence: Vec<usize>,
}

/// What the relay did instead of ending with one of the `wanted` alerts; `None`: it did end so, or
/// none was wanted. Its last alert counts, and silence about the reason is another answer too: the
/// standards want the alert, but a peer that breaks off without it has still refused. Where our own
/// side broke off, the relay was never asked.
pub(super) fn other_than(wanted: &[u8], trace: &Trace) -> Option<Other> {
    if wanted.is_empty() {
        return None;
    }
    let ends = of_peers(trace).filter_map(|(at, event)| match &event.kind {
        Happening::NotSecured(failure) => {
            let moot = failure.cause == FailureCause::NothingInCommon;
            Some((at, failure.alert_heard, moot))
        }
        Happening::Alerted(alert) if alert.by == Speaker::Relay => {
            Some((at, Some(alert.description), false))
        }
        _ => None,
    });
    let (at, heard, moot) = ends.last()?;
    let name = |code: u8| alert_name(code).map_or_else(|| code.to_string(), str::to_owned);
    let due: Vec<_> = wanted.iter().copied().map(name).collect();
    let due = due.join(" or ");
    let reason = match heard {
        Some(code) if wanted.contains(&code) => return None,
        Some(code) => format!("The relay breaks off with {}, not with {due}.", name(code)),
        None if moot => {
            format!("Our side found nothing in common, so no {due} was due from the relay.")
        }
        None => format!("The relay breaks off without the alert {due}."),
    };
    Some(Other { reason, evidence: vec![at] })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::{FailureCause, TlsFailure};
    use crate::trace::{Event, Place};

    fn check(wanted: &[u8], heard: &[Option<u8>], expected: Option<&str>) {
        check_cause(FailureCause::RelayAlert, wanted, heard, expected);
    }

    fn check_cause(
        cause: FailureCause,
        wanted: &[u8],
        heard: &[Option<u8>],
        expected: Option<&str>,
    ) {
        let events = heard.iter().map(|alert| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "mx".into(), connection: 1 },
            kind: Happening::NotSecured(TlsFailure {
                engine: None,
                cause,
                alert_heard: *alert,
                alert_said: Some(70),
                detail: String::new(),
            }),
        });
        let found = other_than(wanted, &Trace { events: events.collect() });
        assert_eq!(found.map(|other| other.reason).as_deref(), expected, "{wanted:?} {heard:?}");
    }

    #[test]
    fn who_was_never_asked_owes_no_alert() {
        let moot =
            "Our side found nothing in common, so no protocol_version was due from the relay.";
        check_cause(FailureCause::NothingInCommon, &[70], &[None], Some(moot));
    }

    #[test]
    fn the_last_alert_of_the_relay_counts() {
        check(&[70], &[Some(40), Some(70)], None);
        check(&[40, 70], &[Some(40)], None);
        check(&[], &[Some(40)], None);
        check(&[70], &[], None);
        let other = "The relay breaks off with handshake_failure, not with protocol_version.";
        check(&[70], &[Some(70), Some(40)], Some(other));
        check(&[70], &[None], Some("The relay breaks off without the alert protocol_version."));
    }
}
