//! Hears everything and writes it down in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use waxseal_model::trace::{Event, Happening, Place, Trace};

use super::budget::{Kept, Pool};

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

    /// What was heard so far.
    pub fn trace(&self) -> Trace {
        let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        Trace { events: events.all() }
    }

    /// Time since the case began.
    pub fn elapsed(&self) -> Duration {
        self.shared.start.elapsed()
    }

    /// Waits until the trace satisfies `done`, or `calm` says since when nothing is expected to
    /// happen any more and that is `settle` ago, at most until `limit` after the case began.
    pub async fn wait_until(
        &self,
        limit: Duration,
        settle: Option<Duration>,
        done: impl Fn(&[Event]) -> bool,
        calm: impl Fn(&[Event]) -> Option<Duration>,
    ) -> Waited {
        loop {
            let news = self.shared.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let settled = {
                let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
                if done(&events) {
                    return Waited::Done;
                }
                settle.and_then(|settle| calm(&events).map(|since| since + settle))
            };
            let until = settled.map_or(limit, |settled| settled.min(limit));
            if tokio::time::timeout_at(self.shared.start + until, news).await.is_err() {
                return if until < limit { Waited::Settled } else { Waited::TooLong };
            }
        }
    }
}

/// How waiting for the end of a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The trace says what was waited for.
    Done,
    /// Nothing more happened for the time after which silence counts.
    Settled,
    /// The time allowed for the case is over.
    TooLong,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
