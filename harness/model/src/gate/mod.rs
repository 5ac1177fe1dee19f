//! What breaks the gate, and what is accepted: a run record judged by a baseline.

mod finding;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use finding::Finding;

use crate::baseline::{Baseline, Waiver};
use crate::record::{CaseRecord, Record, Status};
use crate::requirement::Level;
use crate::verdict::Verdict;

/// What the gate says of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateRecord {
    /// In one word.
    pub result: GateResult,
    /// What has to be looked at: what breaks the gate, then what leaves it undecided.
    pub findings: Vec<Finding>,
    /// What waivers accept.
    pub waived: Waived,
}

/// What the gate says of a run, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateResult {
    /// Nothing new, every waiver still holds, and every must that applies was judged or is waived.
    Green,
    /// Something new, stale, unknown, reasonless or expired.
    Broken,
    /// Nothing of that, but a must is undecided or not judged.
    Undecided,
    /// The run was ended from outside.
    Interrupted,
    /// No case was played.
    Empty,
}

/// How much waivers accept.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// Cases that fail.
    pub fail: usize,
    /// Cases that stay inconclusive.
    pub inconclusive: usize,
    /// Cases that end in an error of ours.
    pub error: usize,
    /// Requirements that are not judged.
    pub requirements: usize,
}

impl GateRecord {
    /// Whether the exit code is 1.
    pub fn is_broken(&self) -> bool {
        self.findings.iter().any(Finding::breaks)
    }
}

impl Baseline {
    /// Judges a record: marks what is covered, and puts what the gate says into it. `known` are the
    /// ids of all cases there are, `today` is like `2026-12-31`.
    ///
    /// An entry is stale only if all that it fits was played to a verdict. One that is about other versions
    /// of the product covers nothing and is never stale.
    pub fn judge(&self, record: &mut Record, known: &[&str], today: &str) {
        let mut findings = Vec::new();
        let cases: BTreeMap<&str, &CaseRecord> =
            record.cases.iter().map(|case| (case.id.as_str(), case)).collect();
        let is_for = |waiver: &&Waiver| waiver.is_for(&record.relay.version);
        for waiver in &self.waivers {
            findings.extend(waiver.flaw(today));
            let stale = stale_cases(waiver, &cases, known).into_iter();
            let stale = stale.chain(stale_requirements(waiver, record));
            let told =
                |finding: &Finding| is_for(&waiver) || !matches!(finding, Finding::Stale { .. });
            findings.extend(stale.filter(told));
        }
        let waivers: Vec<&Waiver> = self.waivers.iter().filter(is_for).collect();
        let valid: Vec<&Waiver> =
            waivers.iter().copied().filter(|waiver| waiver.flaw(today).is_none()).collect();
        let mut undecided: Vec<Finding> = Vec::new();
        for case in record.cases.iter_mut().filter(|case| is_waivable(case)) {
            let fits = |waiver: &Waiver| waiver.verdict == case.verdict && waiver.case(&case.id);
            case.waiver = valid.iter().find(|w| fits(w)).and_then(|w| w.reason.clone());
            if case.level != Level::Must || waivers.iter().any(|waiver| fits(waiver)) {
                continue;
            }
            let (case, verdict) = (case.id.clone(), case.verdict);
            match verdict {
                Verdict::Fail => findings.push(Finding::New { case }),
                _ => undecided.push(Finding::Undecided { case, verdict }),
            }
        }
        for row in record.requirements.iter_mut().filter(|row| is_unjudged(row.status)) {
            let waived = valid.iter().find(|waiver| waiver.requirement(&row.id));
            row.waiver = waived.and_then(|waiver| waiver.reason.clone());
            if row.open && !waivers.iter().any(|waiver| waiver.requirement(&row.id)) {
                let (requirement, unjudged) = (row.id.clone(), row.unjudged.clone());
                undecided.push(Finding::NotJudged { requirement, unjudged });
            }
        }
        undecided.extend(unfinished(record));
        undecided
            .extend(record.outdated.iter().map(|text| Finding::Outdated { text: text.clone() }));
        findings.extend(undecided);
        let gate = GateRecord { result: GateResult::Green, findings, waived: waived(record) };
        record.gate = Some(gate);
        let result = match record.exit_code() {
            0 => GateResult::Green,
            1 => GateResult::Broken,
            2 => GateResult::Empty,
            3 => GateResult::Undecided,
            _ => GateResult::Interrupted,
        };
        if let Some(gate) = &mut record.gate {
            gate.result = result;
        }
    }
}

fn is_waivable(case: &CaseRecord) -> bool {
    let open = matches!(case.verdict, Verdict::Fail | Verdict::Inconclusive | Verdict::Error);
    open && !case.unfinished
}

