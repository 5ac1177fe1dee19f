//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod absent;
mod caught;
mod doubt;
mod driven;
mod ending;
mod heartbeat;
mod hops;
mod lab;
mod lateness;
mod open;
mod opinion;
mod outbound;
mod own;
mod plan;
mod play;
mod quiet;
mod results;
mod rounds;
mod scheduler;
mod start;
mod throttle;
mod whole;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use waxseal_model::domain::DomainRecord;
use waxseal_model::facts::Engine;
use waxseal_model::foreign::Foreign;
use waxseal_model::record::{CaseRecord, Conditions, Record, RelayName, SCHEMA, Summary};
use waxseal_model::scenario::Case;
use waxseal_model::status::{Rules, Scope};
use waxseal_model::trace::Place;
use waxseal_model::verdict::Verdict;

pub use own::{Own, Route, Rule, connector_of};
pub use plan::{RunError, profile};
pub use play::names;
pub use results::{Played, Results};
pub use start::RelaySpec;

use crate::catalogue::Catalogue;
use crate::lab::Sandbox;
use crate::wire::attention;
use lab::Lab;
use open::Open;
use rounds::play_all;
use scheduler::Scheduler;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Patterns of case ids; empty: all.
    pub cases: Vec<String>,
    /// The profile's name.
    pub profile: String,
    /// Cases at once; `None`: the relay's own limit.
    pub jobs: Option<usize>,
    /// The part of the cases that is played: `(1, 3)` is the first of three.
    pub shard: Option<(usize, usize)>,
    /// The engine that our peers use; `None`: each what suits it, and a finding of one is checked
    /// with the other.
    pub engine: Option<Engine>,
    /// The private network, if `lab::sandbox::enter` has made one.
    pub sandbox: Option<Sandbox>,
    /// The user's own configuration, if that is under test instead of the driver's.
    pub own: Option<Own>,
    /// Whether the run's private directory stays.
    pub keep: bool,
    /// When the run begins, for the record, `2026-12-31T23:59:59Z`: the clock is the caller's.
    pub started: Option<String>,
}

impl RunOptions {
    /// How the run is done, for the record.
    fn conditions(&self) -> Conditions {
        Conditions {
            selection: self.cases.clone(),
            shard: self.shard.map(|(part, parts)| format!("{part}/{parts}")),
            engine: self.engine,
            private_network: self.sandbox.is_some(),
            started: self.started.clone(),
        }
    }

    /// How much of the catalogue is asked for.
    fn scope(&self) -> Scope {
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
            keep: false,
            started: None,
        }
    }
}

