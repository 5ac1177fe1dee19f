//! What goes on after a verdict: the hosts of a case stay open until the run ends, and a message that
//! arrives late reopens it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinSet;
use waxseal_model::judge::Names;
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::Case;
use waxseal_model::trace::{Event, Happening, Trace};
use waxseal_model::verdict::Verdict;

use super::doubt::leaked;
use super::play::Heard;
use super::results::Results;
use crate::lab::descriptors;
use crate::peer::Recorder;

/// Cases that were judged, with their hosts.
pub(super) struct Open {
    /// As many hosts stay open, so that descriptors are left for the cases that are played.
    most: usize,
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    case: String,
    names: Names,
    /// What came after the verdict.
    recorder: Recorder,
    /// Ends with the run, or when there are too many.
    hosts: JoinSet<()>,
}

impl Open {
    pub(super) fn new() -> Self {
        Self { most: descriptors::allowed() / 2, kept: Mutex::default() }
    }

    /// Keeps the hosts of a case that was played. Those of a domain or a host of the user's are
    /// closed: the next case plays there.
    pub(super) fn keep(&self, case: &Case, names: &Names, heard: Heard) {
        if case.shared_name().is_some() || heard.hosts.is_empty() {
            return;
        }
        let Heard { recorder, hosts, .. } = heard;
        let case = case.id.clone();
        recorder.forget();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Kept { case, names: names.clone(), recorder, hosts });
        let mut open: usize = kept.iter().map(|kept| kept.hosts.len()).sum();
        for oldest in kept.iter_mut() {
            if open <= self.most {
                break;
            }
            open -= oldest.hosts.len();
            // What it received until now stays.
            oldest.hosts = JoinSet::new();
        }
    }

    /// Turns the verdicts of cases whose message was seen in plaintext after them.
    pub(super) fn reopen<'a>(
        &self,
        results: &Results<'_>,
        cases: &BTreeMap<&'a str, &'a Case>,
        records: &mut BTreeMap<&'a str, CaseRecord>,
    ) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in kept.iter() {
            let Some(case) = cases.get(kept.case.as_str()) else { continue };
            let trace = kept.recorder.trace();
            if !late_leak(case, &kept.names, &trace) {
                continue;
            }
            let Some(record) = records.get_mut(kept.case.as_str()) else { continue };
            if record.verdict == Verdict::Fail {
                continue;
            }
            let mut turned = results.judge_trace(case, &kept.names, trace.clone());
            if turned.verdict != Verdict::Fail {
                // What was played before the verdict may be needed to see that it was this case.
                let events = record.trace.events.iter().cloned().chain(trace.events).collect();
                turned = results.judge_trace(case, &kept.names, Trace { events });
            }
            if turned.verdict == Verdict::Fail {
                let (before, duration_ms) = (record.verdict, record.duration_ms);
                let reason = turned.reason.trim_end_matches('.');
                let reason = format!("{reason}, after the case had ended as {before}.");
                *record = CaseRecord { reason, duration_ms, ..turned };
            }
        }
    }
}

/// Whether what came after the verdict shows the message of this case where it must not be.
fn late_leak(case: &Case, names: &Names, late: &Trace) -> bool {
    // Of several messages, only the last is judged.
    let is_judged =
        case.before.is_empty() || late.events.iter().any(|event| names_recipient(event, names));
    is_judged && leaked(case, &late.events)
}

fn names_recipient(event: &Event, names: &Names) -> bool {
    let Happening::Received { line, .. } = &event.kind else { return false };
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    line.starts_with("rcpt to:") && line.contains(&names["recipient"].to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waxseal_model::trace::{Channel, Place};

    use super::*;
    use crate::catalogue::Catalogue;

    fn at(second: u64, kind: Happening) -> Event {
        let place = Place::Peer { name: "mx".into(), connection: 1 };
        Event { at: Duration::from_secs(second), place, kind }
    }

    #[test]
    fn only_plaintext_that_came_after_the_verdict_reopens_it() {
        let catalogue = Catalogue::embedded().unwrap();
        let case = catalogue.case("outbound/forced/refused#454,encryption-only").unwrap();
        let late = |kinds: Vec<Happening>| {
            let events = kinds.into_iter().zip(0..).map(|(kind, second)| at(second, kind));
            late_leak(case, &Names::new(), &Trace { events: events.collect() })
        };
        let took = |channel| Happening::AcceptedByPeer { channel };
        assert!(late(vec![Happening::Connected, took(Channel::Plaintext)]));
        assert!(!late(vec![Happening::Connected, took(Channel::Tls)]));
        assert!(!late(vec![Happening::Connected]));
    }
}
