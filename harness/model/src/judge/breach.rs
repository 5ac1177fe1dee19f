//! What the relay must never do, looked for in a trace.

use std::collections::BTreeMap;

use crate::expect::Never;
use crate::facts::TlsFacts;
use crate::offer::{SuiteKind, Version};
use crate::received::came_over;
use crate::trace::{Channel, Event, Happening, MESSAGE_END, Place, judged_from};

/// The events in which the relay did what it must never do with the message that is judged.
pub fn breaches(never: Never, events: &[Event]) -> Vec<usize> {
    match never {
        Never::SentTwice => return sent_twice(events),
        Never::FalseTrace => return false_trace(events),
        _ => {}
    }
    let mut connections: BTreeMap<(&str, u32), State> = BTreeMap::new();
    let mut found = Vec::new();
    let begins = judged_from(events);
    for (at, event) in events.iter().enumerate() {
        let Place::Peer { name, connection } = &event.place else { continue };
        let state = connections.entry((name, *connection)).or_default();
        if at >= begins && state.breached(never, event) {
            found.push(at);
        }
        state.follow(event);
    }
    found
}

/// A second time that the message was taken, or that it still waits after the first.
fn sent_twice(events: &[Event]) -> Vec<usize> {
    let took = |event: &Event| {
        matches!(
            (&event.place, &event.kind),
            (Place::Peer { .. }, Happening::AcceptedByPeer { .. })
        )
    };
    let judged = events.iter().enumerate().skip(judged_from(events));
    let judged = judged.skip_while(|(_, event)| !took(event)).skip(1);
    judged
        .filter(|(_, event)| took(event) || matches!(event.kind, Happening::Waiting { .. }))
        .map(|(at, _)| at)
        .collect()
}

/// The message as a next hop received it, with a trace field that says another channel than the one over which it
/// was submitted.
fn false_trace(events: &[Event]) -> Vec<usize> {
    let judged = || events.iter().enumerate().skip(judged_from(events));
    let submitted = judged().find_map(|(_, event)| match (&event.place, &event.kind) {
        (Place::Injection, Happening::AcceptedByRelay { channel }) => Some(*channel),
        _ => None,
    });
    let says = |event: &Event| match (&event.place, &event.kind) {
        // What the sender's host gets is a report.
        (Place::Peer { name, .. }, Happening::ReceivedContent { bytes, .. })
            if name != "sender" =>
        {
            came_over(bytes)
        }
        _ => None,
    };
    let differs = |event: &Event| submitted.zip(says(event)).is_some_and(|(way, says)| way != says);
    judged().filter(|(_, event)| differs(event)).map(|(at, _)| at).collect()
}

/// What one connection has seen so far.
#[derive(Default)]
struct State {
    secured: bool,
    /// A handshake did not finish.
    broken: bool,
    /// Whether the relay has said something in plaintext, and inside TLS.
    heard: (bool, bool),
    /// The last command of the relay, upper case, and whether we still owe its reply.
    command: String,
    owed: bool,
    /// STARTTLS was answered with 220.
    go_ahead: bool,
    starttls_refused: bool,
    starttls_listed: bool,
    pipelining_in_tls: bool,
    plaintext_keywords: Vec<String>,
    tls_keywords: Vec<String>,
}

/// The verb of a command that came this way, upper case.
fn command(event: &Event, way: Channel) -> Option<String> {
    match &event.kind {
        Happening::Received { channel, line, .. } if *channel == way => Some(verb(line)),
        _ => None,
    }
}

fn commands(event: &Event, way: Channel, verbs: &[&str]) -> bool {
    command(event, way).is_some_and(|verb| verbs.contains(&verb.as_str()))
}

/// Whether it says for whom a message is, or what stands in it.
fn carries_envelope(event: &Event, way: Channel) -> bool {
    let content =
        matches!(event.kind, Happening::ReceivedContent { channel, .. } if channel == way);
    content || commands(event, way, &["MAIL", "RCPT", "DATA", "BDAT"])
}

/// Bytes that came this way while nothing was due.
fn unexpected(event: &Event, way: Channel) -> Option<&[u8]> {
    match &event.kind {
        Happening::UnexpectedBytes { channel, bytes } if *channel == way => Some(bytes),
        _ => None,
    }
}

fn completed(event: &Event, is_bad: impl Fn(&TlsFacts) -> bool) -> bool {
    matches!(&event.kind, Happening::HandshakeCompleted(facts) if is_bad(facts))
}

/// A next hop took content without the end of our message. What the sender's host takes is a report,
/// which need not quote the message.
fn is_cut_message(event: &Event) -> bool {
    let (Place::Peer { name, .. }, Happening::ReceivedContent { bytes, .. }) =
        (&event.place, &event.kind)
    else {
        return false;
    };
    let end = MESSAGE_END.as_bytes();
    name != "sender" && !bytes.windows(end.len()).any(|part| part == end)
}

