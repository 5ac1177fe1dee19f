//! The message of one case: its envelope and its content.

use std::fmt::Write;

use waxseal_model::judge::Names;
use waxseal_model::trace::MESSAGE_END;

use waxseal_model::wording::fill;

/// A message and its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The reverse-path; empty: the null one.
    pub from: String,
    /// The recipients, in the order in which they are told.
    pub recipients: Vec<String>,
    /// Parameters of MAIL.
    pub parameters: Vec<String>,
    /// Header lines besides the usual ones, without endings.
    pub headers: Vec<String>,
    /// At least so many octets of content.
    pub octets: usize,
    names: Names,
}

/// A line that makes a message longer.
const FILLING: &str = "These words are here to make the message longer than one record of TLS.\r\n";

impl Letter {
    /// An ordinary message from `from` to `recipient`.
    pub fn new(names: &Names) -> Self {
        Self {
            from: fill("{from}", names),
            recipients: vec![fill("{recipient}", names)],
            parameters: Vec::new(),
            headers: Vec::new(),
            octets: 0,
            names: names.clone(),
        }
    }

    /// The command that begins its transaction.
    pub(super) fn mail(&self) -> String {
        let parameters = self.parameters.iter().map(|parameter| format!(" {parameter}"));
        format!("MAIL FROM:<{}>{}", self.from, parameters.collect::<String>())
    }

    /// The content, CRLF behind each line. Its last line is [`MESSAGE_END`].
    pub fn content(&self) -> String {
        let mut text = format!(
            "From: <{from}>\r\nTo: <{to}>\r\nSubject: waxseal {to}\r\nMessage-ID: <{id}>\r\n\
             Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n",
            from = fill("{from}", &self.names),
            to = fill("{recipient}", &self.names),
            id = fill("probe.{recipient}", &self.names),
        );
        for header in &self.headers {
            // Writing to a string does not fail.
            let _ = write!(text, "{header}\r\n");
        }
        text.push_str("\r\n");
        while text.len() + MESSAGE_END.len() < self.octets {
            text.push_str(FILLING);
        }
        text + MESSAGE_END + "\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_has_to_be_and_ends_with_its_last_line() {
        let mut letter = Letter::new(&Names::new());
        assert!(letter.content().len() < 500);
        (letter.octets, letter.headers) = (50_000, vec!["TLS-Required: No".into()]);
        let content = letter.content();
        assert!((50_000..50_200).contains(&content.len()), "{}", content.len());
        assert!(content.contains("\r\nTLS-Required: No\r\n"));
        assert!(content.ends_with(&format!("{MESSAGE_END}\r\n")));
        letter.parameters = vec!["BODY=8BITMIME".into()];
        assert!(letter.mail().ends_with("> BODY=8BITMIME"));
    }
}
