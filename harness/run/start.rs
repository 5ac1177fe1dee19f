//! Starting the relay under test: it is told of the lab, and the lab learns where it listens.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use waxseal_model::configuration::Told;
use waxseal_model::foreign::Foreign;

use super::lab::Lab;
use super::lab_file::lab_file;
use super::{Own, Progress, Rule, RunError, RunOptions};
use crate::lab::{Afterwards, RunDir};
use crate::relay::{Adopt, AdoptRule, RelaySpec, RunningRelay, Start};

/// The relay of a run, with the run's private directory. Dropping it ends all that it started.
pub(super) struct Started {
    pub(super) relay: Box<dyn RunningRelay>,
    /// What its driver told of the user's own configuration.
    pub(super) told: Told,
    // After the relay: it is dropped last.
    files: RunDir,
}

impl Started {
    /// The run's private directory.
    pub(super) fn files(&self) -> &Path {
        self.files.path()
    }

    /// Ends the relay and removes its files, unless they are kept; gives the end of its log.
    pub(super) async fn stop(self) -> Foreign {
        self.relay.stop().await
    }
}

/// Starts the relay and waits until it listens.
pub(super) async fn start(
    lab: &Lab,
    relay: &RelaySpec,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Started, RunError> {
    let sandbox = options.sandbox.as_ref();
    relay.check_needs(sandbox)?;
    let keep = if options.keep { Afterwards::Keep } else { Afterwards::Remove };
    let files = RunDir::create(keep, sandbox.map(|sandbox| Path::new(sandbox.files)))?;
    let told = lab_file(lab, &**relay, &files, options).await?;
    let adopt = options.own.as_ref().map(Own::adopt);
    let told_of = Mutex::new(Told::default());
    let start = Start {
        lab: &told,
        files: &files,
        sandbox,
        adopt: adopt.as_ref(),
        told: &|told| {
            progress.configured(&told);
            *told_of.lock().unwrap_or_else(PoisonError::into_inner) = told;
        },
    };
    let running = relay.start(start).await?;
    for (connector, at) in running.listeners() {
        lab.listens(connector, at);
    }
    let told = told_of.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Started { relay: running, told, files })
}

impl Own {
    /// What the relay's driver does with the configuration.
    pub(super) fn adopt(&self) -> Adopt {
        Adopt {
            config: self.config.clone(),
            settings: self.settings.clone(),
            listeners: self.listeners().map(|one| (one.connector, one.port)).collect(),
            rules: self.rules.iter().map(Rule::adopt).collect(),
            sender: self.sender.as_ref().map(|sender| sender.address().to_owned()),
            environment: self.environment.clone(),
            overview: false,
            sender_domain: (self.sender.as_ref())
                .filter(|_| self.plays_sender())
                .map(|sender| sender.domain().to_owned()),
        }
    }
}

impl Rule {
    /// The rule as the relay's driver is told it.
    fn adopt(&self) -> AdoptRule {
        AdoptRule {
            domain: self.domain.clone(),
            connector: self.connector,
            hop: self.next_hop.as_ref().map(ToString::to_string),
        }
    }
}
