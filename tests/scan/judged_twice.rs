//! A requirement that both a scan and a scenario judge means the same in both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::future::pending;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::RelaySpec;
use waxseal::internals::relay::reference::Mutant;
use waxseal::internals::run::{RunOptions, Silent, run};
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{Entry, Finding, judged_requirements};
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;
use waxseal_model::verdict::Verdict;

use super::agreement::RSA;
use super::reference::{findings, scan_with};

/// The clean relay, and faults of its TLS that a client sees without sending mail.
const RELAYS: [Option<Mutant>; 7] = [
    None,
    Some(Mutant::ServerTakesOldVersions),
    Some(Mutant::ServerTakesStaticRsa),
    Some(Mutant::ServerTakesWeakDhe),
    Some(Mutant::ServerBleeds),
    Some(Mutant::ServerRenegotiates),
    Some(Mutant::ServerFearsGrease),
];

/// Where a case asks for more than a scan does, and how: a relay may break the one and keep the other.
const ASKS_MORE: [(&str, &str); 2] = [
    ("cbc-without-etm", "a case also offers CBC suites without encrypt-then-MAC"),
    (
        "rfc8996-server-alert",
        "a case demands that there is a refusal; a scan judges how it is told",
    ),
];

/// Cases on the listener that a scan asks, by the requirements that a scan judges as well.
fn cases(catalogue: &Catalogue) -> BTreeMap<String, Vec<&Case>> {
    let judged = judged_requirements();
    let mut found: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    let here = |case: &&Case| {
        case.direction == Direction::Inbound && case.connector == Connector::Opportunistic
    };
    for case in catalogue.cases().filter(here) {
        for id in case.cites.iter().filter(|id| judged.contains(*id)) {
            found.entry(id.clone()).or_default().push(case);
        }
    }
    found
}

fn is_broken(case: &CaseRecord) -> bool {
    case.verdict == Verdict::Fail
        || case.observed.as_ref().is_some_and(|observed| *observed == case.reason)
}

/// Both sentences beside each other, for a reader.
fn side_by_side(
    catalogue: &Catalogue,
    cases: &BTreeMap<String, Vec<&Case>>,
    clean: &[Finding],
) -> String {
    let mut text = String::new();
    for (id, cases) in cases {
        let requirement = &catalogue.requirements[id];
        let _ = writeln!(text, "{id}\n  source: {}", requirement.text);
        for finding in clean.iter().filter(|finding| finding.requirement == *id) {
            let _ = writeln!(text, "  scan:   {} {}", finding.verdict, finding.text);
        }
        if let Some((_, how)) = ASKS_MORE.iter().find(|(name, _)| name == id) {
            let _ = writeln!(text, "  differ: {how}");
        }
        let claims: BTreeSet<&str> = cases.iter().map(|case| case.claim.as_str()).collect();
        for claim in claims {
            let _ = writeln!(text, "  run:    {claim}");
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_and_a_run_agree_where_both_judge() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = cases(&catalogue);
    let played: BTreeSet<String> = cases.values().flatten().map(|case| case.id.clone()).collect();
    let cites: BTreeMap<&str, &[String]> =
        catalogue.cases().map(|case| (case.id.as_str(), &case.cites[..])).collect();
    let mut wrong = Vec::new();
    let mut asked_more = BTreeSet::new();
    for mutant in RELAYS {
        let name = mutant.map_or("the clean relay", Mutant::name);
        let facts = scan_with(RSA, Connector::Opportunistic, Entry::Relay, mutant).await;
        let found = findings(&facts);
        let options =
            RunOptions { cases: played.iter().cloned().collect(), ..RunOptions::default() };
        let spec = RelaySpec::reference(mutant);
        let record = run(&catalogue, &spec, &options, &Silent, pending())
            .await
            .expect("the lab can be built");
        let broken_cases: Vec<&CaseRecord> =
            record.cases.iter().filter(|case| is_broken(case)).collect();
        // What breaks a level of info is observed.
        let fails = |finding: &&Finding| finding.verdict == Verdict::Fail;
        let differs =
            |finding: &&Finding| matches!(finding.verdict, Verdict::Fail | Verdict::Observed);
        let broken_rules: BTreeSet<&str> =
            found.iter().filter(fails).map(|finding| finding.requirement.as_str()).collect();
        for id in broken_rules.iter().filter(|id| cases.contains_key(**id)) {
            if !broken_cases
                .iter()
                .any(|case| cites[case.id.as_str()].iter().any(|cited| cited == id))
            {
                wrong.push(format!("{name}: the scan breaks {id}, and no case of it fails"));
            }
        }
        let not_kept: BTreeSet<&str> =
            found.iter().filter(differs).map(|finding| finding.requirement.as_str()).collect();
        for case in broken_cases {
            let cited = || cites[case.id.as_str()].iter().filter(|id| cases.contains_key(*id));
            if cited().next().is_some() && !cited().any(|id| not_kept.contains(id.as_str())) {
                let more: Vec<&str> = cited()
                    .filter_map(|id| ASKS_MORE.iter().find(|(name, _)| name == id))
                    .map(|(name, _)| *name)
                    .collect();
                if !more.is_empty() {
                    asked_more.extend(more);
                    continue;
                }
                let said: Vec<String> = found
                    .iter()
                    .filter(|finding| cited().any(|id| *id == finding.requirement))
                    .map(|found| format!("{} {}: {}", found.requirement, found.verdict, found.text))
                    .collect();
                let reason = &case.reason;
                wrong.push(format!("{name}: {} fails ({reason}), the scan: {said:?}", case.id));
            }
        }
        if mutant.is_none() {
            let text = side_by_side(&catalogue, &cases, &found);
            insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!("judged-twice", text);
            });
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        asked_more.into_iter().eq(ASKS_MORE.map(|(id, _)| id)),
        "an exception has no use any more"
    );
}
