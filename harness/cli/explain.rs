//! `waxseal explain`.

use std::path::Path;
use std::process::ExitCode;

use waxseal_model::foreign::Foreign;
use waxseal_model::limits;
use waxseal_model::record::Record;
use waxseal_model::scenario::Placement;

use super::files;
use super::output::{print, refuse};
use crate::catalogue::Catalogue;
use crate::report;
use crate::run::names;

/// Shows a case, or all cases of a scenario or a file; with `results` also what a run recorded of them.
pub(super) fn explain(catalogue: &Catalogue, id: &str, results: Option<&Path>) -> ExitCode {
    // A domain of the user's own stands behind the id of the case that it was played with.
    let (plain, domain) = id.rsplit_once('@').map_or((id, None), |(id, at)| (id, Some(at)));
    let found: Vec<_> = catalogue
        .cases()
        .filter(|case| [&case.id, &case.scenario, case.file()].contains(&plain))
        .map(|case| match domain {
            None => case.clone(),
            Some(domain) => {
                case.placed(Placement { domain: domain.to_owned(), next_hop: None, sender: None })
            }
        })
        .collect();
    if found.is_empty() {
        let known = catalogue.cases().flat_map(|case| [&case.id, &case.scenario, case.file()]);
        let hint = waxseal_model::diagnostic::closest(id, known)
            .map(|name| format!(" (did you mean `{name}`?)"))
            .unwrap_or_default();
        return refuse(&format!("there is no case `{id}`{hint}; `waxseal list` shows all"));
    }
    let record = match results.map(read).transpose() {
        Ok(record) => record,
        Err(text) => return refuse(&text),
    };
    let texts: Vec<_> = found
        .iter()
        .map(|case| {
            let played = record.iter().flat_map(|record| &record.cases);
            let played = played.into_iter().find(|played| played.id == case.id);
            report::explain(case, &catalogue.requirements, &names(case, 1), played)
        })
        .collect();
    print(&texts.join("\n"));
    ExitCode::SUCCESS
}

fn read(path: &Path) -> Result<Record, String> {
    let text = files::text(path, limits::RECORD)
        .map_err(|error| format!("could not read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        let error = Foreign::from(error.to_string());
        format!("{} is no record of a run: {}", path.display(), error.short())
    })
}
