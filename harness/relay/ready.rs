//! What a driver says of a relay that was just started: that it is ready, and its version.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::contract::Contract;
use super::driver::Prepared;
use super::error::RelayError;
use super::place::{Place, last_words, printable};
use crate::lab::{Commands, Supervised};

/// Between two looks whether it is ready.
const AGAIN: Duration = Duration::from_millis(50);

/// As much of a version is shown.
const LONGEST_VERSION: usize = 60;

/// Waits until the driver says that its relay is ready; at once where it has no word for that.
///
/// # Errors
/// - What [`crate::lab::Ended::early`] says: it ended first.
/// - [`RelayError::Command`], [`RelayError::NotReady`]: it was not ready within `patience`.
pub async fn wait_until_ready(
    contract: &Contract,
    prepared: &Prepared,
    commands: &Commands,
    patience: Duration,
    relay: &mut Supervised,
) -> Result<(), RelayError> {
    let waits = async {
        if let Some(name) = &contract.ready.file {
            wait_for_file(contract, &prepared.run.join(name), patience).await?;
        }
        if let Some(command) = &contract.ready.command {
            let place = Place::new(&contract.name, command, prepared, commands);
            wait_for_command(&place, patience).await?;
        }
        Ok(())
    };
    tokio::select! {
        // Its end first: what is ready then is not it.
        biased;
        ended = relay.exited() => Err(ended.early().into()),
        ready = waits => ready,
    }
}

async fn wait_for_file(
    contract: &Contract,
    file: &Path,
    patience: Duration,
) -> Result<(), RelayError> {
    let deadline = Instant::now() + patience;
    while !file.exists() {
        if Instant::now() >= deadline {
            let (driver, file) = (contract.name.clone(), file.to_owned());
            return Err(RelayError::NotReady { driver, file, seconds: patience.as_secs() });
        }
        sleep(AGAIN).await;
    }
    Ok(())
}

async fn wait_for_command(place: &Place, patience: Duration) -> Result<(), RelayError> {
    let deadline = Instant::now() + patience;
    loop {
        let output = place.run(&[], b"").await?;
        if output.status.success() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let (seconds, words) = (patience.as_secs(), last_words(&output));
            let why = format!("it did not say within {seconds} s that the relay is ready: {words}");
            return Err(place.error(why));
        }
        sleep(AGAIN).await;
    }
}

/// The first line that the driver's command for the version prints. `None`: there is no such
/// command.
///
/// # Errors
/// [`RelayError::Command`]: it failed, or said nothing.
pub async fn version(
    contract: &Contract,
    prepared: &Prepared,
    commands: &Commands,
) -> Result<Option<String>, RelayError> {
    let Some(call) = &contract.version else { return Ok(None) };
    let place = Place::new(&contract.name, &call.command, prepared, commands);
    let output = place.run(&[], b"").await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim();
    if !output.status.success() || line.is_empty() {
        return Err(place.failed(&output));
    }
    Ok(Some(printable(line).chars().take(LONGEST_VERSION).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Afterwards, Isolation, Launch, RunDir};

    /// Waits for a relay that runs this script, as a driver with these tables does.
    async fn wait(script: &str, tables: &str) -> Result<Option<String>, String> {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let at = dir.path().to_owned();
        let toml = format!(
            "name = 'x'\ndirections = []\nconnectors = []\n[process]\ncommand = ['x']\n{tables}"
        );
        let contract = Contract::parse(Path::new("relay.toml"), &toml).unwrap();
        let prepared = Prepared {
            directory: at.clone(),
            environment: Vec::new(),
            run: at.clone(),
            root: None,
            before: Vec::new(),
        };
        let launch = Launch {
            command: ["sh", "-c", script].map(Into::into).to_vec(),
            environment: Vec::new(),
            directory: at,
            log: prepared.log(),
            isolation: Isolation::best(),
            files: prepared.files(),
        };
        let mut relay = Supervised::spawn(launch).unwrap();
        let commands = Commands::beside(&relay);
        let patience = Duration::from_millis(500);
        let ready = wait_until_ready(&contract, &prepared, &commands, patience, &mut relay).await;
        ready.map_err(|error| error.to_string().replace(&*dir.path().to_string_lossy(), ""))?;
        version(&contract, &prepared, &commands).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_file_or_a_command_says_that_it_is_ready() {
        for tables in
            ["", "[ready]\nfile = 'mine'\n", "[ready]\ncommand = ['test', '-e', 'mine']\n"]
        {
            assert_eq!(wait("touch mine; sleep 7031", tables).await, Ok(None));
        }
    }

    #[tokio::test]
    async fn a_relay_that_is_never_ready_or_ends_is_told() {
        for (script, tables, words) in [
            ("sleep 7032", "[ready]\nfile = 'mine'\n", "it did not make the file /mine that says"),
            (
                "sleep 7032",
                "[ready]\ncommand = ['sh', '-c', 'echo still closed >&2; exit 1']\n",
                "that the relay is ready: still closed",
            ),
            ("echo bad; exit 3", "[ready]\nfile = 'mine'\n", "it ended with exit status: 3"),
        ] {
            let error = wait(script, tables).await.unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn the_version_is_the_first_line_that_its_command_prints() {
        let told = |script: &str| format!("[version]\ncommand = ['sh', '-c', '{script}']\n");
        let version = wait("sleep 7033", &told("echo 3.1; echo more")).await;
        assert_eq!(version, Ok(Some("3.1".into())));
        for script in ["true", "echo 3.1; exit 1"] {
            assert!(wait("sleep 7033", &told(script)).await.is_err());
        }
    }
}
