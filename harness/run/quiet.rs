//! Relays that say nothing: the same silence is not waited for in every case.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use waxseal_model::scenario::Case;
use waxseal_model::script::Direction;
use waxseal_model::trace::{Event, Happening, Place, Trace};

/// The controls on which the relay was silent until the time allowed was over.
#[derive(Debug, Default)]
pub(super) struct Quiet(Mutex<BTreeSet<String>>);

impl Quiet {
    /// Whether there is no point in playing a case: the relay says nothing on its control either.
    pub(super) fn holds(&self, case: &Case) -> bool {
        !is_control(case) && self.of(&case.control_id())
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

/// Whether the relay gave no sign of itself, beyond having taken the message where it sends one.
fn is_silent(direction: Direction, trace: &Trace) -> bool {
    let sign = |event: &Event| match (&event.place, direction) {
        (Place::Injection | Place::Run, _) => false,
        (_, Direction::Outbound) => true,
        (_, Direction::Inbound) => matches!(
            event.kind,
            Happening::Heard { .. }
                | Happening::HeardEarly { .. }
                | Happening::Answered(_)
                | Happening::Secured(_)
                | Happening::Cut { .. }
        ),
    };
    !trace.events.is_empty() && !trace.events.iter().any(sign)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waxseal_model::trace::{Channel, End, Ending};

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
        assert!(!quiet.holds(paired) && quiet.doubts(control, &silent));
        quiet.take(control, &silent);
        assert!(quiet.holds(paired) && !quiet.doubts(control, &silent));
        assert!(!quiet.holds(control) && !quiet.holds(other));
        let (channel, line) = (Channel::Clear, b"220 late".to_vec());
        let speaks = trace(&[Happening::Heard { channel, line, ending: Ending::CrLf }]);
        quiet.take(control, &speaks);
        assert!(!quiet.holds(paired));
    }
}
