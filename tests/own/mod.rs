//! Scenarios of a user's own: `scenarios/` beside this file is such a folder.

mod refused;

use std::collections::BTreeMap;
use std::future::pending;
use std::path::{Path, PathBuf};

use waxseal::internals::catalogue::{Catalogue, Source};
use waxseal::internals::relay::RelaySpec;
use waxseal::internals::relay::reference::Mutant;
use waxseal::internals::run::{RunOptions, Silent, run};
use waxseal_model::record::Record;
use waxseal_model::status::Status;
use waxseal_model::verdict::Verdict;

use crate::gate::{declared, whole};

const INBOUND: &str = "inbound/starttls-after-refusal";
const OUTBOUND: &str = "outbound/expired-rsa";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own/scenarios")
}

/// What is built in and what stands in the folder of these tests.
fn catalogue() -> Catalogue {
    let own = Source::folder(&folder()).expect("the folder of this test can be read");
    Catalogue::with(own).expect("the scenarios of this test are right")
}

/// The own scenarios, played on the embedded relay with or without a fault.
fn play(catalogue: &Catalogue, mutant: Option<Mutant>) -> Record {
    let cases = vec![INBOUND.to_owned(), OUTBOUND.to_owned()];
    let options = RunOptions { cases, profile: "house".into(), ..RunOptions::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime
        .block_on(run(catalogue, &RelaySpec::reference(mutant), &options, &Silent, pending()))
        .expect("the lab can be built")
}

/// What became of each requirement of one's own.
fn statuses(record: &Record) -> BTreeMap<&str, Status> {
    let rows = record.requirements.iter().filter(|row| row.id.starts_with("house-"));
    rows.map(|row| (row.id.as_str(), row.status)).collect()
}

#[test]
fn own_scenarios_pass_on_a_right_relay() {
    let catalogue = catalogue();
    let record = play(&catalogue, None);
    let verdicts: Vec<_> = record.cases.iter().map(|case| (&case.id, case.verdict)).collect();
    assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Pass), "{verdicts:?}");
    assert_eq!(verdicts.len(), 3);
    let kept = [("house-no-expired-rsa", Status::Kept), ("house-starttls-stays", Status::Kept)];
    assert_eq!(statuses(&record), kept.into());
    assert_eq!((record.profile.as_str(), record.exit_code()), ("house", 0));
}

#[test]
fn own_scenarios_fail_on_a_relay_with_the_fault() {
    let catalogue = catalogue();
    for (mutant, scenario, row) in [
        (Mutant::ClientIgnoresDates, OUTBOUND, "house-no-expired-rsa"),
        (Mutant::ServerRefusesForGood, INBOUND, "house-starttls-stays"),
    ] {
        let record = play(&catalogue, Some(mutant));
        for case in &record.cases {
            let expected = if case.scenario == scenario { Verdict::Fail } else { Verdict::Pass };
            assert_eq!(case.verdict, expected, "{}: {}", case.id, case.reason);
        }
        assert_eq!(statuses(&record)[row], Status::Broken);
        // The profile makes a must of what the row itself calls a should.
        assert_eq!(record.exit_code(), 1);
    }
}

/// As of a built-in must that the profile promises: what nothing judged is never counted as kept.
#[test]
fn an_own_must_that_no_case_plays_leaves_the_run_undecided() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let rows = std::fs::read_to_string(folder().join("requirements/house.toml"));
    let rows = rows.expect("the rows of this test can be read");
    super::cli::file(&dir, "requirements/mine.toml", &rows.replace("\"should\"", "\"must\""));
    let own = Source::folder(dir.path()).expect("a folder can be read");
    let catalogue = Catalogue::with(own).expect("the rows are right");
    let record = whole(&catalogue, "exchange-online", &declared());
    assert_eq!(statuses(&record)["house-starttls-stays"], Status::NotCovered);
    assert_eq!(record.exit_code(), 3);
    let built_in = Catalogue::embedded().expect("the embedded scenarios are right");
    assert_eq!(whole(&built_in, "exchange-online", &declared()).exit_code(), 0);
}

/// One scenario is one file: with the kill table and the report of the embedded relay nothing else
/// has to know of it.
#[test]
fn a_folder_with_one_scenario_is_enough() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let text = "claim = 'The relay delivers in TLS.'\ncites = ['rfc9325-tls12-support']\n\
                [expect]\noutcome = 'delivered-tls'\n";
    super::cli::file(&dir, "outbound/mine.toml", text);
    let path = dir.path().to_string_lossy();
    let run = super::cli::waxseal(&["run", "--scenarios", &path, "--case", "outbound/mine"]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
}
