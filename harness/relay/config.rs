//! The user's own configuration in the place of the driver's.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use waxseal_model::configuration::Told;
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;
use waxseal_model::scenario::Connector;

use super::driver::{Driver, Prepared};
use super::error::RelayError;
use super::material;
use super::place::Place;
use crate::lab::{Commands, Isolation};
use crate::tls::system_roots;

/// How long the driver's command may take: it copies tables and asks the product about each.
const PATIENCE: Duration = Duration::from_secs(60);

/// The user's configuration, and what the lab wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopt {
    /// A folder or file, as the product's driver wants it; absolute.
    pub config: PathBuf,
    /// What the user sets otherwise for the test: `parameter=value`.
    pub settings: Vec<String>,
    /// The listeners that the relay has to have, and the port of the user's that is meant.
    pub listeners: Vec<(Connector, Option<u16>)>,
    /// The rules that are tested.
    pub rules: Vec<AdoptRule>,
    /// The sender of messages, where the user names one.
    pub sender: Option<String>,
    /// What the relay's environment has to hold: `NAME=value`.
    pub environment: Vec<String>,
    /// Whether the policy entries and routes are to be listed.
    pub overview: bool,
    /// The domain that reports go to, where it is one and known before.
    pub sender_domain: Option<String>,
}

/// One rule that is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptRule {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// What its mail is meant to get.
    pub connector: Connector,
    /// The host that its mail goes to, as `--mx` takes it; `None`: where the MX records say.
    pub hop: Option<String>,
}

impl Adopt {
    /// The variables that the driver's commands find.
    fn variables(&self) -> Vec<(String, String)> {
        let listeners: Vec<_> =
            self.listeners.iter().map(|(connector, _)| connector.name()).collect();
        let ports = self
            .listeners
            .iter()
            .filter_map(|(connector, port)| Some(format!("{connector}={}", (*port)?)));
        let rules = self.rules.iter().map(|AdoptRule { domain, connector, hop }| {
            format!("{domain}\t{connector}\t{}", hop.as_deref().unwrap_or("-"))
        });
        let mut variables = vec![
            ("WAXSEAL_CONFIG", self.config.to_string_lossy().into_owned()),
            ("WAXSEAL_CONFIG_SET", self.settings.join("\n")),
            ("WAXSEAL_CONFIG_LISTEN", listeners.join(" ")),
            ("WAXSEAL_CONFIG_PORTS", ports.collect::<Vec<_>>().join(" ")),
            ("WAXSEAL_CONFIG_RULES", rules.collect::<Vec<_>>().join("\n")),
            ("WAXSEAL_CONFIG_SENDER", self.sender.clone().unwrap_or_default()),
            ("WAXSEAL_CONFIG_ENV", self.environment.join("\n")),
        ];
        variables.extend(self.overview.then(|| ("WAXSEAL_CONFIG_OVERVIEW", "1".to_owned())));
        let domain = self.sender_domain.clone();
        variables.extend(domain.map(|domain| ("WAXSEAL_CONFIG_SENDER_DOMAIN", domain)));
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Lets the driver put the user's configuration in place. Gives what it tells of it. The commands
/// that follow find the configuration in `WAXSEAL_CONFIG`.
///
/// The driver's command copies; what the user has is not changed.
///
/// # Errors
/// - [`RelayError::Config`]: the driver has no command for it, or that command says that the
///   configuration cannot be played. It says nothing about whether the relay itself would take it.
/// - [`RelayError::Command`]: the command does not run, takes too long, or prints what says nothing.
pub async fn adopt(
    driver: &Driver,
    prepared: &mut Prepared,
    wish: &Adopt,
) -> Result<Told, RelayError> {
    let refused = |why| RelayError::Config { config: wish.config.clone(), why };
    let Some(call) = &driver.contract.config else {
        let name = &driver.contract.name;
        return Err(refused(format!(
            "the driver {name} has no command for it, so {name} runs with the driver's own only"
        )));
    };
    prepared.environment.extend(wish.variables());
    let commands = Commands::alone(Isolation::best(), prepared.files());
    let place = Place::new(&driver.contract.name, &call.command, prepared, &commands)
        .with_patience(PATIENCE);
    let output = place.run(&[], b"").await?;
    if !output.status.success() {
        return Err(refused(reason(&output.stderr)));
    }
    let mut told = Told::parse(&output.stdout).map_err(|mistake| place.error(mistake))?;
    if !told.shown.is_empty() {
        material::look(&mut told, &wish.config, &system_roots(), SystemTime::now());
    }
    Ok(told)
}

/// The last line on its standard error, which may hold a long line to copy.
fn reason(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let line = words.lines().last().unwrap_or("it said nothing");
    Foreign::from(line.chars().take(limits::REFUSAL).collect::<String>().as_str()).to_string()
}

#[cfg(test)]
mod tests {
    use waxseal_model::configuration::OverrideKind;
    use waxseal_model::foreign::Foreign;

    use super::*;
    use crate::lab::{Afterwards, RunDir};

    async fn told(script: &str) -> Result<Told, String> {
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
            listeners: vec![
                (Connector::Opportunistic, None),
                (Connector::EncryptionOnly, Some(587)),
                (Connector::Implicit, Some(465)),
            ],
            rules: vec![
                AdoptRule {
                    domain: "a.example".into(),
                    connector: Connector::EncryptionOnly,
                    hop: Some("gw.example:587".into()),
                },
                AdoptRule { domain: ".b.example".into(), connector: Connector::Dane, hop: None },
            ],
            sender: None,
            environment: vec!["HOST=x".into(), "PORT=1".into()],
            overview: true,
            sender_domain: None,
        };
        adopt(&driver, &mut prepared, &wish).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_command_finds_the_wishes_and_its_lines_are_read() {
        let script = r#"[config]
command = ['sh', '-c', '''echo "$WAXSEAL_CONFIG $WAXSEAL_CONFIG_SET"
echo "$WAXSEAL_CONFIG_LISTEN; $WAXSEAL_CONFIG_PORTS"; echo "$WAXSEAL_CONFIG_RULES" | tr "\\t" ";"
echo "sender <$WAXSEAL_CONFIG_SENDER>"; echo "$WAXSEAL_CONFIG_ENV"
echo "${WAXSEAL_CONFIG_OVERVIEW-unset} ${WAXSEAL_CONFIG_SENDER_DOMAIN-unset}"
printf "finding\\tstale\\n"''']"#;
        let told = told(script).await.unwrap();
        let shown: Vec<_> = told.overrides(OverrideKind::Matters).map(|text| text.raw()).collect();
        let expected = [
            "/etc/x a=b",
            "opportunistic encryption-only implicit; encryption-only=587 implicit=465",
            "a.example;encryption-only;gw.example:587",
            ".b.example;dane;-",
            "sender <>",
            "HOST=x",
            "PORT=1",
            "1 unset",
        ];
        assert_eq!(shown, expected);
        assert_eq!(told.findings, [Foreign::from("stale")]);
    }

    #[tokio::test]
    async fn a_refusal_is_its_last_words_and_a_driver_without_a_command_says_so() {
        let script = "[config]\ncommand = ['sh', '-c', 'echo first >&2; echo no map >&2; exit 1']";
        assert_eq!(told(script).await.unwrap_err(), "use the configuration /etc/x: no map");
        // A line to copy is not cut.
        let script = "[config]\ncommand = ['sh', '-c', 'printf \"%01500d\" 7 >&2; exit 1']";
        assert!(told(script).await.unwrap_err().ends_with("07"));
        let error = told("").await.unwrap_err();
        assert!(error.contains("the driver x has no command for it"), "{error}");
    }
}
