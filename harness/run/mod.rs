//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod driven;
mod plan;
mod play;
mod start;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use waxseal_model::judge::{Judgement, Names, judge};
use waxseal_model::record::{CaseRecord, Record, RelayName, SCHEMA, Summary, Verdict};
use waxseal_model::requirement::Level;
use waxseal_model::scenario::Case;
use waxseal_model::trace::Trace;

pub use plan::RunError;
pub use start::Choice;

use crate::catalogue::Catalogue;
use crate::lab::Sandbox;
use world::World;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Patterns of case ids; empty: all.
    pub cases: Vec<String>,
    /// The profile's name.
    pub profile: String,
    /// Cases at once; `None`: the relay's own limit.
    pub jobs: Option<usize>,
    /// The part of the cases that is played: `(1, 3)` is the first of three.
    pub shard: Option<(usize, usize)>,
    /// The private network, if `lab::sandbox::enter` has made one.
    pub sandbox: Option<Sandbox>,
    /// Whether the run's private directory stays.
    pub keep: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cases: Vec::new(),
            profile: "exchange-online".into(),
            jobs: None,
            shard: None,
            sandbox: None,
            keep: false,
        }
    }
}

/// Is told how the run comes along.
pub trait Watch: Send + Sync {
    /// So many cases will be played.
    fn begins(&self, _cases: usize) {}
    /// The run's private directory stays there.
    fn kept(&self, _directory: &Path) {}
    /// One of them was played.
    fn played(&self, _id: &str) {}
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {}

struct Played {
    names: Names,
    trace: Trace,
    duration: Duration,
}

/// Plays the selected cases and judges them.
///
/// # Errors
/// [`RunError`]: nothing fits the selection, the relay does not start, or the lab cannot be built.
pub async fn run(
    catalogue: &Catalogue,
    choice: Choice,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Record, RunError> {
    let begun = Instant::now();
    let profile = plan::profile(catalogue, &options.profile)?;
    let levels = profile.levels(&catalogue.requirements);
    let selected = plan::select(catalogue, options)?;
    let (playable, skipped): (Vec<&Case>, Vec<&Case>) =
        selected.iter().partition(|case| choice.declares(case));
    let controls = plan::controls(catalogue, &playable);
    let world = Arc::new(World::build(catalogue, options).await?);
    let mut relay = start::start(&world, &choice, options).await?;
    let jobs = options.jobs.unwrap_or_else(|| choice.concurrency()).max(1);
    let gate = Arc::new(Semaphore::new(jobs));
    if options.keep
        && let Some(directory) = relay.files()
    {
        watch.kept(directory);
    }
    watch.begins(playable.len() + controls.len());
    let mut tasks = JoinSet::new();
    for (number, case) in controls.iter().chain(&playable).enumerate() {
        let (world, gate, case) = (Arc::clone(&world), Arc::clone(&gate), (*case).clone());
        let limit = choice.limit();
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            let begun = Instant::now();
            let (names, trace) = play::play(&world, &case, number + 1, limit).await;
            (case.id, Played { names, trace, duration: begun.elapsed() })
        });
    }
    let mut played: BTreeMap<String, Played> = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        let (id, result) = done.map_err(|error| RunError::Broke(error.to_string()))?;
        watch.played(&id);
        played.insert(id, result);
    }
    let ended = relay.stop().await;
    let level_of = |case: &Case| {
        case.cites.iter().filter_map(|id| levels.get(id)).copied().max().unwrap_or(Level::Info)
    };
    let verdict_of_control = |case: &Case| {
        let id = case.control_id();
        if id == case.id {
            return None;
        }
        let control = catalogue.case(&id)?;
        let result = played.get(&id)?;
        Some(judge(control, Level::Must, &result.names, &result.trace, None).verdict)
    };
    let cases: Vec<CaseRecord> = selected
        .iter()
        .map(|case| {
            let level = level_of(case);
            let result = played.get(&case.id).filter(|_| !skipped.contains(case));
            let judgement = match result {
                None => skip(&choice, case),
                Some(result) => {
                    let control = verdict_of_control(case);
                    let mut judgement = judge(case, level, &result.names, &result.trace, control);
                    if let (Some(tail), Verdict::Inconclusive) = (&ended, judgement.verdict) {
                        judgement.verdict = Verdict::Error;
                        judgement.reason = format!("The relay ended during the run: {tail}");
                    }
                    judgement
                }
            };
            record(case, level, judgement, result)
        })
        .collect();
    Ok(Record {
        schema: SCHEMA,
        tool: format!("waxseal {}", env!("CARGO_PKG_VERSION")),
        relay: RelayName { name: choice.name(), version: choice.version() },
        profile: options.profile.clone(),
        summary: Summary::of(cases.iter().map(|case| &case.verdict)),
        requirements: Record::requirement_status(&levels, &cases),
        cases,
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn skip(choice: &Choice, case: &Case) -> Judgement {
    Judgement {
        verdict: Verdict::Skipped,
        reason: format!(
            "The relay {} does not declare the connector {} {}.",
            choice.name(),
            case.connector,
            case.direction
        ),
        outcome: None,
        observed: None,
        evidence: Vec::new(),
    }
}

fn record(case: &Case, level: Level, judgement: Judgement, result: Option<&Played>) -> CaseRecord {
    let control = case.control_id();
    CaseRecord {
        id: case.id.clone(),
        scenario: case.scenario.clone(),
        claim: case.claim.clone(),
        why: case.why.clone(),
        direction: case.direction,
        connector: case.connector,
        level,
        requirements: case.cites.clone(),
        verdict: judgement.verdict,
        reason: judgement.reason,
        outcome: judgement.outcome,
        observed: judgement.observed,
        waiver: None,
        control: (control != case.id).then_some(control),
        duration_ms: result
            .map_or(0, |result| u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX)),
        evidence: judgement.evidence,
        trace: result.map(|result| result.trace.clone()).unwrap_or_default(),
    }
}
