//! A relay that a driver runs: its files, its process, its listeners.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use waxseal_certs::Issued;
use waxseal_model::foreign::Foreign;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::lab::{INBOUND, Lab, OUTBOUND, PARTNER, PARTNER_DOMAIN, RELAY};
use super::{Progress, RunError, RunOptions};
use crate::lab::process::{Ended, Isolation, Launch, Supervised, wait_for_port};
use crate::lab::{Afterwards, Commands, RunDir};
use crate::relay::labfile::{Begin, Credentials, Dns, Inbound, Listen, Outbound, Policy};
use crate::relay::{Adopt, Driver, Evidence, LabFile, adopt, version, wait_until_ready};

/// How long a relay may take until it listens everywhere, and until its driver says it is ready.
const READY: Duration = Duration::from_secs(30);

/// Lines of its log that are shown where it ended before the run: they stand in each case that was open.
const LAST_LINES: usize = 5;

/// A driver's relay while it runs. Dropping it ends all it started and removes its files.
pub(super) struct Driven {
    process: Supervised,
    evidence: Evidence,
    commands: Commands,
    version: Option<String>,
    // After the process: it is dropped last.
    files: RunDir,
}

impl Driven {
    /// Its private directory.
    pub(super) fn files(&self) -> &Path {
        self.files.path()
    }

    /// What its driver's commands can tell.
    pub(super) fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }

    /// The product's version, where its driver has a command that tells it.
    pub(super) fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// Waits until it ends before the run does: how, in a sentence, and the end of its log.
    pub(super) async fn ended(&mut self) -> String {
        words(&self.process.exited().await)
    }

    /// The same, if it has ended.
    pub(super) fn gone(&self) -> Option<String> {
        self.process.poll().as_ref().map(words)
    }

    /// Ends all it started and removes its files; gives the end of its log.
    pub(super) async fn stop(self) -> Foreign {
        let log = self.process.stop().await;
        self.commands.end();
        log
    }
}

