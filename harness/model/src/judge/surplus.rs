//! Replies that nobody asked for.

use std::collections::BTreeMap;

use super::line::{ends_reply, keyword};
use crate::trace::{Channel, Event, Happening, Place, Trace};

/// How many replies came inside TLS beyond those that our side asked for, on the connection with the
/// most. A second greeting is not counted: it says what it is, and answers no command.
///
/// What a relay says too much to its control it says too much here as well: only what goes beyond that
/// can be an answer to something that was sent in plaintext.
pub(super) fn surplus(trace: &Trace) -> usize {
    let mut connections: BTreeMap<(&str, u32), Count> = BTreeMap::new();
    for (at, event) in trace.events.iter().enumerate() {
        let Place::Peer { name, connection } = &event.place else { continue };
        let count = connections.entry((name, *connection)).or_default();
        match &event.kind {
            Happening::Received { channel: Channel::Plaintext, .. } => count.in_plaintext = true,
            Happening::Received { channel: Channel::Tls, line, .. } => {
                count.replies += usize::from(ends_reply(line) && !second_greeting(trace, at));
            }
            Happening::UnexpectedBytes { channel: Channel::Tls, bytes } => {
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                count.replies += lines.filter(|line| ends_reply(line)).count();
            }
            Happening::Sent { channel: Channel::Tls, .. } => count.asked += 1,
            _ => {}
        }
    }
    // Where TLS came first, the greeting comes unasked.
    let beyond = |count: &Count| {
        count.replies.saturating_sub(count.asked + usize::from(!count.in_plaintext))
    };
    connections.values().map(beyond).max().unwrap_or_default()
}

/// Whether this line inside TLS is a greeting, though one was given in plaintext: the first word of the
/// relay there is a 220.
pub(super) fn second_greeting(trace: &Trace, at: usize) -> bool {
    let Event { place, kind, .. } = &trace.events[at];
    let Happening::Received { channel: Channel::Tls, line, .. } = kind else { return false };
    let before = || trace.events[..at].iter().filter(|event| event.place == *place);
    let heard = |wanted: Channel| {
        before().any(
            |event| matches!(&event.kind, Happening::Received { channel, .. } if *channel == wanted),
        )
    };
    line.starts_with(b"220") && heard(Channel::Plaintext) && !heard(Channel::Tls)
}

/// Whether the relay has said more in plaintext, on the connection of this event and before it, than it
/// was asked for: where its replies stand for nothing, what it says where TLS begins is one more of them.
pub(super) fn before_tls(trace: &Trace, at: usize) -> bool {
    let place = &trace.events[at].place;
    let repeats = |(at, event): (usize, &Event)| match &event.kind {
        Happening::Received { channel: Channel::Plaintext, line, .. } => {
            event.place == *place && repeats_ehlo(trace, at, line)
        }
        _ => false,
    };
    more_than_asked(&trace.events[..at], place)
        || trace.events[..at].iter().enumerate().any(repeats)
}

/// Whether this is a reply in plaintext of a relay that says more on this connection, before it or after
/// it, than it is asked for: none of its replies belongs to a command then.
pub(super) fn around(trace: &Trace, at: usize) -> bool {
    let Event { place, kind, .. } = &trace.events[at];
    let Happening::Received { channel: Channel::Plaintext, line, .. } = kind else { return false };
    more_than_asked(&trace.events, place) || repeats_ehlo(trace, at, line)
}

/// Keywords of EHLO that no reply to another command begins with. A sloppy relay ends its reply to EHLO
/// with `250 OK`, and so each other one: that is no repetition.
const KEYWORDS: [&str; 12] = [
    "8BITMIME",
    "AUTH",
    "BINARYMIME",
    "CHUNKING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "PIPELINING",
    "REQUIRETLS",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
    "HELP",
];

