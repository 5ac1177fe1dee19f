//! Plays all cases once side by side, then again what has to be seen twice, then alone what the
//! machine was too late for.

use std::collections::{BTreeMap, BTreeSet};

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
    let controls = plan::controls(catalogue, playable);
    let mut numbered = 0;
    // Others are paired with these, and need what was played of them.
    let paired: BTreeSet<String> = playable.iter().map(|case| case.control_id()).collect();
    let first = [&controls[..], playable].concat().into_iter().map(Attempt::of).collect::<Vec<_>>();
    let mut waiting = playable.to_vec();
    let (mut again, mut doubted) = (Vec::new(), Vec::new());
    let mut playing = scheduler.play(&first, &mut numbered);
    while let Some((id, _, played)) = playing.next().await? {
        results.take(id, played);
        let mut finished = Vec::new();
        waiting.retain(|case| {
            let Some((record, lateness)) = results.record(case) else { return true };
            let late = doubt::too_late(&record, lateness);
            if !late && let Some(engine) = scheduler.other_engine(case, &record) {
                doubted.push((*case, engine, record));
            } else if doubt::open(&record, lateness) {
                again.push((*case, record, late));
            } else {
                progress.judged(&record);
                records.insert(&case.id, record);
                finished.push(*case);
            }
            false
        });
        let done = finished.into_iter().filter(|case| !paired.contains(&case.id));
        done.for_each(|case| results.release(case));
    }
    drop(playing);
    if !again.is_empty() {
        scheduler.heartbeat.calm().await;
    }
    let cases: Vec<&Case> = again.iter().map(|(case, ..)| *case).collect();
    let mut attempts: Vec<Attempt<'_>> =
        plan::controls(catalogue, &cases).into_iter().map(Attempt::of).collect();
    attempts.extend(cases.into_iter().map(Attempt::of));
    attempts
        .extend(doubted.iter().map(|(case, engine, _)| Attempt { case, engine: Some(*engine) }));
    let mut playing = scheduler.play(&attempts, &mut numbered);
    let mut seconds: BTreeMap<String, Played> = BTreeMap::new();
    while let Some((id, engine, played)) = playing.next().await? {
        match engine {
            None => results.take(id, played),
            Some(_) => drop(seconds.insert(id, played)),
        }
    }
    drop(playing);
    let mut done = |case: &'a Case, record: CaseRecord| {
        progress.judged(&record);
        records.insert(&case.id, record);
    };
    for (case, engine, record) in doubted {
        let other = seconds.get(&case.id).map(|played| results.judge(case, played));
        // Plaintext that was seen once was sent, whatever the other engine sees.
        let leaked = doubt::leaked(case, &record.trace.events);
        done(case, if leaked { record } else { opinion::settle(record, engine, other) });
    }
    let mut alone = Vec::new();
    for (case, first, late) in again {
        let Some((second, lateness)) = results.record(case) else { continue };
        if doubt::too_late(&second, lateness) {
            alone.push(case);
        } else {
            done(case, doubt::settle(case, first, late, second));
        }
    }
    for case in alone {
        scheduler.heartbeat.calm().await;
        let mut playing = scheduler.play(&[Attempt::of(case)], &mut numbered);
        while let Some((id, _, played)) = playing.next().await? {
            results.take(id, played);
        }
        let Some((record, lateness)) = results.record(case) else { continue };
        done(case, doubt::at_last(case, record, lateness));
    }
    Ok(())
}
