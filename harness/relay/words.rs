//! What a relay says of one message in its log, under the id that the message has in its queue; and the
//! removal of that message.

use regex_automata::meta::Regex;
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;

use super::contract::LogTable;
use super::error::RelayError;
use super::place::Place;
use crate::lab::log::Log;

/// As many lines about one message are kept, the last ones.
const MOST_LINES: usize = 4;
/// As long may an id be: it stands in a command.
const MOST_ID: usize = 128;

/// The relay's log, and how the id of a message and what is said of it are found.
#[derive(Clone, Debug)]
pub struct Words {
    log: Log,
    queued: Regex,
    failed: Option<Regex>,
}

impl Words {
    /// By what the driver says.
    pub(super) fn new(table: &LogTable, log: Log) -> Self {
        let failed = table.failed.as_ref().map(|failed| failed.0.clone());
        Self { log, queued: table.queued.0.clone(), failed }
    }

    /// The id of a message that the relay has accepted with this reply.
    pub fn id(&self, reply: &[u8]) -> Option<String> {
        first_group(&self.queued, &String::from_utf8_lossy(reply))
            .filter(|id| is_id(id))
            .map(str::to_owned)
    }

    /// Where the log ends now.
    pub fn end(&self) -> u64 {
        self.log.end()
    }

    /// What the log says since `begin` about failed attempts with the message of this id: the last
    /// lines, each once.
    pub fn about(&self, id: &str, begin: u64) -> Vec<Foreign> {
        let bytes = self.log.since(begin, limits::LOG_TAIL);
        about(&String::from_utf8_lossy(&bytes), id, self.failed.as_ref())
    }
}

fn about(log: &str, id: &str, failed: Option<&Regex>) -> Vec<Foreign> {
    let mut said: Vec<&str> = Vec::new();
    for line in log.lines().filter(|line| names(line, id)) {
        let words = match failed {
            Some(failed) => first_group(failed, line),
            None => Some(line),
        };
        // A later attempt that fails in the same way says nothing new.
        if let Some(words) = words.map(str::trim).filter(|words| !words.is_empty()) {
            said.retain(|earlier| *earlier != words);
            said.push(words);
        }
    }
    let last = &said[said.len().saturating_sub(MOST_LINES)..];
    last.iter().map(|words| Foreign::from(*words).short()).collect()
}

/// Whether the id stands in the line as a word: another one may begin with it.
fn names(line: &str, id: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    line.match_indices(id).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + id.len()..]);
        !before.chars().next_back().is_some_and(part) && !after.chars().next().is_some_and(part)
    })
}

/// What the group stands for, or the whole match where there is none.
fn first_group<'a>(regex: &Regex, text: &'a str) -> Option<&'a str> {
    let mut found = regex.create_captures();
    regex.captures(text, &mut found);
    let span = found.get_group(1).or_else(|| found.get_group(0))?;
    text.get(span.start..span.end)
}

/// Whether it can be handed to a command as it is.
fn is_id(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= MOST_ID && !text.starts_with('-') && text.chars().all(good)
}

/// Removes one message from the queue.
#[derive(Debug)]
pub struct Discard(Place);

impl Discard {
    pub(super) fn new(place: Place) -> Self {
        Self(place)
    }

    /// Removes the message of this id.
    ///
    /// # Errors
    /// [`RelayError::Command`]: the command failed, or took too long, or it is no id.
    pub async fn remove(&self, id: &str) -> Result<(), RelayError> {
        if !is_id(id) {
            return Err(self.0.error(format!("`{}` is no id", Foreign::from(id).short())));
        }
        let output = self.0.run_with(&[id], &[], b"").await?;
        if output.status.success() { Ok(()) } else { Err(self.0.failed(&output)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_message_is_found_by_its_id() {
        let log = "mx smtpd[7]: 4F2A: client=x\n\
                   mx smtp[8]: 4F2A: to=<a@b>, status=deferred (TLS is required)\n\
                   mx smtp[8]: 4F2AB: to=<c@d>, status=deferred (another message)\n\
                   mx smtp[9]: 4F2A: to=<a@b>, status=deferred (TLS is required)\n\
                   mx smtp[9]: 4F2A: to=<a@b>, status=bounced (given up\u{1b}[2J)\n";
        let failed = Regex::new(r"status=(?:deferred|bounced) \((.*)\)$").unwrap();
        let said = about(log, "4F2A", Some(&failed));
        let said: Vec<&str> = said.iter().map(Foreign::raw).collect();
        assert_eq!(said, ["TLS is required", "given up\u{1b}[2J"]);
        assert_eq!(about(log, "4F2A", None).len(), MOST_LINES);
        assert!(about(log, "4F", None).is_empty());
    }

    #[test]
    fn an_id_is_what_the_group_stands_for_and_no_option() {
        let queued = Regex::new(r"queued as (\S+)").unwrap();
        let id = |reply| first_group(&queued, reply).filter(|id| is_id(id));
        assert_eq!(id("250 2.0.0 Ok: queued as 4F2A"), Some("4F2A"));
        assert_eq!(id("250 2.0.0 Ok: queued as ALL;rm"), None);
        assert_eq!(id("250 2.0.0 Ok: queued as --help"), None);
        assert_eq!(id("250 2.0.0 Ok"), None);
    }
}