impl State {
    fn breached(&self, never: Never, event: &Event) -> bool {
        match never {
            Never::EnvelopeInPlaintext => carries_envelope(event, Channel::Plaintext),
            Never::EnvelopeInTls => carries_envelope(event, Channel::Tls),
            Never::CredentialsInPlaintext => commands(event, Channel::Plaintext, &["AUTH"]),
            Never::PlaintextAfterStarttls => self.plaintext_after_starttls(event),
            Never::HelloWithoutGoAhead => self.hello_without_go_ahead(event),
            Never::BytesAfterStarttls => self.bytes_after_starttls(event),
            // Our reply to what was injected is a line that the client did not wait for.
            Never::InjectedAnswer => unexpected(event, Channel::Tls).is_some(),
            Never::InjectedReplyUsed => self.injected_reply_used(event),
            Never::StarttlsInTls => commands(event, Channel::Tls, &["STARTTLS"]),
            Never::UnofferedStarttls => {
                !self.starttls_listed && commands(event, Channel::Plaintext, &["STARTTLS"])
            }
            Never::PlaintextExtensionUsed => self.plaintext_extension_used(event),
            Never::PlaintextReply => self.plaintext_reply(event),
            Never::SecondGreeting => self.second_greeting(event),
            Never::CutMessage => is_cut_message(event),
            Never::ViolationAccepted => matches!(event.kind, Happening::ViolationAccepted(_)),
            Never::OldTls => completed(event, |facts| facts.version < Version::Tls12),
            Never::StaticKeyExchange => completed(event, |facts| !facts.forward_secrecy),
            Never::AnonymousTls => completed(event, |facts| facts.suite.is(SuiteKind::Anonymous)),
            Never::ShortPrime => {
                completed(event, |facts| facts.dh_bits.is_some_and(|bits| bits < 2048))
            }
            Never::MessageInTls => matches!(
                event.kind,
                Happening::AcceptedByPeer { channel: Channel::Tls }
                    | Happening::ReceivedContent { channel: Channel::Tls, .. }
            ),
            // Not a matter of one connection.
            Never::SentTwice | Never::FalseTrace => false,
        }
    }

    fn plaintext_after_starttls(&self, event: &Event) -> bool {
        let line = command(event, Channel::Plaintext).is_some_and(|verb| !verb.is_empty());
        // What stands in plaintext where a record of the session is due.
        let stray = || unexpected(event, Channel::Plaintext).is_some_and(|b| !verb(b).is_empty());
        (self.go_ahead && line) || (self.secured && stray())
    }

    fn hello_without_go_ahead(&self, event: &Event) -> bool {
        let tls = match &event.kind {
            Happening::Hello(_) => true,
            // A hello that came where a line was due is read as one.
            Happening::Received { line, .. } => line.starts_with(&[0x16, 3]),
            _ => false,
        };
        self.starttls_refused && !self.go_ahead && tls
    }

    fn bytes_after_starttls(&self, event: &Event) -> bool {
        let unanswered = self.command == "STARTTLS" && self.owed && !self.secured;
        unanswered
            && (unexpected(event, Channel::Plaintext).is_some()
                || command(event, Channel::Plaintext).is_some())
    }

    /// It goes on although we owe it a reply: it took what stood in plaintext before TLS for that.
    fn injected_reply_used(&self, event: &Event) -> bool {
        let unanswered = self.secured && self.owed && !self.pipelining_in_tls;
        unanswered && command(event, Channel::Tls).is_some_and(|verb| verb != "QUIT")
    }

    fn plaintext_extension_used(&self, event: &Event) -> bool {
        let Happening::Received { channel: Channel::Tls, line, .. } = &event.kind else {
            return false;
        };
        let only_in_plaintext = |keyword: &String| {
            self.plaintext_keywords.contains(keyword) && !self.tls_keywords.contains(keyword)
        };
        extension_of(line).iter().any(only_in_plaintext)
    }

    fn plaintext_reply(&self, event: &Event) -> bool {
        let first = unexpected(event, Channel::Plaintext).map(|bytes| bytes.first());
        match first {
            Some(first) if self.secured => !matches!(first, Some(b'4' | b'5')),
            // An alert may come as well: only a reply is an answer.
            Some(first) => self.broken && matches!(first, Some(b'2' | b'3')),
            None => false,
        }
    }

    fn second_greeting(&self, event: &Event) -> bool {
        let first_in_tls = self.heard == (true, false);
        first_in_tls
            && matches!(&event.kind, Happening::Received { channel: Channel::Tls, line, .. }
                if line.starts_with(b"220"))
    }