/// How it ended, and the last lines of its log.
fn words(ended: &Ended) -> String {
    let lines: Vec<_> = ended.tail.lines().map(|line| line.short()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let words: String = last.iter().map(|line| format!(" | {line}")).collect();
    format!("{}{words}", ended.sentence())
}

/// Starts it and waits until it listens wherever the lab file says.
pub(super) async fn start(
    lab: &Lab,
    driver: &Driver,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Driven, RunError> {
    driver.check_needs(options.sandbox.as_ref())?;
    let keep = if options.keep { Afterwards::Keep } else { Afterwards::Remove };
    let parent = options.sandbox.map(|sandbox| Path::new(sandbox.files));
    let files = RunDir::create(keep, parent)?;
    let file = lab_file(lab, driver, &files, options).await?;
    let mut prepared = driver.prepare(&files, &file)?;
    let mut listen = file.listen;
    if let Some(own) = &options.own {
        let wish = Adopt {
            config: own.config.clone(),
            settings: own.settings.clone(),
            listeners: own.inbound.clone(),
        };
        for line in adopt(driver, &mut prepared, &wish).await? {
            progress.overridden(&line);
        }
        listen.retain(|listen| own.inbound.contains(&listen.connector));
    }
    let launch = Launch {
        command: prepared.start(&driver.contract.process.command),
        environment: prepared
            .environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        directory: prepared.directory.clone(),
        log: prepared.log(),
        isolation: Isolation::best(),
        files: prepared.files(),
    };
    let mut process = Supervised::spawn(launch)?;
    for listen in &listen {
        let at = SocketAddr::new(listen.address, listen.port);
        wait_for_port(at, READY, &mut process).await?;
        let mut listeners = lab.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.insert(listen.connector, at);
    }
    let commands = Commands::beside(&process);
    wait_until_ready(&driver.contract, &prepared, &commands, READY, &mut process).await?;
    let evidence = Evidence::of(&driver.contract, &prepared, &commands);
    let version = version(&driver.contract, &prepared, &commands).await?;
    Ok(Driven { process, evidence, commands, version, files })
}

/// Writes the certificates and says everything about the lab.
async fn lab_file(
    lab: &Lab,
    driver: &Driver,
    files: &RunDir,
    options: &RunOptions,
) -> Result<LabFile, RunError> {
    let declares = |direction, connector: &Connector| {
        driver.contract.connectors.declare(direction, *connector)
    };
    let mut listen = Vec::new();
    // Mail that goes out comes in at a listener too, unless a command takes it.
    let contract = &driver.contract;
    let listens = contract.directions.contains(&Direction::Inbound) || contract.submit.is_none();
    let listeners =
        INBOUND.into_iter().filter(|name| listens && declares(Direction::Inbound, name));
    for connector in listeners {
        let tls = match connector {
            Connector::Implicit => Begin::Implicit,
            _ => Begin::Starttls,
        };
        let address = IpAddr::V4(lab.relay_address()?);
        let port = match (&options.sandbox, tls) {
            (Some(_), Begin::Implicit) => 465,
            (Some(_), Begin::Starttls) => 25,
            (None, _) => super::lab::free_port().await?,
        };
        listen.push(Listen { connector, address, port, tls });
    }
    let outbound = OUTBOUND.into_iter().filter(|name| declares(Direction::Outbound, name));
    files.write_private("ca.pem", lab.authorities.trust_anchors_pem().as_bytes())?;
    files.write_private("client-ca.pem", lab.authorities.client_trust_anchors_pem().as_bytes())?;
    Ok(LabFile {
        dir: files.path().to_owned(),
        hostname: RELAY.into(),
        dns: Dns { address: lab.dns.ip(), port: lab.dns.port() },
        smtp_port: lab.smtp_port,
        listen,
        outbound: outbound
            .map(|connector| {
                Ok(Outbound {
                    connector,
                    domains: vec![format!(".{connector}.test")],
                    recipient_domains: domain_list(files, lab, connector, "recipients", 'c')?,
                    sender_domains: domain_list(files, lab, connector, "senders", 's')?,
                    local_parts: driver.contract.address_rules.then(|| format!(".{connector}")),
                    tls: connector,
                    present_certificate: connector == Connector::Mutual,
                })
            })
            .collect::<Result<_, RunError>>()?,
        inbound: declares(Direction::Inbound, &Connector::Partner)
            .then(|| Inbound {
                connector: Connector::Partner,
                senders: vec![PARTNER_DOMAIN.into()],
                tls: Connector::EncryptionOnly,
                certificate_name: PARTNER.into(),
            })
            .into_iter()
            .collect(),
        trust_anchors: "ca.pem".into(),
        certificate: credentials(files, "relay", &lab.issue("trusted-rsa", RELAY)?)?,
        client_certificate: credentials(files, "client", &lab.issue("client", RELAY)?)?,
        client_trust_anchors: "client-ca.pem".into(),
        policy: Policy { minimum_version: "1.2".into(), forward_secrecy: true },
    })
}

/// Writes every domain below a connector's suffix that [`super::play::names`] can give, one a line.
fn domain_list(
    files: &RunDir,
    lab: &Lab,
    connector: Connector,
    whose: &str,
    letter: char,
) -> Result<PathBuf, RunError> {
    let list: String =
        (1..=lab.domains).map(|number| format!("{letter}{number}.{connector}.test\n")).collect();
    let name = format!("domains/{connector}.{whose}");
    files.write_private(&name, list.as_bytes())?;
    Ok(name.into())
}

fn credentials(files: &RunDir, name: &str, issued: &Issued) -> Result<Credentials, RunError> {
    let (chain, key) = (format!("{name}.pem"), format!("{name}.key"));
    files.write_private(&chain, issued.chain_pem().as_bytes())?;
    files.write_private(&key, issued.key_pem().as_bytes())?;
    Ok(Credentials { chain: chain.into(), key: key.into() })
}
