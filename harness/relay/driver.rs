//! Drivers: found by name or folder, checked against the machine, put in place for a run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::lab::{Files, RunDir, Sandbox, Users};

use super::contract::{Command, Contract, Need};
use super::error::RelayError;
use super::labfile::LabFile;
use super::private_root;
use super::root::Root;
use super::template::render;

static OURS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/relays");

/// A driver whose contract is read.
#[derive(Clone, Debug)]
pub struct Driver {
    /// In reports: `postfix`, `postfix@bookworm`; what a driver in a folder says of itself.
    pub name: String,
    /// What `waxseal run` is given to play it once more.
    pub asked: String,
    /// What it says of itself.
    pub contract: Contract,
    /// Where its product is installed, if the driver installs one.
    pub root: Option<Root>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Embedded(&'static Dir<'static>),
    Folder(PathBuf),
    Nowhere,
}

/// A driver in place for one run.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where its commands run.
    pub directory: PathBuf,
    /// What they find: `WAXSEAL_LAB`, and every value of `lab.json`.
    pub environment: Vec<(String, String)>,
    /// The run's private directory.
    pub run: PathBuf,
    /// Where the product is installed, if the driver installs one.
    pub root: Option<PathBuf>,
    /// What the start command begins with, where its root is prepared first.
    pub(super) before: Vec<String>,
}

impl Prepared {
    /// The words of the start command, with what prepares the private root in front.
    pub fn start(&self, command: &Command) -> Vec<OsString> {
        self.before.iter().chain(command.words()).map(Into::into).collect()
    }

    /// The file that takes what the relay prints.
    pub fn log(&self) -> PathBuf {
        self.run.join("relay.log")
    }

    /// What the relay may write: the run's directory and its own root.
    pub fn files(&self) -> Files {
        Files::ReadOnlyBut(std::iter::once(&self.run).chain(&self.root).cloned().collect())
    }
}

impl Driver {
    /// A folder with a `relay.toml`, or the name of an embedded driver; `@SUITE` after it picks the
    /// release that the product is taken from.
    ///
    /// # Errors
    /// [`RelayError::Unknown`], [`RelayError::Read`], [`RelayError::Mistake`],
    /// [`RelayError::Suite`].
    pub fn find(asked: &str) -> Result<Self, RelayError> {
        let (name_or_folder, suite) = match asked.rsplit_once('@') {
            Some((name, suite)) if !suite.contains('/') => (name, Some(suite)),
            _ => (asked, None),
        };
        let (contract, source) = Self::read(name_or_folder)?;
        let root = match (&contract.install, suite) {
            (Some(install), _) => {
                let folder = match &source {
                    Source::Folder(folder) => Some(folder.as_path()),
                    Source::Embedded(_) | Source::Nowhere => None,
                };
                Some(Root::new(name_or_folder, folder, install, suite)?)
            }
            (None, Some(suite)) => return Err(RelayError::suite(name_or_folder, suite, &[])),
            (None, None) => None,
        };
        let name = match (&source, suite) {
            (Source::Folder(_), None) => contract.name.clone(),
            (Source::Folder(_), Some(suite)) => format!("{}@{suite}", contract.name),
            (Source::Embedded(_) | Source::Nowhere, _) => asked.to_owned(),
        };
        Ok(Self { name, asked: quoted(asked), contract, root, source })
    }

    fn read(name_or_folder: &str) -> Result<(Contract, Source), RelayError> {
        let folder = Path::new(name_or_folder);
        let path = folder.join("relay.toml");
        if path.is_file() {
            let text = fs::read_to_string(&path)
                .map_err(|cause| RelayError::Read { path: path.clone(), cause })?;
            let folder = fs::canonicalize(folder)
                .map_err(|cause| RelayError::Read { path: folder.to_owned(), cause })?;
            return Ok((Contract::parse(&path, &text)?, Source::Folder(folder)));
        }
        let unknown = || RelayError::Unknown {
            name: name_or_folder.to_owned(),
            known: std::iter::once("reference").chain(Self::names()).collect::<Vec<_>>().join(", "),
        };
        let dir = OURS.get_dir(folder).ok_or_else(unknown)?;
        let file = OURS.get_file(folder.join("relay.toml")).ok_or_else(unknown)?;
        let path = Path::new("relays").join(file.path());
        let contract = Contract::parse(&path, &String::from_utf8_lossy(file.contents()))?;
        Ok((contract, Source::Embedded(dir)))
    }

