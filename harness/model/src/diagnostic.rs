//! What is wrong with a file, shown under its line.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::IgnoredAny;
use serde_spanned::Spanned;

/// One thing wrong with a file, for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the author named it.
    pub file: String,
    /// Byte range in the file; `None`: the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong: a fragment that begins in lower case.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// What the TOML reader says, with the likely intended word.
    pub fn of_toml(file: &str, error: &toml::de::Error) -> Self {
        let message = error.message().to_owned();
        let help = message.strip_prefix("unknown field `").and_then(|rest| {
            let (word, rest) = rest.split_once('`')?;
            let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
            closest(word, known).map(|name| format!("did you mean `{name}`?"))
        });
        let missing =
            message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let help = help.or(missing.map(|name| format!("add `{name} = …`")));
        let span = error.span().filter(|span| *span != (0..0));
        Self { file: file.into(), span, message, help }
    }

    /// What is wrong where `word` first stands in the file's text.
    pub fn at_word(
        file: &str,
        text: &str,
        word: &str,
        message: impl Into<String>,
        help: &str,
    ) -> Self {
        let span = text.find(word).map(|at| at..at + word.len());
        Self { file: file.into(), span, message: message.into(), help: Some(help.into()) }
    }

    /// What is wrong with a table or a value of the file's top level, shown under its key.
    pub fn at_key(file: &str, text: &str, key: &str, message: String, help: &str) -> Self {
        let keys: BTreeMap<Spanned<String>, IgnoredAny> = toml::from_str(text).unwrap_or_default();
        let span = keys.keys().find(|found| found.get_ref() == key).map(Spanned::span);
        Self { file: file.into(), span, message, help: Some(help.into()) }
    }

    /// File, line, caret and help, without colour. `source` is the file's text.
    pub fn render(&self, source: &str) -> String {
        let span = self.span.clone().map(|span| clamp(span, source));
        let Some(span) = span else {
            let help = self.help.as_ref().map(|help| format!("\n  = help: {help}"));
            let file = &self.file;
            return format!("error: {}\n --> {file}{}", self.message, help.unwrap_or_default());
        };
        let snippet =
            Snippet::source(source).path(&self.file).annotation(AnnotationKind::Primary.span(span));
        let mut group = Level::ERROR.primary_title(self.message.as_str()).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        Renderer::plain().render(&[group]).to_string()
    }
}

/// The line of a byte offset, from 1.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The known word that an unknown one is most likely meant to be.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(word.len()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

fn clamp(span: Range<usize>, source: &str) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}
