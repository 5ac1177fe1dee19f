//! No verdict is one library's variant: each case that both engines can play ends alike with either.

use std::collections::BTreeMap;
use std::future::pending;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::RelaySpec;
use waxseal::internals::run::{RunOptions, Silent, run};
use waxseal_model::facts::Engine;
use waxseal_model::record::Record;
use waxseal_model::verdict::Verdict;

fn play(catalogue: &Catalogue, engine: Engine) -> Record {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let options = RunOptions { engine: Some(engine), ..RunOptions::default() };
    runtime
        .block_on(run(catalogue, &RelaySpec::reference(None), &options, &Silent, pending()))
        .expect("the lab can be built")
}

#[test]
fn both_engines_come_to_the_same_verdicts() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let played = |engine| -> BTreeMap<String, Verdict> {
        let record = play(&catalogue, engine);
        let cases = record.cases.into_iter().filter(|case| case.verdict != Verdict::Skipped);
        cases.map(|case| (case.id, case.verdict)).collect()
    };
    let (modern, legacy) = (played(Engine::Modern), played(Engine::Legacy));
    let both: Vec<&String> = modern.keys().filter(|id| legacy.contains_key(*id)).collect();
    println!("{} cases, {} of them with both engines", catalogue.cases().count(), both.len());
    // TLS 1.2 and 1.3 as they ought to be are more than half of the suite.
    assert!(both.len() > catalogue.cases().count() / 2, "{}", both.len());
    let apart: Vec<_> = both.iter().filter(|id| modern[**id] != legacy[**id]).collect();
    assert!(apart.is_empty(), "the engines come to different verdicts: {apart:?}");
}
