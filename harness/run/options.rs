//! What a run is to do, and how each of its cases is played.

use std::path::PathBuf;
use std::time::Duration;

use waxseal_model::baseline::Baseline;
use waxseal_model::facts::Engine;
use waxseal_model::record::Conditions;
use waxseal_model::status::Scope;

use super::own::Own;
use super::remote::Instances;
use crate::lab::Sandbox;
use crate::relay::Evidence;

/// What a run is to do. The default plays every case by the profile `exchange-online`, in the network that
/// this process is in.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Ids of cases and scenarios, in which `*` stands for anything; empty: all. Each has to fit some case.
    pub cases: Vec<String>,
    /// The profile whose levels say what a must is: its name. [`run`](fn@crate::run) and
    /// [`conformance`](crate::conformance) take a file too, by its path (with a `/`, or ending in `.toml`).
    pub profile: String,
    /// Cases at once; `None`: the relay's own limit.
    pub jobs: Option<usize>,
    /// The part of the selected cases that is played: `(1, 3)` is the first of three.
    pub shard: Option<(usize, usize)>,
    /// The engine that our peers use; `None`: each what suits it, and a finding of one is checked
    /// with the other.
    pub engine: Option<Engine>,
    /// The private network, if [`enter_private_network`](crate::enter_private_network) has made one.
    pub sandbox: Option<Sandbox>,
    /// The user's own configuration, if that is under test instead of the driver's.
    pub own: Option<Own>,
    /// How further instances of the relay are started, where cases wait for each other because of a
    /// name of the user's own; `None`: there is one, in this process.
    pub instances: Option<Instances>,
    /// Whether the run's private directory stays, with the relay's files and its log.
    pub keep: bool,
    /// When the run begins, for the record, `2026-12-31T23:59:59Z`.
    pub started: Option<String>,
    /// The day that waivers and facts of others are dated by, `2026-12-31`. [`run`](fn@crate::run) and
    /// [`conformance`](crate::conformance) fill in this and `started`; where nobody does, nothing is too
    /// old.
    pub today: Option<String>,
    /// Failures that are accepted. [`Record::gate`](waxseal_model::record::Record::gate) says what the gate
    /// makes of them.
    pub baseline: Option<Baseline>,
    /// A folder of scenarios of the user's own, with the layout of `scenarios/`:
    /// [`run`](fn@crate::run) and [`conformance`](crate::conformance) play them beside the built-in ones.
    pub scenarios: Option<PathBuf>,
}

impl RunOptions {
    /// How the run is done, for the record.
    pub(super) fn conditions(&self) -> Conditions {
        Conditions {
            selection: self.cases.clone(),
            shard: self.shard.map(|(part, parts)| format!("{part}/{parts}")),
            engine: self.engine,
            scenarios: self.scenarios.as_ref().map(|folder| folder.display().to_string()),
            private_network: self.sandbox.is_some(),
            started: self.started.clone(),
        }
    }

    /// How much of the catalogue is asked for.
    pub(super) fn scope(&self) -> Scope {
        if !self.cases.is_empty() || self.own.is_some() {
            Scope::Selection
        } else if self.shard.is_some() {
            Scope::Shard
        } else {
            Scope::Whole
        }
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            cases: Vec::new(),
            profile: "exchange-online".into(),
            jobs: None,
            shard: None,
            engine: None,
            sandbox: None,
            own: None,
            instances: None,
            keep: false,
            started: None,
            today: None,
            baseline: None,
            scenarios: None,
        }
    }
}

/// How a case is played.
#[derive(Clone, Debug)]
pub(super) struct PlayOptions {
    /// The time allowed for it.
    pub(super) limit: Duration,
    /// What the relay's driver can tell.
    pub(super) evidence: Evidence,
    /// The engine our peers use, where one is forced.
    pub(super) engine: Option<Engine>,
}
