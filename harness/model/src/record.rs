//! The run record: the one source of every report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::DomainRecord;
use crate::expect::Outcome;
use crate::requirement::Level;
use crate::scenario::Connector;
use crate::script::Direction;
use crate::trace::Trace;

/// The version of this format.
pub const SCHEMA: u32 = 1;

/// All that one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `waxseal 0.1.0`.
    pub tool: String,
    /// What was tested.
    pub relay: RelayName,
    /// The profile whose levels were used.
    pub profile: String,
    /// How many cases ended how.
    pub summary: Summary,
    /// Every selected case, in the order of the files.
    pub cases: Vec<CaseRecord>,
    /// Every requirement of the catalogue.
    pub requirements: Vec<RequirementRecord>,
    /// The domains of the user's own that were tested, where a configuration of theirs was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainRecord>,
    /// Time the whole run took.
    pub duration_ms: u64,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RelayName {
    /// The driver's name; of a driver in a folder, what it says of itself.
    pub name: String,
    /// What `waxseal run` was given to play it, as a shell takes it, where that is not the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The product's version; empty where unknown.
    pub version: String,
    /// The user's own configuration, where that was tested and not the driver's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

/// How many cases ended how.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Summary {
    /// The relay keeps the claim.
    pub pass: usize,
    /// It does not.
    pub fail: usize,
    /// Recorded, not judged.
    pub observed: usize,
    /// The relay was never brought to the point.
    pub inconclusive: usize,
    /// Known beforehand not to apply.
    pub skipped: usize,
    /// Our own trouble.
    pub error: usize,
}

impl Summary {
    /// Counts verdicts.
    pub fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut summary = Self::default();
        for verdict in verdicts {
            *match verdict {
                Verdict::Pass => &mut summary.pass,
                Verdict::Fail => &mut summary.fail,
                Verdict::Observed => &mut summary.observed,
                Verdict::Inconclusive => &mut summary.inconclusive,
                Verdict::Skipped => &mut summary.skipped,
                Verdict::Error => &mut summary.error,
            } += 1;
        }
        summary
    }

    /// All cases.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.observed + self.inconclusive + self.skipped + self.error
    }
}

/// How one case ended.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The relay keeps the claim, and that was seen.
    Pass,
    /// The relay breaks the claim, and that was seen.
    Fail,
    /// What the relay does is recorded; the claim is disputed or its level is info.
    Observed,
    /// The relay was never brought to the point.
    Inconclusive,
    /// The driver does not declare what the case needs, or the relay offers nothing that it could apply
    /// to.
    Skipped,
    /// Our own trouble.
    Error,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Observed, Self::Inconclusive, Self::Skipped, Self::Error];

    /// The name in records and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Observed => "observed",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

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
    /// The reason of the waiver that covers it.
    pub waiver: Option<String>,
    /// The case that was its control.
    pub control: Option<String>,
    /// Time it took.
    pub duration_ms: u64,
    /// Indexes of the events that the verdict rests on.
    pub evidence: Vec<usize>,
    /// All that was heard and said.
    pub trace: Trace,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RequirementRecord {
    /// Its id.
    pub id: String,
    /// Its level under the profile.
    pub level: Level,
    /// Whether the relay keeps it.
    pub status: Status,
    /// The cases that cite it.
    pub cases: Vec<String>,
}

/// Whether a requirement is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Some case passed, none failed or stayed undecided.
    Kept,
    /// Some case failed.
    Broken,
    /// Some case is inconclusive or ended in error, none failed.
    Undecided,
    /// No case cites it, or all were skipped or only observed.
    Untested,
}

/// The JSON Schema (draft 2020-12) of a run record, as it is published in
/// `schema/results.schema.json`; `waxseal schema` prints it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Record);
    // A schema is a JSON value, and every JSON value can be written.
    serde_json::to_string_pretty(&schema).expect("a JSON value can be written") + "\n"
}

impl Record {
    /// The status of every requirement, from the verdicts of the cases that cite it.
    pub fn requirement_status(
        levels: &BTreeMap<String, Level>,
        cases: &[CaseRecord],
    ) -> Vec<RequirementRecord> {
        levels
            .iter()
            .map(|(id, level)| {
                let citing: Vec<_> =
                    cases.iter().filter(|case| case.requirements.contains(id)).collect();
                let any =
                    |wanted: &[Verdict]| citing.iter().any(|case| wanted.contains(&case.verdict));
                let status = if any(&[Verdict::Fail]) {
                    Status::Broken
                } else if any(&[Verdict::Inconclusive, Verdict::Error]) {
                    Status::Undecided
                } else if any(&[Verdict::Pass]) {
                    Status::Kept
                } else {
                    Status::Untested
                };
                let cases = citing.iter().map(|case| case.id.clone()).collect();
                RequirementRecord { id: id.clone(), level: *level, status, cases }
            })
            .collect()
    }

    /// The exit code of the run: 0 every must kept or waived, 1 a must broken, 3 a must undecided
    /// and none broken, 2 nothing selected.
    pub fn exit_code(&self) -> u8 {
        let must = |verdicts: &[Verdict]| {
            self.cases
                .iter()
                .filter(|case| case.level == Level::Must && case.waiver.is_none())
                .any(|case| verdicts.contains(&case.verdict))
        };
        if self.cases.iter().all(|case| case.verdict == Verdict::Skipped) {
            2
        } else if must(&[Verdict::Fail]) {
            1
        } else if must(&[Verdict::Inconclusive, Verdict::Error]) {
            3
        } else {
            0
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A case that ended so.
    pub(crate) fn case(id: &str, verdict: Verdict, level: Level) -> CaseRecord {
        CaseRecord {
            id: id.into(),
            scenario: id.split('#').next().unwrap_or(id).into(),
            claim: "The relay keeps it.".into(),
            why: None,
            direction: Direction::Outbound,
            connector: Connector::Opportunistic,
            domain: None,
            next_hop: None,
            level,
            requirements: Vec::new(),
            verdict,
            reason: String::new(),
            outcome: None,
            observed: None,
            waiver: None,
            control: None,
            duration_ms: 0,
            evidence: Vec::new(),
            trace: Trace::default(),
        }
    }

    /// A run with these cases.
    pub(crate) fn record(cases: Vec<CaseRecord>) -> Record {
        Record {
            schema: SCHEMA,
            tool: "waxseal".into(),
            relay: RelayName {
                name: "x".into(),
                asked: None,
                version: String::new(),
                config: None,
            },
            profile: "rfc".into(),
            summary: Summary::of(cases.iter().map(|case| &case.verdict)),
            cases,
            requirements: Vec::new(),
            domains: Vec::new(),
            duration_ms: 0,
        }
    }

    #[test]
    fn the_exit_code_goes_by_musts_that_are_not_waived() {
        let code = |verdict, level| record(vec![case("a", verdict, level)]).exit_code();
        assert_eq!(code(Verdict::Pass, Level::Must), 0);
        assert_eq!(code(Verdict::Fail, Level::Must), 1);
        assert_eq!(code(Verdict::Fail, Level::Should), 0);
        assert_eq!(code(Verdict::Inconclusive, Level::Must), 3);
        assert_eq!(code(Verdict::Error, Level::Must), 3);
        assert_eq!(code(Verdict::Skipped, Level::Must), 2);
        let mut waived = record(vec![case("a", Verdict::Fail, Level::Must)]);
        waived.cases[0].waiver = Some("known".into());
        assert_eq!(waived.exit_code(), 0);
    }
}
