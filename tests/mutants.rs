//! The kill matrix: every deliberate fault of the reference relay is caught, and every scenario
//! is failed by some fault.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Mutex;

use waxseal::catalogue::Catalogue;
use waxseal::relay::reference::Mutant;
use waxseal::run::{Choice, Options, Unwatched, run};
use waxseal_model::expect::TlsExpect;
use waxseal_model::record::{Record, Verdict};
use waxseal_model::scenario::Case;

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
fn each_fault_of_a_server_fails_its_own_scenario() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let rows = [
        (Mutant::ServerFearsResumption, "inbound/resumption/served"),
        (Mutant::ServerFearsResumption, "inbound/resumption/with-key-exchange"),
        (Mutant::ServerResumesWithoutExchange, "inbound/resumption/without-key-exchange"),
        (Mutant::ServerGivesLongTickets, "inbound/resumption/tickets"),
        (Mutant::ServerAllowsEarlyData, "inbound/resumption/tickets"),
        (Mutant::ServerRefusesGroup, "inbound/injection/after-refusal"),
        (Mutant::ServerForcesNothing, "inbound/forced/clear-after-refused-tls"),
        (Mutant::ServerFearsHighVersion, "inbound/handshake/high-version"),
        (Mutant::ServerFearsGrease, "inbound/handshake/grease"),
        (Mutant::ServerFearsLongHello, "inbound/handshake/long-hello"),
        (Mutant::ServerFearsSmallRecords, "inbound/handshake/small-records"),
        (Mutant::ServerFearsRecordVersion, "inbound/handshake/record-version"),
        (Mutant::ServerAnswersSslV2, "inbound/handshake/ssl-v2"),
        (Mutant::ServerTakesNonsense, "inbound/handshake/no-suites"),
        (Mutant::ServerTakesNonsense, "inbound/handshake/unknown-suites"),
        (Mutant::ServerTakesNonsense, "inbound/handshake/no-null-compression"),
        (Mutant::ServerCompresses, "inbound/handshake/compression"),
        (Mutant::ServerIgnoresFallback, "inbound/handshake/fallback"),
        (Mutant::ServerPicksHttp2, "inbound/handshake/alpn-http-2"),
        (Mutant::ServerAcknowledgesNothing, "inbound/handshake/renegotiation-info"),
        (Mutant::ServerAcknowledgesNothing, "inbound/handshake/renegotiation-signal"),
        (Mutant::ServerAcknowledgesNothing, "inbound/handshake/extended-master-secret"),
        (Mutant::ServerTakesCbc, "inbound/handshake/cbc-plain"),
        (Mutant::ServerTakesCbc, "inbound/handshake/cbc-encrypt-then-mac"),
        (Mutant::ServerWantsKeyShare, "inbound/handshake/no-key-share"),
        (Mutant::ServerTakesForeignShare, "inbound/handshake/foreign-key-share"),
        (Mutant::ServerTakesEarlyChange, "inbound/handshake/early-change-cipher-spec"),
        (Mutant::ServerBleeds, "inbound/handshake/heartbeat"),
        (Mutant::ServerOverlooksClear, "inbound/handshake/clear-inside-tls"),
        (Mutant::ServerRenegotiates, "inbound/handshake/renegotiation"),
        (Mutant::ServerRenegotiates, "inbound/handshake/insecure-renegotiation"),
        (Mutant::ServerTakesOldVersions, "inbound/handshake/banned-version"),
        (Mutant::ServerLacksTls12, "inbound/handshake/plain"),
    ];
    let mut survivors = Vec::new();
    for (mutant, scenario) in rows {
        let options = Options { cases: vec![scenario.to_owned()], ..Options::default() };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        let choice = Choice::Reference(Some(mutant));
        let record = runtime
            .block_on(run(&catalogue, choice, &options, &Unwatched, pending()))
            .expect("the lab can be built");
        if !failed(&record).contains(scenario) {
            let why = record.cases.iter().map(|case| format!("{} {}", case.id, case.reason));
            survivors.push((mutant.name(), why.collect::<Vec<_>>()));
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:#?}");
}

#[test]
fn what_each_combination_claims_can_be_broken() {
    let outbound = [
        (Mutant::ClientLacksTls12, "outbound/combinations/forward-secret"),
        (Mutant::ClientLacksTls12, "outbound/combinations/further"),
        (Mutant::ClientTakesOldVersions, "outbound/combinations/ssl-3"),
        (Mutant::ClientTakesOldVersions, "outbound/combinations/tls-1-0"),
        (Mutant::ClientTakesOldVersions, "outbound/combinations/tls-1-1"),
        (Mutant::ClientTakesOldVersions, "outbound/combinations/old-forced"),
    ];
    each_fails_its_own("outbound/combinations/*", &outbound);
    let inbound = [
        (Mutant::ServerTakesOldVersions, "inbound/combinations/ssl-3"),
        (Mutant::ServerTakesOldVersions, "inbound/combinations/tls-1-0"),
        (Mutant::ServerTakesOldVersions, "inbound/combinations/tls-1-1"),
    ];
    each_fails_its_own("inbound/combinations/*", &inbound);
}

#[test]
fn a_relay_that_takes_old_versions_does_not_refuse_them_by_an_alert() {
    let pairs = [(Mutant::ClientTakesOldVersions, "outbound/versions/refusal-alert")];
    each_fails_its_own("outbound/versions/refusal-alert*", &pairs);
}

#[test]
fn each_fault_of_a_clients_handshake_fails_its_own_scenarios() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let rows: [(Mutant, &[&str]); 10] = [
        (Mutant::ClientMindsMissingCloseNotify, &["no-close-notify"]),
        (Mutant::ClientRefusesFragments, &["fragments"]),
        (Mutant::ClientTakesAnyOrder, &["done-before-key-exchange", "second-server-hello"]),
        (Mutant::ClientTakesAnySessionId, &["session-id-changed"]),
        (
            Mutant::ClientTakesAnySuite,
            &["suite-not-offered-1-2", "suite-not-offered-1-3", "suite-of-tls-1-3"],
        ),
        (
            Mutant::ClientTakesAnyVersion,
            &[
                "selected-version-old",
                "selected-version-unknown",
                "version-ssl-3",
                "version-tls-1-3",
            ],
        ),
        (Mutant::ClientTakesCompression, &["compression"]),
        (Mutant::ClientTakesUnofferedExtensions, &["alpn-not-offered", "extension-unknown"]),
        (Mutant::ClientTakesUnsafeRenegotiation, &["renegotiation-info"]),
        (Mutant::ClientTakesZeroShare, &["share-all-zero"]),
    ];
    for (mutant, scenarios) in rows {
        let options = Options { cases: vec!["outbound/forged/*".into()], ..Options::default() };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        let record = runtime
            .block_on(run(
                &catalogue,
                Choice::Reference(Some(mutant)),
                &options,
                &Unwatched,
                pending(),
            ))
            .expect("the lab can be built");
        let expected: BTreeSet<String> =
            scenarios.iter().map(|name| format!("outbound/forged/{name}")).collect();
        let failed: BTreeSet<String> = failed(&record).into_iter().map(str::to_owned).collect();
        assert_eq!(failed, expected, "{}", mutant.name());
    }
}

