//! Products in private roots: where they are, and how they get there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::driver::Driver;
use super::error::RelayError;
use crate::lab::RunDir;

/// The directory that holds one installed product, with all that it needs. Nothing of the system
/// outside is touched by it, and removing it removes the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    driver: String,
    suite: Option<String>,
    path: PathBuf,
}

impl Root {
    /// `None` as the suite is the first of those the driver knows.
    pub(super) fn new(
        driver: &str,
        suites: &[String],
        asked: Option<&str>,
    ) -> Result<Self, RelayError> {
        let suite = match asked {
            Some(suite) if !suites.iter().any(|known| known == suite) => {
                return Err(RelayError::suite(driver, suite, suites));
            }
            Some(suite) => Some(suite.to_owned()),
            None => suites.first().cloned(),
        };
        let folder = suite.as_ref().map_or(driver.to_owned(), |suite| format!("{driver}@{suite}"));
        let path = data_home().join("waxseal").join("relays").join(folder);
        Ok(Self { driver: driver.to_owned(), suite, path })
    }

    /// `postfix`, or `postfix@bookworm`.
    pub fn name(&self) -> String {
        self.suite.as_ref().map_or(self.driver.clone(), |suite| format!("{}@{suite}", self.driver))
    }

    /// Where it is, installed or not.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The product's version; `None` while it is not installed completely.
    pub fn version(&self) -> Option<String> {
        let text = fs::read_to_string(self.path.join("VERSION")).ok()?;
        Some(text.trim().to_owned()).filter(|version| !version.is_empty())
    }
}

impl Driver {
    /// Installs the product into its root; does nothing where it is there. What the driver's
    /// command prints goes to our standard error.
    ///
    /// # Errors
    /// [`RelayError::Install`] when there is nothing to install or the command fails.
    pub fn install(&self) -> Result<(), RelayError> {
        let fail = |why: String| RelayError::Install { driver: self.contract.name.clone(), why };
        let (Some(install), Some(root)) = (&self.contract.install, &self.root) else {
            return Err(fail("its driver runs what the system has".into()));
        };
        let run = RunDir::create(crate::lab::Afterwards::Remove)?;
        let directory = self.unpack(&run)?;
        let [program, arguments @ ..] = install.command.words() else {
            return Err(fail("its command is empty".into()));
        };
        let program = if program.contains('/') { directory.join(program) } else { program.into() };
        fs::create_dir_all(&root.path)
            .map_err(|cause| RelayError::Read { path: root.path.clone(), cause })?;
        let mut command = Command::new(program);
        command.args(arguments).arg(&root.path).current_dir(&directory).stdin(Stdio::null());
        if let Some(suite) = &root.suite {
            command.env("WAXSEAL_SUITE", suite);
        }
        let status = command.status().map_err(|error| fail(error.to_string()))?;
        match (status.success(), root.version()) {
            (false, _) => {
                Err(fail(format!("its command ended with {status}, its words are above")))
            }
            (true, None) => Err(fail("its command left no VERSION in the root".into())),
            (true, Some(_)) => Ok(()),
        }
    }
}

/// Where a user's programs keep their data, by the XDG base directory specification.
fn data_home() -> PathBuf {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| "/var/lib".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_the_first_known_or_the_one_asked_for() {
        let suites = ["trixie".to_owned(), "bookworm".to_owned()];
        let name = |asked| Root::new("x", &suites, asked).map(|root| root.name());
        assert_eq!(name(None).unwrap(), "x@trixie");
        assert_eq!(name(Some("bookworm")).unwrap(), "x@bookworm");
        let error = name(Some("buster")).unwrap_err().to_string();
        assert_eq!(error, "take x from buster: it knows trixie, bookworm");
    }
}
