//! What became of the message.

use crate::expect::Outcome;
use crate::facts::FailureCause;
use crate::script::Direction;
use crate::trace::{Channel, End, Event, Happening, Place, Trace};

/// What became of the message; `None` where the trace ends before it did.
///
/// A copy taken in plaintext outweighs one taken in TLS: the message was exposed. A report that gives the
/// message back outweighs waiting; one of a delay is no end (RFC 3464 section 2.3.3), and says that the
/// message waits once the time allowed is over. A close by the relay before it took an inbound message is `rejected`: the sender keeps
/// it; so it does where the relay breaks the session by what it sends. Silence is nothing. `events`
/// are those of a whole trace; of several messages the last counts.
pub fn outcome(direction: Direction, events: &[Event]) -> Option<Outcome> {
    events
        .rsplit(|event| event.kind == Happening::NextMessage)
        .next()
        .and_then(|of_last| of_message(direction, of_last))
}

/// What became of each message before the one that is judged.
pub(super) fn outcomes_before(direction: Direction, trace: &Trace) -> Vec<Option<Outcome>> {
    let mut messages: Vec<_> = trace
        .events
        .split(|event| event.kind == Happening::NextMessage)
        .map(|events| of_message(direction, events))
        .collect();
    messages.pop();
    messages
}

/// What became of one message, from the events of its time.
fn of_message(direction: Direction, events: &[Event]) -> Option<Outcome> {
    let any = |wanted: &dyn Fn(&Place, &Happening) -> bool| {
        events.iter().any(|event| wanted(&event.place, &event.kind))
    };
    let taken = |channel: Channel| {
        any(&|place: &Place, kind: &Happening| match (direction, place, kind) {
            (Direction::Outbound, Place::Peer { .. }, Happening::AcceptedByPeer { channel: c }) => {
                *c == channel
            }
            (Direction::Inbound, Place::Peer { .. }, Happening::AcceptedByRelay { channel: c }) => {
                *c == channel
            }
            _ => false,
        })
    };
    if taken(Channel::Plaintext) {
        return Some(Outcome::DeliveredPlaintext);
    }
    if taken(Channel::Tls) {
        return Some(Outcome::DeliveredTls);
    }
    match direction {
        Direction::Outbound => {
            let reported = |wanted: &str| {
                any(
                    &|_: &Place, kind: &Happening| matches!(kind, Happening::Reported { action, .. } if action.raw() == wanted),
                )
            };
            let refused = any(&|place: &Place, kind: &Happening| {
                *place == Place::Injection && matches!(kind, Happening::Refused { .. })
            });
            let left = cut_off(events);
            let waiting =
                any(&|_: &Place, kind: &Happening| matches!(kind, Happening::Waiting { .. }));
            let over = any(&|_: &Place, kind: &Happening| *kind == Happening::Deadline);
            if reported("failed") {
                Some(Outcome::Bounced)
            } else if refused || left {
                Some(Outcome::Rejected)
            } else if waiting || (reported("delayed") && over) {
                Some(Outcome::Deferred)
            } else if any(&|_: &Place, kind: &Happening| *kind == Happening::LostFromQueue) {
                Some(Outcome::Lost)
            } else {
                None
            }
        }
        Direction::Inbound => any(&|place: &Place, kind: &Happening| {
            matches!(place, Place::Peer { .. })
                && match kind {
                    Happening::Refused { .. }
                    | Happening::Ended(
                        End::CloseNotify | End::Fin | End::Reset | End::Alert | End::Garbled,
                    ) => true,
                    Happening::HandshakeFailed(failure) => speaks(failure.cause),
                    _ => false,
                }
        })
        .then_some(())
        .filter(|()| !any(&|_: &Place, kind: &Happening| *kind == Happening::Deadline))
        .map(|()| Outcome::Rejected),
    }
}

/// Whether our sender left in the middle of the message, and the relay ended the connection without
/// accepting it. Some say why beneath the session, which breaks it.
fn cut_off(events: &[Event]) -> bool {
    let injection = || events.iter().filter(|event| event.place == Place::Injection);
    let by_relay = |event: &Event| matches!(event.kind, Happening::Ended(end) if !matches!(end, End::Ours | End::Silence));
    injection()
        .skip_while(|event| !matches!(event.kind, Happening::Faulted(_)))
        .find(|event| by_relay(event) || matches!(event.kind, Happening::AcceptedByRelay { .. }))
        .is_some_and(by_relay)
}

/// Whether a handshake that did not finish tells anything of the relay: neither its silence nor
/// what our own side broke or could not play does.
fn speaks(cause: FailureCause) -> bool {
    !matches!(cause, FailureCause::Silence | FailureCause::Fault | FailureCause::OurObjection)
}

/// Connections the relay made to our peers for the message that is judged.
pub fn attempts(trace: &Trace) -> usize {
    trace.events[trace.judged_from()..]
        .iter()
        .filter(|event| {
            matches!(event.place, Place::Peer { .. }) && event.kind == Happening::Connected
        })
        .count()
}
