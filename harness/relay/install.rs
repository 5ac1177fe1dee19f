//! Products in private roots: where they are, and how they get there.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use super::contract::{Command, Debian, Install};
use super::driver::Driver;
use super::error::RelayError;
use crate::lab::commands::run_kept;
use crate::lab::{Afterwards, LabError, RunDir};

/// Unpacks packages of Debian into a root.
const DEBIAN: &str = include_str!("debian.sh");

/// The file of a root that is written last of all.
const VERSION: &str = "VERSION";

/// The file by which a directory is known as a root of ours; whoever installs holds its lock.
const MARK: &str = ".waxseal";

/// The file of a root that says what it was installed from.
const RECIPE: &str = ".recipe";

/// The directory that holds one installed product, with all that it needs. Nothing of the system
/// outside is touched by it, and removing it removes the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    driver: String,
    suite: Option<String>,
    path: PathBuf,
    /// All that decides what is in it. A root of another recipe is not this one.
    recipe: String,
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

    /// Makes the directory ours until what is given back is dropped. `None`: it holds something
    /// else.
    fn take(&self) -> io::Result<Option<File>> {
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
    fn empty(&self) -> io::Result<()> {
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

    fn write_error(&self, cause: io::Error) -> RelayError {
        RelayError::Lab(LabError::Write { path: self.path.clone(), cause })
    }
}

impl Driver {
    /// Installs the product into its root; does nothing where it is there. An install that broke
    /// off is begun anew. One at a time: another one of the same root is waited for. What the
    /// driver's command prints goes to our standard error.
    ///
    /// # Errors
    /// - [`RelayError::Install`]: there is nothing to install, the root's directory holds something
    ///   else, a package cannot be had, or the driver's command fails.
    /// - [`RelayError::Lab`]: a directory or file of the root.
    pub fn install(&self) -> Result<&Root, RelayError> {
        let fail = |why: String| RelayError::Install { driver: self.contract.name.clone(), why };
        let (Some(install), Some(root)) = (&self.contract.install, &self.root) else {
            return Err(fail("its driver runs what the system has".into()));
        };
        if root.version().is_some() {
            return Ok(root);
        }
        // Held until the end.
        let _mark = root.take().map_err(|cause| root.write_error(cause))?.ok_or_else(|| {
            fail(format!("{} holds something else, move that away", root.path.display()))
        })?;
        // Another may have been quicker.
        if root.version().is_some() {
            return Ok(root);
        }
        root.empty().map_err(|cause| root.write_error(cause))?;
        let run = RunDir::create(Afterwards::Remove, None)?;
        let version = match &install.debian {
            Some(debian) => {
                let script = run.write_program("debian.sh", DEBIAN.as_bytes())?;
                Some(unpack(&mut debian_command(&script, "/etc", root, debian)).map_err(fail)?)
            }
            None => None,
        };
        if let Some(command) = &install.command {
            finish(command.words(), &self.unpack(&run)?, root).map_err(fail)?;
        }
        fs::write(root.path.join(RECIPE), &root.recipe).map_err(|cause| root.write_error(cause))?;
        if root.version().is_none() {
            let version = version.ok_or_else(|| {
                fail("it has no command that leaves a VERSION in the root".into())
            })?;
            fs::write(root.path.join(VERSION), version + "\n")
                .map_err(|cause| root.write_error(cause))?;
        }
        Ok(root)
    }
}

/// Unpacks packages of Debian into the root, from the sources that the directory `etc` names.
fn debian_command(script: &Path, etc: impl AsRef<Path>, root: &Root, debian: &Debian) -> Process {
    let mut command = Process::new("/bin/sh");
    command.args([script, etc.as_ref(), &root.path]);
    // A root of Debian packages always has its suite.
    command.arg(root.suite.as_deref().unwrap_or_default()).args(&debian.packages);
    command
}

/// Gives the version of the first package; an error is a sentence.
fn unpack(debian: &mut Process) -> Result<String, String> {
    debian.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = run_kept(debian).map_err(|error| format!("/bin/sh cannot be run: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match (output.status.success(), said(&output.stdout)) {
        (true, version) if !version.is_empty() => Ok(version),
        _ => Err(said(&output.stderr)),
    }
}

/// Runs the driver's own command.
fn finish(words: &[String], directory: &Path, root: &Root) -> Result<(), String> {
    // A command is never empty.
    let (program, arguments) = words.split_first().ok_or("its command is empty")?;
    let path = if program.contains('/') { directory.join(program) } else { program.into() };
    let mut command = Process::new(path);
    command.args(arguments).arg(&root.path).current_dir(directory);
    command.stdin(Stdio::null()).stdout(io::stderr());
    if let Some(suite) = &root.suite {
        command.env("WAXSEAL_SUITE", suite);
    }
    let output =
        run_kept(&mut command).map_err(|error| format!("{program} cannot be run: {error}"))?;
    let status = output.status;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} ended with {status}, its words are above")),
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

    /// A directory for `/etc`, a root, the script, and an archive with one package.
    struct Stage(RunDir);

    const HOST: &str = "ID=debian\nVERSION_CODENAME=bookworm\n";

    impl Stage {
        fn new(os_release: &str, sources: &str) -> Self {
            let files = RunDir::create(Afterwards::Remove, None).unwrap();
            let sources = sources.replace("HERE", &files.path().to_string_lossy());
            for (name, text) in [
                ("etc/os-release", os_release),
                ("etc/apt/sources.list", &sources),
                ("debian.sh", DEBIAN),
                ("root/.waxseal", ""),
            ] {
                files.write_private(name, text.as_bytes()).unwrap();
            }
            Self(files)
        }

        fn command(&self, packages: &[&str]) -> Process {
            let at = |name| self.0.path().join(name);
            let root = Root {
                driver: "x".into(),
                suite: Some("trixie".into()),
                path: at("root"),
                recipe: String::new(),
            };
            let packages = packages.iter().map(|&name| name.to_owned()).collect();
            let debian = Debian { suites: vec!["trixie".into()], packages };
            debian_command(&at("debian.sh"), at("etc"), &root, &debian)
        }

        /// Programs on the search path of the script, and what they do.
        fn programs(&self, programs: &[(&str, &str)]) -> PathBuf {
            for (name, text) in programs {
                let text = format!("#!/bin/sh\n{text}\n");
                self.0.write_program(&format!("bin/{name}"), text.as_bytes()).unwrap();
            }
            self.0.path().join("bin")
        }
    }

    #[test]
    fn a_machine_that_cannot_unpack_is_told_in_one_sentence() {
        let check = |os_release: &str, uid: &str, words: &str| {
            let stage = Stage::new(os_release, "");
            let path = stage.programs(&[("id", &format!("echo {uid}")), ("apt-get", "")]);
            let error = unpack(stage.command(&["x"]).env("PATH", path)).unwrap_err();
            assert_eq!(error.replace(&*stage.0.path().to_string_lossy(), ""), words);
        };
        check(HOST, "1000", "the packages of Debian are unpacked as root, run it with sudo");
        let other = "its packages come from the sources of a Debian host, and this is not one";
        check("ID=fedora\nVERSION_CODENAME=\n", "0", other);
        check("", "0", other);
        let nameless = "/etc/os-release does not say which release of Debian this is";
        check("ID=debian\n", "0", nameless);
        check(HOST, "0", "the program apt-cache is missing on this machine");
    }

    const PACKAGE: &str = "Package: small\nVersion: 2:1.4+ds-3+b1\nArchitecture: all\n\
        Maintainer: nobody <nobody@example.org>\nDescription: a file\n";

    /// Builds the package and an archive of it.
    const ARCHIVE: &str = r#"set -e
cd "$1"
dpkg-deb -b small small.deb >/dev/null
archive=dists/trixie/main/binary-$(dpkg --print-architecture)
mkdir -p "$archive"
{
    cat small/DEBIAN/control
    echo "Filename: small.deb"
    echo "Size: $(stat -c %s small.deb)"
    echo "SHA256: $(sha256sum small.deb | cut -d' ' -f1)"
} >"$archive/Packages"
"#;

    #[test]
    fn a_package_is_unpacked_and_what_is_not_there_is_told() {
        // SAFETY: no preconditions.
        let root = unsafe { libc::geteuid() == 0 };
        let debian =
            ["apt-get", "dpkg-deb"].iter().all(|tool| Path::new("/usr/bin").join(tool).exists());
        if !root || !debian {
            eprintln!("nothing is unpacked: that takes root and the tools of Debian");
            return;
        }
        let options = "allow-insecure=yes trusted=yes";
        let stage = Stage::new(HOST, &format!("deb [{options}] file:HERE bookworm main\n"));
        for (name, text) in [("DEBIAN/control", PACKAGE), ("lib/small.txt", "small\n")] {
            stage.0.write_private(&format!("small/{name}"), text.as_bytes()).unwrap();
        }
        let at = |name| stage.0.path().join(name);
        fs::set_permissions(at("small/DEBIAN"), fs::Permissions::from_mode(0o755)).unwrap();
        let archive = ["-c".as_ref(), ARCHIVE.as_ref(), "sh".as_ref(), stage.0.path()];
        assert!(Process::new("sh").args(archive).status().unwrap().success());

        let error = unpack(&mut stage.command(&["small", "smell"])).unwrap_err();
        assert_eq!(error, "Debian trixie has no package smell");
        assert_eq!(unpack(&mut stage.command(&["small"])).unwrap(), "1.4");
        assert_eq!(fs::read_to_string(at("root/usr/lib/small.txt")).unwrap(), "small\n");
        assert!(!at("root/.apt").exists());

        let stage = Stage::new(HOST, "deb http://127.0.0.1:1 sid main\n");
        let error = unpack(&mut stage.command(&["small"])).unwrap_err();
        assert!(
            error.starts_with("no source of Debian bookworm with the component main"),
            "{error}"
        );
        let stage = Stage::new(HOST, "deb file:/nonexistent bookworm main\n");
        let error = unpack(&mut stage.command(&["small"])).unwrap_err();
        assert!(error.starts_with("the package lists of trixie cannot be read: E: "), "{error}");
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