#[test]
fn the_downgrade_mark_means_nothing_to_a_relay_without_tls_13() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = vec!["outbound/forged/downgrade-mark".into()];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let choice = Choice::Reference(Some(Mutant::ClientLacksTls13));
    let options = Options { cases, ..Options::default() };
    let record = runtime
        .block_on(run(&catalogue, choice, &options, &Unwatched, pending()))
        .expect("the lab can be built");
    for case in &record.cases {
        assert_eq!(case.verdict, Verdict::Skipped, "{}: {}", case.id, case.reason);
        assert!(case.reason.contains("does not offer TLS 1.3"), "{}", case.reason);
    }
}

#[test]
fn what_wants_a_forged_flight_withheld_or_forgiven_is_failed_too() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    for (mutant, scenario) in [
        (Mutant::ClientClearIfBroken, "outbound/forged/flight-truncated"),
        (Mutant::ClientLacksTls13, "outbound/forged/nothing"),
        (Mutant::ClientNeverRetries, "outbound/forged/then-honest"),
    ] {
        let options = Options { cases: vec![scenario.into()], ..Options::default() };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        let choice = Choice::Reference(Some(mutant));
        let record = runtime
            .block_on(run(&catalogue, choice, &options, &Unwatched, pending()))
            .expect("the lab can be built");
        assert!(failed(&record).contains(scenario), "{}", mutant.name());
    }
}

#[test]
fn whoever_overlooks_all_forgeries_fails_every_scenario_that_wants_one_refused() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let options = Options { cases: vec!["outbound/forged/*".into()], ..Options::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let choice = Choice::Reference(Some(Mutant::ClientOverlooksForgeries));
    let record = runtime
        .block_on(run(&catalogue, choice, &options, &Unwatched, pending()))
        .expect("the lab can be built");
    let wants = |case: &&Case| case.expect.tls == Some(TlsExpect::ForgeryRefused);
    let expected: BTreeSet<&str> =
        catalogue.cases().filter(wants).map(|case| case.scenario.as_str()).collect();
    let missing: Vec<_> = expected.difference(&failed(&record)).copied().collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(expected.len() > 20);
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
