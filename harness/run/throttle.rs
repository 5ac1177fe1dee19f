//! How many cases are played at once: fewer while answers come late.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::heartbeat::Heartbeat;

/// How often it is looked at the pulse.
const LOOK: Duration = Duration::from_millis(200);
/// A pulse so late means that too much is going on.
const LATE: Duration = Duration::from_millis(250);
/// A pulse so late, or less, means that there is room.
const PROMPT: Duration = Duration::from_millis(100);
/// As many cases are always played at once, if the relay allows them.
const FEWEST: usize = 4;

/// Lets a number of cases in at once, and fewer while this process runs late.
pub(super) struct Throttle {
    doors: Arc<Doors>,
    watching: JoinHandle<()>,
}

struct Doors {
    most: usize,
    state: Mutex<State>,
    news: Notify,
}

struct State {
    inside: usize,
    allowed: usize,
}

/// A place inside; it is free again when this is dropped.
pub(super) struct Inside(Arc<Doors>);

impl Throttle {
    /// Opens for `most` cases at once.
    pub(super) fn open(most: usize, heartbeat: Arc<Heartbeat>) -> Self {
        let state = Mutex::new(State { inside: 0, allowed: most });
        let doors = Arc::new(Doors { most, state, news: Notify::new() });
        let watching = tokio::spawn(watch(Arc::clone(&doors), heartbeat));
        Self { doors, watching }
    }

    /// A way in that can be handed to a task.
    pub(super) fn entrance(&self) -> Entrance {
        Entrance(Arc::clone(&self.doors))
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// A way in.
#[derive(Clone)]
pub(super) struct Entrance(Arc<Doors>);

impl Entrance {
    /// Waits for a place inside.
    pub(super) async fn enter(self) -> Inside {
        loop {
            let news = self.0.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let mut state = self.0.state();
                if state.inside < state.allowed {
                    state.inside += 1;
                    return Inside(Arc::clone(&self.0));
                }
            }
            news.await;
        }
    }
}

impl Doors {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adapts to how late the pulse was.
    fn adapt(&self, late: Duration) {
        let mut state = self.state();
        if late >= LATE {
            state.allowed = (state.allowed / 2).max(FEWEST.min(self.most));
        } else if late <= PROMPT {
            state.allowed = (state.allowed + state.allowed / 4 + 1).min(self.most);
        }
        drop(state);
        self.news.notify_waiters();
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.news.notify_waiters();
    }
}

async fn watch(doors: Arc<Doors>, heartbeat: Arc<Heartbeat>) {
    loop {
        let begun = Instant::now();
        sleep(LOOK).await;
        doors.adapt(heartbeat.worst_since(begun));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fewer_are_let_in_while_it_is_late_and_more_again_once_it_is_not() {
        let throttle = Throttle::open(16, Arc::new(Heartbeat::start()));
        let allowed = || throttle.doors.state().allowed;
        throttle.doors.adapt(Duration::from_millis(300));
        assert_eq!(allowed(), 8);
        (0..9).for_each(|_| throttle.doors.adapt(Duration::from_secs(2)));
        assert_eq!(allowed(), FEWEST);
        (0..20).for_each(|_| throttle.doors.adapt(Duration::ZERO));
        assert_eq!(allowed(), 16);
    }

    #[tokio::test]
    async fn whoever_leaves_makes_room_for_the_next() {
        let throttle = Throttle::open(1, Arc::new(Heartbeat::start()));
        let first = throttle.entrance().enter().await;
        let second = tokio::spawn(throttle.entrance().enter());
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
    }
}
