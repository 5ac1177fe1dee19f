//! A demand of a case, met or not.

use crate::facts::TlsFacts;
use crate::trace::{Event, Happening, Place, Trace};

/// A demand that is not met.
pub(super) struct Unmet {
    /// What that says of the relay.
    pub(super) weight: Weight,
    /// One sentence.
    pub(super) reason: String,
    /// The events it rests on.
    pub(super) evidence: Vec<usize>,
}

/// What an unmet demand says of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Nothing: the relay was not brought to the point.
    Undecided,
    /// It fails, if the control passes.
    Fails,
    /// It fails without a control: the relay itself was observed doing otherwise, and nothing that is
    /// broken around it explains that.
    Witnessed,
    /// The same: the message moved on where it had to stay. That says something only if what should
    /// have stopped it was played.
    MovedOn,
}

impl Unmet {
    pub(super) fn is_undecided(&self) -> bool {
        self.weight == Weight::Undecided
    }

    /// Whether it stands without a control.
    pub(super) fn is_witnessed(&self) -> bool {
        matches!(self.weight, Weight::Witnessed | Weight::MovedOn)
    }
}

pub(super) type Met = Result<Vec<usize>, Unmet>;

pub(super) fn fail(reason: impl Into<String>, evidence: Vec<usize>) -> Unmet {
    Unmet { weight: Weight::Fails, reason: reason.into(), evidence }
}

pub(super) fn witnessed(reason: impl Into<String>, evidence: Vec<usize>) -> Unmet {
    Unmet { weight: Weight::Witnessed, ..fail(reason, evidence) }
}

pub(super) fn undecided(reason: impl Into<String>) -> Unmet {
    Unmet { weight: Weight::Undecided, ..fail(reason, Vec::new()) }
}

/// What happened on connections of the scenario's peers: neither the injection nor the mailbox of
/// the sender is judged.
pub(super) fn of_peers(trace: &Trace) -> impl Iterator<Item = (usize, &Event)> {
    trace.judged().filter(|(_, event)| matches!(event.place, Place::Peer { .. }))
}

/// The sessions that our side of a case came to.
pub(super) fn secured(trace: &Trace) -> Vec<(usize, &TlsFacts)> {
    of_peers(trace)
        .filter_map(|(at, event)| match &event.kind {
            Happening::HandshakeCompleted(facts) => Some((at, facts.as_ref())),
            _ => None,
        })
        .collect()
}
