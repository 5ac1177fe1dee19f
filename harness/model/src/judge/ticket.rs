//! What a relay gives to resume a session by.

use super::met::{Met, of_peers, secured, undecided, witnessed};
use crate::expect::TicketExpect;
use crate::facts::TicketFacts;
use crate::trace::{Happening, Trace};

/// The tickets that were given.
fn given(trace: &Trace) -> impl Iterator<Item = (usize, &TicketFacts)> {
    of_peers(trace).filter_map(|(at, event)| match &event.kind {
        Happening::Ticket(facts) => Some((at, facts)),
        _ => None,
    })
}

/// The session of a relay that gave nothing to resume it by.
pub(super) fn without(trace: &Trace) -> Option<usize> {
    if given(trace).next().is_some() {
        return None;
    }
    secured(trace).first().map(|(at, _)| *at)
}

/// Judges every ticket. A relay that gives none keeps whatever is said of them.
pub(super) fn meets(wanted: &TicketExpect, trace: &Trace) -> Met {
    if let Some(at) = without(trace) {
        return Ok(vec![at]);
    }
    let mut evidence = Vec::new();
    for (at, ticket) in given(trace) {
        if wanted.seconds_at_most.is_some_and(|most| ticket.lifetime > most) {
            let reason = format!("A ticket lasts {} seconds.", ticket.lifetime);
            return Err(witnessed(reason, vec![at]));
        }
        if wanted.no_early_data && ticket.early_data > 0 {
            let reason = format!("A ticket allows {} octets of early data.", ticket.early_data);
            return Err(witnessed(reason, vec![at]));
        }
        evidence.push(at);
    }
    if evidence.is_empty() {
        return Err(undecided("No session was opened that could be resumed."));
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::offer::Version;
    use crate::trace::{Event, Place};

    fn check(ticket: TicketFacts, expected: bool) {
        let wanted = TicketExpect { seconds_at_most: Some(604_800), no_early_data: true };
        let place = Place::Peer { name: "client".into(), connection: 1 };
        let kind = Happening::Ticket(ticket);
        let trace = Trace { events: vec![Event { at: Duration::ZERO, place, kind }] };
        let met = meets(&wanted, &trace);
        assert_eq!(met.is_ok(), expected, "{ticket:?}");
        assert!(met.err().is_none_or(|unmet| unmet.is_witnessed()));
    }

    #[test]
    fn a_ticket_is_judged_by_what_it_says() {
        let ticket = |lifetime, early_data| TicketFacts {
            version: Version::Tls13,
            ticket: true,
            lifetime,
            early_data,
        };
        check(ticket(7200, 0), true);
        check(ticket(604_800, 0), true);
        check(ticket(604_801, 0), false);
        check(ticket(7200, 1), false);
        let unmet = meets(&TicketExpect::default(), &Trace::default());
        assert!(unmet.is_err_and(|unmet| unmet.is_undecided()));
    }
}
