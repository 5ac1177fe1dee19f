//! How much of a case is kept: what a relay sends must not fill the memory.
//!
//! Of a flood the first events and the last ones are kept, with a count of those between them.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use waxseal_model::limits::{self, Bound};
use waxseal_model::trace::{Event, Happening};

/// What the cases of one run may keep beyond their shares. Clones are one and the same.
#[derive(Clone, Debug)]
pub struct Pool(Arc<AtomicUsize>);

impl Pool {
    /// One of this weight.
    pub fn new(weight: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(weight)))
    }

    fn take(&self, weight: usize) -> bool {
        let less = |left: usize| left.checked_sub(weight);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(limits::POOL)
    }
}

/// The events of one case, in order. What is seen of it are those at the beginning, and the cuts.
#[derive(Debug)]
pub(super) struct Kept {
    first: Vec<Event>,
    weight: usize,
    /// `None`: nothing is kept.
    pool: Option<Pool>,
    questions: usize,
    /// The events that tell that something is missing: more of the case, more questions.
    cut: Option<usize>,
    unasked: Option<usize>,
    last: VecDeque<Event>,
}

impl Kept {
    pub(super) fn new(pool: Option<Pool>) -> Self {
        Self {
            first: Vec::new(),
            weight: 0,
            pool,
            questions: 0,
            cut: None,
            unasked: None,
            last: VecDeque::new(),
        }
    }

    /// Whether anything is kept.
    pub(super) fn keeps(&self) -> bool {
        self.pool.is_some()
    }

    /// Whether the case has used up what it may keep.
    pub(super) fn spent(&self) -> bool {
        self.cut.is_some()
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.pool.is_none() {
            return;
        }
        if matches!(event.kind, Happening::DnsQuery { .. }) {
            self.questions += 1;
            if self.questions > limits::QUESTIONS {
                let at = self.unasked.unwrap_or_else(|| self.cut(Bound::Questions, &event));
                self.unasked = Some(at);
                return self.miss(at, &event);
            }
        }
        if self.cut.is_none() && self.fits(&event) {
            return self.first.push(event);
        }
        let at = self.cut.unwrap_or_else(|| self.cut(Bound::Case, &event));
        self.cut = Some(at);
        self.last.push_back(short(event));
        if self.last.len() > limits::LAST_EVENTS
            && let Some(missed) = self.last.pop_front()
        {
            self.miss(at, &missed);
        }
    }

    /// All that is kept, the last ones behind the first.
    pub(super) fn all(&self) -> Vec<Event> {
        self.first.iter().chain(&self.last).cloned().collect()
    }

    /// Begins anew, with the same pool.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.pool.take());
    }

    fn fits(&mut self, event: &Event) -> bool {
        let before = self.weight;
        let after = before.saturating_add(event.weight());
        if self.first.len() >= limits::EVENTS || after > limits::CASE {
            return false;
        }
        let beyond = after.saturating_sub(before.max(limits::SHARE));
        let there = beyond == 0 || self.pool.as_ref().is_some_and(|pool| pool.take(beyond));
        if there {
            self.weight = after;
        }
        there
    }

    /// Says that something is missing from here on; gives the place where that is said.
    fn cut(&mut self, bound: Bound, event: &Event) -> usize {
        let kind = Happening::Cut { bound, events: 0, octets: 0 };
        self.first.push(Event { at: event.at, place: event.place.clone(), kind });
        self.first.len() - 1
    }

    fn miss(&mut self, at: usize, event: &Event) {
        if let Some(Event { kind: Happening::Cut { events, octets, .. }, .. }) =
            self.first.get_mut(at)
        {
            *events = events.saturating_add(1);
            *octets = octets.saturating_add(event.kind.octets());
        }
    }
}

impl Deref for Kept {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        &self.first
    }
}

/// As much of an event at the end of a flood as is kept.
const SHORT: usize = 1024;

/// Large facts are not kept there at all: that there was something is.
fn short(mut event: Event) -> Event {
    let octets = event.kind.octets();
    let large = octets == 0 && event.weight() > 2 * SHORT;
    match &mut event.kind {
        Happening::Sent { bytes, .. }
        | Happening::ReceivedContent { bytes, .. }
        | Happening::UnexpectedBytes { bytes, .. }
        | Happening::Received { line: bytes, .. }
        | Happening::Refused { reply: bytes, .. } => {
            // What was read may stand in a buffer that is larger.
            *bytes = bytes[..bytes.len().min(SHORT)].to_vec();
        }
        _ if large => {
            event.kind = Happening::Cut { bound: Bound::Case, events: 1, octets };
        }
        _ => {}
    }
    event
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waxseal_model::trace::{Channel, Ending, Place};

    use super::*;

    fn event(kind: Happening) -> Event {
        Event { at: Duration::ZERO, place: Place::Run, kind }
    }

    fn line(octets: usize) -> Event {
        let line = vec![b'x'; octets];
        event(Happening::Received { channel: Channel::Plaintext, line, ending: Ending::CrLf })
    }

    fn kept(pool: usize, events: impl IntoIterator<Item = Event>) -> Kept {
        let mut kept = Kept::new(Some(Pool::new(pool)));
        events.into_iter().for_each(|event| kept.push(event));
        kept
    }

    fn cuts(kept: &Kept) -> Vec<(Bound, u64, u64)> {
        let cut = |event: &Event| match event.kind {
            Happening::Cut { bound, events, octets } => Some((bound, events, octets)),
            _ => None,
        };
        kept.iter().filter_map(cut).collect()
    }

    #[test]
    fn of_a_flood_the_first_and_the_last_are_kept_and_the_others_counted() {
        let mut events = vec![line(3); limits::EVENTS + limits::LAST_EVENTS];
        events.extend([line(7), event(Happening::Finished)]);
        let kept = kept(limits::POOL, events);
        assert_eq!(cuts(&kept), [(Bound::Case, 2, 6)]);
        let all = kept.all();
        assert_eq!(all.len(), limits::EVENTS + 1 + limits::LAST_EVENTS);
        assert_eq!(all.last().map(|event| &event.kind), Some(&Happening::Finished));
    }

    #[test]
    fn long_lines_weigh_what_they_take_in_the_record() {
        let kept = kept(usize::MAX, vec![line(60_000); 100]);
        assert!(kept.spent());
        let weight: usize = kept.all().iter().map(Event::weight).sum();
        assert!((limits::CASE - 70_000..limits::CASE + 60_000).contains(&weight), "{weight}");
    }

    #[test]
    fn a_share_is_sure_when_others_have_taken_the_rest() {
        assert!(!kept(0, vec![line(100); 50]).spent());
        assert!(kept(0, vec![line(1000); 100]).spent());
    }

    #[test]
    fn questions_have_a_bound_of_their_own() {
        let asked = event(Happening::DnsQuery {
            name: "x.test".into(),
            record: "MX".into(),
            answer: "NOERROR 1".into(),
        });
        let questions = vec![asked; limits::QUESTIONS + 5];
        let kept = kept(limits::POOL, questions.into_iter().chain([event(Happening::Finished)]));
        assert_eq!(cuts(&kept), [(Bound::Questions, 5, 0)]);
        assert!(kept.iter().any(|event| event.kind == Happening::Finished));
    }
}
