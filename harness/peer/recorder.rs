//! Hears everything and writes it down in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use waxseal_model::trace::{Event, Happening, Place, Trace};

/// The trace of one case while it is played. Clones write into the same trace.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    events: Mutex<Vec<Event>>,
    news: Notify,
}

impl Recorder {
    /// Begins a trace now.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                start: Instant::now(),
                events: Mutex::new(Vec::new()),
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

    /// What was heard so far.
    pub fn trace(&self) -> Trace {
        let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        Trace { events: events.clone() }
    }

    /// Time since the case began.
    pub fn elapsed(&self) -> Duration {
        self.shared.start.elapsed()
    }

    /// Waits until the trace satisfies `done`, at most until `limit` after the case began.
    ///
    /// Returns whether it does.
    pub async fn wait_until(&self, limit: Duration, done: impl Fn(&[Event]) -> bool) -> bool {
        let until = self.shared.start + limit;
        loop {
            let news = self.shared.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
                if done(&events) {
                    return true;
                }
            }
            if tokio::time::timeout_at(until, news).await.is_err() {
                return false;
            }
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
