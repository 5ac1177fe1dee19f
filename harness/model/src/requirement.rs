//! The catalogue: what is demanded, by whom, and how strictly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coverage::{Mode, Untested, Ways};
use crate::diagnostic::Diagnostic;

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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// As the source says.
    pub level: Level,
    /// Which ways of mail it binds.
    pub direction: Ways,
    /// The TLS demands it applies to. A row of published policies alone binds those relays that
    /// declare one of them.
    pub modes: Vec<Mode>,
    /// What is demanded.
    pub text: String,
    /// Where it is demanded, with the section.
    pub source: String,
    /// How a case shows it, for those who write one: what the peer does (`P:`), the evidence that decides
    /// (`E:`), and the control, the same with a correct peer (`C:`). Nothing reads it but people.
    pub observe: String,
    /// The parts of the text that have to be played each for itself, with patterns of the
    /// scenarios that play them. Empty: the text is one thing.
    #[serde(default)]
    pub parts: BTreeMap<String, Vec<String>>,
    /// Why no case judges it yet, or one of its directions or parts.
    #[serde(default)]
    pub untested: Untested,
    /// Whether it stands in a file of the user's own. Whoever writes a must wants it judged: it is
    /// open while no case plays it, where a built-in one that no profile promises is only listed.
    #[serde(skip)]
    pub own: bool,
}

/// Every requirement by id.
pub type Catalogue = BTreeMap<String, Requirement>;

/// Reads one file of the catalogue.
///
/// # Errors
/// What is wrong with the file.
pub fn load_catalogue(file: &str, text: &str) -> Result<Catalogue, Diagnostic> {
    toml::from_str(text).map_err(|error| Diagnostic::of_toml(file, &error))
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
