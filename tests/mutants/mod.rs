//! The kill matrix: every deliberate fault of the reference relay is caught, and every scenario
//! is failed by some fault.
//!
//! `caught.toml` names for each fault scenarios that it has to fail, and every scenario stands there
//! at least once; that is played always. All faults against all scenarios of their side take
//! minutes: `cargo test --test suite mutants -- --ignored --nocapture`, which with
//! `WAXSEAL_MUTANTS=write` writes the table anew. `WAXSEAL_MUTANT=server-takes-null,server-bleeds` plays the
//! faults of these names alone.

mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Mutex;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::RelaySpec;
use waxseal::internals::relay::reference::{Mutant, Variant};
use waxseal::internals::run::{RunOptions, Silent, run};
use waxseal_model::expect::TlsExpect;
use waxseal_model::record::Record;
use waxseal_model::scenario::Case;
use waxseal_model::verdict::Verdict;

/// Mutants at once: a run mostly waits for messages that are tried again.
const AT_ONCE: usize = 3;

/// What does not apply to the clean relay: it takes no logins. [`Variant::ServerTakesLogins`] passes it.
const NOT_FOR_IT: [&str; 1] = ["inbound/starttls/auth-forgotten"];

/// The scenarios that a fault has to fail, by the fault's name.
type Caught = BTreeMap<String, Vec<String>>;

fn caught() -> Caught {
    toml::from_str(include_str!("caught.toml")).expect("the table can be read")
}

/// Plays what the patterns select, and the controls with it.
fn play(catalogue: &Catalogue, mutant: Option<Mutant>, cases: Vec<String>) -> Record {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let options = RunOptions { jobs: Some(64), cases, ..RunOptions::default() };
    runtime
        .block_on(run(catalogue, &RelaySpec::reference(mutant), &options, &Silent, pending()))
        .expect("the lab can be built")
}

fn failed(record: &Record) -> BTreeSet<&str> {
    let broken = record.cases.iter().filter(|case| {
        // What a level of info turns into an observation counts: the claim was seen broken.
        case.verdict == Verdict::Fail
            || case.observed.as_ref().is_some_and(|observed| *observed == case.reason)
    });
    broken.map(|case| case.scenario.as_str()).collect()
}

/// Every mutant with the cases that `select` names for it, some at a time.
fn play_all(
    catalogue: &Catalogue,
    select: impl Fn(Mutant) -> Vec<String> + Sync,
) -> Vec<(Mutant, Record)> {
    let chosen = std::env::var("WAXSEAL_MUTANT").ok();
    let is_chosen = |mutant: &&Mutant| {
        chosen.as_deref().is_none_or(|names| names.split(',').any(|name| name == mutant.name()))
    };
    let waiting = Mutex::new(Mutant::ALL.iter().filter(is_chosen));
    let played = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("nobody panics with it").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(mutant) = next() {
                    let record = play(catalogue, Some(*mutant), select(*mutant));
                    played.lock().expect("nobody panics with it").push((*mutant, record));
                }
            });
        }
    });
    played.into_inner().expect("nobody panics with it")
}

/// The scenarios that judge something.
fn judged(catalogue: &Catalogue) -> BTreeSet<&str> {
    catalogue.cases().filter(|case| !case.observe).map(|case| case.scenario.as_str()).collect()
}

#[test]
fn every_fault_is_listed_and_every_scenario_is_failed_by_one() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let caught = caught();
    let names: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    let listed: BTreeSet<&str> = caught.keys().map(String::as_str).collect();
    assert_eq!(listed, names, "tests/mutants/caught.toml lists the faults that there are");
    let idle: Vec<_> = caught.iter().filter(|(_, fails)| fails.is_empty()).collect();
    assert!(idle.is_empty(), "caught by nothing: {idle:?}");
    let failing: BTreeSet<&str> = caught.values().flatten().map(String::as_str).collect();
    let judged = judged(&catalogue);
    let unkilled: Vec<_> = judged.difference(&failing).collect();
    assert!(unkilled.is_empty(), "failed by no fault, so they prove nothing: {unkilled:#?}");
    let unknown: Vec<_> = failing.difference(&judged).collect();
    assert!(unknown.is_empty(), "no such scenario judges anything: {unknown:#?}");
}

