//! Whether requirements are kept: nothing is, unless each direction and part of it was judged.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::coverage::Claim;
use crate::profile::Profile;
use crate::record::CaseRecord;
use crate::requirement::{Catalogue, Level, Requirement};
use crate::scenario::{Case, Connector};
use crate::script::Direction;
use crate::verdict::Verdict;

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
    /// The directions and parts of it that apply and that no case decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<String>,
    /// A must that applies to the relay and that the run left open: the exit code is 3.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// The reason of the waiver that accepts that it is not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<String>,
}

/// Whether a requirement is kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Each direction and part that applies to the relay has a case that passed, and none that failed
    /// or stayed undecided.
    Kept,
    /// The relay does not have what it binds: a direction, a connector, DANE.
    NotApplicable,
    /// It was played, and what the relay does in some direction or part of it was recorded, not
    /// judged.
    Observed,
    /// It applies, and no case of some direction or part of it was played: all were skipped, or not
    /// selected.
    Untested,
    /// It applies, and this version has no case for some direction or part of it.
    NotCovered,
    /// Some case is inconclusive or ended in error, none failed.
    Undecided,
    /// Some case failed.
    Broken,
}

/// What a relay has: the connectors of each way that its driver declares.
pub type Declared = BTreeSet<(Direction, Connector)>;

/// How much of the catalogue a run was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All cases.
    Whole,
    /// One of several parts: what it does not play, another one does.
    Shard,
    /// Some cases that were named: nothing is said about the rest.
    Selection,
}

/// What requirements are judged by.
#[derive(Debug)]
pub struct Rules<'a> {
    /// All rows.
    pub requirements: &'a Catalogue,
    /// Their levels.
    pub profile: &'a Profile,
    /// What the relay has.
    pub declared: &'a Declared,
    /// How much was asked for.
    pub scope: Scope,
}

impl Rules<'_> {
    /// The status of every requirement. `known` are all cases of this version, `played` what came
    /// of those that were selected.
    pub fn judge<'c>(
        &self,
        known: impl IntoIterator<Item = &'c Case>,
        played: &[CaseRecord],
    ) -> Vec<RequirementRecord> {
        let mut citing: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
        for case in known {
            for id in &case.cites {
                citing.entry(id).or_default().push(case);
            }
        }
        let mut results: BTreeMap<&str, Vec<&CaseRecord>> = BTreeMap::new();
        for case in played {
            for id in &case.requirements {
                results.entry(id).or_default().push(case);
            }
        }
        let of = |(id, row): (&String, &Requirement)| {
            let known = citing.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            let results = results.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            self.one(id, row, known, results)
        };
        self.requirements.iter().map(of).collect()
    }

    fn one(
        &self,
        id: &str,
        row: &Requirement,
        known: &[&Case],
        results: &[&CaseRecord],
    ) -> RequirementRecord {
        let level = self.profile.own_level(id).unwrap_or(row.level);
        let claims = row.claims();
        let each: Vec<(Status, &Claim)> =
            claims.iter().map(|claim| (self.claim(row, claim, known, results), claim)).collect();
        let applying = each.iter().filter(|(status, _)| *status != Status::NotApplicable);
        let status = applying.map(|(status, _)| *status).max().unwrap_or(Status::NotApplicable);
        let unjudged = each
            .iter()
            .filter(|(status, _)| matches!(status, Status::Untested | Status::NotCovered))
            .map(|(_, claim)| claim.to_string())
            .collect();
        RequirementRecord {
            id: id.to_owned(),
            level,
            status,
            cases: results.iter().map(|case| case.id.clone()).collect(),
            unjudged,
            open: level == Level::Must && self.is_open(id, row, status),
            waiver: None,
        }
    }

    /// Whether a must that nothing judged leaves the run undecided. A row that this version has no
    /// case for does so where the relay or the profile claims the feature, where the profile itself
    /// makes it a must, and where it is the user's own; else it is listed, and no shipped profile
    /// promises it.
    fn is_open(&self, id: &str, row: &Requirement, status: Status) -> bool {
        let promised = row.own || row.is_conditional() || self.profile.own_level(id).is_some();
        match (self.scope, status) {
            (Scope::Selection, _) => false,
            (Scope::Whole | Scope::Shard, Status::NotCovered) => promised,
            (Scope::Whole, Status::Untested) => true,
            _ => false,
        }
    }

    fn claim(
        &self,
        row: &Requirement,
        claim: &Claim,
        known: &[&Case],
        results: &[&CaseRecord],
    ) -> Status {
        let has = |connector| {
            let declared = self.declared.iter().any(|(_, declared)| *declared == connector);
            declared || self.profile.requires(connector)
        };
        let takes_part = self.declared.iter().any(|(way, _)| *way == claim.direction);
        if !takes_part || !row.applies(has) {
            return Status::NotApplicable;
        }
        let plays = |direction, scenario: &str| row.is_played(claim, direction, scenario);
        let mut known =
            known.iter().filter(|case| plays(case.direction, &case.scenario)).peekable();
        if known.peek().is_none() {
            return Status::NotCovered;
        }
        let required = |(direction, connector): &(Direction, Connector)| {
            let wanted = self.profile.requires.get(direction);
            wanted.is_some_and(|wanted| wanted.contains(connector))
        };
        let there = |wanted| self.declared.contains(&wanted) || required(&wanted);
        if !known.any(|case| wanted(case).into_iter().all(there)) {
            return Status::NotApplicable;
        }
        let results = results.iter().filter(|case| plays(case.direction, &case.scenario));
        let of = |case: &&CaseRecord| match case.verdict {
            Verdict::Fail => Some(Status::Broken),
            Verdict::Inconclusive | Verdict::Error => Some(Status::Undecided),
            Verdict::Pass => Some(Status::Kept),
            Verdict::Observed => Some(Status::Observed),
            Verdict::Skipped | Verdict::NotApplicable => None,
        };
        // Beside a case that passed, what is only observed takes nothing away.
        let decides = |status: &Status| *status != Status::Observed;
        let states: Vec<Status> = results.filter_map(of).collect();
        let decided = states.iter().copied().filter(decides).max();
        decided.or(states.first().copied()).unwrap_or(Status::Untested)
    }
}

/// All connectors that a relay needs for a case.
fn wanted(case: &Case) -> Vec<(Direction, Connector)> {
    // Reports go out to the sender.
    let reports = case.sender_connector.map(|connector| (Direction::Outbound, connector));
    let before = case.before.iter().map(|before| (case.direction, before.connector));
    before.chain(reports).chain([(case.direction, case.connector)]).collect()
}
