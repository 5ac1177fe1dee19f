//! What a relay gives to resume a session by.

use super::demand::{Met, of_peers, undecided, witnessed};
use super::handshake::secured;
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
