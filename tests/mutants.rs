//! The kill matrix: every deliberate fault of the reference relay is caught, and every scenario
//! is failed by some fault.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Mutex;

use waxseal::catalogue::Catalogue;
use waxseal::relay::reference::Mutant;
use waxseal::run::{Choice, Options, Unwatched, run};
use waxseal_model::record::{Record, Verdict};

/// Mutants at once.
const AT_ONCE: usize = 3;

fn play(catalogue: &Catalogue, mutant: Option<Mutant>) -> Record {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    // A fault of its server shows in mail that comes in, one of its client in mail that goes out.
    let side = mutant.map(|mutant| match mutant.name().split_once('-') {
        Some(("server", _)) => "inbound/*".to_owned(),
        _ => "outbound/*".to_owned(),
    });
    let options =
        Options { jobs: Some(64), cases: side.into_iter().collect(), ..Options::default() };
    runtime
        .block_on(run(catalogue, Choice::Reference(mutant), &options, &Unwatched, pending()))
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

/// Every mutant, some at a time: a run mostly waits for messages that are tried again.
fn play_all(catalogue: &Catalogue) -> Vec<(Mutant, Record)> {
    let waiting = Mutex::new(Mutant::ALL.iter());
    let played = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("nobody panics with it").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(mutant) = next() {
                    let record = play(catalogue, Some(*mutant));
                    played.lock().expect("nobody panics with it").push((*mutant, record));
                }
            });
        }
    });
    played.into_inner().expect("nobody panics with it")
}

/// Plays each fault against the scenarios of `glob` and asks for one that it has to fail.
fn each_fails_its_own(glob: &str, pairs: &[(Mutant, &str)]) {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    for (mutant, scenario) in pairs {
        let options = Options { cases: vec![glob.into()], ..Options::default() };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        let choice = Choice::Reference(Some(*mutant));
        let record = runtime
            .block_on(run(&catalogue, choice, &options, &Unwatched, pending()))
            .expect("the lab can be built");
        let found = failed(&record);
        assert!(found.contains(scenario), "{} fails {found:?}", mutant.name());
    }
}

#[test]
fn each_fault_of_the_certificates_fails_its_own_scenario() {
    let pairs = [
        (Mutant::ServerForgetsIntermediate, "inbound/certificates/order"),
        (Mutant::ServerRepeatsLeaf, "inbound/certificates/order"),
        (Mutant::ServerShowsShortKey, "inbound/certificates/rsa-2048"),
    ];
    each_fails_its_own("inbound/certificates/*", &pairs);
}

#[test]
fn each_fault_of_the_hello_fails_its_own_scenario() {
    let pairs = [
        (Mutant::ClientSpeaksSsl2, "outbound/hello/tls-record"),
        (Mutant::ClientListsOldestFirst, "outbound/hello/newest-version-first"),
        (Mutant::ClientLeadsWithStaticRsa, "outbound/hello/forward-secret-first"),
        (Mutant::ClientRepeatsItself, "outbound/hello/extensions-once"),
        (Mutant::ClientRepeatsItself, "outbound/hello/suites-once"),
        (Mutant::ClientResumesWithoutDhe, "outbound/hello/psk-with-dhe"),
        (Mutant::ClientNamesWithDot, "outbound/hello/sni-is-host-name"),
        (Mutant::ClientOffersBareCbc, "outbound/hello/cbc-with-encrypt-then-mac"),
        (Mutant::ClientFallsBack, "outbound/hello/no-silent-fallback"),
        (Mutant::ClientSendsEarlyData, "outbound/hello/no-early-data"),
    ];
    each_fails_its_own("outbound/hello/*", &pairs);
    let pairs = [(Mutant::ClientResumesForAnyRule, "outbound/forced/resumed-session")];
    each_fails_its_own("outbound/forced/resumed-session*", &pairs);
}

#[test]
fn what_each_combination_claims_can_be_broken() {
    let old = [
        (Mutant::ClientTakesOldVersions, "outbound/versions/ssl-3-each-suite"),
        (Mutant::ClientTakesOldVersions, "outbound/versions/tls-1-0-each-suite"),
        (Mutant::ClientTakesOldVersions, "outbound/versions/tls-1-1-each-suite"),
        (Mutant::ClientTakesOldVersions, "outbound/versions/old-forced-each-suite"),
        (Mutant::ServerTakesOldVersions, "inbound/versions/ssl-3-each-suite"),
        (Mutant::ServerTakesOldVersions, "inbound/versions/tls-1-0-each-suite"),
        (Mutant::ServerTakesOldVersions, "inbound/versions/tls-1-1-each-suite"),
    ];
    each_fails_its_own("*/versions/*-each-suite*", &old);
    let modern = [
        (Mutant::ClientLacksTls12, "outbound/forward-secrecy/groups-and-keys"),
        (Mutant::ClientLacksTls12, "outbound/forward-secrecy/further-groups-and-keys"),
    ];
    each_fails_its_own("outbound/forward-secrecy/*groups-and-keys*", &modern);
}

#[test]
fn a_relay_that_takes_old_versions_does_not_refuse_them_by_an_alert() {
    let pairs = [(Mutant::ClientTakesOldVersions, "outbound/versions/refusal-alert")];
    each_fails_its_own("outbound/versions/refusal-alert*", &pairs);
}

#[test]
fn the_clean_relay_fails_nothing_and_every_mutant_is_caught() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let clean = play(&catalogue, None);
    let broken: Vec<_> = clean
        .cases
        .iter()
        .filter(|case| !matches!(case.verdict, Verdict::Pass | Verdict::Observed))
        .map(|case| format!("{} {}: {}", case.verdict, case.id, case.reason))
        .collect();
    assert!(broken.is_empty(), "the clean relay: {broken:#?}");
    let mut killers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut survivors = Vec::new();
    for (mutant, record) in play_all(&catalogue) {
        let killed = failed(&record);
        println!(
            "{:<32} fails {:>3} scenarios, {} cases",
            mutant.name(),
            killed.len(),
            record.summary.fail
        );
        // A message that disappears proves nothing against the relay, but it is no pass either.
        if killed.is_empty() && record.exit_code() == 0 {
            survivors.push(mutant.name());
        }
        for scenario in killed {
            killers.entry(scenario.to_owned()).or_default().push(mutant.name());
        }
    }
    let judged: BTreeSet<&str> =
        catalogue.cases().filter(|case| !case.observe).map(|case| case.scenario.as_str()).collect();
    let unkilled: Vec<_> =
        judged.iter().copied().filter(|scenario| !killers.contains_key(*scenario)).collect();
    println!(
        "{} mutants, {} survive; {} scenarios judged, {} failed by no mutant",
        Mutant::ALL.len(),
        survivors.len(),
        judged.len(),
        unkilled.len()
    );
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
    assert!(unkilled.is_empty(), "failed by no mutant, so they prove nothing: {unkilled:#?}");
}
