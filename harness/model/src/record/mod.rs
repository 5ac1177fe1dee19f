//! The run record: the one source of every report.

mod case;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use case::CaseRecord;

use crate::domain::{DomainRecord, Protection};
use crate::facts::Engine;
use crate::foreign::Foreign;
use crate::gate::GateRecord;
use crate::listener::{ListenerRecord, counts_always};
use crate::overview::OverviewRow;
use crate::requirement::Level;
use crate::scenario::Connector;
use crate::script::Direction;
pub use crate::status::{RequirementRecord, Status};
use crate::verdict::{BROKEN, INTERRUPTED, KEPT, UNDECIDED, UNUSABLE, Verdict, gravest, of_musts};
use crate::wording::counted;

/// The version of this format.
pub const SCHEMA: u32 = 2;

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
    /// How the run was done.
    pub conditions: Conditions,
    /// The run was ended from outside before it was done: what was judged until then stands.
    pub interrupted: bool,
    /// How many cases ended how.
    pub summary: Summary,
    /// Directions and connectors of which nothing was played, although cases were selected or the
    /// profile or the driver names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Absent>,
    /// Facts of others that were checked too long ago, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outdated: Vec<String>,
    /// What the gate says, where there was a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateRecord>,
    /// Every selected case, in the order of the files.
    pub cases: Vec<CaseRecord>,
    /// Every requirement of the catalogue.
    pub requirements: Vec<RequirementRecord>,
    /// The domains of the user's own that were tested, where a configuration of theirs was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainRecord>,
    /// The policy entries and routes of that configuration, where an overview of them was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overview: Vec<OverviewRow>,
    /// The listeners of that configuration, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerRecord>,
    /// What is not as the administrator means it in the configuration of the user's own, or decides
    /// about TLS there and had to be replaced, as the driver tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Foreign>,
    /// What the answer about that configuration depends on, and of which one value was tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Foreign>,
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

/// How a run was done: what has to be the same for another run to be compared with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The patterns that cases were selected by; empty: all cases.
    pub selection: Vec<String>,
    /// `1/3`: the first of three parts. `null`: all.
    pub shard: Option<String>,
    /// The engine that was forced. `null`: each what suits it.
    pub engine: Option<Engine>,
    /// The folder of the user's own scenarios, which were played beside the built-in ones. `null`:
    /// the built-in ones alone.
    #[serde(default)]
    pub scenarios: Option<String>,
    /// Whether it ran in a network of its own, from which nothing leaves the machine.
    pub private_network: bool,
    /// When it began, `2026-12-31T23:59:59Z`; `null` where nobody said.
    pub started: Option<String>,
}

/// A direction or a connector of which nothing was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// Which way mail goes.
    pub direction: Direction,
    /// `null`: the whole direction.
    pub connector: Option<Connector>,
    /// How many selected cases were skipped for it.
    pub cases: usize,
    /// Why, one sentence.
    pub reason: String,
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
    /// Their requirement protects nobody there.
    #[serde(default)]
    pub not_applicable: usize,
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
                Verdict::NotApplicable => &mut summary.not_applicable,
                Verdict::Error => &mut summary.error,
            } += 1;
        }
        summary
    }

    /// Those that were played.
    pub fn played(&self) -> usize {
        self.total() - self.skipped
    }

    /// All cases.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.observed + self.inconclusive + self.skipped + self.error
    }
}

/// The JSON Schema (draft 2020-12) of a run record, as it is published in
/// `schema/results.schema.json`; `waxseal schema` prints it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Record);
    // A schema is a JSON value, and every JSON value can be written.
    serde_json::to_string_pretty(&schema).expect("a JSON value can be written") + "\n"
}

impl Record {
    /// The cases that were not played to their end, by the reason.
    pub fn unfinished(&self) -> BTreeMap<&str, Vec<&CaseRecord>> {
        let mut reasons: BTreeMap<&str, Vec<&CaseRecord>> = BTreeMap::new();
        for case in self.cases.iter().filter(|case| case.unfinished) {
            reasons.entry(&case.reason).or_default().push(case);
        }
        reasons
    }

