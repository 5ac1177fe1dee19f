//! Hears everything and writes it down in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use waxseal_model::trace::{Event, Happening, Place, Trace};

use super::budget::{Kept, Pool};
use crate::wire::attention::Allowance;

/// After a gap of this length in our own attention, silence is counted anew.
const GAP: Duration = Duration::from_millis(500);

/// The trace of one case while it is played. Clones write into the same trace.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    events: Mutex<Kept>,
    news: Notify,
}

impl Recorder {
    /// Begins a trace now.
    pub fn new() -> Self {
        Self::within(&Pool::default())
    }

    /// Begins a trace that shares with others what may be kept beyond a share.
    pub fn within(pool: &Pool) -> Self {
        Self::keeping(Kept::new(Some(pool.clone())))
    }

    /// Keeps nothing: for peers that belong to no case.
    pub fn deaf() -> Self {
        Self::keeping(Kept::new(None))
    }

    fn keeping(kept: Kept) -> Self {
        Self {
            shared: Arc::new(Shared {
                start: Instant::now(),
                events: Mutex::new(kept),
                news: Notify::new(),
            }),
        }
    }

    /// Writes down that something happened now.
    pub fn note(&self, place: Place, kind: Happening) {
        let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(Event { at: self.shared.start.elapsed(), place, kind });
        drop(events);
        self.shared.news.notify_waiters();
    }

    /// Whether anything is kept.
    pub fn keeps(&self) -> bool {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).keeps()
    }

    /// Whether the case has used up what may be kept of it: nothing more of it can be judged.
    pub fn spent(&self) -> bool {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).spent()
    }

    /// The trace so far.
    pub fn trace(&self) -> Trace {
        let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        Trace { events: events.all() }
    }

    /// Forgets the trace so far: what comes from now on is a trace of its own, with a share of
    /// its own.
    pub fn forget(&self) {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }

    /// Time since the case began.
    pub fn elapsed(&self) -> Duration {
        self.shared.start.elapsed()
    }

    /// Waits until the trace satisfies `done`, or `calm` says since when nothing is expected to
    /// happen any more and we have listened for `settle` from then on, at most as long as `limit`
    /// allows.
    ///
    /// Only time in which this process was scheduled counts. After a gap of half a second it listens
    /// anew for the whole of `settle`: whoever was not there cannot say that nothing was said.
    pub async fn wait_until(
        &self,
        limit: &mut Allowance,
        settle: Option<Duration>,
        done: impl Fn(&[Event]) -> bool,
        calm: impl Fn(&[Event]) -> Option<Duration>,
    ) -> Waited {
        let mut quiet: Option<(Duration, Allowance)> = None;
        loop {
            let news = self.shared.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let since = {
                let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
                if done(&events) {
                    return Waited::Done;
                }
                settle.and_then(|settle| Some((calm(&events)?, settle)))
            };
            quiet = since.map(|(since, settle)| match quiet.take() {
                Some((before, counted)) if before == since => (since, counted),
                _ => (since, Allowance::new(settle)),
            });
            if quiet.as_ref().is_some_and(|(_, counted)| counted.left().is_zero()) {
                return Waited::Settled;
            }
            if limit.left().is_zero() {
                return Waited::TooLong;
            }
            let tick = quiet
                .as_ref()
                .map_or(limit.next_tick(), |(_, quiet)| quiet.next_tick().min(limit.next_tick()));
            let begun = Instant::now();
            // What came is seen above.
            let _ = timeout(tick, news).await;
            let took = begun.elapsed();
            limit.count(tick, took);
            if let Some((_, counted)) = &mut quiet {
                counted.count(tick, took);
            }
            if took >= tick + GAP {
                quiet = None;
            }
        }
    }
}

/// How waiting for the end of a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The trace says what was waited for.
    Done,
    /// Nothing more happened for the time after which silence counts, while we listened.
    Settled,
    /// The time allowed for the case is over.
    TooLong,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