fn is_unjudged(status: Status) -> bool {
    matches!(status, Status::NotCovered | Status::Untested)
}

fn waived(record: &Record) -> Waived {
    let cases = |verdict| {
        record.cases.iter().filter(|case| case.waiver.is_some() && case.verdict == verdict).count()
    };
    Waived {
        fail: cases(Verdict::Fail),
        inconclusive: cases(Verdict::Inconclusive),
        error: cases(Verdict::Error),
        requirements: record.requirements.iter().filter(|row| row.waiver.is_some()).count(),
    }
}

/// One finding for each reason, however many cases it cut short.
fn unfinished(record: &Record) -> impl Iterator<Item = Finding> {
    let unfinished = record.unfinished().into_iter();
    unfinished
        .map(|(reason, cases)| Finding::Unfinished { cases: cases.len(), reason: reason.into() })
}

/// Patterns of cases that fit nothing, or nothing that ended as the waiver says.
fn stale_cases(
    waiver: &Waiver,
    cases: &BTreeMap<&str, &CaseRecord>,
    known: &[&str],
) -> Vec<Finding> {
    let of = |pattern: &crate::baseline::Pattern| {
        let (line, text) = (waiver.line, pattern.text.clone());
        let fitting: Vec<Option<&&CaseRecord>> =
            known.iter().filter(|id| pattern.fits(id)).map(|id| cases.get(*id)).collect();
        if fitting.is_empty() {
            return Some(Finding::Unknown { line, pattern: text, what: "case".into() });
        }
        let changed = |case: &Option<&&CaseRecord>| {
            case.is_some_and(|case| waiver.is_disproved(case.verdict) && !case.unfinished)
        };
        let no_longer = match waiver.verdict {
            Verdict::Fail => "fails".to_owned(),
            verdict => format!("ends as {verdict}"),
        };
        let stale = fitting.iter().all(changed);
        stale.then_some(Finding::Stale { line, pattern: text, no_longer })
    };
    waiver.cases.iter().filter_map(of).collect()
}

