//! What a driver says of a relay that was just started: that it is ready, and its version.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::contract::Contract;
use super::driver::Prepared;
use super::error::RelayError;
use super::place::{Place, last_words, printable};
use crate::lab::{Commands, Ended, LabError, Supervised};

/// Between two looks whether it is ready.
const AGAIN: Duration = Duration::from_millis(50);

/// As much of a version is shown.
const LONGEST_VERSION: usize = 60;

/// Waits until the driver says that its relay is ready; at once where it has no word for that.
///
/// # Errors
/// - [`LabError::RelayEnded`]: it ended first.
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
        Ended { status, tail } = relay.exited() => {
            Err(LabError::RelayEnded { status, tail }.into())
        }
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
