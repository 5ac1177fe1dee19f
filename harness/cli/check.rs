//! `waxseal check`: what is wrong with scenario files and what stands beside them, with line and caret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use waxseal_model::wording::counted;

use super::output::{print, refuse};
use crate::catalogue::{Catalogue, Shelf, Source, SourceFile, Wrong};

/// Checks the named files, each with the folder that it lies in: what they name may stand there.
pub(super) fn check(paths: &[PathBuf]) -> ExitCode {
    let mut named: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut homeless = Vec::new();
    for path in paths {
        if let Err(error) = collect(path, &mut named, &mut homeless) {
            return refuse(&format!("could not read {}: {error}", path.display()));
        }
    }
    if named.is_empty() && homeless.is_empty() {
        return refuse("there is no scenario file (`.toml`) in what was named");
    }
    let mut sum = Checked::default();
    for file in &homeless {
        print(&format!("{}\n\n", nowhere(file)));
        (sum.files, sum.wrong) = (sum.files + 1, sum.wrong + 1);
    }
    for (root, named) in &named {
        match folder(root, named) {
            Ok(checked) => sum.add(&checked),
            Err(text) => return refuse(&text),
        }
    }
    let files = counted(sum.files, "file");
    if sum.wrong == 0 {
        print(&format!("{files} with {}, all good\n", counted(sum.cases, "case")));
        return ExitCode::SUCCESS;
    }
    let verb = if sum.wrong == 1 { "is" } else { "are" };
    print(&format!("{files}, {} {verb} wrong\n", sum.wrong));
    ExitCode::from(2)
}

/// How many files were checked, what they make, and how many are wrong.
#[derive(Debug, Default)]
struct Checked {
    files: usize,
    cases: usize,
    wrong: usize,
}

impl Checked {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.cases += other.cases;
        self.wrong += other.wrong;
    }
}

/// Checks what is named of one folder, and prints what is wrong.
fn folder(root: &Path, named: &[PathBuf]) -> Result<Checked, String> {
    let mut source = Source::folder(root)?;
    let is_named = |file: &SourceFile| {
        let real = root.join(&file.path).canonicalize();
        real.is_ok_and(|real| named.iter().any(|named| real.starts_with(named)))
    };
    let files: BTreeSet<String> =
        source.files.iter().filter(|file| is_named(file)).map(|file| file.shown.clone()).collect();
    let wrong = loop {
        let wrong = match read(source.clone()) {
            Ok(catalogue) => {
                let ids = source.files.iter().filter(|file| files.contains(&file.shown));
                let ids: BTreeSet<&str> =
                    ids.filter_map(|file| file.path.strip_suffix(".toml")).collect();
                let cases = catalogue.cases().filter(|case| ids.contains(case.file()));
                return Ok(Checked { files: files.len(), cases: cases.count(), wrong: 0 });
            }
            Err(wrong) => wrong,
        };
        // Another scenario may be a draft; what stands beside the scenarios they all need.
        let before = source.files.len();
        source.files.retain(|file| {
            let draft = file.shelf() == Some(Shelf::Scenario) && !files.contains(&file.shown);
            !(draft && wrong.iter().any(|wrong| is_of(wrong, file)))
        });
        if source.files.len() == before {
            break wrong;
        }
    };
    let mut places = BTreeSet::new();
    for wrong in &wrong {
        print(&wrong.to_string());
        places.extend(wrong.diagnostics.iter().map(|diagnostic| &diagnostic.file));
    }
    let more = places.iter().filter(|place| !files.contains(**place)).count();
    Ok(Checked { files: files.len() + more, cases: 0, wrong: places.len() })
}

fn is_of(wrong: &Wrong, file: &SourceFile) -> bool {
    wrong.diagnostics.iter().any(|diagnostic| diagnostic.file == file.shown)
}

/// A folder that has the controls of the connectors is a whole of its own; any other one adds to what
/// is built in.
fn read(source: Source) -> Result<Catalogue, Vec<Wrong>> {
    match source.is_whole() {
        true => Catalogue::read(&[source]),
        false => Catalogue::with(source),
    }
}

/// Notes a path under the folder whose layout it is part of, or that folder and others below it.
fn collect(
    path: &Path,
    named: &mut BTreeMap<PathBuf, Vec<PathBuf>>,
    homeless: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let real = path.canonicalize()?;
    match root(path) {
        Some(root) => named.entry(root).or_default().push(real),
        None if path.is_dir() => {
            let before = named.len();
            below(path, named, &mut BTreeSet::new())?;
            // Files that lie in it all the same are told where they belong.
            if named.len() == before && has_toml(path) {
                named.insert(path.to_owned(), vec![real]);
            }
        }
        None => homeless.push(path.to_owned()),
    }
    Ok(())
}

/// The folders below one that have scenarios.
fn below(
    folder: &Path,
    named: &mut BTreeMap<PathBuf, Vec<PathBuf>>,
    entered: &mut BTreeSet<PathBuf>,
) -> std::io::Result<()> {
    if !entered.insert(folder.canonicalize()?) {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            match has_scenarios(&path) && has_toml(&path) {
                true => named.entry(path.clone()).or_default().push(path.canonicalize()?),
                false => below(&path, named, entered)?,
            }
        }
    }
    Ok(())
}

fn has_scenarios(folder: &Path) -> bool {
    ["inbound", "outbound"].iter().any(|side| folder.join(side).is_dir())
}

/// Whether a file below the folder ends in `.toml`: others have folders of these names too.
fn has_toml(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.into_iter().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => has_toml(&entry.path()),
        _ => entry.path().extension().is_some_and(|ending| ending == "toml"),
    })
}

/// The folder whose layout a path is part of: itself, or the one above `inbound`, `outbound` and what
/// may stand beside them.
fn root(path: &Path) -> Option<PathBuf> {
    let stands_beside = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        let within = ["requirements", "profiles"].iter().any(|folder| name == *folder);
        within || ["offers.toml", "certificates.toml"].iter().any(|file| name == *file)
    };
    let above = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
        parent => parent.map(Path::to_owned),
    };
    let side =
        path.ancestors().find(|path| path.ends_with("inbound") || path.ends_with("outbound"));
    if let Some(side) = side {
        return above(side);
    }
    if path.is_dir() && has_scenarios(path) {
        return Some(path.to_owned());
    }
    let beside = path.ancestors().take(2).find(|path| stands_beside(path));
    if let Some(beside) = beside {
        return above(beside);
    }
    let entries = std::fs::read_dir(path).ok()?;
    let mut entries = entries.filter_map(|entry| entry.ok());
    entries.any(|entry| stands_beside(&entry.path())).then(|| path.to_owned())
}

/// What is said of a file that lies in no such folder.
fn nowhere(file: &Path) -> String {
    format!(
        "error: a scenario lies below `inbound` or `outbound`\n --> {}\n  = help: its folder says \
         which way mail goes through the relay",
        file.display()
    )
}
