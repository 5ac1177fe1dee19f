//! Whether this process was there all the time: a pulse beside the cases, and what it missed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// The time between two beats.
const BEAT: Duration = Duration::from_millis(25);
/// A beat so much too late is noted.
const NOTED: Duration = Duration::from_millis(50);
/// As many late beats are kept; of older ones the worst.
const KEPT: usize = 4096;
/// The machine is calm after so long without a late beat.
const CALM: Duration = Duration::from_millis(500);
/// It is not waited for longer than that.
const MOST_WAIT: Duration = Duration::from_secs(10);

/// Beats as long as a run lasts, on the run's own threads: it is late whenever the peers are.
pub(super) struct Heartbeat {
    late: Arc<Mutex<Vec<Late>>>,
    beating: JoinHandle<()>,
}

/// A beat that came late.
#[derive(Clone, Copy, Debug)]
struct Late {
    /// When it came.
    at: Instant,
    /// How much too late.
    by: Duration,
}

impl Heartbeat {
    /// Begins to beat. It ends when it is dropped.
    pub(super) fn start() -> Self {
        let late = Arc::new(Mutex::new(Vec::new()));
        let beating = tokio::spawn(beat(Arc::clone(&late)));
        Self { late, beating }
    }

    /// The longest time since then in which this process was not scheduled.
    pub(super) fn worst_since(&self, begun: Instant) -> Duration {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.iter()
            .rev()
            .take_while(|late| late.at >= begun)
            .map(|late| late.by)
            .max()
            .unwrap_or_default()
    }

    /// Waits until the machine is calm, for ten seconds at most. Whether it is.
    pub(super) async fn calm(&self) -> bool {
        let begun = Instant::now();
        loop {
            sleep(BEAT).await;
            let now = Instant::now();
            let last = {
                let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
                late.last().map_or(begun, |late| late.at)
            };
            if now - last >= CALM {
                return true;
            }
            if now - begun >= MOST_WAIT {
                return false;
            }
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

async fn beat(late: Arc<Mutex<Vec<Late>>>) {
    loop {
        let (begun, wall) = (Instant::now(), SystemTime::now());
        sleep(BEAT).await;
        // The monotonic clock stands still while a machine sleeps; the other one can be set.
        let took = begun.elapsed().max(wall.elapsed().unwrap_or_default());
        let by = took.saturating_sub(BEAT);
        if by >= NOTED {
            note(&mut late.lock().unwrap_or_else(PoisonError::into_inner), by);
        }
    }
}

fn note(late: &mut Vec<Late>, by: Duration) {
    if late.len() >= KEPT {
        // The older half becomes its worst, at its end.
        let old = late.drain(..KEPT / 2);
        let worst = old.reduce(|a, b| Late { at: b.at, by: a.by.max(b.by) });
        late.splice(0..0, worst);
    }
    late.push(Late { at: Instant::now(), by });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_is_held_up_is_noticed() {
        let heartbeat = Heartbeat::start();
        tokio::task::yield_now().await;
        let begun = Instant::now();
        // The only thread of this runtime does nothing else meanwhile.
        std::thread::sleep(Duration::from_millis(400));
        sleep(BEAT * 2).await;
        assert!(heartbeat.worst_since(begun) >= Duration::from_millis(300));
        assert!(heartbeat.calm().await);
        assert_eq!(heartbeat.worst_since(Instant::now()), Duration::ZERO);
    }

    #[tokio::test]
    async fn old_lateness_is_kept_as_its_worst() {
        let mut late = Vec::new();
        for number in 0..=KEPT {
            note(&mut late, Duration::from_millis(if number == 7 { 900 } else { 60 }));
        }
        assert!(late.len() < KEPT);
        assert_eq!(late.iter().map(|late| late.by).max(), Some(Duration::from_millis(900)));
    }
}
