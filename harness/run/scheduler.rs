//! Plays attempts side by side, as many at once as the relay and this machine bear.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use waxseal_model::facts::Engine;
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;
use waxseal_model::verdict::Verdict;

use super::handover::Task;
use super::heartbeat::Heartbeat;
use super::opinion;
use super::player::Player;
use super::remote::Remote;
use super::results::Played;
use super::seats::{Seat, Seats};
use super::throttle::{Entrance, Inside, Throttle};
use super::{RunError, RunOptions};
use crate::relay::Pace;
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

/// Plays the cases of one run: here, and on the instances beside.
pub(super) struct Scheduler {
    player: Player,
    seats: Arc<Seats<Arc<Remote>>>,
    /// What this relay bears.
    here: Throttle,
    /// What this machine bears.
    all: Throttle,
    pub(super) heartbeat: Arc<Heartbeat>,
    remembers: Duration,
}

/// Cases that are being played side by side.
pub(super) struct Playing(JoinSet<(String, Option<Engine>, Played)>);

impl Scheduler {
    /// `instances` are all that there will be, with the one of this process.
    pub(super) fn new(
        player: Player,
        seats: &Arc<Seats<Arc<Remote>>>,
        instances: usize,
        pace: Pace,
        options: &RunOptions,
    ) -> Self {
        let heartbeat = Arc::clone(&player.heartbeat);
        let open = |most: usize| {
            let jobs = options.jobs.map_or(most, |jobs| jobs.min(most)).max(1);
            Throttle::open(jobs, Arc::clone(&heartbeat))
        };
        let most = pace.concurrency;
        let (here, all) = (open(most), open(most.saturating_mul(instances)));
        let (seats, remembers) = (Arc::clone(seats), pace.remembers);
        Self { player, seats, here, all, heartbeat, remembers }
    }

    /// Starts playing; each attempt gets the next number of the run. Those that share a name of the
    /// user's take turns in this order.
    pub(super) fn play(&self, attempts: &[Attempt<'_>], numbered: &mut usize) -> Playing {
        let mut tasks = JoinSet::new();
        for attempt in attempts {
            *numbered += 1;
            let way = Way {
                player: self.player.clone(),
                seats: Arc::clone(&self.seats),
                here: self.here.entrance(),
                all: self.all.entrance(),
                case: attempt.case.clone(),
                number: *numbered,
                engine: attempt.engine,
                remembers: self.remembers,
            };
            // A line is joined before its task runs, so that attempts are played in their order.
            let line = match attempt.case.shared_name() {
                Some(name) => Line::Name(self.seats.ask(name)),
                None => Line::Here(way.here.ask()),
            };
            tasks.spawn(async move {
                let (id, engine) = (way.case.id.clone(), way.engine);
                let played = match line {
                    Line::Name(seat) => way.play_alone_with_name(seat).await,
                    Line::Here(place) => way.play_in(place).await,
                };
                (id, engine, played)
            });
        }
        Playing(tasks)
    }

    /// The engine that a failure is played with once more, if it shows in TLS and that can play it.
    pub(super) fn other_engine(&self, case: &Case, record: &CaseRecord) -> Option<Engine> {
        if record.verdict != Verdict::Fail || self.player.options.engine.is_some() {
            return None;
        }
        let engine = opinion::other(opinion::played_by(&record.trace)?);
        self.player.lab.lacks(case, Some(engine)).is_none().then_some(engine)
    }
}

/// Where an attempt waits until it is played.
enum Line {
    /// For an instance on which nobody plays with the same name of the user's.
    Name(oneshot::Receiver<Seat<Arc<Remote>>>),
    /// For a place on the instance of this process.
    Here(oneshot::Receiver<Inside>),
}

/// The way of one attempt.
struct Way {
    player: Player,
    seats: Arc<Seats<Arc<Remote>>>,
    here: Entrance,
    all: Entrance,
    case: Case,
    number: usize,
    engine: Option<Engine>,
    remembers: Duration,
}

impl Way {
    /// On the instance of this process.
    async fn play_here(&self) -> Played {
        self.play_in(self.here.ask()).await
    }

    /// The same, with the place that was asked for.
    async fn play_in(&self, place: oneshot::Receiver<Inside>) -> Played {
        let _here = place.await;
        let _all = self.all.ask().await;
        self.player.play(&self.case, self.number, self.engine).await
    }

    /// What is one domain or host of the user's plays one case at a time on each instance. It waits for
    /// one without holding a place.
    async fn play_alone_with_name(&self, seat: oneshot::Receiver<Seat<Arc<Remote>>>) -> Played {
        let mut next = seat.await.ok();
        loop {
            let Some(seat) = next else { return self.play_here().await };
            let played = match &seat.remote {
                None => Some(self.play_here().await),
                Some(remote) => self.play_there(remote).await,
            };
            if let Some(played) = played {
                // What the relay remembers of this case must not pass for the next one's.
                let remembers = self.remembers;
                tokio::spawn(async move {
                    pause(remembers).await;
                    drop(seat);
                });
                return played;
            }
            // That instance has ended.
            seat.lose();
            self.seats.admit_here();
            let name = self.case.shared_name().unwrap_or_default();
            next = self.seats.ask(name).await.ok();
        }
    }

    /// On another instance; `None`: it has ended. Its process plays, and what is known of all instances
    /// is known here.
    async fn play_there(&self, remote: &Remote) -> Option<Played> {
        let lab = &self.player.lab;
        if lab.quiet.holds(&self.case).is_some() {
            // It is not played at all.
            return Some(self.play_here().await);
        }
        let _all = self.all.ask().await;
        let task = Task { case: self.case.id.clone(), number: self.number, engine: self.engine };
        let done = remote.play(&task).await?;
        lab.quiet.take(&self.case, &done.played.trace);
        lab.also_unplayed(done.unplayed);
        Some(done.played)
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
