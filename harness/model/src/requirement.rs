//! The catalogue: what is demanded, by whom, and how strictly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, closest};

/// How strictly a requirement is meant. Ordered from the mildest.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Recorded, never failed.
    Info,
    /// A failure is reported, and does not break the gate.
    Should,
    /// A failure breaks the gate.
    Must,
}

impl Level {
    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Should => "should",
            Self::Must => "must",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One row of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// As the source says.
    pub level: Level,
    /// `inbound`, `outbound` or `both`.
    pub direction: String,
    /// What is demanded.
    pub text: String,
    /// Where it is demanded, with the section.
    pub source: String,
    /// How a case shows it, for those who write one: what the peer does (`P:`), the evidence that decides
    /// (`E:`), and the control, the same with a correct peer (`C:`). Nothing reads it but people.
    pub observe: String,
    /// Why no case cites it yet.
    #[serde(default)]
    pub untested: Option<String>,
}

/// Every requirement by id.
pub type Catalogue = BTreeMap<String, Requirement>;

/// Reads one file of the catalogue.
///
/// # Errors
/// What is wrong with the file.
pub fn load_catalogue(file: &str, text: &str) -> Result<Catalogue, Diagnostic> {
    toml::from_str(text).map_err(|error| Diagnostic {
        file: file.into(),
        span: error.span().filter(|span| *span != (0..0)),
        message: error.message().into(),
        help: None,
    })
}

/// A named choice of levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// One sentence.
    pub about: String,
    /// Requirement id, or a pattern with `*`, to level. The longest pattern that fits wins.
    #[serde(default)]
    pub levels: BTreeMap<String, Level>,
}

impl Profile {
    /// Reads a profile and checks that every entry names something.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, Diagnostic> {
        let error = |span, message, help| Diagnostic { file: file.into(), span, message, help };
        let profile: Self = toml::from_str(text).map_err(|problem| {
            error(problem.span().filter(|span| *span != (0..0)), problem.message().into(), None)
        })?;
        for pattern in profile.levels.keys() {
            if !catalogue.keys().any(|id| fits(pattern, id)) {
                let at = text.find(pattern.as_str()).map(|at| at..at + pattern.len());
                let help = closest(pattern, catalogue.keys().map(String::as_str))
                    .map(|name| format!("did you mean `{name}`?"));
                return Err(error(at, format!("no requirement fits `{pattern}`"), help));
            }
        }
        Ok(profile)
    }

    /// The level of one requirement under this profile.
    pub fn level(&self, id: &str, own: Level) -> Level {
        self.levels
            .iter()
            .filter(|(pattern, _)| fits(pattern, id))
            .max_by_key(|(pattern, _)| pattern.len())
            .map_or(own, |(_, level)| *level)
    }

    /// The level of every requirement of the catalogue.
    pub fn levels(&self, catalogue: &Catalogue) -> BTreeMap<String, Level> {
        catalogue
            .iter()
            .map(|(id, requirement)| (id.clone(), self.level(id, requirement.level)))
            .collect()
    }
}

/// Whether an id fits a pattern in which `*` stands for anything.
pub fn fits(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((start, rest)) => id.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len())
                .filter(|at| tail.is_char_boundary(*at))
                .any(|at| fits(rest, &tail[at..]))
        }),
    }
}
