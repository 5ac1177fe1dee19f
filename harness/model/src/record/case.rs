//! How one case ended.

use serde::{Deserialize, Serialize};

use crate::expect::Outcome;
use crate::requirement::Level;
use crate::scenario::{Case, Connector};
use crate::script::Direction;
use crate::trace::Trace;
use crate::verdict::Verdict;

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseRecord {
    /// The case's id.
    pub id: String,
    /// The scenario's id.
    pub scenario: String,
    /// The claim, filled in.
    pub claim: String,
    /// Who is harmed.
    pub why: Option<String>,
    /// Which way mail goes.
    pub direction: Direction,
    /// The rule that was tested.
    pub connector: Connector,
    /// The domain of the user's own that mail went to; with a leading dot, one below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The host of the user's own, `HOST` or `HOST:PORT`, that it was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<String>,
    /// The strictest level of its requirements under the profile.
    pub level: Level,
    /// Requirement ids.
    pub requirements: Vec<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// What became of the message, where that is known.
    pub outcome: Option<Outcome>,
    /// What was recorded for a disputed claim.
    pub observed: Option<String>,
    /// What the relay's administrator can do about it, one sentence; only of one that fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The reason of the waiver that covers it.
    pub waiver: Option<String>,
    /// The run ended before the case did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// The case that was its control.
    pub control: Option<String>,
    /// Time it took.
    pub duration_ms: u64,
    /// Indexes of the events that the verdict rests on.
    pub evidence: Vec<usize>,
    /// All that was received and sent.
    pub trace: Trace,
}

impl CaseRecord {
    /// The record of a case that ended like this, in which nothing was received.
    pub fn of(case: &Case, level: Level, verdict: Verdict, reason: String) -> Self {
        let control = case.control_id();
        Self {
            id: case.id.clone(),
            scenario: case.scenario.clone(),
            claim: case.claim.clone(),
            why: case.why.clone(),
            direction: case.direction,
            connector: case.connector,
            domain: case.placement.as_ref().map(|placement| placement.domain.clone()),
            next_hop: case.next_hop().map(ToString::to_string),
            level,
            requirements: case.cites.clone(),
            verdict,
            reason,
            outcome: None,
            observed: None,
            advice: None,
            waiver: None,
            unfinished: false,
            control: (control != case.id).then_some(control),
            duration_ms: 0,
            evidence: Vec::new(),
            trace: Trace::default(),
        }
    }
}