    /// The exit code of the run. 130: it was interrupted. 2: nothing was played. 1: a must is
    /// broken, the user's configuration has a finding or a listener that takes a password in
    /// plaintext, or with a baseline something is new, stale, unknown, reasonless or expired. 3: a
    /// must is undecided, or applies and is not judged, and no waiver accepts it; a rule or a listener
    /// of the user's was not tested or is undecided; or facts are too old. 0: none of these.
    pub fn exit_code(&self) -> u8 {
        let interrupted = if self.interrupted { INTERRUPTED } else { KEPT };
        let found = if self.findings.is_empty() { KEPT } else { BROKEN };
        let open = [Protection::Untested, Protection::Undecided];
        let untested = self.domains.iter().any(|domain| open.contains(&domain.status));
        // An entry of which nothing is known is a gap in the overview.
        let left_out = self.overview.iter().any(|row| row.played_as.is_none());
        let unheard = self.listeners.iter().any(|listener| open.contains(&listener.status));
        let untested = if untested || left_out || unheard { UNDECIDED } else { KEPT };
        if self.domains.is_empty()
            && self.overview.is_empty()
            && self.listeners.is_empty()
            && self.cases.iter().all(|case| case.verdict == Verdict::Skipped)
        {
            return gravest([interrupted, found, UNUSABLE]);
        }
        let musts = self.cases.iter().filter(|c| c.level == Level::Must && c.waiver.is_none());
        let gate = self.gate.as_ref().map(|gate| if gate.is_broken() { BROKEN } else { KEPT });
        // With a baseline its gate says what is broken.
        let verdicts = musts.map(|case| case.verdict);
        let verdicts = of_musts(verdicts.filter(|v| gate.is_none() || *v != Verdict::Fail));
        let open = self.requirements.iter().any(|row| row.open && row.waiver.is_none());
        let open = open || !self.outdated.is_empty();
        let open = if open { UNDECIDED } else { KEPT };
        let exposed = if self.exposed() { BROKEN } else { KEPT };
        gravest([interrupted, found, gate.unwrap_or(KEPT), verdicts, open, untested, exposed])
    }
}

impl Record {
    /// Whether a listener of the user's own lets a password or a message come in plaintext, whatever
    /// the level of the case that shows it.
    fn exposed(&self) -> bool {
        let shown = |case: &&CaseRecord| {
            case.verdict == Verdict::Fail && case.waiver.is_none() && counts_always(case)
        };
        !self.listeners.is_empty() && self.cases.iter().any(|case| shown(&case))
    }
}

/// `1 case`, `2 cases`.
pub fn cases(count: usize) -> String {
    counted(count, "case")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::trace::Trace;

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
            advice: None,
            waiver: None,
            unfinished: false,
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
            conditions: Conditions::default(),
            interrupted: false,
            absent: Vec::new(),
            outdated: Vec::new(),
            gate: None,
            summary: Summary::of(cases.iter().map(|case| &case.verdict)),
            cases,
            requirements: Vec::new(),
            domains: Vec::new(),
            overview: Vec::new(),
            listeners: Vec::new(),
            findings: Vec::new(),
            warnings: Vec::new(),
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

    #[test]
    fn what_is_open_old_or_interrupted_is_not_green() {
        let green = || record(vec![case("a", Verdict::Pass, Level::Must)]);
        let row = |waiver: Option<&str>| RequirementRecord {
            id: "dane-x".into(),
            level: Level::Must,
            status: Status::NotCovered,
            cases: Vec::new(),
            unjudged: vec!["outbound".into()],
            open: true,
            waiver: waiver.map(str::to_owned),
        };
        let with = |row| Record { requirements: vec![row], ..green() }.exit_code();
        assert_eq!((with(row(None)), with(row(Some("accepted")))), (3, 0));
        assert_eq!(Record { outdated: vec!["Old.".into()], ..green() }.exit_code(), 3);
        assert_eq!(Record { interrupted: true, ..green() }.exit_code(), INTERRUPTED);
    }

    #[test]
    fn a_finding_breaks_and_a_warning_does_not() {
        let green = || record(vec![case("a", Verdict::Pass, Level::Must)]);
        let told = || vec![Foreign::from("The table is stale.")];
        assert_eq!(Record { warnings: told(), ..green() }.exit_code(), KEPT);
        assert_eq!(Record { findings: told(), ..green() }.exit_code(), BROKEN);
        let nothing = record(vec![case("a", Verdict::Skipped, Level::Must)]);
        assert_eq!(Record { findings: told(), ..nothing }.exit_code(), BROKEN);
    }
}
