//! The rows of a scenario: one dialogue, and for each row words, a claim and requirements of its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::diagnostic::{Diagnostic, closest};
use crate::raw::{self, Placed};
use crate::wording;

/// What one row fills in, and what of it has been used.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    row: Option<&'a raw::Row>,
    /// Every word that any row of the file has.
    of_all: BTreeSet<&'a str>,
    values: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Words<'a> {
    /// The words of one row among all rows of its file.
    pub(super) fn of(row: &'a raw::Row, all: &'a [raw::Row]) -> Self {
        let name = ("row".to_owned(), row.name.get_ref().clone());
        let words = row.words.iter().map(|(key, text)| (placeholder(key), text.get_ref().clone()));
        Self {
            row: Some(row),
            of_all: all
                .iter()
                .flat_map(|row| &row.words)
                .map(|(key, _)| &**key.get_ref())
                .collect(),
            values: std::iter::once(name).chain(words).collect(),
            used: RefCell::default(),
        }
    }

    /// The text with the words of the row; what the matrix and the play fill in stays.
    pub(super) fn fill(&self, text: &str) -> String {
        self.used.borrow_mut().extend(wording::names(text).map(str::to_owned));
        wording::fill(text, &self.values)
    }

    /// Where a value that is one word of the row and nothing else stands in the file: at that word.
    pub(super) fn origin(&self, text: &str, span: Range<usize>) -> Range<usize> {
        let Some(row) = self.row else { return span };
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let word = row.words.iter().find(|(key, _)| name == Some(&placeholder(key)));
        match (name, word) {
            (Some("row"), _) => row.name.span(),
            (_, Some((_, text))) => text.span(),
            _ => span,
        }
    }

    /// What is wrong where a text names a word that this row does not have; `None`: it names no word of
    /// a row. `place` is where the name stands.
    pub(super) fn missing(
        &self,
        file: &str,
        name: &str,
        place: Range<usize>,
    ) -> Option<Diagnostic> {
        let word = match name.strip_prefix("row.") {
            Some(word) => word,
            None if name == "row" => "name",
            None => return None,
        };
        let (span, message, help) = match self.row {
            None => {
                let help = Some("add `[[row]]` with `name = \"…\"`, or leave it out".into());
                (place, format!("nothing fills in `{{{name}}}`: the file has no rows"), help)
            }
            Some(row) if self.of_all.contains(word) => {
                let message = format!("the row `{}` has no word `{word}`", row.name.get_ref());
                (row.name.span(), message, Some(format!("add `{word} = \"…\"`")))
            }
            Some(_) => {
                let near = closest(word, self.of_all.iter().copied());
                let help = near.map(|near| format!("did you mean `{{row.{near}}}`?"));
                (place, format!("no row has a word `{word}`"), help)
            }
        };
        Some(Diagnostic { file: file.into(), span: Some(span), message, help })
    }

    /// The words of the row that no text of the file used.
    pub(super) fn unused(&self, file: &str) -> Vec<Diagnostic> {
        let used = self.used.borrow();
        let words = self.row.iter().flat_map(|row| &row.words);
        let unused = words.filter(|(key, _)| !used.contains(&placeholder(key)));
        let told = unused.map(|(key, _)| {
            let near = closest(key.get_ref(), raw::Row::KEYS);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write `{{row.{}}}` where it belongs, or remove it", key.get_ref()),
            };
            Diagnostic {
                file: file.into(),
                span: Some(key.span()),
                message: format!("nothing uses the word `{}` of this row", key.get_ref()),
                help: Some(help),
            }
        });
        told.collect()
    }
}

fn placeholder(key: &Placed<String>) -> String {
    format!("row.{}", key.get_ref())
}

/// What is wrong with the names of the rows: ids and patterns of cases are made of them.
pub(super) fn misnamed(file: &str, rows: &[raw::Row]) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let name = row.name.get_ref();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let twice = rows[..at].iter().any(|before| before.name.get_ref() == name);
        let (message, help) = if name.is_empty() || !name.bytes().all(plain) {
            (format!("`{name}` is no name of a row"), "use letters, digits, `-`, `.` and `_`")
        } else if twice {
            (format!("two rows are called `{name}`"), "give each row a name of its own")
        } else {
            continue;
        };
        let (file, span) = (file.to_owned(), Some(row.name.span()));
        wrong.push(Diagnostic { file, span, message, help: Some(help.into()) });
    }
    wrong
}
