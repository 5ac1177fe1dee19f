//! Waits for the end of an outbound message.

use std::time::Duration;

use waxseal_model::expect::Never;
use waxseal_model::foreign::Foreign;
use waxseal_model::judge::{Names, breaches, outcome};
use waxseal_model::script::Direction;
use waxseal_model::trace::{Event, Happening, Place};

use super::RunError;
use super::options::PlayOptions;
use crate::peer::{Recorder, Waited};
use crate::relay::evidence::Queue;
use crate::wire::attention::Allowance;

/// Longer than the reference relay waits between two attempts.
const AGAIN: Duration = Duration::from_millis(300);

/// What was just passed on is heard within this time after it left the queue.
const SECOND_LOOK: Duration = Duration::from_secs(6);

/// Waits until the message has ended: accepted, bounced, or kept beyond the time after which
/// silence counts.
pub(super) async fn await_end(
    names: &Names,
    recorder: &Recorder,
    options: &PlayOptions,
    limit: &mut Allowance,
) -> Result<(), RunError> {
    let ended = |events: &[Event]| {
        outcome(Direction::Outbound, events).is_some()
            || events.iter().any(|event| {
                // Nothing that comes later could be judged.
                matches!(event.kind, Happening::HarnessError(_) | Happening::Cut { .. })
            })
    };
    let mut settle = options.evidence.settle;
    let (mut looked, mut missed) = (Duration::ZERO, 0);
    loop {
        let calm = |events: &[Event]| calm_since(events).map(|since| since.max(looked));
        match recorder.wait_until(limit, settle, ended, calm).await {
            Waited::Done => return Ok(()),
            Waited::TooLong => {
                recorder.note(Place::Run, Happening::Deadline);
                return Ok(());
            }
            Waited::Settled => {}
        }
        let seen = match &options.evidence.queue {
            Some(queue) => look(queue, names).await?,
            None => {
                let silent = settle.unwrap_or_default();
                Seen::Waits(format!("no new attempt for {silent:?} after the last one").into())
            }
        };
        looked = recorder.elapsed();
        match seen {
            Seen::Waits(reason) => {
                recorder.note(Place::Run, Happening::Waiting { reason: reason.short() });
            }
            Seen::Busy => missed = 0,
            // What was just passed on may be heard a moment later than it left the queue.
            Seen::Missing if missed == 0 => {
                missed = 1;
                settle = settle.map(|settle| settle.min(SECOND_LOOK));
                continue;
            }
            Seen::Missing => recorder.note(Place::Run, Happening::LostFromQueue),
        }
        settle = options.evidence.settle;
    }
}

/// Waits until the relay has let go of a message that was taken, or has sent it once more: at most as
/// long as silence takes to count, or longer than any second attempt of a relay without a queue that
/// can be asked.
pub(super) async fn await_again(
    names: &Names,
    recorder: &Recorder,
    options: &PlayOptions,
    limit: &mut Allowance,
) -> Result<(), RunError> {
    let again = |events: &[Event]| !breaches(Never::SentTwice, events).is_empty();
    let settle = options.evidence.settle.unwrap_or(AGAIN);
    let mut looked = Duration::ZERO;
    loop {
        let calm = |events: &[Event]| calm_since(events).map(|since| since.max(looked));
        let waited = recorder.wait_until(limit, Some(settle), again, calm).await;
        let Some(queue) = options.evidence.queue.as_ref().filter(|_| waited == Waited::Settled)
        else {
            return Ok(());
        };
        match look(queue, names).await? {
            Seen::Waits(reason) => {
                recorder.note(Place::Run, Happening::Waiting { reason: reason.short() });
            }
            Seen::Missing => return Ok(()),
            // It is on its way: what happens next is heard.
            Seen::Busy => {}
        }
        looked = recorder.elapsed();
    }
}

