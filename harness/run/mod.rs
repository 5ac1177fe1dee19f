//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod desk;
mod driven;
mod plan;
mod play;
mod start;
mod starttls;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use waxseal_model::record::{CaseRecord, Record, RelayName, SCHEMA, Summary, Verdict};
use waxseal_model::scenario::Case;

pub use plan::RunError;
pub use play::names;
pub use start::Choice;
pub use starttls::{CheckOptions, starttls_checks};

use crate::catalogue::Catalogue;
use crate::lab::Sandbox;
use desk::{Desk, Played};
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
    /// One of them has its verdict.
    fn judged(&self, _case: &CaseRecord) {}
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {}

/// Plays the selected cases and judges them. A case that stays undecided is played once more.
///
/// `interrupted` ends the run early: what is judged by then stands, the rest is inconclusive.
///
/// # Errors
/// [`RunError`]: nothing fits the selection, the relay does not start, or the lab cannot be built.
pub async fn run(
    catalogue: &Catalogue,
    choice: Choice,
    options: &Options,
    watch: &dyn Watch,
    interrupted: impl Future<Output = ()>,
) -> Result<Record, RunError> {
    let begun = Instant::now();
    let profile = plan::profile(catalogue, &options.profile)?;
    let levels = profile.levels(&catalogue.requirements);
    let selected = plan::select(catalogue, options)?;
    let (playable, skipped): (Vec<&Case>, Vec<&Case>) =
        selected.iter().partition(|case| choice.can_play(case));
    let controls = plan::controls(catalogue, &playable);
    let world = Arc::new(World::build(catalogue, options).await?);
    let mut relay = start::start(&world, &choice, options).await?;
    if options.keep
        && let Some(directory) = relay.files()
    {
        watch.kept(directory);
    }
    let mut desk = Desk::new(catalogue, &levels);
    let mut records: BTreeMap<&str, CaseRecord> =
        skipped.iter().map(|case| (case.id.as_str(), desk.skipped(&choice, case))).collect();
    watch.begins(playable.len());
    let stage = Stage { world: &world, choice: &choice, jobs: options.jobs };
    let playing = async {
        let first = [&controls[..], &playable[..]].concat();
        let mut waiting = playable.clone();
        let mut undecided = Vec::new();
        let mut playing = stage.play(&first, 0);
        while let Some((id, played)) = playing.next().await? {
            desk.take(id, played);
            waiting.retain(|case| match desk.record(case) {
                None => true,
                Some(record) if record.verdict == Verdict::Inconclusive => {
                    undecided.push(*case);
                    false
                }
                Some(record) => {
                    watch.judged(&record);
                    records.insert(&case.id, record);
                    false
                }
            });
        }
        let mut again = plan::controls(catalogue, &undecided);
        again.extend(&undecided);
        let mut playing = stage.play(&again, first.len());
        while let Some((id, played)) = playing.next().await? {
            desk.take(id, played);
        }
        for case in undecided {
            if let Some(record) = desk.record(case) {
                watch.judged(&record);
                records.insert(&case.id, record);
            }
        }
        Ok::<(), RunError>(())
    };
    let early = tokio::select! {
        done = playing => done.map(|()| None)?,
        () = interrupted => Some((Verdict::Inconclusive, "The run was interrupted.".to_owned())),
        tail = relay.ended() => Some((Verdict::Error, format!("The relay ended by itself: {tail}"))),
    };
    relay.stop().await;
    if let Some((verdict, reason)) = early {
        for case in playable {
            records.entry(&case.id).or_insert_with(|| desk.unfinished(case, verdict, &reason));
        }
    }
    let cases: Vec<CaseRecord> =
        selected.iter().filter_map(|case| records.remove(case.id.as_str())).collect();
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

/// What cases are played on.
struct Stage<'a> {
    world: &'a Arc<World>,
    choice: &'a Choice,
    jobs: Option<usize>,
}

/// Cases that are being played side by side.
struct Playing(JoinSet<(String, Played)>);

impl Stage<'_> {
    /// Starts playing; the first gets the number after `numbered`.
    fn play(&self, cases: &[&Case], numbered: usize) -> Playing {
        let jobs = self.jobs.unwrap_or_else(|| self.choice.concurrency()).max(1);
        let gate = Arc::new(Semaphore::new(jobs));
        let mut tasks = JoinSet::new();
        for (number, case) in cases.iter().enumerate() {
            let (world, gate, case) = (Arc::clone(self.world), Arc::clone(&gate), (*case).clone());
            let limit = self.choice.limit();
            tasks.spawn(async move {
                // The semaphore is never closed.
                let _permit = gate.acquire_owned().await;
                let begun = Instant::now();
                let (names, trace) = play::play(&world, &case, numbered + number + 1, limit).await;
                (case.id, Played { names, trace, duration: begun.elapsed() })
            });
        }
        Playing(tasks)
    }
}

impl Playing {
    async fn next(&mut self) -> Result<Option<(String, Played)>, RunError> {
        let done = self.0.join_next().await.transpose();
        done.map_err(|error| RunError::Broke(error.to_string()))
    }
}
