//! Plays one attempt in this process.

use std::sync::Arc;

use tokio::time::Instant;
use waxseal_model::facts::Engine;
use waxseal_model::scenario::Case;

use super::RunOptions;
use super::heartbeat::Heartbeat;
use super::lab::Lab;
use super::open::Open;
use super::options::PlayOptions;
use super::play;
use super::results::Played;
use crate::relay::{Evidence, Pace};

/// All that plays here. Clones are one and the same.
#[derive(Clone)]
pub(super) struct Player {
    pub(super) lab: Arc<Lab>,
    pub(super) heartbeat: Arc<Heartbeat>,
    pub(super) options: PlayOptions,
    open: Arc<Open>,
}

impl Player {
    pub(super) fn new(
        lab: &Arc<Lab>,
        pace: Pace,
        evidence: Evidence,
        options: &RunOptions,
        open: &Arc<Open>,
    ) -> Self {
        Self {
            lab: Arc::clone(lab),
            heartbeat: Arc::new(Heartbeat::start()),
            options: PlayOptions { limit: pace.limit, evidence, engine: options.engine },
            open: Arc::clone(open),
        }
    }

    /// Plays a case as number `number` of the run; with another engine, where one is given.
    pub(super) async fn play(&self, case: &Case, number: usize, engine: Option<Engine>) -> Played {
        let mut options = self.options.clone();
        options.engine = engine.or(options.engine);
        let begun = Instant::now();
        // On the heap: it is large, and some futures hold it in several places.
        let playing = Box::pin(play::play(&self.lab, case, number, &options));
        let (names, heard) = playing.await;
        let lateness = self.heartbeat.worst_since(begun);
        let duration = begun.elapsed();
        let trace = heard.trace.clone();
        self.open.keep(case, &names, heard);
        Played { names, trace, duration, lateness }
    }
}
