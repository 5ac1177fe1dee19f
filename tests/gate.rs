//! What a run under each profile comes to where every case passes: nothing is kept by silence.

use std::collections::BTreeSet;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::report;
use waxseal_model::baseline::Baseline;
use waxseal_model::gate::GateResult;
use waxseal_model::record::{CaseRecord, Conditions, Record, RelayName, SCHEMA, Summary};
use waxseal_model::requirement::Level;
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;
use waxseal_model::status::{Declared, Rules, Scope};
use waxseal_model::verdict::Verdict;

use super::cli::TODAY;

fn catalogue() -> Catalogue {
    Catalogue::embedded().expect("the embedded scenarios are right")
}

/// Every connector of both ways but those of published policies, as the embedded relay has them.
pub(crate) fn declared() -> Declared {
    let published = [Connector::Dane, Connector::MtaSts];
    let ways = [Direction::Inbound, Direction::Outbound];
    let all = ways.into_iter().flat_map(|way| Connector::ALL.map(|connector| (way, connector)));
    all.filter(|(_, connector)| !published.contains(connector)).collect()
}

fn ended(case: &Case, level: Level, verdict: Verdict) -> CaseRecord {
    CaseRecord::of(case, level, verdict, "So it ended.".into())
}

/// A whole run under a profile of a relay with these connectors that does everything right.
pub(crate) fn whole(catalogue: &Catalogue, profile: &str, declared: &Declared) -> Record {
    let rules = Rules {
        requirements: &catalogue.requirements,
        profile: &catalogue.profiles[profile],
        declared,
        scope: Scope::Whole,
    };
    let levels = rules.profile.levels(&catalogue.requirements);
    let cases = catalogue.cases().map(|case| {
        let level = case.cites.iter().map(|id| levels[id]).max().unwrap_or(Level::Info);
        let verdict = match (declared.contains(&(case.direction, case.connector)), case.observe) {
            (false, _) => Verdict::Skipped,
            (true, true) => Verdict::Observed,
            (true, false) => Verdict::Pass,
        };
        ended(case, level, verdict)
    });
    let cases: Vec<CaseRecord> = cases.collect();
    Record {
        schema: SCHEMA,
        tool: "waxseal".into(),
        relay: RelayName { name: "right".into(), asked: None, version: "1".into(), config: None },
        profile: profile.into(),
        conditions: Conditions { private_network: true, ..Conditions::default() },
        interrupted: false,
        summary: Summary::of(cases.iter().map(|case| &case.verdict)),
        absent: Vec::new(),
        outdated: Vec::new(),
        gate: None,
        requirements: rules.judge(catalogue.cases(), &cases),
        domains: Vec::new(),
        overview: Vec::new(),
        listeners: Vec::new(),
        findings: Vec::new(),
        warnings: Vec::new(),
        cases,
        duration_ms: 0,
    }
}

fn judged(catalogue: &Catalogue, record: &mut Record, baseline: &str) -> Vec<String> {
    let known: Vec<&str> = catalogue.cases().map(|case| case.id.as_str()).collect();
    let baseline = Baseline::parse("gate.toml", baseline).expect("the baseline of a test is right");
    baseline.judge(record, &known, TODAY);
    let findings = record.gate.iter().flat_map(|gate| &gate.findings);
    findings.map(ToString::to_string).collect()
}

#[test]
fn each_shipped_profile_is_green_or_says_what_it_could_not_judge() {
    let catalogue = catalogue();
    let open: BTreeSet<&str> = ["bsi-tr-03108"].into();
    for profile in catalogue.profiles.keys() {
        let record = whole(&catalogue, profile, &declared());
        let text = report::summary(&record, &catalogue.requirements);
        let undecided = "UNDECIDED, a must that applies and that this version cannot judge: dane-";
        let expected = if open.contains(profile.as_str()) { 3 } else { 0 };
        assert_eq!(record.exit_code(), expected, "{profile}: {text}");
        assert_eq!(text.contains(undecided), expected == 3, "{profile}: {text}");
        // What no profile of this version promises is named all the same.
        let listed = "not covered by this version, must: cert-revoked-crl (outbound)";
        assert!(text.contains(listed), "{profile}: {text}");
        let markdown = report::markdown(&record, &catalogue.requirements);
        assert!(markdown.contains(listed), "{profile}: {markdown}");
    }
}

#[test]
fn a_relay_that_declares_dane_is_undecided_under_every_profile() {
    let catalogue = catalogue();
    let mut declared = declared();
    declared.insert((Direction::Outbound, Connector::Dane));
    let record = whole(&catalogue, "rfc", &declared);
    assert_eq!(record.exit_code(), 3);
    let open: Vec<&str> =
        record.requirements.iter().filter(|row| row.open).map(|row| row.id.as_str()).collect();
    assert!(open.contains(&"dane-mx-order-kept"), "{open:?}");
    assert!(!open.iter().any(|id| id.starts_with("sts-")), "{open:?}");
}

