//! Private roots of products: where they are, and what is known of what is in them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::contract::{Command, Install};
use super::error::RelayError;
use crate::lab::LabError;

/// The file of a root that is written last of all.
pub(super) const VERSION: &str = "VERSION";

/// The file by which a directory is known as a root of ours; an install holds its lock.
const MARK: &str = ".waxseal";

/// The file of a root that says what it was installed from.
pub(super) const RECIPE: &str = ".recipe";

/// The directory that holds one installed product, with all that it needs. Nothing of the system
/// outside is touched by it, and removing it removes the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    pub(super) driver: String,
    pub(super) suite: Option<String>,
    pub(super) path: PathBuf,
    /// All that decides what is in it. A root of another recipe is not this one.
    pub(super) recipe: String,
}

impl Root {
    /// `asked` names the driver as its user does; `folder` is the driver's own folder, where that
    /// is not one of ours. `None` as the suite is the first of those the driver knows.
    pub(super) fn new(
        asked: &str,
        folder: Option<&Path>,
        install: &Install,
        suite: Option<&str>,
    ) -> Result<Self, RelayError> {
        let suites = install.suites();
        let suite = match suite {
            Some(suite) if !suites.iter().any(|known| known == suite) => {
                return Err(RelayError::suite(asked, suite, suites));
            }
            Some(suite) => Some(suite.to_owned()),
            None => suites.first().cloned(),
        };
        // Two folders of one name are two drivers.
        let own = match folder {
            None => asked.to_owned(),
            Some(folder) => {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                format!("{name}-{:08x}", fingerprint(folder.as_os_str().as_encoded_bytes()))
            }
        };
        let below = suite.as_ref().map_or(own.clone(), |suite| format!("{own}@{suite}"));
        let path = products().join(below);
        Ok(Self {
            driver: asked.to_owned(),
            recipe: recipe(install, suite.as_deref()),
            suite,
            path,
        })
    }

    /// `postfix`, or `postfix@bookworm`.
    pub fn name(&self) -> String {
        self.suite.as_ref().map_or(self.driver.clone(), |suite| format!("{}@{suite}", self.driver))
    }

    /// Where it is, installed or not.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The product's version; `None` while it is not installed completely, or was by another
    /// recipe.
    pub fn version(&self) -> Option<String> {
        let text = fs::read_to_string(self.path.join(VERSION)).ok()?;
        let same = fs::read_to_string(self.path.join(RECIPE)).is_ok_and(|was| was == self.recipe);
        Some(text.trim().to_owned()).filter(|version| same && !version.is_empty())
    }

    /// Whether there is a product, but installed by another recipe.
    pub fn is_outdated(&self) -> bool {
        self.path.join(VERSION).is_file() && self.version().is_none()
    }

    /// Makes the directory ours until what this returns is dropped. `None`: it holds something
    /// else.
    pub(super) fn take(&self) -> io::Result<Option<File>> {
        fs::create_dir_all(&self.path)?;
        // Its programs may be set-uid and get no updates: nobody else is to reach them.
        let products = self.path.parent().unwrap_or(&self.path);
        fs::set_permissions(products, fs::Permissions::from_mode(0o700))?;
        let mark = self.path.join(MARK);
        if !mark.exists() && fs::read_dir(&self.path)?.next().is_some() {
            return Ok(None);
        }
        let mark = File::options().write(true).create(true).truncate(false).open(mark)?;
        mark.lock()?;
        Ok(Some(mark))
    }

    /// Removes what an install that broke off has left.
    pub(super) fn empty(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else if entry.file_name() != MARK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    pub(super) fn write_error(&self, cause: io::Error) -> RelayError {
        RelayError::Lab(LabError::Write { path: self.path.clone(), cause })
    }
}

/// All that decides what an install leaves in its root, as text that is compared.
fn recipe(install: &Install, suite: Option<&str>) -> String {
    let mut text = format!("suite: {}\n", suite.unwrap_or_default());
    for package in install.debian.iter().flat_map(|debian| &debian.packages) {
        text.push_str(&format!("package: {package}\n"));
    }
    for word in install.command.iter().flat_map(Command::words) {
        text.push_str(&format!("command: {word}\n"));
    }
    text
}

/// FNV-1a, 32 bits: names have to differ, nothing more.
fn fingerprint(octets: &[u8]) -> u32 {
    octets
        .iter()
        .fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

/// The directory of all products.
fn products() -> PathBuf {
    data_home().join("waxseal").join("relays")
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
    use crate::lab::{Afterwards, RunDir};
    use crate::relay::contract::Debian;

    #[test]
    fn a_release_is_the_first_known_or_the_one_asked_for() {
        let install = of_debian("x", &["trixie", "bookworm"]);
        let name = |asked| Root::new("x", None, &install, asked).map(|root| root.name());
        assert_eq!(name(None).unwrap(), "x@trixie");
        assert_eq!(name(Some("bookworm")).unwrap(), "x@bookworm");
        let error = name(Some("buster")).unwrap_err().to_string();
        assert_eq!(error, "take x from buster: it knows trixie, bookworm");
    }

    fn of_debian(package: &str, suites: &[&str]) -> Install {
        let suites = suites.iter().map(|&suite| suite.to_owned()).collect();
        Install { debian: Some(Debian { suites, packages: vec![package.into()] }), command: None }
    }

    #[test]
    fn drivers_of_one_name_have_roots_of_their_own_and_a_root_of_another_recipe_is_none() {
        let install = of_debian("x", &["trixie"]);
        let at = |folder| Root::new(folder, Some(Path::new(folder)), &install, None).unwrap();
        let (one, two) = (at("/one/relay"), at("/two/relay"));
        assert_ne!(one.path, two.path);
        assert_eq!(one.name(), "/one/relay@trixie");
        assert!(one.path.to_string_lossy().contains("/relay-"));

        let files = RunDir::create(Afterwards::Remove, None).unwrap();
        let root = Root { path: files.path().to_owned(), ..one };
        files.write_private(VERSION, b"1.0\n").unwrap();
        // As it was before recipes were kept.
        assert!(root.version().is_none() && root.is_outdated());
        files.write_private(RECIPE, root.recipe.as_bytes()).unwrap();
        assert_eq!(root.version().as_deref(), Some("1.0"));
        let recipe = recipe(&of_debian("y", &["trixie"]), Some("trixie"));
        let changed = Root { recipe, ..root };
        assert!(changed.version().is_none() && changed.is_outdated());
    }

    #[test]
    fn a_directory_with_something_else_is_left_alone() {
        let files = RunDir::create(Afterwards::Remove, None).unwrap();
        let root = Root {
            driver: "x".into(),
            suite: None,
            path: files.path().join("root"),
            recipe: String::new(),
        };
        files.write_private("root/letter", b"dear").unwrap();
        assert!(root.take().unwrap().is_none());
        files.write_private("root/.waxseal", b"").unwrap();
        files.write_private("root/usr/bin/x", b"").unwrap();
        assert!(root.take().unwrap().is_some());
        root.empty().unwrap();
        let names = fs::read_dir(&root.path).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), [MARK]);
    }
}