#[test]
fn the_clean_relay_fails_nothing() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let clean = play(&catalogue, None, Vec::new());
    let good = [Verdict::Pass, Verdict::Observed];
    let broken: Vec<_> = clean
        .cases
        .iter()
        .filter(|case| {
            let skipped = case.verdict == Verdict::Skipped;
            !(good.contains(&case.verdict)
                || skipped && NOT_FOR_IT.contains(&case.scenario.as_str()))
        })
        .map(|case| format!("{} {}: {}", case.verdict, case.id, case.reason))
        .collect();
    assert!(broken.is_empty(), "the clean relay: {broken:#?}");
}

#[test]
fn each_fault_fails_its_scenarios() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let caught = caught();
    let mut survived = Vec::new();
    for (mutant, record) in play_all(&catalogue, |mutant| caught[mutant.name()].clone()) {
        let failed = failed(&record);
        for scenario in &caught[mutant.name()] {
            if !failed.contains(scenario.as_str()) {
                let cases = record.cases.iter().filter(|case| case.scenario == *scenario);
                let why =
                    cases.map(|case| format!("{}: {} {}", case.id, case.verdict, case.reason));
                survived.push((mutant.name(), why.collect::<Vec<_>>()));
            }
        }
    }
    assert!(survived.is_empty(), "not caught: {survived:#?}");
}

#[test]
fn a_login_in_plaintext_that_is_forgotten_is_no_failure() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let cases = NOT_FOR_IT.map(str::to_owned).to_vec();
    let options = RunOptions { cases, ..RunOptions::default() };
    let spec = RelaySpec::variant(&[Variant::ServerTakesLogins]);
    let record = runtime.block_on(run(&catalogue, &spec, &options, &Silent, pending()));
    for case in &record.expect("the lab can be built").cases {
        assert_eq!(case.verdict, Verdict::Pass, "{}: {}", case.id, case.reason);
    }
}

#[test]
fn each_short_curve_is_offered_and_found() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let short = "inbound/forward-secrecy/short-curve";
    let record = play(&catalogue, Some(Mutant::ServerTakesShortCurve), vec![short.into()]);
    for case in record.cases.iter().filter(|case| case.scenario == short) {
        assert_eq!(case.verdict, Verdict::Fail, "{}: {}", case.id, case.reason);
    }
}

#[test]
fn the_downgrade_sentinel_means_nothing_to_a_relay_without_tls_13() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = vec!["outbound/tampered/key-exchange#downgrade-sentinel".into()];
    let record = play(&catalogue, Some(Mutant::ClientLacksTls13), cases);
    for case in &record.cases {
        assert_eq!(case.verdict, Verdict::Skipped, "{}: {}", case.id, case.reason);
        assert!(case.reason.contains("does not offer TLS 1.3"), "{}", case.reason);
    }
}

#[test]
fn a_second_greeting_is_no_answer_to_what_was_injected() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = vec!["inbound/injection/*".into(), "inbound/starttls/session*".into()];
    let record = play(&catalogue, Some(Mutant::ServerGreetsTwice), cases);
    for case in &record.cases {
        assert_eq!(case.verdict, Verdict::Pass, "{}: {}", case.id, case.reason);
    }
}

#[test]
fn whoever_overlooks_all_tamperings_fails_every_scenario_that_wants_one_refused() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = vec!["outbound/tampered/*".into()];
    let record = play(&catalogue, Some(Mutant::ClientOverlooksTamperings), cases);
    let wants = |case: &&Case| case.expect.tls == Some(TlsExpect::TamperingRefused);
    let expected: BTreeSet<&str> =
        catalogue.cases().filter(wants).map(|case| case.scenario.as_str()).collect();
    let missing: Vec<_> = expected.difference(&failed(&record)).copied().collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(expected.len() > 20);
}
