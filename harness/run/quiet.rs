//! Relays that say nothing: the same silence is not waited for in every case.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use waxseal_model::scenario::Case;
use waxseal_model::script::Direction;
use waxseal_model::trace::{End, Event, Happening, Place, Trace};

/// The controls on which the relay was silent until the time allowed was over.
#[derive(Debug, Default)]
pub(super) struct Quiet(Mutex<BTreeSet<String>>);

impl Quiet {
    /// The control on which the relay says nothing, where there is no point in playing a case for that:
    /// its own, or that of its connector.
    pub(super) fn holds(&self, case: &Case) -> Option<String> {
        let known =
            [case.control_id(), case.usual_control()].into_iter().find(|control| self.of(control));
        known.filter(|_| !is_control(case))
    }

    /// Whether a control has to be played once more at once: one silence alone may be a mishap.
    pub(super) fn doubts(&self, case: &Case, trace: &Trace) -> bool {
        is_control(case) && !self.of(&case.id) && is_silent(case.direction, trace)
    }

    /// Takes what became of a control at last.
    pub(super) fn take(&self, case: &Case, trace: &Trace) {
        if !is_control(case) {
            return;
        }
        let mut controls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match is_silent(case.direction, trace) {
            true => controls.insert(case.id.clone()),
            false => controls.remove(&case.id),
        };
    }

    fn of(&self, control: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(control)
    }
}

/// Whether all of a connector's cases are paired with this one.
fn is_control(case: &Case) -> bool {
    matches!(case.scenario.as_str(), "inbound/control" | "outbound/control")
        && case.control_id() == case.id
}

/// Whether the relay gave no sign of itself while it was waited for, beyond having taken the message
/// where it sends one. One that refuses or ends connections costs no time.
fn is_silent(direction: Direction, trace: &Trace) -> bool {
    let sign = |event: &Event| match (&event.place, direction) {
        (Place::Injection | Place::Run, _) => false,
        (_, Direction::Outbound) => true,
        (_, Direction::Inbound) => matches!(
            event.kind,
            Happening::Received { .. }
                | Happening::UnexpectedBytes { .. }
                | Happening::Answered(_)
                | Happening::HandshakeCompleted(_)
                | Happening::Cut { .. }
        ),
    };
    let waited =
        |event: &Event| matches!(event.kind, Happening::Deadline | Happening::Ended(End::Silence));
    trace.events.iter().any(waited) && !trace.events.iter().any(sign)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waxseal_model::trace::{Channel, Ending};

    use super::*;
    use crate::catalogue::Catalogue;

    fn trace(kinds: &[Happening]) -> Trace {
        let place = Place::Peer { name: "client".into(), connection: 1 };
        let event = |kind: &Happening| Event {
            at: Duration::ZERO,
            place: place.clone(),
            kind: kind.clone(),
        };
        Trace { events: kinds.iter().map(event).collect() }
    }

    #[test]
    fn cases_of_a_silent_control_are_held_until_it_speaks() {
        let catalogue = Catalogue::embedded().unwrap();
        let control = catalogue.case("inbound/control#opportunistic").unwrap();
        let paired =
            catalogue.cases().find(|case| case.id != control.id && case.control_id() == control.id);
        let other = catalogue.case("inbound/control#implicit").unwrap();
        let (paired, quiet) = (paired.unwrap(), Quiet::default());
        let silent = trace(&[Happening::Connected, Happening::Ended(End::Silence)]);
        let offered = catalogue.case("inbound/starttls/offered#opportunistic").unwrap();
        let gone = trace(&[Happening::Connected, Happening::Ended(End::Fin)]);
        assert!(quiet.holds(paired).is_none() && quiet.doubts(control, &silent));
        assert!(!quiet.doubts(control, &gone));
        quiet.take(control, &silent);
        assert_eq!(quiet.holds(paired).as_ref(), Some(&control.id));
        assert_eq!(quiet.holds(offered).as_ref(), Some(&control.id));
        assert!(!quiet.doubts(control, &silent));
        assert!(quiet.holds(control).is_none() && quiet.holds(other).is_none());
        let (channel, line) = (Channel::Plaintext, b"220 late".to_vec());
        let speaks = trace(&[Happening::Received { channel, line, ending: Ending::CrLf }]);
        quiet.take(control, &speaks);
        assert!(quiet.holds(paired).is_none());
    }
}
