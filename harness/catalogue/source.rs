//! The files that a catalogue is read from: those built into the program, or a folder of the user's
//! own with the same layout.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use waxseal_model::limits;

use super::files;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// One file, read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path below the folder, with `/`: `outbound/forced/refused.toml`.
    pub path: String,
    /// What its reader knows it by: the path that leads to it from where the program runs.
    pub shown: String,
    /// What stands in it.
    pub text: Cow<'static, str>,
}

/// What a file of the layout holds, which its path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// One scenario: a file below `inbound/` or `outbound/`.
    Scenario,
    /// Rows of the catalogue: a file below `requirements/`.
    Requirements,
    /// One profile: a file below `profiles/`.
    Profile,
    /// `offers.toml`.
    Offers,
    /// `certificates.toml`.
    Certificates,
    /// Pins of a host: a file below `hosts/`.
    Pins,
}

impl SourceFile {
    /// What it holds; `None`: nothing that is read here.
    pub fn shelf(&self) -> Option<Shelf> {
        Some(match self.path.split_once('/') {
            Some(("inbound" | "outbound", _)) => Shelf::Scenario,
            Some(("requirements", _)) => Shelf::Requirements,
            Some(("profiles", _)) => Shelf::Profile,
            Some(("hosts", _)) => Shelf::Pins,
            None if self.path == "offers.toml" => Shelf::Offers,
            None if self.path == "certificates.toml" => Shelf::Certificates,
            _ => return None,
        })
    }

    /// The name without folder and ending: that of a profile.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".toml").unwrap_or(name)
    }
}

/// All files of one origin, in the order of their paths.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whether they are the user's own.
    pub own: bool,
    /// The files.
    pub files: Vec<SourceFile>,
}

impl Source {
    /// What is built in.
    pub fn embedded() -> Self {
        fn walk(dir: &'static Dir<'static>, found: &mut Vec<SourceFile>) {
            for file in dir.files() {
                let path = file.path().to_string_lossy().replace('\\', "/");
                if let (true, Some(text)) = (path.ends_with(".toml"), file.contents_utf8()) {
                    let shown = format!("scenarios/{path}");
                    found.push(SourceFile { path, shown, text: text.into() });
                }
            }
            dir.dirs().for_each(|dir| walk(dir, found));
        }
        let mut files = Vec::new();
        walk(&FILES, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { own: false, files }
    }

    /// A folder of the user's own. Hidden files, and those that do not end in `.toml`, are not read.
    ///
    /// # Errors
    /// One sentence: it is no folder, has no file of the layout, or something in it cannot be read
    /// within [`limits::FILE`], [`limits::OWN`] and [`limits::OWN_FILES`].
    pub fn folder(root: &Path) -> Result<Self, String> {
        let kind = fs::metadata(root).map_err(|error| unread(root, &error.to_string()))?;
        if !kind.is_dir() {
            return Err(format!(
                "{} is no folder; name the folder of your scenarios",
                root.display()
            ));
        }
        let mut walk = Walk { root, files: Vec::new(), octets: 0, entered: BTreeSet::new() };
        walk.enter(root, "")?;
        let mut files = walk.files;
        if files.is_empty() {
            return Err(format!(
                "there is no scenario in {}; its files lie below `inbound` or `outbound` and end in \
                 `.toml`",
                root.display()
            ));
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { own: true, files })
    }

    /// Whether the files need nothing beside them: they have the controls of all connectors, as those
    /// of the project do.
    pub fn is_whole(&self) -> bool {
        let has = |path| self.files.iter().any(|file| file.path == path);
        has("inbound/control.toml") && has("outbound/control.toml")
    }

    /// The files of one shelf.
    pub(super) fn of(&self, shelf: Shelf) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(move |file| file.shelf() == Some(shelf))
    }
}

/// A folder that is being read.
struct Walk<'a> {
    root: &'a Path,
    files: Vec<SourceFile>,
    octets: usize,
    /// The folders that were entered, without symbolic links: each is read once, or links could make
    /// an endless tree of a small one.
    entered: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path, below: &str) -> Result<(), String> {
        let wrong = |error: std::io::Error| unread(folder, &error.to_string());
        let real = fs::canonicalize(folder).map_err(wrong)?;
        if !self.entered.insert(real) {
            return Err(unread(folder, "a symbolic link leads to a folder that is read already"));
        }
        let entries = fs::read_dir(folder).map_err(wrong)?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(unread(&path, "its name is not text in UTF-8"));
            };
            if !name.starts_with('.') {
                self.take(&path, &format!("{below}{name}"))?;
            }
        }
        Ok(())
    }

    /// Reads one entry whose path below the root is `path`.
    fn take(&mut self, at: &Path, path: &str) -> Result<(), String> {
        let toml = path.ends_with(".toml");
        let kind = match fs::metadata(at) {
            Ok(kind) => kind,
            // What would not be read cannot be missed: the lock of an editor, which leads nowhere.
            Err(_) if !toml => return Ok(()),
            Err(error) => return Err(unread(at, &error.to_string())),
        };
        match (kind.is_dir(), toml) {
            (true, true) => Err(unread(at, "it is a folder with the name of a file; rename it")),
            (true, false) => self.enter(at, &format!("{path}/")),
            (false, false) => Ok(()),
            // A pipe or a device may have no end, and no beginning either.
            (false, true) if !kind.is_file() => Err(unread(at, "it is no ordinary file")),
            (false, true) => self.read(at, path),
        }
    }

    fn read(&mut self, at: &Path, path: &str) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        if !path.chars().all(plain) {
            return Err(unread(at, NAMES));
        }
        let text = files::text(at, limits::FILE).map_err(|error| unread(at, &error))?;
        self.octets += text.len();
        if self.octets > limits::OWN || self.files.len() >= limits::OWN_FILES {
            return Err(format!(
                "could not read {}: it has more than {} files or {} MiB",
                self.root.display(),
                limits::OWN_FILES,
                limits::OWN >> 20
            ));
        }
        let shown = at.display().to_string();
        self.files.push(SourceFile { path: path.to_owned(), shown, text: text.into() });
        Ok(())
    }
}

/// What a path may be made of: it is the id, and in ids `#`, `@`, `,` and `*` mean something.
const NAMES: &str = "write its name with letters, digits, `-`, `_` and `.`: the path is the id";

fn unread(path: &Path, why: &str) -> String {
    format!("could not read {}: {why}", path.display())
}
