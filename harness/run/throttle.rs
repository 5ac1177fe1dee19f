//! How many cases are played at once, in the order in which they asked: fewer while answers come late.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
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
}

struct State {
    inside: usize,
    allowed: usize,
    waiting: VecDeque<oneshot::Sender<Inside>>,
}

/// A place inside; it is free again when this is dropped.
pub(super) struct Inside(Arc<Doors>);

impl Throttle {
    /// Opens for `most` cases at once.
    pub(super) fn open(most: usize, heartbeat: Arc<Heartbeat>) -> Self {
        let state = Mutex::new(State { inside: 0, allowed: most, waiting: VecDeque::new() });
        let doors = Arc::new(Doors { most, state });
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
    /// Gets into the line at once. What comes is the place inside; none comes if the doors are gone.
    pub(super) fn ask(&self) -> oneshot::Receiver<Inside> {
        let (give, get) = oneshot::channel();
        self.0.state().waiting.push_back(give);
        self.0.admit();
        get
    }
}

impl Doors {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adapts to how late the pulse was.
    fn adapt(self: &Arc<Self>, late: Duration) {
        let mut state = self.state();
        if late >= LATE {
            state.allowed = (state.allowed / 2).max(FEWEST.min(self.most));
        } else if late <= PROMPT {
            state.allowed = (state.allowed + state.allowed / 4 + 1).min(self.most);
        }
        drop(state);
        self.admit();
    }

    /// Lets in whoever asked first, as long as there is room.
    fn admit(self: &Arc<Self>) {
        while let Some(next) = self.next() {
            // Whoever does not want it any more drops it, and it is free again.
            drop(next.send(Inside(Arc::clone(self))));
        }
    }

    /// The first in line, if there is room; it counts as inside from now on.
    fn next(&self) -> Option<oneshot::Sender<Inside>> {
        let mut state = self.state();
        if state.inside >= state.allowed {
            return None;
        }
        // Some do not wait any more.
        let next =
            std::iter::from_fn(|| state.waiting.pop_front()).find(|next| !next.is_closed())?;
        state.inside += 1;
        Some(next)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.admit();
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
    async fn whoever_leaves_makes_room_for_the_first_that_asked() {
        let throttle = Throttle::open(1, Arc::new(Heartbeat::start()));
        let line = throttle.entrance();
        let (first, gone) = (line.ask().await.unwrap(), line.ask());
        let (mut second, mut third) = (line.ask(), line.ask());
        drop(gone);
        assert!(second.try_recv().is_err());
        drop(first);
        let second = second.await.unwrap();
        assert!(third.try_recv().is_err());
        drop(second);
        third.await.unwrap();
    }
}
