//! How a product gets into its private root.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use super::contract::Debian;
use super::driver::Driver;
use super::error::RelayError;
use super::private_root::add_users;
use super::root::{RECIPE, Root, VERSION};
use crate::lab::commands::run_kept;
use crate::lab::{Afterwards, RunDir};

/// Unpacks packages of Debian into a root.
const DEBIAN: &str = include_str!("debian.sh");

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
        if let Some(table) = &self.contract.root {
            add_users(table, &root.path).map_err(|cause| root.write_error(cause))?;
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    /// A directory for `/etc`, a root, the script, and an archive with one package.
    struct Machine(RunDir);

    const HOST: &str = "ID=debian\nVERSION_CODENAME=bookworm\n";

    impl Machine {
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
            let machine = Machine::new(os_release, "");
            let path = machine.programs(&[("id", &format!("echo {uid}")), ("apt-get", "")]);
            let error = unpack(machine.command(&["x"]).env("PATH", path)).unwrap_err();
            assert_eq!(error.replace(&*machine.0.path().to_string_lossy(), ""), words);
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
        let machine = Machine::new(HOST, &format!("deb [{options}] file:HERE bookworm main\n"));
        for (name, text) in [("DEBIAN/control", PACKAGE), ("lib/small.txt", "small\n")] {
            machine.0.write_private(&format!("small/{name}"), text.as_bytes()).unwrap();
        }
        let at = |name| machine.0.path().join(name);
        fs::set_permissions(at("small/DEBIAN"), fs::Permissions::from_mode(0o755)).unwrap();
        let archive = ["-c".as_ref(), ARCHIVE.as_ref(), "sh".as_ref(), machine.0.path()];
        assert!(Process::new("sh").args(archive).status().unwrap().success());

        let error = unpack(&mut machine.command(&["small", "smell"])).unwrap_err();
        assert_eq!(error, "Debian trixie has no package smell");
        assert_eq!(unpack(&mut machine.command(&["small"])).unwrap(), "1.4");
        assert_eq!(fs::read_to_string(at("root/usr/lib/small.txt")).unwrap(), "small\n");
        assert!(!at("root/.apt").exists());

        let machine = Machine::new(HOST, "deb http://127.0.0.1:1 sid main\n");
        let error = unpack(&mut machine.command(&["small"])).unwrap_err();
        assert!(
            error.starts_with("no source of Debian bookworm with the component main"),
            "{error}"
        );
        let machine = Machine::new(HOST, "deb file:/nonexistent bookworm main\n");
        let error = unpack(&mut machine.command(&["small"])).unwrap_err();
        assert!(error.starts_with("the package lists of trixie cannot be read: E: "), "{error}");
    }
}
