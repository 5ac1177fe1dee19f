//! Commands of a driver, beside the one that starts its relay.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use waxseal_model::foreign::Foreign;

use super::contract::Command;
use super::driver::Prepared;
use super::error::RelayError;
use crate::lab::{Commands, Errand, Unfinished};

/// How long a driver's command may take, of the time in which this process ran.
const PATIENCE: Duration = Duration::from_secs(10);

/// As much of what one run of a command says goes into the log.
const MOST_LOGGED: usize = 16 << 10;

/// A command of a driver and where it runs.
#[derive(Clone, Debug)]
pub(super) struct Place {
    command: Command,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    driver: String,
    commands: Commands,
    log: PathBuf,
    patience: Duration,
}

impl Place {
    /// Where the driver was put in place.
    pub(super) fn new(
        driver: &str,
        command: &Command,
        prepared: &Prepared,
        commands: &Commands,
    ) -> Self {
        Self {
            command: command.clone(),
            directory: prepared.directory.clone(),
            environment: prepared.environment.clone(),
            driver: driver.to_owned(),
            commands: commands.clone(),
            log: prepared.log(),
            patience: PATIENCE,
        }
    }

    /// The same with another time than the usual ten seconds.
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Runs it to its end. What it complains of goes into the relay's log.
    pub(super) async fn run(
        &self,
        more: &[(&str, &str)],
        input: &[u8],
    ) -> Result<Output, RelayError> {
        self.run_with(&[], more, input).await
    }

    /// The same with more arguments.
    pub(super) async fn run_with(
        &self,
        arguments: &[&str],
        more: &[(&str, &str)],
        input: &[u8],
    ) -> Result<Output, RelayError> {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let words =
            self.command.words().iter().map(String::as_str).chain(arguments.iter().copied());
        let errand = Errand {
            command: words.map(Into::into).collect(),
            environment: self.environment.iter().cloned().chain(more).collect(),
            directory: self.directory.clone(),
            input,
            patience: self.patience,
        };
        let output = self.commands.run(errand).await.map_err(|unfinished| {
            self.error(match unfinished {
                Unfinished::Failed(cause) => cause.to_string(),
                Unfinished::TooMuch => "it printed too much, and was ended".into(),
                Unfinished::TooLong => {
                    format!("it did not end within {} s, and was ended", self.patience.as_secs())
                }
            })
        });
        match &output {
            Ok(output) => self.note(&output.stderr),
            Err(error) => self.note(format!("could not {error}\n").as_bytes()),
        }
        output
    }

    /// Adds words to the relay's log. They are lost where the relay has put something else there:
    /// nothing waits for a log.
    pub(super) fn note(&self, words: &[u8]) {
        if words.is_empty() {
            return;
        }
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let log = OpenOptions::new().append(true).custom_flags(flags).open(&self.log);
        if let Ok(mut log) = log
            && log.metadata().is_ok_and(|of| of.is_file())
        {
            let mut words = words[..words.len().min(MOST_LOGGED)].to_vec();
            if words.last() != Some(&b'\n') {
                words.push(b'\n');
            }
            let _ = log.write_all(&words);
        }
    }

    pub(super) fn failed(&self, output: &Output) -> RelayError {
        self.error(format!("it ended with {}: {}", output.status, last_words(output)))
    }

    pub(super) fn error(&self, mistake: String) -> RelayError {
        let command = self.command.words().join(" ");
        RelayError::Command { driver: self.driver.clone(), command, mistake }
    }
}

/// The last line on its standard error.
pub(super) fn last_words(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr);
    printable(words.lines().last().unwrap_or("it said nothing"))
}

/// A line that people can be shown, cut where it is long; quotes stay as they are, so that a command
/// can be copied.
pub(super) fn printable(line: &str) -> String {
    Foreign::from(line).short().to_string()
}
