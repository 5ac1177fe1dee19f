//! Plays all cases once side by side, then again what has to be seen twice, then alone what the
//! machine was too late for.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_model::facts::Engine;
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;

use super::results::{Played, Results};
use super::scheduler::{Attempt, Scheduler};
use super::{Progress, RunError, doubt, opinion, plan};
use crate::catalogue::Catalogue;

/// Plays everything, and again what is not decided by that.
pub(super) async fn play_all<'a>(
    catalogue: &'a Catalogue,
    playable: &[&'a Case],
    scheduler: &Scheduler<'_>,
    results: &mut Results<'a>,
    progress: &dyn Progress,
    records: &mut BTreeMap<&'a str, CaseRecord>,
) -> Result<(), RunError> {
    let mut rounds = Rounds { catalogue, scheduler, results, progress, records, numbered: 0 };
    let open = rounds.first(playable).await?;
    let alone = rounds.again(open).await?;
    rounds.alone(alone).await
}

/// What the rounds of a run share.
struct Rounds<'r, 'a> {
    catalogue: &'a Catalogue,
    scheduler: &'r Scheduler<'r>,
    results: &'r mut Results<'a>,
    progress: &'r dyn Progress,
    records: &'r mut BTreeMap<&'a str, CaseRecord>,
    /// Attempts so far.
    numbered: usize,
}

/// What the first round left open.
#[derive(Default)]
struct Undecided<'a> {
    /// Cases that are played once more, and whether this machine was too late in them.
    again: Vec<(&'a Case, CaseRecord, bool)>,
    /// Cases that are played with the other engine.
    doubted: Vec<(&'a Case, Engine, CaseRecord)>,
}

impl<'a> Rounds<'_, 'a> {
    /// All of them side by side.
    async fn first(&mut self, playable: &[&'a Case]) -> Result<Undecided<'a>, RunError> {
        let controls = plan::controls(self.catalogue, playable);
        // Others are paired with these, and need what was played of them.
        let paired: BTreeSet<String> = playable.iter().map(|case| case.control_id()).collect();
        // Controls before the rest: what a host did in a case may be remembered against it.
        let (first, rest): (Vec<_>, Vec<_>) =
            playable.iter().copied().partition(|case| case.id == case.control_id());
        let attempts: Vec<_> =
            [controls, first, rest].concat().into_iter().map(Attempt::of).collect();
        let mut waiting = playable.to_vec();
        let mut open = Undecided::default();
        let mut playing = self.scheduler.play(&attempts, &mut self.numbered);
        while let Some((id, _, played)) = playing.next().await? {
            self.results.take(id, played);
            let mut finished = Vec::new();
            waiting.retain(|case| {
                let Some((record, lateness)) = self.results.record(case) else { return true };
                let late = doubt::too_late(&record, lateness);
                if !late && let Some(engine) = self.scheduler.other_engine(case, &record) {
                    open.doubted.push((*case, engine, record));
                } else if doubt::open(&record, lateness) {
                    open.again.push((*case, record, late));
                } else {
                    self.progress.judged(&record);
                    self.records.insert(&case.id, record);
                    finished.push(*case);
                }
                false
            });
            let done = finished.into_iter().filter(|case| !paired.contains(&case.id));
            done.for_each(|case| self.results.release(case));
        }
        Ok(open)
    }

    /// What is open, once more; gives the cases in which this machine was too late again.
    async fn again(&mut self, open: Undecided<'a>) -> Result<Vec<&'a Case>, RunError> {
        let Undecided { again, doubted } = open;
        if !again.is_empty() {
            self.scheduler.heartbeat.calm().await;
        }
        let cases: Vec<&Case> = again.iter().map(|(case, ..)| *case).collect();
        let mut attempts: Vec<Attempt<'_>> =
            plan::controls(self.catalogue, &cases).into_iter().map(Attempt::of).collect();
        attempts.extend(cases.into_iter().map(Attempt::of));
        attempts.extend(
            doubted.iter().map(|(case, engine, _)| Attempt { case, engine: Some(*engine) }),
        );
        let mut playing = self.scheduler.play(&attempts, &mut self.numbered);
        let mut seconds: BTreeMap<String, Played> = BTreeMap::new();
        while let Some((id, engine, played)) = playing.next().await? {
            match engine {
                None => self.results.take(id, played),
                Some(_) => drop(seconds.insert(id, played)),
            }
        }
        for (case, engine, record) in doubted {
            let other = seconds.get(&case.id).map(|played| self.results.judge(case, played));
            // Plaintext that was seen once was sent, whatever the other engine sees.
            let leaked = doubt::leaked(case, &record.trace.events);
            self.done(case, if leaked { record } else { opinion::settle(record, engine, other) });
        }
        let mut alone = Vec::new();
        for (case, first, late) in again {
            let Some((second, lateness)) = self.results.record(case) else { continue };
            if doubt::too_late(&second, lateness) {
                alone.push(case);
            } else {
                self.done(case, doubt::settle(case, first, late, second));
            }
        }
        Ok(alone)
    }

    /// One case after another, with nothing beside it.
    async fn alone(&mut self, cases: Vec<&'a Case>) -> Result<(), RunError> {
        for case in cases {
            self.scheduler.heartbeat.calm().await;
            let mut playing = self.scheduler.play(&[Attempt::of(case)], &mut self.numbered);
            while let Some((id, _, played)) = playing.next().await? {
                self.results.take(id, played);
            }
            let Some((record, lateness)) = self.results.record(case) else { continue };
            self.done(case, doubt::at_last(case, record, lateness));
        }
        Ok(())
    }

    fn done(&mut self, case: &'a Case, record: CaseRecord) {
        self.progress.judged(&record);
        self.records.insert(&case.id, record);
    }
}
