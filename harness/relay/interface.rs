//! What a run needs of a relay, whoever runs it: what is known before it starts, and what it can do
//! while it runs.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use waxseal_model::configuration::Told;
use waxseal_model::foreign::Foreign;
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;

use super::config::Adopt;
use super::error::RelayError;
use super::evidence::Evidence;
use super::labfile::LabFile;
use crate::lab::{RunDir, Sandbox};

/// What is there later: the answer of a method that waits, in a trait that can be an object.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A relay that can be tested. All of this is known before it starts, and only [`Relay::start`] does
/// anything.
pub trait Relay: fmt::Debug + Send + Sync {
    /// In reports.
    fn name(&self) -> String;

    /// What `waxseal run` is given to play it once more, where that is not the name.
    fn asked(&self) -> Option<String> {
        None
    }

    /// The product's version; empty where only the running relay can tell it.
    fn version(&self) -> String;

    /// Whether it is part of this process: it speaks with loopback addresses only.
    fn is_embedded(&self) -> bool {
        false
    }

    /// Why mail does not go through it in this direction, one sentence; `None`: it does.
    fn absent(&self, direction: Direction) -> Option<String>;

    /// Whether it says that it has this connector in this direction.
    fn declares(&self, direction: Direction, connector: Connector) -> bool;

    /// Why it cannot play a case, one sentence; `None`: it can. A case that is refused is skipped.
    fn refuses(&self, case: &Case) -> Option<String>;

    /// Why a case is not waited for any longer if its message still waits when it is judged.
    fn may_be_late(&self, _case: &Case) -> Option<String> {
        None
    }

    /// What its administrator can do where the case of this id fails.
    fn advice(&self, _id: &str) -> Option<String> {
        None
    }

    /// The connector that a word of the product's own stands for, as its administrator writes it.
    fn word(&self, _word: &str) -> Option<Connector> {
        None
    }

    /// The words of the product's own that stand for a connector.
    fn words(&self) -> Vec<String> {
        Vec::new()
    }

    /// The text of its baseline: which of its failures are known.
    ///
    /// # Errors
    /// [`RelayError::Read`]. That there is no baseline is no error.
    fn baseline(&self) -> Result<Option<String>, RelayError> {
        Ok(None)
    }

    /// How it is played.
    fn pace(&self) -> Pace;

    /// What its lab file has for it beyond what all have.
    fn needs_of_lab(&self) -> LabNeeds;

    /// Whether all that it needs of this machine is here.
    ///
    /// # Errors
    /// [`RelayError::Needs`] with what is missing and what to do.
    fn check_needs(&self, _sandbox: Option<&Sandbox>) -> Result<(), RelayError> {
        Ok(())
    }

    /// What its driver tells of the user's own configuration, which is not started.
    ///
    /// # Errors
    /// [`RelayError`]: it has no command for that, or the configuration cannot be used.
    fn survey<'a>(&'a self, _start: Start<'a>) -> Later<'a, Result<Told, RelayError>> {
        Box::pin(async { Err(RelayError::NoConfiguration) })
    }

    /// Starts it and waits until it listens wherever the lab file says.
    ///
    /// # Errors
    /// [`RelayError`]: it did not start, or what it is to be configured with cannot be used.
    fn start<'a>(
        &'a self,
        start: Start<'a>,
    ) -> Later<'a, Result<Box<dyn RunningRelay>, RelayError>>;
}

/// What a relay is started with.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// All that it must know of the lab.
    pub lab: &'a LabFile,
    /// The run's private directory, [`LabFile::dir`].
    pub files: &'a RunDir,
    /// The private network, if there is one.
    pub sandbox: Option<&'a Sandbox>,
    /// The user's own configuration, in the place of the driver's.
    pub adopt: Option<&'a Adopt>,
    /// Takes what its driver tells of that configuration.
    pub told: &'a (dyn Fn(Told) + Send + Sync),
}

/// How a relay is played.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Cases at once.
    pub concurrency: usize,
    /// Time allowed for one case.
    pub limit: Duration,
    /// How long the run listens on after the last verdict, where silence decided some: whoever says
    /// when silence counts may be wrong.
    pub listens_on: Duration,
    /// How long it remembers what it met at a domain or a host.
    pub remembers: Duration,
}

/// What the lab file of a relay has for it.
#[derive(Clone, Copy, Debug)]
pub struct LabNeeds {
    /// Whether it has listeners.
    pub listens: bool,
    /// Whether it has rules for single addresses.
    pub address_rules: bool,
    /// Whether it is given port 0 outside the private network, and says which one it took.
    pub picks_ports: bool,
    /// The recipe of the certificate that it shows as a server.
    pub certificate: &'static str,
}

/// A relay while it runs. Dropping it ends all that it started.
pub trait RunningRelay: Send + Sync {
    /// Where it listens, each with its connector.
    fn listeners(&self) -> Vec<(Connector, SocketAddr)>;

    /// What can be learned about its messages, and how it takes one.
    fn evidence(&self) -> Evidence;

    /// The product's version, where the running relay tells it.
    fn version(&self) -> Option<String> {
        None
    }

    /// How it has ended, and the end of its log; `None`: it runs.
    fn gone(&self) -> Option<String> {
        None
    }

    /// Waits until it ends before the run does: how, in a sentence, and the end of its log.
    fn ended(&mut self) -> Later<'_, String> {
        Box::pin(std::future::pending())
    }

    /// Ends it and all that it started; gives the end of its log.
    fn stop(self: Box<Self>) -> Later<'static, Foreign>;
}