/// Patterns of requirements that fit nothing, or nothing that is left unjudged.
fn stale_requirements(waiver: &Waiver, record: &Record) -> Vec<Finding> {
    let of = |pattern: &crate::baseline::Pattern| {
        let (line, text) = (waiver.line, pattern.text.clone());
        let rows = &record.requirements;
        let mut fitting = rows.iter().filter(|row| pattern.fits(&row.id)).peekable();
        if fitting.peek().is_none() {
            return Some(Finding::Unknown { line, pattern: text, what: "requirement".into() });
        }
        let no_longer = "goes unjudged".to_owned();
        let stale = fitting.all(|row| !is_unjudged(row.status));
        stale.then_some(Finding::Stale { line, pattern: text, no_longer })
    };
    waiver.requirements.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RequirementRecord;
    use crate::record::tests::{case, record};

    const KNOWN: [&str; 6] = ["a#1", "a#2", "b", "c", "d", "e"];

    fn row(id: &str, status: Status) -> RequirementRecord {
        RequirementRecord {
            id: id.into(),
            level: Level::Must,
            status,
            cases: Vec::new(),
            unjudged: vec!["outbound".into()],
            open: is_unjudged(status),
            waiver: None,
        }
    }

    fn judge(text: &str) -> (Vec<String>, Record) {
        let mut record = record(vec![
            case("a#1", Verdict::Fail, Level::Must),
            case("a#2", Verdict::Pass, Level::Must),
            case("b", Verdict::Pass, Level::Must),
            case("d", Verdict::Inconclusive, Level::Must),
            case("e", Verdict::Fail, Level::Should),
        ]);
        record.requirements = vec![row("kept", Status::Kept), row("dane-x", Status::NotCovered)];
        let baseline = Baseline::parse("gate.toml", text).unwrap();
        baseline.judge(&mut record, &KNOWN, "2026-11-24");
        let gate = record.gate.clone().unwrap();
        (gate.findings.iter().map(ToString::to_string).collect(), record)
    }

    fn waiver(rest: &str) -> String {
        format!("[[waiver]]\nreason = 'old'\nlink = 'https://x.test/1'\n{rest}\n")
    }

    /// All that the record holds, accepted.
    fn accepted() -> String {
        waiver("cases = ['a*']\nexpires = 2026-11-24")
            + &waiver("cases = ['d']\nverdict = 'inconclusive'")
            + &waiver("requirements = ['dane-*']")
    }

    #[test]
    fn what_is_covered_is_marked_and_the_gate_is_green() {
        let (findings, record) = judge(&accepted());
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(record.cases[0].waiver.as_deref(), Some("old"));
        let gate = record.gate.as_ref().unwrap();
        let waived = Waived { fail: 1, inconclusive: 1, error: 0, requirements: 1 };
        assert_eq!((gate.result, gate.waived), (GateResult::Green, waived));
        assert_eq!(record.exit_code(), 0);
    }

    #[test]
    fn each_flaw_has_its_own_word_and_breaks_or_leaves_open() {
        let check = |text: &str, word: &str, code: u8| {
            let (findings, record) = judge(text);
            assert_eq!(findings[0].split(':').next(), Some(word), "{text}");
            assert_eq!(record.exit_code(), code, "{text}: {findings:?}");
        };
        let open = waiver("cases = ['a*']");
        check("", "new", 1);
        check(&open, "undecided", 3);
        check(&(open + &waiver("cases = ['d']\nverdict = 'inconclusive'")), "not judged", 3);
        let and = |rest: &str| waiver(rest) + &accepted();
        check(&and("cases = ['b']"), "stale", 1);
        check(&and("cases = ['a#1', 'b']\nverdict = 'inconclusive'"), "stale", 1);
        check(&and("requirements = ['kept']"), "stale", 1);
        check(&and("cases = ['nothing*']"), "unknown", 1);
        check(&and("requirements = ['nothing*']"), "unknown", 1);
        check(&and("cases = ['a#1']\nexpires = 2026-11-23"), "expired", 1);
        check(&format!("[[waiver]]\ncases = ['a#1']\nlink = 'x'\n{}", accepted()), "reasonless", 1);
        check(
            &format!("[[waiver]]\ncases = ['a#1']\nreason = 'x'\n{}", accepted()),
            "reasonless",
            1,
        );
    }

    #[test]
    fn an_entry_without_effect_covers_nothing_and_is_told_once() {
        let old = accepted().replace("2026-11-24", "2020-01-01");
        let (findings, record) = judge(&old);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(record.cases[0].waiver, None);
    }

    #[test]
    fn a_waiver_of_other_versions_covers_nothing_and_is_not_stale() {
        let about = |rest: &str, version: &str| {
            let mut record = record(vec![
                case("a#1", Verdict::Fail, Level::Must),
                case("b", Verdict::Pass, Level::Must),
            ]);
            record.relay.version = version.into();
            let baseline = Baseline::parse("gate.toml", &waiver(rest)).unwrap();
            baseline.judge(&mut record, &KNOWN, "2026-11-24");
            let findings = record.gate.unwrap().findings;
            findings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let fails = "cases = ['a#1']\nversions = '>=3.10'";
        assert_eq!(about(fails, "3.10.13"), [""; 0]);
        for other in ["3.7.11", ""] {
            let findings = about(fails, other);
            assert!(matches!(&findings[..], [new] if new.starts_with("new: a#1")), "{findings:?}");
        }
        let passes = "cases = ['b', 'a#1']\nversions = '>=3.10'";
        assert!(about(passes, "3.10.13")[0].starts_with("stale: "));
        assert!(about(passes, "3.7.11")[0].starts_with("new: a#1"));
        assert!(about("cases = ['no*']\nversions = '<3'", "3.7")[0].starts_with("unknown: "));
    }

    #[test]
    fn a_waiver_accepts_one_verdict_only() {
        let (findings, _) = judge(&waiver("cases = ['d']"));
        assert!(findings.iter().any(|f| f.starts_with("undecided: d")), "{findings:?}");
        let (findings, _) = judge(&waiver("cases = ['a#1']\nverdict = 'error'"));
        assert!(findings.iter().any(|f| f.starts_with("new: a#1")), "{findings:?}");
    }

    #[test]
    fn a_failing_should_breaks_nothing() {
        assert!(!judge(&accepted()).0.iter().any(|finding| finding.contains(" e ")));
    }

    #[test]
    fn what_was_not_played_to_its_end_is_neither_stale_nor_new() {
        assert_eq!(judge(&(accepted() + &waiver("cases = ['a#1', 'c']"))).0, Vec::<String>::new());
        let mut record = record(vec![CaseRecord {
            unfinished: true,
            ..case("a#1", Verdict::Inconclusive, Level::Must)
        }]);
        record.interrupted = true;
        let text = waiver("cases = ['a#1']\nverdict = 'error'");
        Baseline::parse("gate.toml", &text).unwrap().judge(&mut record, &KNOWN, "2026-11-24");
        let gate = record.gate.unwrap();
        let cut = Finding::Unfinished { cases: 1, reason: String::new() };
        assert_eq!((gate.result, gate.findings), (GateResult::Interrupted, vec![cut]));
    }
}
