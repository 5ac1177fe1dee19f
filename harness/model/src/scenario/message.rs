//! What is special about a message: its headers, its envelope, its recipients.

use super::choices::{HostName, SameDomain, Sender, Submission};
use super::{Checker, Connector};
use crate::raw::{self, Placed};
use crate::script::Direction;
use crate::words::words;

/// What is special about the message that is judged. The default: a short message of the case's own
/// sender to one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Header lines beside those that every message has, without endings.
    pub headers: Vec<String>,
    /// Parameters of MAIL (RFC 5321 section 4.1.1.11), as our sender says them.
    pub parameters: Vec<String>,
    /// At least so many octets of content; `None`: a few lines.
    pub octets: Option<u32>,
    /// The null reverse-path (RFC 5321 section 4.5.5).
    pub null_sender: bool,
    /// Further recipients in the same transaction, named before the one that is judged.
    pub also: Vec<Also>,
    /// How the recipient's domain lies and is written.
    pub domain: RecipientDomain,
    /// Our sender leaves in the middle of it, inside TLS and without close_notify.
    pub cut_short: bool,
}

/// A further recipient of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Also {
    /// In the same domain, under the same rule.
    Same,
    /// In a domain of its own under this connector, whose next hop is a correct one. What becomes of
    /// that copy is not judged.
    Under(Connector),
}

impl Also {
    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => SameDomain::Same.name(),
            Self::Under(connector) => connector.name(),
        }
    }
}

words! {
    /// How the domain of the recipient lies below the rule's suffix, and how it is written.
    pub enum RecipientDomain or Plain {
        /// One label below the suffix, in small letters.
        Plain = "plain",
        /// The same in capitals, as a domain may be written (RFC 5321 section 2.4).
        Capitals = "capitals",
        /// Two labels deeper.
        Deeper = "deeper",
        /// No domain: the address of the first next hop in brackets (an address literal, RFC 5321 section
        /// 4.1.3). Where the message goes by a rule, that is one for its local part.
        Literal = "literal",
    }
}

/// The longest message of a scenario, in octets: our peers take no more.
const MOST_OCTETS: u32 = 500_000;

impl Checker<'_> {
    /// What is special about the message that is judged.
    pub(super) fn judged_message(&mut self, raw: &raw::Message) -> Message {
        let raw::Message {
            // Those of earlier messages, and what is said of how the last one comes.
            connector: _,
            rule: _,
            outcome: _,
            sender_connector: _,
            host: _,
            submission,
            headers: raw_headers,
            parameters: raw_parameters,
            octets,
            sender,
            also,
            domain,
        } = raw;
        let headers = self.texts(raw_headers);
        for (line, word) in headers.iter().zip(raw_headers.iter().flat_map(|list| &list.0)) {
            let name = line.split_once(':').map_or("", |(name, _)| name);
            let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            if !good || !line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                let help = Some("write `Name: value` (RFC 5322 section 2.2)".into());
                self.error(word.span(), "this is not a header line", help);
            }
        }
        let parameters = self.texts(raw_parameters);
        for (text, word) in parameters.iter().zip(raw_parameters.iter().flat_map(|list| &list.0)) {
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                let help = Some("write one `NAME` or `NAME=VALUE` a string".into());
                self.error(word.span(), "this is not a parameter of MAIL", help);
            }
        }
        let octets = octets.as_ref().and_then(|word| {
            let number = self.fill(word.get_ref(), &word.span()).parse().ok();
            let number = number.filter(|number| *number <= MOST_OCTETS);
            if number.is_none() {
                let help = Some(format!("write a number of octets up to {MOST_OCTETS}"));
                self.error(word.span(), "this is not a message size", help);
            }
            number
        });
        let sender = sender.as_ref();
        let mut known = vec![(SameDomain::Same.name(), Also::Same)];
        let connectors = Connector::ALL.into_iter().filter(|one| one.exists(Direction::Outbound));
        known.extend(connectors.map(|one| (one.name(), Also::Under(one))));
        let also = also.iter().flat_map(|list| &list.0);
        Message {
            headers,
            parameters,
            octets,
            null_sender: sender.and_then(|word| self.one_of::<Sender>("sender", word)).is_some(),
            also: also.filter_map(|word| self.word("further recipient", word, &known)).collect(),
            domain: domain
                .as_ref()
                .and_then(|word| self.one_of("form of the domain", word))
                .unwrap_or_default(),
            cut_short: submission
                .as_ref()
                .is_some_and(|word| word.get_ref() == Submission::Cut.name()),
        }
    }

    /// Whether a message before the judged one knows the first next hop by another name.
    pub(super) fn renamed(&mut self, raw: &raw::Message) -> bool {
        if let Some(span) = special(raw) {
            let help = Some("it belongs to the last message".into());
            self.error(span, "an earlier message is an ordinary one", help);
        }
        let word = raw.host.as_ref();
        word.and_then(|word| self.one_of::<HostName>("name of the host", word)).is_some()
    }

    fn texts(&mut self, list: &Option<raw::OneOrMany>) -> Vec<String> {
        let list = list.iter().flat_map(|list| &list.0);
        list.map(|word| self.fill(word.get_ref(), &word.span())).collect()
    }
}

/// The first word that only the judged message of an outbound scenario may have.
fn special(raw: &raw::Message) -> Option<std::ops::Range<usize>> {
    let lists = [&raw.headers, &raw.parameters, &raw.also];
    let lists = lists.into_iter().flatten().flat_map(|list| &list.0);
    let words = [&raw.octets, &raw.sender, &raw.domain].into_iter().flatten();
    lists.chain(words).map(Placed::span).next()
}
