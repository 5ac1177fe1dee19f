//! The front door: what another crate calls.

use std::net::TcpListener;

use waxseal::model::scan::{Entry, Found};
use waxseal::model::verdict::Verdict;
use waxseal::{RelaySpec, RunError, RunOptions, ScanError, ScanOptions};

const CONTROL: &str = "outbound/control#encryption-only";

#[test]
fn a_run_is_one_call_and_gives_its_record() {
    let relay = RelaySpec::find("reference").expect("it is built in");
    let options = RunOptions { cases: vec![CONTROL.into()], ..RunOptions::default() };
    let record = waxseal::run(&relay, &options).expect("it can be played");
    let cases: Vec<_> = record.cases.iter().map(|case| (case.id.as_str(), case.verdict)).collect();
    assert_eq!(cases, [(CONTROL, Verdict::Pass)]);
    assert_eq!(record.exit_code(), 0);
    assert!(record.conditions.started.is_some());
}

#[test]
fn a_record_says_that_scenarios_of_the_users_own_were_played() {
    let relay = RelaySpec::find("reference").expect("it is built in");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/own/scenarios");
    let cases = vec!["outbound/expired-rsa".into()];
    let options = RunOptions { cases, scenarios: Some(folder.into()), ..RunOptions::default() };
    let record = waxseal::run(&relay, &options).expect("it can be played");
    assert_eq!(record.conditions.scenarios.as_deref(), Some(folder));
    let text = waxseal::internals::report::summary(&record, &Default::default());
    assert!(text.contains(&format!("With the scenarios of {folder}.")), "{text}");
}

#[test]
fn what_cannot_be_run_says_why() {
    assert!(RelaySpec::find("no-such-relay").is_err());
    assert!(RelaySpec::of_command(" ").is_err());
    let relay = RelaySpec::find("reference").expect("it is built in");
    let run = |options| waxseal::run(&relay, &options).expect_err("it cannot be run");
    let cases = vec!["outbound/contorl*".into()];
    let error = run(RunOptions { cases, ..RunOptions::default() });
    assert!(matches!(error, RunError::Nothing { .. }), "{error}");
    let error = run(RunOptions { profile: "no-such".into(), ..RunOptions::default() });
    assert!(error.to_string().contains("there is no profile `no-such`"), "{error}");
    let scenarios = Some("no-such-folder".into());
    let error = run(RunOptions { scenarios, ..RunOptions::default() });
    assert!(error.to_string().contains("no-such-folder"), "{error}");
}

#[test]
fn a_host_that_cannot_be_reached_is_unknown_and_no_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    drop(listener);
    let target = waxseal::parse_target(&address, Entry::Relay).expect("it is an address");
    let host = waxseal::scan(&target, &ScanOptions::default()).expect("it can be scanned");
    assert!(matches!(host.facts.tls, Found::Unknown(_)), "{:?}", host.facts.tls);
    assert_eq!(host.exit_code(), 3);
    let options = ScanOptions { profile: "no-such".into(), ..ScanOptions::default() };
    let error = waxseal::scan(&target, &options).expect_err("there is no such profile");
    assert!(matches!(error, ScanError::Profile(_)), "{error}");
}
