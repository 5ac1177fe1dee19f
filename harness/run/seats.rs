//! Who plays next with a name of the user's: on each instance of the relay one case at a time, in
//! the order in which the cases have asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The instances of a relay: the first is in this process, an `R` stands for each further one.
#[derive(Debug)]
pub(super) struct Seats<R: Clone>(Mutex<State<R>>);

#[derive(Debug)]
struct State<R: Clone> {
    /// `None` is the instance in this process.
    instances: Vec<Option<R>>,
    /// Whether that one is given to nobody.
    reserved: bool,
    lines: BTreeMap<String, Line<R>>,
}

/// Those who wait for one name, and the instances where nobody plays with it.
#[derive(Debug)]
struct Line<R: Clone> {
    waiting: VecDeque<oneshot::Sender<Seat<R>>>,
    idle: VecDeque<usize>,
}

/// An instance to play one case on. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat<R: Clone> {
    seats: Arc<Seats<R>>,
    name: String,
    instance: usize,
    /// `None`: the instance in this process.
    pub(super) remote: Option<R>,
    lost: bool,
}

impl<R: Clone> Seats<R> {
    /// With the instance in this process alone. `reserved`: that one is given to nobody.
    pub(super) fn new(reserved: bool) -> Arc<Self> {
        let state = State { instances: vec![None], reserved, lines: BTreeMap::new() };
        Arc::new(Self(Mutex::new(state)))
    }

    /// Whether an instance has joined.
    pub(super) fn has_others(&self) -> bool {
        self.state().instances.len() > 1
    }

    /// Others are missing: the one in this process is given after all.
    pub(super) fn admit_here(self: &Arc<Self>) {
        let names = {
            let mut state = self.state();
            if !std::mem::take(&mut state.reserved) {
                return;
            }
            state.lines.keys().cloned().collect::<Vec<_>>()
        };
        names.iter().for_each(|name| self.free(name, 0));
    }

    /// Gets into the line for a name. What comes is the seat.
    pub(super) fn ask(self: &Arc<Self>, name: &str) -> oneshot::Receiver<Seat<R>> {
        let (give, get) = oneshot::channel();
        let mut state = self.state();
        let idle = (usize::from(state.reserved)..state.instances.len()).collect();
        let line = state.lines.entry(name.to_owned());
        let line = line.or_insert_with(|| Line { waiting: VecDeque::new(), idle });
        match line.idle.pop_front() {
            None => line.waiting.push_back(give),
            Some(instance) => {
                let seat = self.seat(&state, name, instance);
                drop(state);
                // Whoever does not want it any more drops it, and it is free again.
                drop(give.send(seat));
            }
        }
        get
    }

    /// One more instance: it plays from now on.
    pub(super) fn join(self: &Arc<Self>, remote: R) {
        let (instance, names) = {
            let mut state = self.state();
            state.instances.push(Some(remote));
            (state.instances.len() - 1, state.lines.keys().cloned().collect::<Vec<_>>())
        };
        names.iter().for_each(|name| self.free(name, instance));
    }

    /// Gives an instance to the next in line.
    fn free(self: &Arc<Self>, name: &str, instance: usize) {
        loop {
            let (next, seat) = {
                let mut state = self.state();
                let Some(line) = state.lines.get_mut(name) else { return };
                let Some(next) = line.waiting.pop_front() else {
                    return line.idle.push_back(instance);
                };
                (next, self.seat(&state, name, instance))
            };
            match next.send(seat) {
                Ok(()) => return,
                // That one does not wait any more.
                Err(back) => back.lose(),
            }
        }
    }

    fn seat(self: &Arc<Self>, state: &State<R>, name: &str, instance: usize) -> Seat<R> {
        let remote = state.instances.get(instance).cloned().flatten();
        Seat { seats: Arc::clone(self), name: name.to_owned(), instance, remote, lost: false }
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Clone> Seat<R> {
    /// Nobody plays on this instance any more with this name: it has ended.
    pub(super) fn lose(mut self) {
        self.lost = true;
    }
}

impl<R: Clone> Drop for Seat<R> {
    fn drop(&mut self) {
        if !self.lost {
            self.seats.free(&self.name, self.instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instance that a place in the line has led to, if it is there already.
    fn got(get: &mut oneshot::Receiver<Seat<u8>>) -> Option<Seat<u8>> {
        get.try_recv().ok()
    }

    #[test]
    fn one_plays_with_a_name_and_the_next_comes_in_the_order_of_asking() {
        let seats = Seats::<u8>::new(false);
        let (mut first, mut second, mut third) =
            (seats.ask("a.example"), seats.ask("a.example"), seats.ask("a.example"));
        let seat = got(&mut first).unwrap();
        assert_eq!(seat.remote, None);
        assert!(got(&mut second).is_none());
        assert!(got(&mut seats.ask("b.example")).is_some());
        drop(seat);
        assert!(got(&mut third).is_none());
        drop(got(&mut second).unwrap());
        assert!(got(&mut third).is_some());
    }

    #[test]
    fn one_more_instance_takes_the_next_of_each_name() {
        let seats = Seats::new(false);
        let (mut first, mut second) = (seats.ask("a.example"), seats.ask("a.example"));
        let here = got(&mut first).unwrap();
        seats.join(7);
        let there = got(&mut second).unwrap();
        assert_eq!((here.remote, there.remote), (None, Some(7)));
        // Whoever asks for another name has both.
        let both = [got(&mut seats.ask("b.example")), got(&mut seats.ask("b.example"))];
        assert!(both.iter().all(Option::is_some));
    }

    #[test]
    fn an_instance_that_was_lost_is_not_given_again() {
        let seats = Seats::new(false);
        let here = got(&mut seats.ask("a.example")).unwrap();
        seats.join(7);
        got(&mut seats.ask("a.example")).unwrap().lose();
        let mut next = seats.ask("a.example");
        assert!(got(&mut next).is_none());
        drop(here);
        assert_eq!(got(&mut next).unwrap().remote, None);
    }

    #[test]
    fn a_reserved_instance_is_given_once_there_is_no_other() {
        let seats = Seats::new(true);
        let mut first = seats.ask("a.example");
        assert!(got(&mut first).is_none());
        seats.join(7);
        assert_eq!(got(&mut first).unwrap().remote, Some(7));
        got(&mut seats.ask("a.example")).unwrap().lose();
        let mut next = seats.ask("a.example");
        assert!(got(&mut next).is_none());
        seats.admit_here();
        seats.admit_here();
        assert_eq!(got(&mut next).unwrap().remote, None);
        assert!(got(&mut seats.ask("a.example")).is_some(), "it is free again, and once");
    }

    #[test]
    fn who_does_not_wait_any_more_is_passed_over() {
        let seats = Seats::<u8>::new(false);
        let here = got(&mut seats.ask("a.example")).unwrap();
        drop(seats.ask("a.example"));
        let mut last = seats.ask("a.example");
        drop(here);
        assert!(got(&mut last).is_some());
    }
}