    /// A driver without a folder; `None` for an empty command.
    pub fn of_command(command: &str) -> Option<Self> {
        if command.trim().is_empty() {
            return None;
        }
        let contract = Contract::of_command(command)?;
        let asked = format!("--command {}", quoted(command));
        let name = contract.name.clone();
        Some(Self { name, asked, contract, root: None, source: Source::Nowhere })
    }

    /// The names of the embedded drivers.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OURS.dirs()
            .filter(|dir| OURS.contains(dir.path().join("relay.toml")))
            .filter_map(|dir| dir.path().to_str())
    }

    /// The text of the baseline in its folder: the failures of the product that are known.
    ///
    /// # Errors
    /// [`RelayError::Read`].
    pub(super) fn baseline_text(&self) -> Result<Option<String>, RelayError> {
        let name = "baseline.toml";
        Ok(match &self.source {
            Source::Nowhere => None,
            Source::Embedded(dir) => OURS
                .get_file(dir.path().join(name))
                .map(|file| String::from_utf8_lossy(file.contents()).into_owned()),
            Source::Folder(folder) => match fs::read_to_string(folder.join(name)) {
                Ok(text) => Some(text),
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
                Err(cause) => return Err(RelayError::Read { path: folder.join(name), cause }),
            },
        })
    }

    /// Whether all it needs is here.
    ///
    /// # Errors
    /// [`RelayError::Needs`] with a sentence for each thing that is missing.
    pub(super) fn check_machine(&self, sandbox: Option<&Sandbox>) -> Result<(), RelayError> {
        let mut missing: Vec<_> =
            self.contract.needs.iter().filter_map(|need| lacking(need, sandbox)).collect();
        if let Some(root) = self.root.as_ref().filter(|root| root.version().is_none()) {
            // Packages are unpacked as root; a driver's own command may need no more than its user.
            let debian = self.contract.install.as_ref().is_some_and(|how| how.debian.is_some());
            let sudo =
                if debian || self.contract.needs.contains(&Need::Root) { "sudo " } else { "" };
            let state = match root.is_outdated() {
                true => "it was installed from another `[install]` table than its driver has now",
                false => "it is not installed",
            };
            missing.push(format!(
                "{state}, `{sudo}waxseal relays install {}` puts it into a directory of its own",
                root.name()
            ));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(RelayError::Needs { driver: self.contract.name.clone(), missing: missing.join("; ") })
    }

    /// Writes `lab.json` and the filled-in templates into the run's directory. An embedded driver
    /// is written there too, in a folder of its name.
    ///
    /// # Errors
    /// [`RelayError::Mistake`] for a template, [`RelayError::Read`], [`RelayError::Lab`].
    pub fn prepare(&self, run: &RunDir, lab: &LabFile) -> Result<Prepared, RelayError> {
        let lab_json = run.write_private("lab.json", lab.to_json().as_bytes())?;
        let directory = self.unpack(run)?;
        if !matches!(self.source, Source::Nowhere) {
            let values = lab.by_path();
            for path in templates(&directory)? {
                let text = fs::read_to_string(&path)
                    .map_err(|cause| RelayError::Read { path: path.clone(), cause })?;
                let rendered = render(&path, &text, &values)?;
                // `templates` gives only paths below `directory`.
                let name = path.strip_prefix(&directory).unwrap_or(&path).with_extension("");
                write(run, &name, rendered.as_bytes())?;
                if self.contract.root.is_some() {
                    // They are laid into the private root, whose users read them.
                    run.let_others_read(&name)?;
                }
            }
        }
        let mut environment: Vec<_> = lab.environment().collect();
        environment.push(("WAXSEAL_LAB".into(), lab_json.to_string_lossy().into_owned()));
        if let Some(root) = &self.root {
            environment.push(("WAXSEAL_ROOT".into(), root.path().to_string_lossy().into_owned()));
        }
        let root = self.root.as_ref().map(|root| root.path().to_owned());
        let before = match (&self.contract.root, &root) {
            (Some(table), Some(root)) => private_root::prepare(table, root, run)?,
            _ => Vec::new(),
        };
        Ok(Prepared { directory, environment, run: run.path().to_owned(), root, before })
    }

    /// The folder that its commands run in. That of an embedded driver is written into the run's
    /// directory first.
    ///
    /// # Errors
    /// [`RelayError::Read`], [`RelayError::Lab`].
    pub(super) fn unpack(&self, run: &RunDir) -> Result<PathBuf, RelayError> {
        Ok(match &self.source {
            Source::Nowhere => std::env::current_dir()
                .map_err(|cause| RelayError::Read { path: ".".into(), cause })?,
            Source::Folder(folder) => folder.clone(),
            Source::Embedded(dir) => {
                unpack(dir, run)?;
                run.path().join("driver").join(dir.path())
            }
        })
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@');
    if word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// What is missing and what to do, or nothing.
fn lacking(need: &Need, sandbox: Option<&Sandbox>) -> Option<String> {
    let root = || match sandbox {
        Some(sandbox) => sandbox.users == Users::All,
        // SAFETY: no preconditions.
        None => unsafe { libc::geteuid() == 0 },
    };
    match need {
        Need::Root => (!root()).then(|| "it needs root, run waxseal with sudo".into()),
        Need::Sandbox => sandbox.is_none().then(|| {
            "it needs the sandbox, which is the private network that `--no-sandbox` does without"
                .into()
        }),
        Need::Program(name) => (!is_on_path(name))
            .then(|| format!("it needs the program {name}, install it or add its folder to PATH")),
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Programs of the administrator are often not on an ordinary user's path.
    let more = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).any(|dir| dir.join(program).is_file())
}

fn unpack(dir: &Dir<'_>, run: &RunDir) -> Result<(), RelayError> {
    for file in dir.files() {
        let name = Path::new("driver").join(file.path());
        write(run, &name, file.contents())?;
    }
    dir.dirs().try_for_each(|dir| unpack(dir, run))
}

/// Embedded files and templates have no modes; a script says by its first bytes that it is one.
fn write(run: &RunDir, name: &Path, bytes: &[u8]) -> Result<(), RelayError> {
    let name = name.to_string_lossy();
    if bytes.starts_with(b"#!") {
        run.write_program(&name, bytes)?;
    } else {
        run.write_private(&name, bytes)?;
    }
    Ok(())
}

fn templates(folder: &Path) -> Result<Vec<PathBuf>, RelayError> {
    let failed = |cause| RelayError::Read { path: folder.to_owned(), cause };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(templates(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "tmpl") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Afterwards;
    use crate::relay::labfile::tests::PAGE;

    fn folder(needs: &str) -> RunDir {
        let folder = RunDir::create(Afterwards::Remove, None).unwrap();
        let toml = format!(
            "name = 'x'\ndirections = []\nconnectors = []\nneeds = [{needs}]\n\
             [process]\ncommand = ['./start.sh']\n"
        );
        folder.write_private("relay.toml", toml.as_bytes()).unwrap();
        folder.write_private("etc/main.cf.tmpl", b"inet = {{listen.0.address}}\n").unwrap();
        folder
    }

    #[test]
    fn a_folder_is_found_and_its_templates_are_filled_in() {
        let (folder, run) = (folder(""), RunDir::create(Afterwards::Remove, None).unwrap());
        let driver = Driver::find(folder.path().to_str().unwrap()).unwrap();
        let prepared = driver.prepare(&run, &serde_json::from_str(PAGE).unwrap()).unwrap();
        let written = fs::read_to_string(run.path().join("etc/main.cf")).unwrap();
        assert_eq!(written, "inet = 127.0.1.1\n");
        assert!(prepared.environment.iter().any(|(name, _)| name == "WAXSEAL_LAB"));
        assert!(run.path().join("lab.json").is_file());
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let folder = folder("'sandbox', 'sh', 'no-such-program'");
        let driver = Driver::find(folder.path().to_str().unwrap()).unwrap();
        let error = driver.check_machine(None).unwrap_err().to_string();
        assert_eq!(
            error,
            "run x: it needs the sandbox, which is the private network that `--no-sandbox` does \
             without; it needs the program no-such-program, install it or add its folder to PATH"
        );
    }

    #[test]
    fn an_unknown_name_is_told_with_those_there_are() {
        let error = Driver::find("no-such-relay").unwrap_err().to_string();
        assert!(error.contains("the drivers here are reference"), "{error}");
    }

    #[test]
    fn every_embedded_driver_has_a_good_contract() {
        for name in Driver::names() {
            Driver::find(name).unwrap();
        }
    }
}
