//! A relay that a driver runs: its process, its listeners, and what its commands can tell.

use std::net::SocketAddr;
use std::time::Duration;

use waxseal_model::configuration::Told;
use waxseal_model::foreign::Foreign;
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;

use super::config::adopt;
use super::driver::Driver;
use super::error::RelayError;
use super::evidence::Evidence;
use super::interface::{LabNeeds, Later, Pace, Relay, RunningRelay, Start};
use super::lateness::may_wait_for;
use super::ready::{version, wait_until_ready};
use super::refusal;
use super::root::Root;
use crate::lab::process::{Ended, Isolation, Launch, Supervised, wait_for_port};
use crate::lab::{Commands, Sandbox};

/// How long a relay may take until it listens everywhere, and until its driver says it is ready.
const READY: Duration = Duration::from_secs(30);

/// Time allowed for one case.
const LIMIT: Duration = Duration::from_secs(20);

/// What a case needs beside the silence that counts: the attempts before it, and a second look at the
/// queue where the message is in it no more.
const AROUND_SILENCE: Duration = Duration::from_secs(16);

/// Lines of its log that are shown where it ended before the run: they stand in each case that was open.
const LAST_LINES: usize = 5;

impl Relay for Driver {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn asked(&self) -> Option<String> {
        Some(&self.asked).filter(|asked| **asked != self.name).cloned()
    }

    fn version(&self) -> String {
        self.root.as_ref().and_then(Root::version).unwrap_or_default()
    }

    fn absent(&self, direction: Direction) -> Option<String> {
        let contract = &self.contract;
        let why = || contract.absent.get(&direction).cloned();
        let unnamed = || "The driver does not name this direction.".into();
        (!contract.directions.contains(&direction)).then(|| why().unwrap_or_else(unnamed))
    }

    fn declares(&self, direction: Direction, connector: Connector) -> bool {
        self.contract.connectors.declare(direction, connector)
    }

    fn refuses(&self, case: &Case) -> Option<String> {
        refusal::refuses(self, case)
    }

    fn may_be_late(&self, case: &Case) -> Option<String> {
        refusal::too_late(self, &may_wait_for(case))
    }

    fn advice(&self, id: &str) -> Option<String> {
        self.contract.advice(id).map(str::to_owned)
    }

    fn word(&self, word: &str) -> Option<Connector> {
        self.contract.words.get(&word.to_ascii_lowercase()).copied()
    }

    fn words(&self) -> Vec<String> {
        self.contract.words.keys().cloned().collect()
    }

    fn baseline(&self) -> Result<Option<String>, RelayError> {
        self.baseline_text()
    }

    fn pace(&self) -> Pace {
        Pace {
            concurrency: self.contract.concurrency,
            limit: LIMIT.max(self.contract.settle.deferred + AROUND_SILENCE),
            listens_on: Duration::from_secs(1),
            remembers: self.contract.settle.remembers,
        }
    }

    fn needs_of_lab(&self) -> LabNeeds {
        // Mail that goes out comes in at a listener too, unless a command takes it.
        let listens = self.contract.directions.contains(&Direction::Inbound)
            || self.contract.submit.is_none();
        LabNeeds {
            listens,
            address_rules: self.contract.address_rules,
            picks_ports: false,
            certificate: "trusted-rsa",
        }
    }

    fn check_needs(&self, sandbox: Option<&Sandbox>) -> Result<(), RelayError> {
        self.check_machine(sandbox)
    }

    fn survey<'a>(&'a self, start: Start<'a>) -> Later<'a, Result<Told, RelayError>> {
        Box::pin(async move {
            let mut prepared = self.prepare(start.files, start.lab)?;
            let wish = start.adopt.ok_or(RelayError::NoConfiguration)?;
            adopt(self, &mut prepared, wish).await
        })
    }

    fn start<'a>(
        &'a self,
        start: Start<'a>,
    ) -> Later<'a, Result<Box<dyn RunningRelay>, RelayError>> {
        Box::pin(async move { Ok(Box::new(Driven::start(self, start).await?) as _) })
    }
}

/// A driver's relay while it runs. Dropping it ends all it started.
struct Driven {
    process: Supervised,
    listeners: Vec<(Connector, SocketAddr)>,
    evidence: Evidence,
    commands: Commands,
    version: Option<String>,
}

impl Driven {
    /// Starts it and waits until it listens wherever the lab file says.
    async fn start(driver: &Driver, start: Start<'_>) -> Result<Self, RelayError> {
        let mut prepared = driver.prepare(start.files, start.lab)?;
        let mut listeners: Vec<_> = start
            .lab
            .listen
            .iter()
            .map(|listen| (listen.connector, SocketAddr::new(listen.address, listen.port)))
            .collect();
        if let Some(wish) = start.adopt {
            (start.told)(adopt(driver, &mut prepared, wish).await?);
            listeners.retain(|(name, _)| wish.listeners.iter().any(|(wanted, _)| wanted == name));
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
        for (_, at) in &listeners {
            wait_for_port(*at, READY, &mut process).await?;
        }
        let commands = Commands::beside(&process);
        wait_until_ready(&driver.contract, &prepared, &commands, READY, &mut process).await?;
        let evidence = Evidence::of(&driver.contract, &prepared, &commands, process.log());
        let version = version(&driver.contract, &prepared, &commands).await?;
        Ok(Self { process, listeners, evidence, commands, version })
    }
}

impl RunningRelay for Driven {
    fn listeners(&self) -> Vec<(Connector, SocketAddr)> {
        self.listeners.clone()
    }

    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }

    fn gone(&self) -> Option<String> {
        self.process.poll().as_ref().map(words)
    }

    fn ended(&mut self) -> Later<'_, String> {
        Box::pin(async { words(&self.process.exited().await) })
    }

    fn stop(self: Box<Self>) -> Later<'static, Foreign> {
        Box::pin(async move {
            let log = self.process.stop().await;
            self.commands.end();
            log
        })
    }
}

/// How it ended, and the last lines of its log.
fn words(ended: &Ended) -> String {
    let lines: Vec<_> = ended.tail.lines().map(|line| line.short()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let words: String = last.iter().map(|line| format!(" | {line}")).collect();
    format!("{}{words}", ended.sentence())
}
