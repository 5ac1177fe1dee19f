//! Which verdicts are played for once more, and which one stands then.
//!
//! A time limit that ran out while this machine was late is our trouble; a message that was seen in
//! plaintext once was sent in plaintext.

use std::time::Duration;

use waxseal_model::expect::Outcome;
use waxseal_model::facts::FailureCause;
use waxseal_model::judge::{breaches, outcome};
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;
use waxseal_model::trace::{End, Event, Happening};
use waxseal_model::verdict::Verdict;

/// After a gap of this length in our own attention nothing is believed that was not seen again.
const GAP: Duration = Duration::from_secs(1);
/// With this lateness a limit that ran out says nothing.
const LATE: Duration = Duration::from_millis(300);

/// Whether a verdict has to be reached once more because this machine was late.
pub(super) fn too_late(record: &CaseRecord, lateness: Duration) -> bool {
    let good = matches!(record.verdict, Verdict::Pass | Verdict::Observed);
    let events = &record.trace.events;
    let limit = rests_on_limit(events);
    (lateness >= GAP && (!good || limit || rests_on_silence(events)))
        || (lateness >= LATE && !good && limit)
}

/// What stands after a case was played alone and this machine was late again: what was seen on the wire
/// was there, however late; what rests on time, or on what the relay did after a time of its own, is
/// undecided.
pub(super) fn at_last(case: &Case, record: CaseRecord, lateness: Duration) -> CaseRecord {
    let events = &record.trace.events;
    let outcome_alone = !case.expect.outcome.is_empty()
        && record.outcome.is_none_or(|outcome| !case.expect.outcome.contains(&outcome));
    let rests_on_time = rests_on_limit(events) || rests_on_silence(events) || outcome_alone;
    let late = too_late(&record, lateness) && rests_on_time && !leaked(case, events);
    if late { undecided(record, lateness) } else { record }
}

/// Whether a verdict is played for once more. A failure that shows in TLS is played with the other
/// engine instead.
pub(super) fn open(record: &CaseRecord, lateness: Duration) -> bool {
    let open = [Verdict::Inconclusive, Verdict::Error, Verdict::Fail];
    open.contains(&record.verdict) || too_late(record, lateness)
}

/// What stands after a case was played twice in the same way; `late` says whether the first time was
/// too late to be believed.
pub(super) fn settle(case: &Case, first: CaseRecord, late: bool, second: CaseRecord) -> CaseRecord {
    if first.verdict != Verdict::Fail || second.verdict == Verdict::Fail {
        return second;
    }
    if leaked(case, &first.trace.events) {
        return first;
    }
    if late {
        return second;
    }
    let reason = format!(
        "Two plays differ: the first is fail ({}), the second {} ({}).",
        first.reason.trim_end_matches('.'),
        second.verdict,
        second.reason.trim_end_matches('.'),
    );
    CaseRecord { verdict: Verdict::Inconclusive, reason, ..first }
}

/// The record of a case that was played alone, and in which this machine was late again.
fn undecided(record: CaseRecord, lateness: Duration) -> CaseRecord {
    let reason = format!(
        "This machine was too busy to say: waxseal did not run for {lateness:.1?} while the case was \
         played. What was seen then: {} ({}).",
        record.verdict,
        record.reason.trim_end_matches('.'),
    );
    CaseRecord { verdict: Verdict::Inconclusive, reason, ..record }
}

/// Whether the message, or what must not be sent in plaintext, was seen where it must not be.
pub(super) fn leaked(case: &Case, events: &[Event]) -> bool {
    let wanted = &case.expect.outcome;
    let exposed = !wanted.is_empty()
        && !wanted.contains(&Outcome::DeliveredPlaintext)
        && outcome(case.direction, events) == Some(Outcome::DeliveredPlaintext);
    exposed || case.expect.never.iter().any(|never| !breaches(*never, events).is_empty())
}

/// Whether the case ended because nothing more came.
pub(super) fn rests_on_silence(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event.kind, Happening::Waiting { .. }))
}

/// Whether a time limit of ours ran out in the case.
fn rests_on_limit(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.kind {
        Happening::Deadline | Happening::Ended(End::Silence) | Happening::HarnessError(_) => true,
        Happening::HandshakeFailed(failure) => failure.cause == FailureCause::Silence,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use waxseal_model::requirement::Level;
    use waxseal_model::trace::{Channel, Place, Trace};

    use super::*;
    use crate::catalogue::Catalogue;

    fn case() -> Case {
        let catalogue = Catalogue::embedded().unwrap();
        catalogue.case("outbound/forced/refused#454,encryption-only").unwrap().clone()
    }

    fn record(verdict: Verdict, kinds: &[Happening]) -> CaseRecord {
        let case = case();
        let place = Place::Peer { name: "mx".into(), connection: 1 };
        let event = |kind: &Happening| Event {
            at: Duration::ZERO,
            place: place.clone(),
            kind: kind.clone(),
        };
        CaseRecord {
            trace: Trace { events: kinds.iter().map(event).collect() },
            ..CaseRecord::of(&case, Level::Must, verdict, format!("It is {verdict}."))
        }
    }

    fn second(late: bool, first: &[Happening], verdict: Verdict) -> Verdict {
        let records = (record(Verdict::Fail, first), record(verdict, &[]));
        settle(&case(), records.0, late, records.1).verdict
    }

    #[test]
    fn a_failure_that_is_not_seen_again_is_undecided_or_was_lateness() {
        assert_eq!(second(false, &[], Verdict::Fail), Verdict::Fail);
        assert_eq!(second(false, &[], Verdict::Pass), Verdict::Inconclusive);
        assert_eq!(second(true, &[], Verdict::Pass), Verdict::Pass);
    }

    #[test]
    fn plaintext_that_was_seen_once_was_sent() {
        let took = [Happening::AcceptedByPeer { channel: Channel::Plaintext }];
        assert_eq!(second(false, &took, Verdict::Pass), Verdict::Fail);
        assert_eq!(second(true, &took, Verdict::Pass), Verdict::Fail);
    }

    #[test]
    fn a_limit_counts_as_late_and_a_pass_only_after_a_pause() {
        let silent = record(Verdict::Fail, &[Happening::Ended(End::Silence)]);
        assert!(too_late(&silent, LATE));
        assert!(!too_late(&silent, LATE / 2));
        let heard = record(Verdict::Fail, &[Happening::Ended(End::Fin)]);
        assert!(!too_late(&heard, LATE));
        let passed = record(Verdict::Pass, &[Happening::Ended(End::Silence)]);
        assert!(!too_late(&passed, LATE));
        assert!(too_late(&passed, GAP));
        let seen = record(Verdict::Pass, &[Happening::Connected]);
        assert!(!too_late(&seen, GAP));
    }

    #[test]
    fn plaintext_is_plaintext_on_a_busy_machine_too() {
        let last =
            |kinds: &[Happening]| at_last(&case(), record(Verdict::Fail, kinds), GAP).verdict;
        assert_eq!(
            last(&[Happening::AcceptedByPeer { channel: Channel::Plaintext }]),
            Verdict::Fail
        );
        assert_eq!(last(&[Happening::Ended(End::Silence)]), Verdict::Inconclusive);
    }

    #[test]
    fn late_again_is_inconclusive_and_says_why() {
        let told = undecided(record(Verdict::Fail, &[]), Duration::from_millis(2300));
        assert_eq!(told.verdict, Verdict::Inconclusive);
        assert!(told.reason.contains("did not run for 2.3s"), "{}", told.reason);
    }
}
