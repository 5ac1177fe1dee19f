//! Plays attempts side by side, as many at once as the relay and this machine bear.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinSet;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;
use waxseal_model::facts::Engine;
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;
use waxseal_model::verdict::Verdict;

use super::heartbeat::Heartbeat;
use super::lab::{Alone, Lab};
use super::open::Open;
use super::opinion;
use super::options::PlayOptions;
use super::play;
use super::results::Played;
use super::throttle::Throttle;
use super::{RunError, RunOptions};
use crate::relay::{Evidence, Pace};
use crate::wire::attention::pause;

/// One case to be played.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) case: &'a Case,
    /// The engine it is played with, where it is a second opinion.
    pub(super) engine: Option<Engine>,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(case: &'a Case) -> Self {
        Self { case, engine: None }
    }
}

/// Plays the cases of one run on its lab.
pub(super) struct Scheduler<'a> {
    lab: &'a Arc<Lab>,
    open: Arc<Open>,
    throttle: Throttle,
    pub(super) heartbeat: Arc<Heartbeat>,
    options: PlayOptions,
    remembers: Duration,
}

/// Cases that are being played side by side.
pub(super) struct Playing(JoinSet<(String, Option<Engine>, Played)>);

impl<'a> Scheduler<'a> {
    pub(super) fn new(
        lab: &'a Arc<Lab>,
        pace: Pace,
        evidence: Evidence,
        options: &RunOptions,
        open: Arc<Open>,
    ) -> Self {
        let most = pace.concurrency;
        let jobs = options.jobs.map_or(most, |jobs| jobs.min(most)).max(1);
        let options = PlayOptions { limit: pace.limit, evidence, engine: options.engine };
        let heartbeat = Arc::new(Heartbeat::start());
        let throttle = Throttle::open(jobs, Arc::clone(&heartbeat));
        Self { lab, open, throttle, heartbeat, options, remembers: pace.remembers }
    }

    /// Starts playing; each attempt gets the next number of the run. Those that share a name of the
    /// user's take turns in this order.
    pub(super) fn play(&self, attempts: &[Attempt<'_>], numbered: &mut usize) -> Playing {
        let mut tasks = JoinSet::new();
        for attempt in attempts {
            *numbered += 1;
            let (number, entrance) = (*numbered, self.throttle.entrance());
            let (lab, open, case) =
                (Arc::clone(self.lab), Arc::clone(&self.open), attempt.case.clone());
            let heartbeat = Arc::clone(&self.heartbeat);
            // What is one domain or host of the user's plays one case at a time, in the order of the
            // attempts.
            let turn = case.shared_name().map(|name| turn(lab.alone_with(name)));
            let (engine, mut options) = (attempt.engine, self.options.clone());
            options.engine = engine.or(options.engine);
            let remembers = self.remembers;
            tasks.spawn(async move {
                // Whoever waits for a turn holds no place.
                let alone = match turn {
                    Some(turn) => Some(turn.await),
                    None => None,
                };
                let _inside = entrance.enter().await;
                let begun = Instant::now();
                let (names, heard) = play::play(&lab, &case, number, &options).await;
                let lateness = heartbeat.worst_since(begun);
                let duration: Duration = begun.elapsed();
                let trace = heard.trace.clone();
                open.keep(&case, &names, heard);
                if let Some(alone) = alone {
                    // What it remembers of this case must not pass for the next one's.
                    tokio::spawn(async move {
                        pause(remembers).await;
                        drop(alone);
                    });
                }
                (case.id, engine, Played { names, trace, duration, lateness })
            });
        }
        Playing(tasks)
    }

    /// The engine that a failure is played with once more, if it shows in TLS and that can play it.
    pub(super) fn other_engine(&self, case: &Case, record: &CaseRecord) -> Option<Engine> {
        if record.verdict != Verdict::Fail || self.options.engine.is_some() {
            return None;
        }
        let engine = opinion::other(opinion::played_by(&record.trace)?);
        self.lab.lacks(case, Some(engine)).is_none().then_some(engine)
    }
}

/// A turn with a name. Its place in the line is taken here: the lock is fair, and to ask is to poll.
fn turn(alone: Arc<Alone>) -> impl Future<Output = OwnedMutexGuard<()>> {
    let mut waiting = Box::pin(unconstrained(alone.lock_owned()));
    let asked = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    async move {
        match asked {
            Poll::Ready(alone) => alone,
            Poll::Pending => waiting.await,
        }
    }
}

impl Playing {
    pub(super) async fn next(
        &mut self,
    ) -> Result<Option<(String, Option<Engine>, Played)>, RunError> {
        let done = self.0.join_next().await.transpose();
        done.map_err(|error| RunError::Broke(error.to_string()))
    }
}
