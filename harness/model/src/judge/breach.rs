//! What must never be heard.

use std::collections::BTreeMap;

use crate::expect::Never;
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

/// The message as a next hop heard it, with a trace field that says another channel than the one over which it
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

/// What one connection was told so far.
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

impl State {
    fn breached(&self, never: Never, event: &Event) -> bool {
        let heard = match &event.kind {
            Happening::Received { channel, line, .. } => Some((*channel, verb(line))),
            _ => None,
        };
        let clear = |verbs: &[&str]| {
            heard.as_ref().is_some_and(|(channel, verb)| {
                *channel == Channel::Plaintext && verbs.contains(&verb.as_str())
            })
        };
        let content_in_plaintext =
            matches!(event.kind, Happening::ReceivedContent { channel: Channel::Plaintext, .. });
        match never {
            Never::EnvelopeInPlaintext => {
                content_in_plaintext || clear(&["MAIL", "RCPT", "DATA", "BDAT"])
            }
            Never::CredentialsInPlaintext => clear(&["AUTH"]),
            Never::PlaintextAfterStarttls => {
                let line = matches!(heard, Some((Channel::Plaintext, ref v)) if !v.is_empty());
                // What stands in plaintext where a record of the session is due.
                let stray = self.secured
                    && matches!(&event.kind, Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes }
                        if !verb(bytes).is_empty());
                (self.go_ahead && line) || stray
            }
            Never::HelloWithoutGoAhead => {
                let tls = match &event.kind {
                    Happening::Hello(_) => true,
                    Happening::Received { line, .. } => line.starts_with(&[0x16, 3]),
                    _ => false,
                };
                !self.go_ahead && self.starttls_refused && tls
            }
            Never::BytesAfterStarttls => {
                self.command == "STARTTLS"
                    && !self.secured
                    && self.owed
                    && matches!(
                        event.kind,
                        Happening::UnexpectedBytes { channel: Channel::Plaintext, .. }
                            | Happening::Received { channel: Channel::Plaintext, .. }
                    )
            }
            Never::InjectedAnswer => {
                matches!(event.kind, Happening::UnexpectedBytes { channel: Channel::Tls, .. })
            }
            Never::InjectedReplyUsed => {
                self.secured
                    && self.owed
                    && !self.pipelining_in_tls
                    && matches!(heard, Some((Channel::Tls, ref v)) if v != "QUIT")
            }
            Never::StarttlsInTls => {
                matches!(heard, Some((Channel::Tls, ref v)) if v == "STARTTLS")
            }
            Never::PlaintextExtensionUsed => match &event.kind {
                Happening::Received { channel: Channel::Tls, line, .. } => {
                    extension_of(line).into_iter().any(|keyword| {
                        self.plaintext_keywords.contains(&keyword)
                            && !self.tls_keywords.contains(&keyword)
                    })
                }
                _ => false,
            },
            Never::PlaintextReply => match &event.kind {
                Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes }
                    if self.secured =>
                {
                    !matches!(bytes.first(), Some(b'4' | b'5'))
                }
                // An alert may come as well: only a reply is an answer.
                Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes } => {
                    self.broken && matches!(bytes.first(), Some(b'2' | b'3'))
                }
                _ => false,
            },
            Never::SecondGreeting => match &event.kind {
                Happening::Received { channel: Channel::Tls, line, .. } => {
                    self.heard == (true, false) && line.starts_with(b"220")
                }
                _ => false,
            },
            // What the sender's host takes is a report, which need not quote the message.
            Never::CutMessage => match (&event.place, &event.kind) {
                (Place::Peer { name, .. }, Happening::ReceivedContent { bytes, .. }) => {
                    let end = MESSAGE_END.as_bytes();
                    name != "sender" && !bytes.windows(end.len()).any(|part| part == end)
                }
                _ => false,
            },
            Never::ViolationAccepted => matches!(event.kind, Happening::ViolationAccepted(_)),
            // Not a matter of one connection.
            Never::SentTwice | Never::FalseTrace => false,
            Never::UnofferedStarttls => clear(&["STARTTLS"]) && !self.starttls_listed,
            Never::OldTls => {
                matches!(&event.kind, Happening::HandshakeCompleted(f) if f.version < Version::Tls12)
            }
            Never::StaticKeyExchange => {
                matches!(&event.kind, Happening::HandshakeCompleted(f) if !f.forward_secrecy)
            }
            Never::AnonymousTls => {
                matches!(&event.kind, Happening::HandshakeCompleted(f) if f.suite.is(SuiteKind::Anonymous))
            }
            Never::EnvelopeInTls => {
                let command = heard.as_ref().is_some_and(|(channel, verb)| {
                    let verbs = ["MAIL", "RCPT", "DATA", "BDAT"];
                    *channel == Channel::Tls && verbs.contains(&verb.as_str())
                });
                command
                    || matches!(
                        event.kind,
                        Happening::ReceivedContent { channel: Channel::Tls, .. }
                    )
            }
            Never::ShortPrime => {
                matches!(&event.kind, Happening::HandshakeCompleted(f) if f.dh_bits.is_some_and(|bits| bits < 2048))
            }
            Never::MessageInTls => matches!(
                event.kind,
                Happening::AcceptedByPeer { channel: Channel::Tls }
                    | Happening::ReceivedContent { channel: Channel::Tls, .. }
            ),
        }
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
