//! Time limits that a starved machine does not shorten.
//!
//! A limit in wall-clock time says nothing about the other side while this process does not run: a
//! machine with too many processes, a throttled container or a closed laptop lets any limit run out.
//! Here a limit is a number of ticks. A tick counts once the waiting task was really scheduled after it,
//! and one that came late counts for less. On a quiet machine this is wall-clock time; a pause of any
//! length costs one tick.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// The longest tick.
const LONGEST: Duration = Duration::from_millis(100);
/// The shortest tick; what the timer rounds up must stay small beside it.
const SHORTEST: Duration = Duration::from_millis(20);
/// A limit has at least so many ticks, unless they would be shorter than the shortest.
const TICKS: u32 = 10;
/// The timer may round up by so much, and the rest of a limit that is shorter counts whole.
const GRAIN: Duration = Duration::from_millis(5);
/// A late tick counts for at least this part of its length, so that every wait ends.
const LEAST: u32 = 5;

/// The time allowed ran out while this process was listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time allowed ran out")]
pub struct Spent;

/// Time allowed for one thing or for several, one after the other.
#[derive(Clone, Debug)]
pub struct Allowance {
    left: Duration,
    tick: Duration,
}

impl Allowance {
    /// Allows so much time.
    pub fn new(limit: Duration) -> Self {
        Self { left: limit, tick: (limit / TICKS).clamp(SHORTEST, LONGEST) }
    }

    /// What is left of it.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// Waits for `future`, at most until the time allowed is used up.
    ///
    /// # Errors
    /// [`Spent`]: it was used up while this process was scheduled. What has arrived by then is seen:
    /// the future is polled once more before this is said.
    pub async fn bound<F: Future>(&mut self, future: F) -> Result<F::Output, Spent> {
        let mut future = std::pin::pin!(future);
        loop {
            let begun = Instant::now();
            let tick = self.next_tick();
            let done = timeout(tick, &mut future).await;
            self.count(tick, begun.elapsed());
            match done {
                Ok(output) => return Ok(output),
                Err(_) if self.left.is_zero() => return Err(Spent),
                Err(_) => {}
            }
        }
    }

    /// The length of the next tick.
    pub fn next_tick(&self) -> Duration {
        self.tick.min(self.left)
    }

    /// Counts a tick of this length that took so long.
    pub fn count(&mut self, tick: Duration, took: Duration) {
        self.left = self.left.saturating_sub(counted(tick, took));
    }
}

/// What a tick counts for. The timer may be a quarter late before it counts for less.
fn counted(tick: Duration, took: Duration) -> Duration {
    if took <= tick + GRAIN.max(tick / 4) {
        return took.min(tick);
    }
    let part = tick.as_secs_f64() / took.as_secs_f64();
    tick.mul_f64(part).max(tick / LEAST).max(GRAIN.min(tick))
}

/// Waits for `future`, at most for `limit`.
///
/// # Errors
/// [`Spent`], as of [`Allowance::bound`].
pub async fn within<F: Future>(limit: Duration, future: F) -> Result<F::Output, Spent> {
    Allowance::new(limit).bound(future).await
}

/// Waits for `future` however long it takes, and says how much time that was by the same count.
pub async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let mut future = std::pin::pin!(future);
    let mut all = Duration::ZERO;
    loop {
        let begun = Instant::now();
        let done = timeout(LONGEST, &mut future).await;
        all += counted(LONGEST, begun.elapsed());
        if let Ok(output) = done {
            return (output, all);
        }
    }
}

/// Lets so much time pass.
pub async fn pause(time: Duration) {
    // Nothing ends it but the time.
    let _ = within(time, std::future::pending::<()>()).await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    #[test]
    fn a_tick_on_time_counts_whole_and_a_late_one_for_less() {
        let counts = |took: u64| counted(TICK, Duration::from_millis(took)).as_millis();
        assert_eq!(counts(30), 30);
        assert_eq!(counts(101), 100);
        assert_eq!(counts(200), 50);
        assert_eq!(counts(6000), 20);
        let rest = Duration::from_nanos(3);
        assert_eq!(counted(rest, TICK), rest, "every wait ends");
    }

    #[tokio::test]
    async fn a_limit_runs_out_and_never_too_early() {
        let (begun, limit) = (Instant::now(), Duration::from_millis(300));
        assert_eq!(within(limit, pending::<()>()).await, Err(Spent));
        assert!(begun.elapsed() >= limit);
    }

    #[test]
    fn a_pause_of_the_process_costs_one_tick() {
        let mut allowance = Allowance::new(Duration::from_secs(4));
        // The clock goes on for six seconds in which nobody was asked.
        allowance.count(allowance.next_tick(), Duration::from_secs(6));
        assert!(allowance.left() >= Duration::from_millis(3900), "{:?}", allowance.left());
    }

    #[tokio::test]
    async fn what_is_there_when_the_time_is_over_is_still_seen() {
        let (say, hear) = tokio::sync::oneshot::channel();
        let late = async {
            // The only thread of this runtime is held up beyond the limit, and then something is said.
            std::thread::sleep(Duration::from_millis(100));
            let _ = say.send(7);
            hear.await
        };
        assert_eq!(within(Duration::from_millis(40), late).await, Ok(Ok(7)));
    }

    #[tokio::test]
    async fn several_waits_share_one_allowance() {
        let mut allowance = Allowance::new(Duration::from_millis(500));
        assert_eq!(allowance.bound(pause(Duration::from_millis(100))).await, Ok(()));
        assert!(allowance.left() < Duration::from_millis(450), "{:?}", allowance.left());
        assert_eq!(allowance.bound(pending::<()>()).await, Err(Spent));
    }
}
