//! Which cases are played.

use globset::GlobBuilder;
use waxseal_model::diagnostic::closest;
use waxseal_model::requirement::Profile;
use waxseal_model::scenario::Case;

use super::Options;
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
    /// A pattern is no pattern.
    #[error("`{0}` is no pattern of case ids")]
    Pattern(String),
    /// Nothing fits.
    #[error("no case fits {selection}{hint}; `waxseal list` shows all")]
    Nothing {
        /// What was asked for.
        selection: String,
        /// The likely intended id.
        hint: String,
    },
    /// The reference relay has no files.
    #[error("could not use the configuration: the embedded relay has none; name a driver")]
    NoConfiguration,
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

pub(super) fn profile<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Profile, RunError> {
    catalogue.profiles.get(name).ok_or_else(|| RunError::Profile {
        name: name.into(),
        known: catalogue.profiles.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

/// The cases that fit the selection, in the order of the files.
pub(super) fn select<'a>(
    catalogue: &'a Catalogue,
    options: &Options,
) -> Result<Vec<&'a Case>, RunError> {
    let mut globs = Vec::new();
    for pattern in &options.cases {
        let glob = GlobBuilder::new(pattern).literal_separator(false).build();
        globs.push(glob.map_err(|_| RunError::Pattern(pattern.clone()))?.compile_matcher());
    }
    // A pattern without a case's name stands for all cases of the scenario.
    let fits = |case: &Case| {
        globs.is_empty()
            || options.cases.contains(&case.id)
            || globs.iter().any(|glob| {
                let names = [&case.id, &case.scenario, plain(case)];
                names.into_iter().any(|name| glob.is_match(name))
            })
    };
    let selected: Vec<&Case> = catalogue
        .cases()
        .filter(|case| fits(case))
        .enumerate()
        .filter(|(at, _)| options.shard.is_none_or(|(part, parts)| at % parts == part - 1))
        .map(|(_, case)| case)
        .collect();
    if selected.is_empty() {
        let hint = options
            .cases
            .first()
            .and_then(|word| closest(word, catalogue.cases().map(|case| case.id.as_str())))
            .map(|id| format!(" (did you mean `{id}`?)"));
        return Err(RunError::Nothing {
            selection: options.cases.join(", "),
            hint: hint.unwrap_or_default(),
        });
    }
    Ok(selected)
}

/// The id without the user's own domain.
fn plain(case: &Case) -> &str {
    let at = case.domain.as_ref().and_then(|domain| case.id.strip_suffix(domain.as_str()));
    at.map_or(&case.id, |id| id.trim_end_matches('@'))
}

/// The well-behaved twins that the selection needs and does not hold.
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
