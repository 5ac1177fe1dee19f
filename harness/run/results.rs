//! What has been played so far, and the verdicts on it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use waxseal_model::expect::Outcome;
use waxseal_model::judge::{Control, Judgement, Names, judge};
use waxseal_model::record::CaseRecord;
use waxseal_model::requirement::Level;
use waxseal_model::scenario::Case;
use waxseal_model::trace::Trace;
use waxseal_model::verdict::Verdict;

use super::caught::caught_now;
use crate::catalogue::Catalogue;

/// One case as it was played.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Played {
    /// What its texts were filled with.
    pub names: Names,
    /// What was received and sent.
    pub trace: Trace,
    /// From its begin to its end.
    pub duration: Duration,
    /// The longest time in it in which this process was not scheduled.
    pub lateness: Duration,
}

/// Where what was played is collected and judged.
pub struct Results<'a> {
    catalogue: &'a Catalogue,
    levels: &'a BTreeMap<String, Level>,
    played: BTreeMap<String, Played>,
    /// Why a message that still waits when its case is judged is waited for no longer, by case.
    late: BTreeMap<String, String>,
}

impl<'a> Results<'a> {
    /// Nothing has been played yet.
    pub fn new(catalogue: &'a Catalogue, levels: &'a BTreeMap<String, Level>) -> Self {
        Self { catalogue, levels, played: BTreeMap::new(), late: BTreeMap::new() }
    }

    /// If the message of this case still waits when it is judged, the relay is too late for it.
    pub(super) fn may_be_late(&mut self, case: &Case, reason: String) {
        self.late.insert(case.id.clone(), reason);
    }

    /// Takes what was played, in place of what was played of this case before.
    pub fn take(&mut self, id: String, played: Played) {
        self.played.insert(id, played);
    }

    /// The record of a case, once it and its control are played, and how late this machine was in it.
    pub fn record(&self, case: &Case) -> Option<(CaseRecord, Duration)> {
        let result = self.played.get(&case.id)?;
        let control = match self.control(case) {
            None => None,
            Some(control) => Some(self.played_control(control)?),
        };
        Some((self.judged(case, result, control), result.lateness))
    }

    /// The record of a case as it was played another time, with the control that was played.
    pub(super) fn judge(&self, case: &Case, played: &Played) -> CaseRecord {
        let control = self.control(case).and_then(|control| self.played_control(control));
        self.judged(case, played, control)
    }

    /// The record of a case by a trace that went on after its verdict.
    pub(super) fn judge_trace(&self, case: &Case, names: &Names, trace: Trace) -> CaseRecord {
        let (duration, lateness) = (Duration::ZERO, Duration::ZERO);
        self.judge(case, &Played { names: names.clone(), trace, duration, lateness })
    }

    fn judged(&self, case: &Case, played: &Played, control: Option<Control<'_>>) -> CaseRecord {
        let judged = |level| {
            let judged = || judge(case, level, &played.names, &played.trace, control);
            caught_now(judged).unwrap_or_else(|defect| {
                without_outcome(Verdict::Error, format!("our own side broke: {defect}"))
            })
        };
        let mut level = self.level(&case.cites);
        let mut judgement = judged(level);
        let failed = judgement.verdict == Verdict::Fail;
        let charged = case.charged(failed, judgement.forbidden);
        if charged.len() < case.cites.len() {
            level = self.level(&charged);
            judgement = judged(level);
        }
        let waits = judgement.verdict == Verdict::Inconclusive
            && judgement.outcome == Some(Outcome::Deferred);
        if let Some(reason) = self.late.get(&case.id).filter(|_| waits) {
            (judgement.verdict, judgement.reason) = (Verdict::Skipped, reason.clone());
        }
        CaseRecord { requirements: charged, ..record(case, level, judgement, Some(played)) }
    }

    /// A control, once it is played.
    fn played_control(&self, control: &Case) -> Option<Control<'_>> {
        let Played { names, trace, .. } = self.played.get(&control.id)?;
        let judged = || judge(control, Level::Must, names, trace, None).verdict;
        let verdict = caught_now(judged).unwrap_or(Verdict::Error);
        Some(Control { verdict, trace })
    }

    /// The control that a case is paired with.
    fn control(&self, case: &Case) -> Option<&'a Case> {
        let id = case.control_id();
        if id == case.id { None } else { self.catalogue.case(&id) }
    }

    /// Lets go of what was played of a case that has its record.
    pub(super) fn release(&mut self, case: &Case) {
        self.played.remove(&case.id);
    }

    /// The highest level of these requirements.
    fn level(&self, cites: &[String]) -> Level {
        let levels = cites.iter().filter_map(|id| self.levels.get(id));
        levels.copied().max().unwrap_or(Level::Info)
    }

    /// The record of a case that is known beforehand not to apply.
    pub(super) fn skipped(&self, case: &Case, reason: String) -> CaseRecord {
        record(case, self.level(&case.cites), without_outcome(Verdict::Skipped, reason), None)
    }

    /// The record of a case that was not played to its end.
    pub fn unfinished(&self, case: &Case, verdict: Verdict, reason: &str) -> CaseRecord {
        let judgement = without_outcome(verdict, reason.into());
        CaseRecord { unfinished: true, ..record(case, self.level(&case.cites), judgement, None) }
    }
}

fn without_outcome(verdict: Verdict, reason: String) -> Judgement {
    Judgement {
        verdict,
        reason,
        outcome: None,
        forbidden: false,
        observed: None,
        evidence: Vec::new(),
    }
}

fn record(case: &Case, level: Level, judgement: Judgement, result: Option<&Played>) -> CaseRecord {
    CaseRecord {
        outcome: judgement.outcome,
        observed: judgement.observed,
        duration_ms: result
            .map_or(0, |result| u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX)),
        evidence: judgement.evidence,
        trace: result.map(|result| result.trace.clone()).unwrap_or_default(),
        ..CaseRecord::of(case, level, judgement.verdict, judgement.reason)
    }
}