/// Whether a line is once more the last line of the reply to EHLO, and names an extension.
fn repeats_ehlo(trace: &Trace, at: usize, line: &[u8]) -> bool {
    if !keyword(line).is_some_and(|word| KEYWORDS.contains(&word.as_str())) {
        return false;
    }
    let place = &trace.events[at].place;
    let mut before = trace.events[..at].iter().filter(|event| event.place == *place);
    let greets = |event: &&Event| matches!(&event.kind, Happening::Sent { bytes, .. } if bytes.starts_with(b"EHLO"));
    let asked = before.clone().rfind(|event| matches!(event.kind, Happening::Sent { .. }));
    if before.find(greets).is_none() || asked.is_some_and(|last| greets(&last)) {
        return false;
    }
    let last = before.find_map(|event| match &event.kind {
        Happening::Received { line, .. } if ends_reply(line) => Some(line),
        _ => None,
    });
    last.is_some_and(|last| last == line)
}

fn more_than_asked(events: &[Event], place: &Place) -> bool {
    let (mut replies, mut asked) = (0_usize, 1_usize);
    for event in events.iter().filter(|event| event.place == *place) {
        match &event.kind {
            Happening::Received { channel: Channel::Plaintext, line, .. } => {
                replies += usize::from(ends_reply(line));
            }
            Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes } => {
                replies +=
                    bytes.split(|byte| *byte == b'\n').filter(|line| ends_reply(line)).count();
            }
            Happening::Sent { channel: Channel::Plaintext, .. } => asked += 1,
            _ => {}
        }
    }
    replies > asked
}

#[derive(Default)]
struct Count {
    replies: usize,
    asked: usize,
    in_plaintext: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::Ending;

    fn check(events: &[(Channel, bool, &str)], expected: usize) {
        let event = |(channel, ours, text): &(Channel, bool, &str)| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "client".into(), connection: 1 },
            kind: if *ours {
                Happening::Sent { channel: *channel, bytes: format!("{text}\r\n").into() }
            } else {
                let line = text.as_bytes().to_vec();
                Happening::Received { channel: *channel, line, ending: Ending::CrLf }
            },
        };
        let trace = Trace { events: events.iter().map(event).collect() };
        assert_eq!(surplus(&trace), expected, "{events:?}");
    }

    #[test]
    fn a_relay_that_repeats_itself_answers_no_command() {
        let event = |ours, text: &str| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "client".into(), connection: 1 },
            kind: if ours {
                let bytes = format!("{text}\r\n").into();
                Happening::Sent { channel: Channel::Plaintext, bytes }
            } else {
                let (line, ending) = (text.as_bytes().to_vec(), Ending::CrLf);
                Happening::Received { channel: Channel::Plaintext, line, ending }
            },
        };
        let mut events = vec![
            event(false, "220 hello"),
            event(true, "EHLO x"),
            event(false, "250-x"),
            event(false, "250 STARTTLS"),
            event(true, "STARTTLS now"),
            event(false, "250 STARTTLS"),
        ];
        assert!(around(&Trace { events: events.clone() }, 5), "that line is of EHLO");
        events[5] = event(false, "250 ok");
        assert!(!around(&Trace { events: events.clone() }, 5));
        events.push(event(false, "250 ok"));
        assert!(around(&Trace { events: events.clone() }, 5));
        assert!(!before_tls(&Trace { events: events.clone() }, 5));
        events[5] = event(false, "250 STARTTLS");
        assert!(before_tls(&Trace { events: events.clone() }, 6));
        events.truncate(6);
        (events[3], events[5]) = (event(false, "250 OK"), event(false, "250 OK"));
        assert!(!around(&Trace { events }, 5), "all its replies end so");
    }

    #[test]
    fn only_what_nobody_asked_for_is_too_much() {
        let (clear, tls) = (Channel::Plaintext, Channel::Tls);
        let greeting = (clear, false, "220 hello");
        check(&[greeting, (tls, true, "EHLO x"), (tls, false, "250 x")], 0);
        check(&[greeting, (tls, false, "250 ready"), (tls, true, "A"), (tls, false, "500 x")], 1);
        check(&[greeting, (tls, false, "250-a"), (tls, false, "250 b"), (tls, true, "A")], 0);
        check(&[greeting, (tls, false, "220 again"), (tls, true, "A"), (tls, false, "500")], 0);
        check(&[(tls, false, "220 implicit"), (tls, true, "A"), (tls, false, "500 x")], 0);
    }
}
