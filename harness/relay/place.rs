//! Commands of a driver, beside the one that starts its relay.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command as Process;
use tokio::time::timeout;
use waxseal_model::foreign::Foreign;

use super::contract::Command;
use super::driver::Prepared;
use super::error::RelayError;

/// How long a driver's command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command of a driver and where it runs.
#[derive(Clone, Debug)]
pub(super) struct Place {
    command: Command,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    driver: String,
}

impl Place {
    /// Where the driver was put in place, with `more` variables.
    pub(super) fn new(
        driver: &str,
        command: &Command,
        prepared: &Prepared,
        more: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut environment = prepared.environment.clone();
        environment.extend(more);
        Self {
            command: command.clone(),
            directory: prepared.directory.clone(),
            environment,
            driver: driver.to_owned(),
        }
    }

    pub(super) async fn run(
        &self,
        more: &[(&str, &str)],
        input: &[u8],
    ) -> Result<Output, RelayError> {
        let [program, arguments @ ..] = self.command.words() else {
            return Err(self.error("it is empty".into()));
        };
        let program =
            if program.contains('/') { self.directory.join(program) } else { program.into() };
        let mut child = Process::new(program)
            .args(arguments)
            .current_dir(&self.directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.error(error.to_string()))?;
        let stdin = child.stdin.take();
        let running = async {
            if let Some(mut stdin) = stdin {
                // A command that does not read all of it says so by its exit code.
                let _ = stdin.write_all(input).await;
            }
            child.wait_with_output().await
        };
        match timeout(PATIENCE, running).await {
            Ok(output) => output.map_err(|error| self.error(error.to_string())),
            Err(_) => Err(self.error(format!("it took longer than {} s", PATIENCE.as_secs()))),
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