#[test]
fn a_baseline_can_accept_what_is_not_judged_and_only_while_it_is_not() {
    let catalogue = catalogue();
    let waiver = "[[waiver]]\nrequirements = ['dane-*', 'sni-client-sent', 'tlsrpt-*']\n\
                  reason = 'judged by hand'\nlink = 'https://x.test'\n";
    let mut record = whole(&catalogue, "bsi-tr-03108", &declared());
    let findings = judged(&catalogue, &mut record, "");
    assert!(findings[0].starts_with("not judged: dane-21-1-ta (outbound)"), "{findings:?}");
    assert_eq!(record.exit_code(), 3);
    assert_eq!(judged(&catalogue, &mut record, waiver), Vec::<String>::new());
    assert_eq!(record.exit_code(), 0);
    // Under a profile that asks for none of it the waiver has nothing to accept.
    let mut record = whole(&catalogue, "rfc", &declared());
    let findings = judged(&catalogue, &mut record, waiver);
    assert!(findings[0].starts_with("stale: "), "{findings:?}");
    assert_eq!(record.exit_code(), 1);
}

#[test]
fn a_requirement_of_both_ways_is_not_kept_by_one_of_them() {
    let catalogue = catalogue();
    let mut record = whole(&catalogue, "rfc", &declared());
    record.cases.retain(|case| case.direction == Direction::Inbound);
    let declared = declared();
    let rules = Rules {
        requirements: &catalogue.requirements,
        profile: &catalogue.profiles["rfc"],
        declared: &declared,
        scope: Scope::Selection,
    };
    let rows = rules.judge(catalogue.cases(), &record.cases);
    let row = rows.iter().find(|row| row.id == "no-export").expect("the row is there");
    assert_eq!(row.unjudged, ["outbound"]);
    assert_ne!(row.status, waxseal_model::record::Status::Kept);
    // A relay that sends nothing is not bound by the other half.
    let receives: Declared =
        declared.iter().copied().filter(|(way, _)| *way == Direction::Inbound).collect();
    let rows = Rules { declared: &receives, ..rules }.judge(catalogue.cases(), &record.cases);
    let row = rows.iter().find(|row| row.id == "no-export").expect("the row is there");
    assert_eq!(row.status, waxseal_model::record::Status::Kept);
}

#[test]
fn waived_failures_stand_apart_and_the_last_line_counts_what_was_played() {
    let catalogue = catalogue();
    let mut record = whole(&catalogue, "exchange-online", &declared());
    let id = "outbound/forced/refused#454,encryption-only";
    let case = record.cases.iter_mut().find(|case| case.id == id).expect("the case is there");
    case.verdict = Verdict::Fail;
    record.cases[0].verdict = Verdict::Skipped;
    record.summary = Summary::of(record.cases.iter().map(|case| &case.verdict));
    let waiver = format!("[[waiver]]\ncases = ['{id}']\nreason = 'old'\nlink = 'https://x.test'\n");
    assert_eq!(judged(&catalogue, &mut record, &waiver), Vec::<String>::new());
    assert_eq!(record.gate.as_ref().map(|gate| gate.result), Some(GateResult::Green));
    let text = report::summary(&record, &catalogue.requirements);
    let (played, all) = (record.cases.len() - 1, record.cases.len());
    assert!(text.contains(&format!("right 1: {played} of {all} cases played")), "{text}");
    assert!(text.contains("cases, must: ") && text.contains(" 0 broken, 0 undecided, 1 waived"));
    let markdown = report::markdown(&record, &catalogue.requirements);
    assert!(markdown.contains(&format!("| {id} | must | fail, waived |")), "{markdown}");
    assert!(markdown.contains("gate: green"), "{markdown}");
}

#[test]
fn cases_that_were_cut_short_are_one_line() {
    let catalogue = catalogue();
    let mut record = whole(&catalogue, "exchange-online", &declared());
    for case in record.cases.iter_mut().skip(5) {
        case.verdict = Verdict::Inconclusive;
        case.unfinished = true;
        case.reason = "The run was interrupted.".into();
    }
    record.interrupted = true;
    let text = report::summary(&record, &catalogue.requirements);
    let cut = record.cases.len() - 5;
    let line = format!("{cut} cases not played to the end: The run was interrupted.");
    assert_eq!(text.matches("interrupted.").count(), 1, "{text}");
    assert!(text.contains(&line), "{text}");
    assert_eq!(record.exit_code(), 130);
}

#[test]
fn cases_that_say_nothing_for_one_reason_are_one_line() {
    let catalogue = catalogue();
    let mut record = whole(&catalogue, "exchange-online", &declared());
    let control = "The control did not pass.";
    for (number, case) in record.cases.iter_mut().enumerate().take(81) {
        (case.verdict, case.reason) = match number {
            0 => (Verdict::Inconclusive, "The relay did not answer.".into()),
            80 => (Verdict::Error, "TLS broke.".into()),
            _ => (Verdict::Inconclusive, control.into()),
        };
    }
    record.cases[40].waiver = Some("known".into());
    let text = report::summary(&record, &catalogue.requirements);
    for line in [
        "78 cases say nothing because the control did not pass.",
        "1 case says nothing because the relay did not answer.",
        "1 case says nothing because TLS broke.",
        "  likewise 72 more, which the record names",
    ] {
        assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}: {text}");
    }
    assert_eq!(text.matches(control).count(), 1, "{text}");
    let markdown = report::markdown(&record, &catalogue.requirements);
    assert!(markdown.contains("- 78 cases say nothing because the control"), "{markdown}");
    for (number, case) in record.cases.iter_mut().enumerate().take(13) {
        (case.verdict, case.reason) = (Verdict::Error, format!("It broke at {number}."));
    }
    let text = report::summary(&record, &catalogue.requirements);
    assert!(text.contains("\n5 more cases say nothing for other reasons\n"), "{text}");
}
