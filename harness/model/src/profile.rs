//! A named choice of levels.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::dated::Date;
use crate::diagnostic::{Diagnostic, closest};
use crate::requirement::{Catalogue, Level, fits};
use crate::scenario::Connector;
use crate::script::Direction;

/// A named choice of levels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// One sentence.
    pub about: String,
    /// The day on which the levels were compared with their source.
    pub checked: Date,
    /// Whose levels they are: a text with its version, or its address.
    pub source: String,
    /// Connectors that a relay has to declare, each way. A requirement that binds only those who
    /// have such a connector applies to every relay under this profile.
    #[serde(default)]
    pub requires: BTreeMap<Direction, Vec<Connector>>,
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
        let profile: Self =
            toml::from_str(text).map_err(|problem| Diagnostic::of_toml(file, &problem))?;
        for pattern in profile.levels.keys() {
            if !catalogue.keys().any(|id| fits(pattern, id)) {
                let at = text.find(pattern.as_str()).map(|at| at..at + pattern.len());
                let help = closest(pattern, catalogue.keys().map(String::as_str))
                    .map(|name| format!("did you mean `{name}`?"));
                return Err(error(at, format!("no requirement fits `{pattern}`"), help));
            }
        }
        for (direction, connectors) in &profile.requires {
            if let Some(connector) = connectors.iter().find(|one| !one.exists(*direction)) {
                let name = connector.name();
                let message = format!("there is no {direction} connector `{name}`");
                return Err(Diagnostic::at_word(file, text, name, message, "leave it out"));
            }
        }
        Ok(profile)
    }

    /// The level that the profile itself gives a requirement.
    pub fn own_level(&self, id: &str) -> Option<Level> {
        self.levels
            .iter()
            .filter(|(pattern, _)| fits(pattern, id))
            .max_by_key(|(pattern, _)| pattern.len())
            .map(|(_, level)| *level)
    }

    /// The level of every requirement of the catalogue.
    pub fn levels(&self, catalogue: &Catalogue) -> BTreeMap<String, Level> {
        catalogue
            .iter()
            .map(|(id, row)| (id.clone(), self.own_level(id).unwrap_or(row.level)))
            .collect()
    }

    /// Says that the profile is too old to be relied on, if it was checked more than a year before
    /// `today` (`2026-12-31`). `name` is its own.
    pub fn outdated(&self, name: &str, today: &str) -> Option<String> {
        self.checked.outdated(&format!("The profile {name}"), Some(&self.source), today)
    }

    /// Whether it wants a relay to have this connector, one way or the other.
    pub fn requires(&self, connector: Connector) -> bool {
        self.requires.values().any(|connectors| connectors.contains(&connector))
    }
}
