//! Further instances of the relay beside the one of this process: how many, their beginning and their
//! end. They play the cases that wait for a name of the user's.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use waxseal_model::scenario::Case;
use waxseal_model::script::Direction;

use super::remote::{Instances, Remote, Running};
use super::seats::Seats;
use super::{Progress, RunOptions};
use crate::lab::machine;

/// Instances for each core: nearly all of a case is waiting.
const A_CORE: usize = 8;
/// More of them help no machine.
const MOST: usize = 64;
/// Memory that an instance may need: this program, the relay and its files.
const MEMORY: u64 = 160 << 20;
/// An instance for fewer cases of one name takes longer to start than it saves.
const CASES: usize = 3;

/// The further instances of a run. They end when this is dropped.
pub(super) struct Beside<'a> {
    how: Option<&'a Instances>,
    pub(super) seats: Arc<Seats<Arc<Remote>>>,
    running: Vec<Running>,
    gone: watch::Sender<Option<String>>,
}

impl<'a> Beside<'a> {
    /// None yet, of so many that are to come for these cases.
    pub(super) fn new(options: &'a RunOptions, cases: &[&Case], further: usize) -> Self {
        let reserved = further > 0 && mixes(cases);
        let (seats, gone) = (Seats::new(reserved), watch::Sender::new(None));
        Self { how: options.instances.as_ref(), seats, running: Vec::new(), gone }
    }

    /// Starts so many, as many at once as there are cores; each plays as soon as it is ready. Does not
    /// end. Has to be polled in a thread that lives as long as the run.
    pub(super) async fn grow(&mut self, further: usize, progress: &dyn Progress) {
        let mut starting = JoinSet::new();
        let mut trouble = None;
        for _ in 0..self.how.map_or(0, |_| further) {
            if starting.len() >= machine::cores() {
                let ready = starting.join_next().await;
                trouble = self.join(ready.and_then(Result::ok)).or(trouble);
            }
            // What one cannot do the next cannot either.
            let Some(how) = self.how.filter(|_| trouble.is_none()) else { break };
            match Running::start(how, self.gone.clone()) {
                Ok(running) => {
                    let remote = Arc::clone(&running.remote);
                    self.running.push(running);
                    starting.spawn(async move { remote.ready().await.map(|()| remote) });
                }
                Err(error) => trouble = Some(error.to_string()),
            }
        }
        while let Some(ready) = starting.join_next().await {
            trouble = self.join(ready.ok()).or(trouble);
        }
        if !self.seats.has_others() {
            self.seats.admit_here();
        }
        if let Some(why) = trouble {
            progress.slower(&format!("not all instances of the relay could be started: {why}"));
        }
        pending().await
    }

    /// One that is ready plays from now on; or says why it does not.
    fn join(&self, ready: Option<Result<Arc<Remote>, String>>) -> Option<String> {
        match ready? {
            Ok(remote) => self.seats.join(remote),
            Err(why) => return Some(why),
        }
        None
    }

    /// Waits until the relay of one has ended before the run: how, and the end of its log.
    pub(super) fn gone(&self) -> impl Future<Output = String> + use<> {
        let mut gone = self.gone.subscribe();
        async move {
            let how = gone.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
            match how {
                Some(how) => how,
                None => pending().await,
            }
        }
    }

    /// Ends all of them; gives how the relay of one had ended before, if it had.
    pub(super) async fn finish(self) -> Option<String> {
        let mut ending: JoinSet<_> = self.running.into_iter().map(Running::finish).collect();
        let mut gone = None;
        while let Some(ended) = ending.join_next().await {
            gone = ended.ok().flatten().or(gone);
        }
        gone
    }
}

/// Whether what inbound cases submit may come to a host of the user's, where another case is played:
/// a relay with a smart host sends all mail there.
fn mixes(cases: &[&Case]) -> bool {
    let inbound = cases.iter().any(|case| case.direction == Direction::Inbound);
    inbound && cases.iter().any(|case| case.next_hop().is_some())
}

/// How many instances beside the first these cases are worth, and why there are none where there
/// could be.
pub(super) fn further(cases: &[&Case], options: &RunOptions) -> (usize, Option<&'static str>) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for name in cases.iter().filter_map(|case| case.shared_name()) {
        *names.entry(name).or_default() += 1;
    }
    let longest = names.into_values().max().unwrap_or(0);
    let Some(how) = &options.instances else { return (0, None) };
    let all = match how.exactly {
        Some(exactly) => exactly.min(longest).min(options.jobs.unwrap_or(usize::MAX)).max(1),
        None => worth(longest, machine::cores(), machine::free_memory(), options.jobs),
    };
    if all > 1 && options.sandbox.is_none() {
        return (0, Some("there is no private network for more than one instance of the relay"));
    }
    (all - 1, None)
}

/// How many instances so many cases of one name are worth.
fn worth(cases: usize, cores: usize, memory: Option<u64>, jobs: Option<usize>) -> usize {
    let room = memory.and_then(|octets| usize::try_from(octets / MEMORY).ok());
    let all = (cores * A_CORE).min(MOST).min(cases.div_ceil(CASES));
    all.min(room.unwrap_or(MOST)).min(jobs.unwrap_or(MOST)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_instances_as_cases_cores_memory_and_jobs_bear() {
        let much = Some(64 << 30);
        assert_eq!(worth(150, 2, much, None), 16);
        assert_eq!(worth(150, 2, None, None), 16);
        assert_eq!(worth(150, 64, much, None), 50);
        assert_eq!(worth(9000, 64, much, None), MOST);
        assert_eq!(worth(150, 2, Some(1 << 30), None), 6);
        assert_eq!(worth(150, 2, Some(0), None), 1);
        assert_eq!(worth(150, 2, much, Some(4)), 4);
        assert_eq!(worth(5, 2, much, None), 2);
        assert_eq!(worth(0, 2, much, None), 1);
    }
}
