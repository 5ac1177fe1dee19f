//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod desk;
mod driven;
mod ending;
mod hops;
mod lateness;
mod opinion;
mod outbound;
mod own;
mod plan;
mod play;
mod start;
mod starttls;
mod whole;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use waxseal_model::domain::DomainRecord;
use waxseal_model::facts::Engine;
use waxseal_model::record::{CaseRecord, Record, RelayName, SCHEMA, Summary, Verdict};
use waxseal_model::scenario::Case;
use waxseal_model::trace::Place;

pub use own::{Own, Route, Rule, connector_of};
pub use plan::RunError;
pub use play::names;
pub use start::Choice;
pub use starttls::{CheckOptions, Checked, starttls_checks};

use crate::catalogue::Catalogue;
use crate::lab::Sandbox;
use desk::{Desk, Played};
use play::Way;
use start::Relay;
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
    /// The engine that our peers use; `None`: each what suits it, and a finding of one is checked
    /// with the other.
    pub engine: Option<Engine>,
    /// The private network, if `lab::sandbox::enter` has made one.
    pub sandbox: Option<Sandbox>,
    /// The user's own configuration, if that is under test instead of the driver's.
    pub own: Option<Own>,
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
            engine: None,
            sandbox: None,
            own: None,
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
    /// The lab sets this in the user's own configuration.
    fn overridden(&self, _line: &str) {}
    /// With the user's own configuration the relay looked for this host, and nobody plays it.
    fn unplayed(&self, _host: &str) {}
    /// One of them has its verdict.
    fn judged(&self, _case: &CaseRecord) {}
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {}

/// Plays the selected cases and judges them. A case that stays undecided is played once more, and a
/// failure that shows in TLS is played with the other engine too, where that can play it.
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
    let own = options.own.as_ref().map(|own| own.catalogue(catalogue));
    let catalogue = own.as_ref().unwrap_or(catalogue);
    let selected = plan::select(catalogue, options)?;
    let world = Arc::new(World::build(catalogue, options).await?);
    let lacking = |case: &Case| {
        choice
            .lacks(case)
            .or_else(|| world.lacks(case, options.engine))
            .or_else(|| options.own.as_ref().and_then(|_| Own::lacks(case)))
    };
    let mut desk = Desk::new(catalogue, &levels);
    let mut records: BTreeMap<&str, CaseRecord> = BTreeMap::new();
    let mut playable: Vec<&Case> = Vec::new();
    for case in &selected {
        match lacking(case) {
            Some(reason) => drop(records.insert(&case.id, desk.skipped(case, reason))),
            None => playable.push(case),
        }
    }
    let mut relay = start::start(&world, &choice, options, watch).await?;
    if options.keep
        && let Some(directory) = relay.files()
    {
        watch.kept(directory);
    }
    watch.begins(playable.len());
    let stage = Stage::new(&world, &choice, &relay, options);
    let playing = play_all(catalogue, &playable, &stage, &mut desk, watch, &mut records);
    let early = tokio::select! {
        done = playing => done.map(|()| None)?,
        () = interrupted => Some((Verdict::Inconclusive, "The run was interrupted.".to_owned())),
        tail = relay.ended() => Some((Verdict::Error, format!("The relay ended by itself: {tail}"))),
    };
    relay.stop().await;
    let stranded = |record: &CaseRecord| {
        let met = record.trace.events.iter().any(|event| matches!(event.place, Place::Peer { .. }));
        record.domain.is_some() && record.verdict == Verdict::Inconclusive && !met
    };
    if records.values().any(stranded) {
        world.unplayed().iter().for_each(|host| watch.unplayed(host));
    }
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
        relay: RelayName {
            name: choice.name(),
            version: choice.version(),
            config: options.own.as_ref().map(|own| own.config.to_string_lossy().into_owned()),
        },
        profile: options.profile.clone(),
        summary: Summary::of(cases.iter().map(|case| &case.verdict)),
        requirements: Record::requirement_status(&levels, &cases),
        domains: DomainRecord::of(&cases),
        cases,
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Plays everything once, then what has to be played again.
async fn play_all<'a>(
    catalogue: &'a Catalogue,
    playable: &[&'a Case],
    stage: &Stage<'_>,
    desk: &mut Desk<'a>,
    watch: &dyn Watch,
    records: &mut BTreeMap<&'a str, CaseRecord>,
) -> Result<(), RunError> {
    let controls = plan::controls(catalogue, playable);
    let first: Vec<Turn<'_>> =
        [&controls[..], playable].concat().into_iter().map(Turn::of).collect();
    let mut waiting = playable.to_vec();
    let (mut undecided, mut doubted) = (Vec::new(), Vec::new());
    let mut playing = stage.play(&first, 0);
    while let Some((id, _, played)) = playing.next().await? {
        desk.take(id, played);
        waiting.retain(|case| {
            let Some(record) = desk.record(case) else { return true };
            if record.verdict == Verdict::Inconclusive {
                undecided.push(*case);
            } else if let Some(engine) = stage.other_engine(case, &record) {
                doubted.push((*case, engine, record));
            } else {
                watch.judged(&record);
                records.insert(&case.id, record);
            }
            false
        });
    }
    let mut again: Vec<Turn<'_>> =
        plan::controls(catalogue, &undecided).into_iter().map(Turn::of).collect();
    again.extend(undecided.iter().copied().map(Turn::of));
    again.extend(doubted.iter().map(|(case, engine, _)| Turn { case, engine: Some(*engine) }));
    let mut playing = stage.play(&again, first.len());
    let mut seconds: BTreeMap<String, Played> = BTreeMap::new();
    while let Some((id, engine, played)) = playing.next().await? {
        match engine {
            None => desk.take(id, played),
            Some(_) => drop(seconds.insert(id, played)),
        }
    }
    let again = undecided.into_iter().filter_map(|case| Some((case, desk.record(case)?)));
    let second = doubted.into_iter().map(|(case, engine, record)| {
        let other = seconds.get(&case.id).map(|played| desk.judge(case, played));
        (case, opinion::settle(record, engine, other))
    });
    for (case, record) in again.chain(second) {
        watch.judged(&record);
        records.insert(&case.id, record);
    }
    Ok(())
}