    fn follow(&mut self, event: &Event) {
        match &event.kind {
            Happening::Received { channel, line, .. } => {
                match channel {
                    Channel::Plaintext => self.heard.0 = true,
                    Channel::Tls => self.heard.1 = true,
                }
                self.command = verb(line);
                self.owed = true;
            }
            Happening::ReceivedContent { .. } => self.owed = true,
            Happening::HandshakeFailed(_) => self.broken = true,
            Happening::HandshakeCompleted(_) => {
                self.secured = true;
                self.owed = false;
            }
            Happening::Sent { channel, bytes } => self.said(*channel, bytes),
            _ => {}
        }
    }

    fn said(&mut self, channel: Channel, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).to_ascii_uppercase();
        let last = text.lines().last().unwrap_or_default();
        let complete = last.len() < 4 || last.as_bytes().get(3) != Some(&b'-');
        if complete {
            self.owed = false;
        }
        if self.command == "STARTTLS" && channel == Channel::Plaintext && complete {
            self.go_ahead |= text.starts_with("220");
            self.starttls_refused |= !text.starts_with("220");
        }
        if matches!(self.command.as_str(), "EHLO") {
            for line in text.lines().filter(|line| line.starts_with("250")) {
                let keyword = line.get(4..).unwrap_or_default();
                let ends = |c: char| c == '=' || c.is_ascii_whitespace();
                let keyword = keyword.split(ends).next().unwrap_or_default().to_owned();
                self.starttls_listed |= keyword == "STARTTLS";
                match channel {
                    Channel::Plaintext => self.plaintext_keywords.push(keyword),
                    Channel::Tls => {
                        self.pipelining_in_tls |= keyword == "PIPELINING";
                        self.tls_keywords.push(keyword);
                    }
                }
            }
        }
    }
}

/// The verb of a command line, upper case.
fn verb(line: &[u8]) -> String {
    let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(line.len());
    String::from_utf8_lossy(&line[..end]).to_ascii_uppercase()
}

/// The EHLO keywords without which this command could not be sent.
fn extension_of(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let mut needed = Vec::new();
    let words: Vec<_> = text.split_whitespace().collect();
    if words.first() == Some(&"BDAT") {
        needed.push("CHUNKING".to_owned());
    }
    if text.starts_with("MAIL") || text.starts_with("RCPT") {
        for word in &words {
            let keyword = match word.split('=').next().unwrap_or_default() {
                "SIZE" => "SIZE",
                "BODY" => "8BITMIME",
                "SMTPUTF8" => "SMTPUTF8",
                "RET" | "ENVID" | "NOTIFY" | "ORCPT" => "DSN",
                "REQUIRETLS" => "REQUIRETLS",
                _ => continue,
            };
            needed.push(keyword.to_owned());
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(events: Vec<Happening>, expected: &[usize]) {
        let place = || Place::Peer { name: "mx".into(), connection: 1 };
        let event = |kind| Event { at: Duration::ZERO, place: place(), kind };
        let events: Vec<_> = events.into_iter().map(event).collect();
        assert_eq!(breaches(Never::SentTwice, &events), expected, "{events:?}");
    }

    #[test]
    fn a_message_is_sent_twice_once_it_was_taken() {
        let took = |channel| Happening::AcceptedByPeer { channel };
        let waits = || Happening::Waiting { reason: "lost connection".into() };
        let next = || Happening::NextMessage;
        check(vec![], &[]);
        check(vec![took(Channel::Tls)], &[]);
        check(vec![waits(), took(Channel::Tls)], &[]);
        check(vec![took(Channel::Tls), waits()], &[1]);
        check(vec![took(Channel::Tls), took(Channel::Plaintext)], &[1]);
        check(vec![took(Channel::Tls), next(), took(Channel::Tls)], &[]);
    }

    #[test]
    fn a_trace_field_says_how_the_message_was_submitted() {
        let event = |place: &Place, kind| Event { at: Duration::ZERO, place: place.clone(), kind };
        let found = |submitted, with: &str| {
            let bytes =
                format!("Received: from a.test by b.test with {with}\r\n\r\nx").into_bytes();
            let mx = Place::Peer { name: "mx".into(), connection: 1 };
            let heard = Happening::ReceivedContent { channel: Channel::Tls, bytes };
            let accepted = Happening::AcceptedByRelay { channel: submitted };
            breaches(Never::FalseTrace, &[event(&Place::Injection, accepted), event(&mx, heard)])
        };
        assert_eq!(found(Channel::Plaintext, "ESMTPS"), [1]);
        assert_eq!(found(Channel::Tls, "ESMTP"), [1]);
        assert_eq!(found(Channel::Tls, "ESMTPS"), [0; 0]);
        assert_eq!(found(Channel::Plaintext, "ESMTP"), [0; 0]);
        assert_eq!(found(Channel::Tls, "SMTP"), [0; 0]);
    }
}
