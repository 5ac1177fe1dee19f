//! `waxseal check`: what is wrong with scenario files, with line and caret.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use waxseal_model::limits;
use waxseal_model::wording::counted;

use super::files;
use super::output::{print, refuse};
use crate::catalogue::{self, Catalogue};

pub(super) fn check(catalogue: &Catalogue, paths: &[PathBuf]) -> ExitCode {
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = collect(path, &mut files) {
            return refuse(&format!("could not read {}: {error}", path.display()));
        }
    }
    if files.is_empty() {
        return refuse("there is no scenario file (`.toml`) in what was named");
    }
    let (mut cases, mut wrong) = (0, 0);
    for file in &files {
        let text = match files::text(file, limits::FILE) {
            Ok(text) => text,
            Err(error) => return refuse(&format!("could not read {}: {error}", file.display())),
        };
        match catalogue::check(&id_path(file), &text, &catalogue.known) {
            Ok(scenario) => cases += scenario.cases.len(),
            Err(diagnostics) => {
                wrong += 1;
                for mut diagnostic in diagnostics {
                    diagnostic.file = file.display().to_string();
                    print(&format!("{}\n\n", diagnostic.render(&text)));
                }
            }
        }
    }
    let checked = files.len();
    if wrong == 0 {
        let cases = counted(cases, "case");
        print(&format!("{} with {cases}, all good\n", counted(checked, "file")));
        return ExitCode::SUCCESS;
    }
    let verb = if wrong == 1 { "is" } else { "are" };
    print(&format!("{}, {wrong} {verb} wrong\n", counted(checked, "file")));
    ExitCode::from(2)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        // In a folder only what can be a scenario; a file that is named is checked whatever it is.
        let scenario = entry.extension().is_some_and(|extension| extension == "toml")
            && side(&entry.to_string_lossy()).is_some();
        if entry.is_dir() || scenario {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

/// The part of a path that makes the scenario's id.
fn id_path(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    side(&path).unwrap_or(&path).to_owned()
}

/// The path from the folder on that says which way mail goes.
fn side(path: &str) -> Option<&str> {
    let at = ["inbound/", "outbound/"].iter().filter_map(|folder| {
        path.rmatch_indices(folder)
            .map(|(at, _)| at)
            .find(|at| *at == 0 || path[..*at].ends_with('/'))
    });
    at.max().map(|at| &path[at..])
}
