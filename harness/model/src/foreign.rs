//! The one door for text that others wrote: a relay, a scanned host, a file from elsewhere.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::limits;

/// Text that others wrote. It can be printed in one way only: on one line, with nothing that a
/// terminal, a log of a CI system or a reader of lines would obey.
///
/// What is printable stays as it is: letters of all scripts, quotation marks, backslashes. So text that
/// went through the door once is not changed by it again. In JSON it is the text itself.
#[derive(
    Clone,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Foreign(String);

impl Foreign {
    /// Bytes as text: UTF-8 where they are, `\xNN` where not.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        Self(text)
    }

    /// The text as it came: for comparisons and for files that are read by programs, never for people.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As much of it as fits into a sentence, with how much was left out.
    pub fn short(&self) -> Self {
        Self(shorten(&self.0).into_owned())
    }

    /// Its lines, each a text of its own.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Self> {
        self.0.lines().map(Self::from)
    }
}

/// At most [`limits::QUOTED`] characters of a text, with how many octets were left out.
pub fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(limits::QUOTED) {
        None => text.into(),
        Some((at, _)) => format!("{} … ({} more octets)", &text[..at], text.len() - at).into(),
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Foreign {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl PartialEq<&str> for Foreign {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(&self.0))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Any text on one line, made harmless as [`Foreign`] is. Harmless text is not changed.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'#') && !commands(text) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    if commands(text) {
        let start = text.len() - text.trim_start().len();
        visible(&text[..start], &mut shown);
        shown.push_str("\\u{3a}");
        visible(&text[start + 1..], &mut shown);
    } else {
        visible(text, &mut shown);
    }
    shown.into()
}

/// Whether CI systems take the line for a command of theirs: `::error::`, with blanks before it.
fn commands(text: &str) -> bool {
    text.trim_start().starts_with("::")
}

/// Escapes what is not visible, and the second `#` of `##[` and `##vso[`, which CI systems obey
/// anywhere in a line.
fn visible(text: &str, shown: &mut String) {
    let mut rest = text;
    // Program text escapes these three; for people they are only signs.
    while let Some(at) = rest.find(['\'', '"', '\\', '#']) {
        shown.extend(rest[..at].escape_debug());
        let (sign, behind) = rest[at..].split_at(1);
        let command = sign == "#" && at == 0 && shown.ends_with('#') && opens(behind);
        shown.push_str(if command { "\\u{23}" } else { sign });
        rest = behind;
    }
    shown.extend(rest.escape_debug());
}

/// Whether this begins with a name and a bracket.
fn opens(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[')
}

/// A JSON text in which nothing but visible characters stand: the others are written as `\uNNNN`, which
/// means the same.
pub fn printable_json(json: String) -> String {
    let hidden =
        |c: char| c > '~' && (c == '\u{7f}' || matches!(c.escape_debug().next(), Some('\\')));
    if !json.contains(hidden) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + json.len() / 8);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(Foreign::from(text).to_string(), shown);
    }

    #[test]
    fn what_people_can_read_stays_as_it_is() {
        for text in ["the peer's \"name\"", r"C:\x\u{1b}", "Zürich, 東京, देवनागरी", "#1 a # b"]
        {
            check(text, text);
        }
    }

    #[test]
    fn what_a_terminal_or_a_log_would_obey_is_escaped() {
        check("a\u{1b}]0;x\u{7}\r\n", r"a\u{1b}]0;x\u{7}\r\n");
        check("\u{9b}2J\u{85}\u{2028}\u{2029}", r"\u{9b}2J\u{85}\u{2028}\u{2029}");
        check("\u{202e}moc\u{2066}\u{200f}", r"\u{202e}moc\u{2066}\u{200f}");
        check("  ::error::x", r"  \u{3a}:error::x");
        check("x ##[add-mask]a ##vso[x]", r"x #\u{23}[add-mask]a #\u{23}vso[x]");
    }

    #[test]
    fn octets_that_are_no_text_are_shown_by_number() {
        assert_eq!(Foreign::of_bytes(b"caf\xe9 caf\xc3\xa9").to_string(), r"caf\xe9 café");
    }

    #[test]
    fn a_long_text_is_cut_with_what_is_left_out() {
        let long = Foreign::from("ä".repeat(limits::QUOTED + 3));
        assert!(long.short().raw().ends_with("ä … (6 more octets)"));
        assert_eq!(long.short().raw().chars().filter(|c| *c == 'ä').count(), limits::QUOTED);
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_comes_through_and_the_second_time_nothing_changes(text in ".*") {
            let shown = Foreign::from(text.as_str()).to_string();
            prop_assert!(!shown.contains(|c: char| c.is_control()));
            prop_assert!(!shown.trim_start().starts_with("::"));
            prop_assert!(!shown.split("##").skip(1).any(opens));
            prop_assert_eq!(&Foreign::from(shown.as_str()).to_string(), &shown);
        }

        #[test]
        fn json_means_the_same_and_holds_only_visible_characters(text in ".*") {
            let json = printable_json(serde_json::to_string(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            prop_assert!(!json.contains(|c: char| c.is_control()));
        }
    }
}