/// Waits as long as silence takes to count after our sender has left in the middle of a message, or until a part of
/// it is passed on.
pub(super) async fn await_nothing(
    recorder: &Recorder,
    options: &PlayOptions,
    limit: &mut Allowance,
) {
    let passed_on = |events: &[Event]| !breaches(Never::CutMessage, events).is_empty();
    let settle = options.evidence.settle.unwrap_or(AGAIN);
    let since_left = |events: &[Event]| {
        let ended = |event: &&Event| {
            event.place == Place::Injection && matches!(event.kind, Happening::Ended(_))
        };
        events.iter().rev().find(ended).map(|event| event.at)
    };
    recorder.wait_until(limit, Some(settle), passed_on, since_left).await;
}

/// Longer than our side listens to a connection whose session has ended.
const GOODBYE: Duration = Duration::from_millis(800);

/// Waits until the relay has said goodbye on every connection, and a little longer.
pub(super) async fn await_goodbye(recorder: &Recorder, limit: &mut Allowance) {
    recorder.wait_until(limit, Some(GOODBYE), |_| false, calm_since).await;
}

/// Since when nothing is going on: the last event of a peer or of the resolver, if there was one
/// for this message and no connection is open.
fn calm_since(events: &[Event]) -> Option<Duration> {
    let mut open = 0;
    let mut last = None;
    for event in events {
        if event.kind == Happening::NextMessage {
            last = None;
        }
        if !matches!(event.place, Place::Peer { .. } | Place::Sender | Place::Dns) {
            continue;
        }
        match event.kind {
            Happening::Connected => open += 1,
            Happening::Ended(_) => open -= 1,
            // The connection is gone with the handshake; where our side closes it, that follows.
            Happening::HandshakeFailed(_) if !closes_later(events, event) => open -= 1,
            _ => {}
        }
        last = Some(event.at);
    }
    last.filter(|_| open <= 0)
}

/// Whether the end of this event's connection is recorded too.
fn closes_later(events: &[Event], failed: &Event) -> bool {
    let ended = |event: &Event| {
        event.place == failed.place
            && event.at >= failed.at
            && matches!(event.kind, Happening::Ended(_))
    };
    // All connections of the sender's mailbox are one place: what ended there may be another's.
    failed.place != Place::Sender && events.iter().any(ended)
}

/// What the relay's queue says of one message.
enum Seen {
    /// It waits, with this reason.
    Waits(Foreign),
    /// It, or a report about it, is on its way.
    Busy,
    /// It is not there.
    Missing,
}

async fn look(queue: &Queue, names: &Names) -> Result<Seen, RunError> {
    let queued = queue.look().await?;
    let of =
        |name: &str| queued.iter().find(|entry| entry.recipient.eq_ignore_ascii_case(&names[name]));
    Ok(match (of("recipient"), of("from")) {
        (Some(entry), _) if !entry.reason.raw().trim().is_empty() => {
            Seen::Waits(entry.reason.clone())
        }
        (Some(_), _) | (None, Some(_)) => Seen::Busy,
        (None, None) => Seen::Missing,
    })
}

#[cfg(test)]
mod tests {
    use waxseal_model::trace::End;

    use super::*;

    fn event(at: u64, connection: u32, kind: Happening) -> Event {
        let place = Place::Peer { name: "mx".into(), connection };
        Event { at: Duration::from_secs(at), place, kind }
    }

    #[test]
    fn it_is_calm_once_every_connection_has_ended() {
        let mut events = vec![event(1, 1, Happening::Connected)];
        assert_eq!(calm_since(&events), None);
        events.push(event(2, 1, Happening::Ended(End::Fin)));
        events.push(event(3, 2, Happening::Connected));
        assert_eq!(calm_since(&events), None);
        events.push(event(4, 2, Happening::Ended(End::Reset)));
        assert_eq!(calm_since(&events), Some(Duration::from_secs(4)));
    }

    #[test]
    fn what_happened_to_the_message_before_does_not_count() {
        let ended = event(2, 1, Happening::Ended(End::Fin));
        let next = Event { place: Place::Run, ..event(3, 1, Happening::NextMessage) };
        assert_eq!(calm_since(&[event(1, 1, Happening::Connected), ended, next]), None);
    }

    #[test]
    fn before_the_relay_does_anything_it_is_not_calm() {
        assert_eq!(calm_since(&[]), None);
    }
}
