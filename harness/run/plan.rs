//! Which cases are played.

use globset::GlobMatcher;
use waxseal_model::case_ids;
use waxseal_model::diagnostic::closest;
use waxseal_model::profile::Profile;
use waxseal_model::scenario::Case;

use super::RunOptions;
use crate::catalogue::Catalogue;

/// Why a run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such profile.
    #[error("there is no profile `{name}`; known are {known}")]
    Profile {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A file of the user's own is wrong, or there is no such profile.
    #[error("{0}")]
    Files(String),
    /// A pattern is no pattern.
    #[error("`{0}` is no pattern of case ids")]
    Pattern(String),
    /// A pattern fits no case. Each has to fit something: a case that was renamed would go unplayed
    /// without a word.
    #[error("no case fits {pattern}{hint}; `waxseal list` shows all")]
    Nothing {
        /// What was asked for.
        pattern: String,
        /// The likely intended id.
        hint: String,
    },
    /// There are fewer cases than parts.
    #[error("part {part} of {parts} has no case: only {selected} are selected")]
    EmptyShard {
        /// From 1 on.
        part: usize,
        /// All parts.
        parts: usize,
        /// Cases of all parts.
        selected: usize,
    },
    /// The lab could not be built.
    #[error("could not {0}")]
    Lab(#[from] crate::lab::LabError),
    /// The relay could not be used.
    #[error("could not {0}")]
    Relay(#[from] crate::relay::RelayError),
    /// A next hop could not be made resumable.
    #[error("could not prepare a next hop: {0}")]
    Tickets(#[from] crate::tls::NoTickets),
    /// A certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] waxseal_certs::Error),
    /// An address or file could not be used.
    #[error("could not {what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A defect of ours.
    #[error("a case broke off: {0}; this is a defect of waxseal")]
    Broke(String),
}

/// The profile of this name.
///
/// # Errors
/// [`RunError::Profile`] with the names that there are.
pub fn profile<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Profile, RunError> {
    catalogue.profiles.get(name).ok_or_else(|| RunError::Profile {
        name: name.into(),
        known: catalogue.profiles.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

/// The cases that fit the selection, in the order of the files.
///
/// # Errors
/// [`RunError::Pattern`], [`RunError::Nothing`], [`RunError::EmptyShard`].
pub fn select<'a>(
    catalogue: &'a Catalogue,
    options: &RunOptions,
) -> Result<Vec<&'a Case>, RunError> {
    select_of(catalogue, catalogue, options)
}

/// The cases of `catalogue`, a part of `known`, that fit the selection. Each pattern has to fit a case
/// of `known`.
pub(super) fn select_of<'a>(
    catalogue: &'a Catalogue,
    known: &Catalogue,
    options: &RunOptions,
) -> Result<Vec<&'a Case>, RunError> {
    let mut patterns = Vec::new();
    for text in &options.cases {
        let glob = case_ids::pattern(text).map_err(|_| RunError::Pattern(text.clone()))?;
        if !catalogue.cases().chain(known.cases()).any(|case| fits(text, &glob, case)) {
            return Err(RunError::Nothing { pattern: text.clone(), hint: hint(catalogue, text) });
        }
        patterns.push((text, glob));
    }
    let wanted = |case: &&Case| {
        patterns.is_empty() || patterns.iter().any(|(text, glob)| fits(text, glob, case))
    };
    let selected: Vec<&Case> = catalogue.cases().filter(wanted).collect();
    let Some((part, parts)) = options.shard else { return Ok(selected) };
    let count = selected.len();
    let shard =
        selected.into_iter().enumerate().filter(|(at, _)| parts > 0 && at % parts + 1 == part);
    let shard: Vec<&Case> = shard.map(|(_, case)| case).collect();
    if shard.is_empty() {
        return Err(RunError::EmptyShard { part, parts, selected: count });
    }
    Ok(shard)
}

/// A pattern without the values of a case, or without a row, stands for all cases of the scenario or file.
fn fits(text: &str, glob: &GlobMatcher, case: &Case) -> bool {
    let names = [&case.id, &case.scenario, case.file(), case.plain_id()];
    case.id == text || names.into_iter().any(|name| glob.is_match(name))
}

/// The id that a pattern which fits nothing was likely meant for.
fn hint(catalogue: &Catalogue, text: &str) -> String {
    let known = catalogue.cases().flat_map(|case| [&case.id, &case.scenario, case.file()]);
    let id = closest(text, known);
    id.map(|id| format!(" (did you mean `{id}`?)")).unwrap_or_default()
}

/// The controls that the selection needs and does not hold.
pub(super) fn controls<'a>(catalogue: &'a Catalogue, selected: &[&Case]) -> Vec<&'a Case> {
    let mut controls: Vec<&Case> = Vec::new();
    for case in selected {
        let id = case.control_id();
        let there = selected.iter().chain(&controls).any(|known| known.id == id);
        if let (false, Some(control)) = (there, catalogue.case(&id)) {
            controls.push(control);
        }
    }
    controls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_does_not_exist_is_empty() {
        let catalogue = Catalogue::embedded().unwrap();
        let count = |shard| {
            let options = RunOptions { shard: Some(shard), ..RunOptions::default() };
            select(&catalogue, &options).map_or(0, |cases| cases.len())
        };
        assert_eq!(count((1, 2)) + count((2, 2)), catalogue.cases().count());
        assert_eq!([count((0, 0)), count((0, 2)), count((3, 2))], [0; 3]);
    }
}