/// One case to be played.
#[derive(Clone, Copy)]
struct Turn<'a> {
    case: &'a Case,
    /// The engine it is played with, where it is a second opinion.
    engine: Option<Engine>,
}

impl<'a> Turn<'a> {
    fn of(case: &'a Case) -> Self {
        Self { case, engine: None }
    }
}

/// What cases are played on.
struct Stage<'a> {
    world: &'a Arc<World>,
    jobs: usize,
    way: Way,
}

/// Cases that are being played side by side.
struct Playing(JoinSet<(String, Option<Engine>, Played)>);

impl<'a> Stage<'a> {
    fn new(world: &'a Arc<World>, choice: &Choice, relay: &Relay, options: &Options) -> Self {
        let way = Way { limit: choice.limit(), evidence: relay.evidence(), engine: options.engine };
        let most = choice.concurrency();
        Self { world, jobs: options.jobs.map_or(most, |jobs| jobs.min(most)).max(1), way }
    }

    /// Starts playing; the first gets the number after `numbered`.
    fn play(&self, turns: &[Turn<'_>], numbered: usize) -> Playing {
        let gate = Arc::new(Semaphore::new(self.jobs));
        let mut tasks = JoinSet::new();
        for (number, turn) in turns.iter().enumerate() {
            let (world, gate, case) =
                (Arc::clone(self.world), Arc::clone(&gate), turn.case.clone());
            let (engine, mut way) = (turn.engine, self.way.clone());
            way.engine = engine.or(way.engine);
            tasks.spawn(async move {
                // What is one domain or host of the user's plays one case at a time, without holding
                // a place.
                let turn = case.shared_name().map(|name| world.turn(name));
                let _turn = match turn {
                    Some(turn) => Some(turn.lock_owned().await),
                    None => None,
                };
                // The semaphore is never closed.
                let _permit = gate.acquire_owned().await;
                let begun = Instant::now();
                let (names, trace) = play::play(&world, &case, numbered + number + 1, &way).await;
                (case.id, engine, Played { names, trace, duration: begun.elapsed() })
            });
        }
        Playing(tasks)
    }

    /// The engine that a failure is played with once more, if it shows in TLS and that can play it.
    fn other_engine(&self, case: &Case, record: &CaseRecord) -> Option<Engine> {
        if record.verdict != Verdict::Fail || self.way.engine.is_some() {
            return None;
        }
        let engine = opinion::other(opinion::played_by(&record.trace)?);
        self.world.lacks(case, Some(engine)).is_none().then_some(engine)
    }
}

impl Playing {
    async fn next(&mut self) -> Result<Option<(String, Option<Engine>, Played)>, RunError> {
        let done = self.0.join_next().await.transpose();
        done.map_err(|error| RunError::Broke(error.to_string()))
    }
}
