//! The user's own configuration in the place of the driver's.

use std::path::PathBuf;

use waxseal_model::scenario::Connector;

use super::driver::{Driver, Prepared};
use super::error::RelayError;
use super::place::{Place, last_words, printable};
use crate::lab::{Commands, Isolation};

/// The user's configuration, and what the lab wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopt {
    /// A folder or file, as the product's driver wants it; absolute.
    pub config: PathBuf,
    /// What the user sets otherwise for the test: `parameter=value`.
    pub settings: Vec<String>,
    /// The listeners that the relay has to have.
    pub listeners: Vec<Connector>,
}

/// Lets the driver put the user's configuration in place. Gives one line for each setting that is
/// not the user's. The commands that follow find the configuration in `WAXSEAL_CONFIG`.
///
/// The driver's command copies; what the user has is not changed.
///
/// # Errors
/// - [`RelayError::Config`]: the driver has no command for it, or that command says that the
///   configuration cannot be played. It says nothing about whether the relay itself would take it.
/// - [`RelayError::Command`]: the command does not run or takes too long.
pub async fn adopt(
    driver: &Driver,
    prepared: &mut Prepared,
    wish: &Adopt,
) -> Result<Vec<String>, RelayError> {
    let refused = |why| RelayError::Config { config: wish.config.clone(), why };
    let Some(call) = &driver.contract.config else {
        let name = &driver.contract.name;
        return Err(refused(format!(
            "the driver {name} has no command for it, so {name} runs with the driver's own only"
        )));
    };
    let listeners: Vec<_> = wish.listeners.iter().map(|connector| connector.name()).collect();
    prepared.environment.extend([
        ("WAXSEAL_CONFIG".to_owned(), wish.config.to_string_lossy().into_owned()),
        ("WAXSEAL_CONFIG_SET".to_owned(), wish.settings.join("\n")),
        ("WAXSEAL_CONFIG_LISTEN".to_owned(), listeners.join(" ")),
    ]);
    let commands = Commands::alone(Isolation::best(), prepared.files());
    let place = Place::new(&driver.contract.name, &call.command, prepared, &commands);
    let output = place.run(&[], b"").await?;
    if !output.status.success() {
        return Err(refused(last_words(&output)));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    Ok(told.lines().map(printable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Afterwards, RunDir};

    async fn told(script: &str) -> Result<Vec<String>, String> {
        let folder = RunDir::create(Afterwards::Remove, None).unwrap();
        let toml = format!(
            "name = 'x'\ndirections = []\nconnectors = []\n[process]\ncommand = ['true']\n{script}"
        );
        folder.write_private("relay.toml", toml.as_bytes()).unwrap();
        let driver = Driver::find(folder.path().to_str().unwrap()).unwrap();
        let at = folder.path().to_owned();
        let mut prepared = Prepared {
            directory: at.clone(),
            environment: Vec::new(),
            run: at,
            root: None,
            before: Vec::new(),
        };
        let wish = Adopt {
            config: "/etc/x".into(),
            settings: vec!["a=b".into()],
            listeners: vec![Connector::Opportunistic, Connector::Implicit],
        };
        adopt(&driver, &mut prepared, &wish).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_command_finds_the_wishes_and_its_lines_are_the_overrides() {
        let script = "[config]\ncommand = ['sh', '-c', 'echo $WAXSEAL_CONFIG $WAXSEAL_CONFIG_SET; \
                      echo $WAXSEAL_CONFIG_LISTEN']";
        assert_eq!(told(script).await.unwrap(), ["/etc/x a=b", "opportunistic implicit"]);
    }

    #[tokio::test]
    async fn a_refusal_is_its_last_words_and_a_driver_without_a_command_says_so() {
        let script = "[config]\ncommand = ['sh', '-c', 'echo first >&2; echo no map >&2; exit 1']";
        assert_eq!(told(script).await.unwrap_err(), "use the configuration /etc/x: no map");
        let error = told("").await.unwrap_err();
        assert!(error.contains("the driver x has no command for it"), "{error}");
    }
}
