//! Plays all cases once side by side, then again what has to be seen twice, then alone what the
//! machine was too late for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use waxseal_model::facts::Engine;
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;
use waxseal_model::verdict::Verdict;

use super::desk::{Desk, Played};
use super::gate::Gate;
use super::heartbeat::Heartbeat;
use super::open::Open;
use super::play::{self, Way};
use super::start::{Choice, Relay};
use super::world::World;
use super::{Options, RunError, Watch, doubt, opinion, plan};
use crate::catalogue::Catalogue;

/// Plays everything, and again what is not decided by that.
pub(super) async fn play_all<'a>(
    catalogue: &'a Catalogue,
    playable: &[&'a Case],
    stage: &Stage<'_>,
    desk: &mut Desk<'a>,
    watch: &dyn Watch,
    records: &mut BTreeMap<&'a str, CaseRecord>,
) -> Result<(), RunError> {
    let controls = plan::controls(catalogue, playable);
    let mut numbered = 0;
    // Others are paired with these, and need what was played of them.
    let paired: BTreeSet<String> = playable.iter().map(|case| case.control_id()).collect();
    let first = [&controls[..], playable].concat().into_iter().map(Turn::of).collect::<Vec<_>>();
    let mut waiting = playable.to_vec();
    let (mut again, mut doubted) = (Vec::new(), Vec::new());
    let mut playing = stage.play(&first, &mut numbered);
    while let Some((id, _, played)) = playing.next().await? {
        desk.take(id, played);
        let mut finished = Vec::new();
        waiting.retain(|case| {
            let Some((record, lateness)) = desk.record(case) else { return true };
            let late = doubt::too_late(&record, lateness);
            if !late && let Some(engine) = stage.other_engine(case, &record) {
                doubted.push((*case, engine, record));
            } else if doubt::open(&record, lateness) {
                again.push((*case, record, late));
            } else {
                watch.judged(&record);
                records.insert(&case.id, record);
                finished.push(*case);
            }
            false
        });
        let done = finished.into_iter().filter(|case| !paired.contains(&case.id));
        done.for_each(|case| desk.release(case));
    }
    drop(playing);
    if !again.is_empty() {
        stage.heartbeat.calm().await;
    }
    let cases: Vec<&Case> = again.iter().map(|(case, ..)| *case).collect();
    let mut turns: Vec<Turn<'_>> =
        plan::controls(catalogue, &cases).into_iter().map(Turn::of).collect();
    turns.extend(cases.into_iter().map(Turn::of));
    turns.extend(doubted.iter().map(|(case, engine, _)| Turn { case, engine: Some(*engine) }));
    let mut playing = stage.play(&turns, &mut numbered);
    let mut seconds: BTreeMap<String, Played> = BTreeMap::new();
    while let Some((id, engine, played)) = playing.next().await? {
        match engine {
            None => desk.take(id, played),
            Some(_) => drop(seconds.insert(id, played)),
        }
    }
    drop(playing);
    let mut done = |case: &'a Case, record: CaseRecord| {
        watch.judged(&record);
        records.insert(&case.id, record);
    };
    for (case, engine, record) in doubted {
        let other = seconds.get(&case.id).map(|played| desk.judge(case, played));
        // Plaintext that was seen once was sent, whatever the other engine sees.
        let leaked = doubt::leaked(case, &record.trace.events);
        done(case, if leaked { record } else { opinion::settle(record, engine, other) });
    }
    let mut alone = Vec::new();
    for (case, first, late) in again {
        let Some((second, lateness)) = desk.record(case) else { continue };
        if doubt::too_late(&second, lateness) {
            alone.push(case);
        } else {
            done(case, doubt::settle(case, first, late, second));
        }
    }
    for case in alone {
        stage.heartbeat.calm().await;
        let mut playing = stage.play(&[Turn::of(case)], &mut numbered);
        while let Some((id, _, played)) = playing.next().await? {
            desk.take(id, played);
        }
        let Some((record, lateness)) = desk.record(case) else { continue };
        done(case, doubt::at_last(case, record, lateness));
    }
    Ok(())
}

/// One case to be played.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
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
pub(super) struct Stage<'a> {
    world: &'a Arc<World>,
    open: Arc<Open>,
    gate: Gate,
    heartbeat: Arc<Heartbeat>,
    way: Way,
}

/// Cases that are being played side by side.
struct Playing(JoinSet<(String, Option<Engine>, Played)>);

impl<'a> Stage<'a> {
    pub(super) fn new(
        world: &'a Arc<World>,
        choice: &Choice,
        relay: &Relay,
        options: &Options,
        open: Arc<Open>,
    ) -> Self {
        let way = Way { limit: choice.limit(), evidence: relay.evidence(), engine: options.engine };
        let most = choice.concurrency();
        let jobs = options.jobs.map_or(most, |jobs| jobs.min(most)).max(1);
        let heartbeat = Arc::new(Heartbeat::start());
        let gate = Gate::open(jobs, Arc::clone(&heartbeat));
        Self { world, open, gate, heartbeat, way }
    }

    /// Starts playing; each turn gets the next number of the run.
    fn play(&self, turns: &[Turn<'_>], numbered: &mut usize) -> Playing {
        let mut tasks = JoinSet::new();
        for turn in turns {
            *numbered += 1;
            let (number, entrance) = (*numbered, self.gate.entrance());
            let (world, open, case) =
                (Arc::clone(self.world), Arc::clone(&self.open), turn.case.clone());
            let heartbeat = Arc::clone(&self.heartbeat);
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
                let _inside = entrance.enter().await;
                let begun = Instant::now();
                let (names, heard) = play::play(&world, &case, number, &way).await;
                let lateness = heartbeat.worst_since(begun);
                let duration: Duration = begun.elapsed();
                let trace = heard.trace.clone();
                open.keep(&case, &names, heard);
                (case.id, engine, Played { names, trace, duration, lateness })
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
