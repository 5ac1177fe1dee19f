//! What can go wrong between us and a relay.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a driver cannot be used. Fragments that fit "could not ...".
#[derive(Debug, Error)]
pub enum RelayError {
    /// Neither a driver of ours nor a folder with a `relay.toml`.
    #[error(
        "find the relay {name:?}: it is no folder with a relay.toml, and the drivers here are {known}"
    )]
    Unknown {
        /// As asked for.
        name: String,
        /// The names of ours, with commas.
        known: String,
    },
    /// A file of the driver.
    #[error("read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of the driver has a mistake: its author's to mend.
    #[error("use {}:{line}: {mistake}", path.display())]
    Mistake {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In words.
        mistake: String,
    },
    /// A release that the driver does not know.
    #[error("take {driver} from {suite}: {known}")]
    Suite {
        /// The driver's name.
        driver: String,
        /// As asked for.
        suite: String,
        /// A sentence with those it knows.
        known: String,
    },
    /// The driver's own command for installing failed.
    #[error("install {driver}: {why}")]
    Install {
        /// The driver's name.
        driver: String,
        /// Its last words.
        why: String,
    },
    /// Something the driver needs is not here.
    #[error("run {driver}: {missing}")]
    Needs {
        /// The driver's name.
        driver: String,
        /// One sentence for each: what is missing and what to do.
        missing: String,
    },
    /// The relay has not said in time that it is ready.
    #[error(
        "start the relay of the driver {driver}: within {seconds} s it did not make the file {} \
         that says that it is ready",
        file.display()
    )]
    NotReady {
        /// The driver's name.
        driver: String,
        /// The file that was waited for.
        file: PathBuf,
        /// How long.
        seconds: u64,
    },
    /// A command of the driver, such as the one that prints its queue.
    #[error("use `{command}` of the driver {driver}: {mistake}")]
    Command {
        /// The driver's name.
        driver: String,
        /// The command's words.
        command: String,
        /// In words.
        mistake: String,
    },
    /// The user's own configuration cannot be played.
    #[error("use the configuration {}: {why}", config.display())]
    Config {
        /// As given.
        config: PathBuf,
        /// What stands in the way, and the way out.
        why: String,
    },
    /// The embedded relay has no files of its own.
    #[error("use the configuration: the embedded relay has none; name a driver")]
    NoConfiguration,
    /// A relay without a driver, and without a command.
    #[error("start a relay by an empty command; name the program")]
    EmptyCommand,
    /// The lab, or a file of the run's private directory.
    #[error(transparent)]
    Lab(#[from] crate::lab::LabError),
}

impl RelayError {
    pub(super) fn suite(driver: &str, suite: &str, known: &[String]) -> Self {
        let known = match known {
            [] => "its product is not installed from releases of a distribution".into(),
            known => format!("it knows {}", known.join(", ")),
        };
        Self::Suite { driver: driver.into(), suite: suite.into(), known }
    }
}