/// What a run tells while it goes on. Nothing has to be heard: each method does nothing by itself.
pub trait Progress: Send + Sync {
    /// So many cases will be played.
    fn begins(&self, _cases: usize) {}
    /// The run's private directory stays there.
    fn kept(&self, _directory: &Path) {}
    /// The lab sets this in the user's own configuration.
    fn overridden(&self, _line: &str) {}
    /// With the user's own configuration the relay looked for this host, and nobody plays it.
    fn unplayed(&self, _host: &str) {}
    /// The relay was ended; these are the last lines of its log.
    fn ended(&self, _log: &Foreign) {}
    /// One of them has its verdict.
    fn judged(&self, _case: &CaseRecord) {}
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {}

/// Plays the selected cases and judges them. A case that fails or stays undecided is played once more;
/// a failure that shows in TLS is played with the other engine, where that can play it. What this
/// machine was too late for is played alone. The hosts of a case stay open until the run ends: a
/// message that arrives after the verdict turns it.
///
/// `interrupted` ends the run early: what is judged by then stands, the rest is inconclusive, and the
/// record says so.
///
/// # Errors
/// [`RunError`]: nothing fits the selection, the relay does not start, or the lab cannot be built.
pub async fn run(
    catalogue: &Catalogue,
    spec: RelaySpec,
    options: &RunOptions,
    progress: &dyn Progress,
    interrupted: impl Future<Output = ()>,
) -> Result<Record, RunError> {
    let begun = Instant::now();
    let profile = plan::profile(catalogue, &options.profile)?;
    let levels = profile.levels(&catalogue.requirements);
    let whole = catalogue;
    let own = options.own.as_ref().map(|own| own.catalogue(catalogue));
    let catalogue = own.as_ref().unwrap_or(catalogue);
    let selected = plan::select(catalogue, options)?;
    let lab = Arc::new(Lab::build(catalogue, options).await?);
    let lacking = |case: &Case| {
        spec.lacks(case)
            .or_else(|| lab.lacks(case, options.engine))
            .or_else(|| lab.lacks_ipv6(case, matches!(spec, RelaySpec::Driven(_))))
            .or_else(|| options.own.as_ref().and_then(|_| Own::lacks(case)))
    };
    let mut results = Results::new(catalogue, &levels);
    let mut records: BTreeMap<&str, CaseRecord> = BTreeMap::new();
    let mut playable: Vec<&Case> = Vec::new();
    for case in &selected {
        match lacking(case) {
            Some(reason) => drop(records.insert(&case.id, results.skipped(case, reason))),
            None => {
                if let Some(reason) = spec.may_be_late(case) {
                    results.may_be_late(case, reason);
                }
                playable.push(case);
            }
        }
    }
    let mut relay = start::start(&lab, &spec, options, progress).await?;
    if options.keep
        && let Some(directory) = relay.files()
    {
        progress.kept(directory);
    }
    progress.begins(playable.len());
    let open = Arc::new(Open::new());
    let scheduler = Scheduler::new(&lab, &spec, &relay, options, Arc::clone(&open));
    let playing = play_all(catalogue, &playable, &scheduler, &mut results, progress, &mut records);
    let mut was_interrupted = false;
    let early = tokio::select! {
        done = playing => done.map(|()| None)?,
        () = interrupted => {
            was_interrupted = true;
            Some((Verdict::Inconclusive, "The run was interrupted.".to_owned()))
        }
        tail = relay.ended() => Some((Verdict::Error, tail)),
    };
    if early.is_none()
        && let Some(tail) = relay.gone()
    {
        // It ended while the last cases were played: what they left open is its end, and no silence.
        let open = records.values_mut().filter(|record| record.verdict == Verdict::Inconclusive);
        for record in open {
            record.verdict = Verdict::Error;
            record.reason = tail.clone();
        }
    }
    if early.is_none()
        && records.values().any(|record| doubt::rests_on_silence(&record.trace.events))
    {
        attention::pause(spec.listens_on()).await;
    }
    let version = relay.version().unwrap_or_else(|| spec.version());
    progress.ended(&relay.stop().await);
    let by_id = playable.iter().map(|case| (case.id.as_str(), *case)).collect();
    open.reopen(&results, &by_id, &mut records);
    let stranded = |record: &CaseRecord| {
        let met = record.trace.events.iter().any(|event| matches!(event.place, Place::Peer { .. }));
        record.domain.is_some() && record.verdict == Verdict::Inconclusive && !met
    };
    if records.values().any(stranded) {
        lab.unplayed().iter().for_each(|host| progress.unplayed(host));
    }
    // No case is lost: what has no record says why.
    let lost =
        || (Verdict::Error, "The case has no record; this is a defect of waxseal.".to_owned());
    let (verdict, reason) = early.unwrap_or_else(lost);
    for case in playable {
        records.entry(&case.id).or_insert_with(|| results.unfinished(case, verdict, &reason));
    }
    let mut cases: Vec<CaseRecord> =
        selected.iter().filter_map(|case| records.remove(case.id.as_str())).collect();
    for case in cases.iter_mut().filter(|case| case.verdict == Verdict::Fail) {
        case.advice = spec.advice(&case.id);
    }
    let declared = spec.declared(options.own.as_ref());
    let rules = Rules {
        requirements: &whole.requirements,
        profile,
        declared: &declared,
        scope: options.scope(),
    };
    Ok(Record {
        schema: SCHEMA,
        tool: format!("waxseal {}", env!("CARGO_PKG_VERSION")),
        relay: RelayName {
            name: spec.name(),
            asked: spec.asked(),
            version,
            config: options.own.as_ref().map(|own| own.config.to_string_lossy().into_owned()),
        },
        profile: options.profile.clone(),
        conditions: options.conditions(),
        interrupted: was_interrupted,
        summary: Summary::of(cases.iter().map(|case| &case.verdict)),
        absent: absent::absent(whole, profile, &spec, &cases),
        outdated: Vec::new(),
        gate: None,
        requirements: rules.judge(whole.cases(), &cases),
        domains: DomainRecord::of(&cases),
        cases,
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}
