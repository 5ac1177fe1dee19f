//! All faults against all scenarios of their side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::reference::Mutant;

use super::{failed, judged, play_all};

/// A fault of the relay's server shows in mail that comes in, one of its client in mail that goes
/// out.
fn side(mutant: Mutant) -> Vec<String> {
    vec![if mutant.name().starts_with("server-") { "inbound/*" } else { "outbound/*" }.into()]
}

#[test]
#[ignore = "takes minutes: what has to be caught is listed in caught.toml, and played by the other tests"]
fn the_whole_matrix() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let mut fails: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (mutant, record) in play_all(&catalogue, side) {
        let failed: BTreeSet<String> = failed(&record).into_iter().map(str::to_owned).collect();
        let cases = record.summary.fail;
        println!("{:<40} fails {:>3} scenarios, {cases} cases", mutant.name(), failed.len());
        fails.insert(mutant.name(), failed);
    }
    let judged = judged(&catalogue);
    let killed: BTreeSet<&str> = fails.values().flatten().map(String::as_str).collect();
    let unkilled: Vec<_> = judged.difference(&killed).collect();
    let survivors: Vec<_> = fails.iter().filter(|(_, failed)| failed.is_empty()).collect();
    println!(
        "{} mutants, {} survive; {} scenarios judged, {} failed by no mutant",
        fails.len(),
        survivors.len(),
        judged.len(),
        unkilled.len()
    );
    if std::env::var("WAXSEAL_MUTANTS").is_ok_and(|word| word == "write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mutants/caught.toml");
        std::fs::write(path, table(&fails, &judged)).expect("the table can be written");
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
    assert!(unkilled.is_empty(), "failed by no mutant, so they prove nothing: {unkilled:#?}");
}

/// Each scenario under the fault that fails the fewest, and each fault at least once.
fn table(fails: &BTreeMap<&str, BTreeSet<String>>, judged: &BTreeSet<&str>) -> String {
    let mut chosen: BTreeMap<&str, BTreeSet<&str>> =
        fails.keys().map(|name| (*name, BTreeSet::new())).collect();
    let fewest_first = |scenario: &str| {
        let killers = fails.iter().filter(|(_, failed)| failed.contains(scenario));
        killers.min_by_key(|(name, failed)| (failed.len(), **name)).map(|(name, _)| *name)
    };
    for scenario in judged {
        if let Some(killer) = fewest_first(scenario) {
            chosen.entry(killer).or_default().insert(scenario);
        }
    }
    for (name, failed) in fails {
        let rarest = failed.iter().filter(|scenario| judged.contains(scenario.as_str()));
        let rarest = rarest.min_by_key(|scenario| {
            fails.values().filter(|others| others.contains(scenario.as_str())).count()
        });
        let listed = chosen.entry(name).or_default();
        if let Some(rarest) = rarest.filter(|_| listed.is_empty()) {
            listed.insert(rarest);
        }
    }
    let mut text = "# For each deliberate fault of the reference relay scenarios that it has to fail.\n\
                    # Written by `WAXSEAL_MUTANTS=write cargo test --test suite whole_matrix -- --ignored`.\n\n"
        .to_owned();
    for (name, scenarios) in chosen {
        let _ = writeln!(text, "{name} = [");
        for scenario in scenarios {
            let _ = writeln!(text, "    \"{scenario}\",");
        }
        let _ = writeln!(text, "]");
    }
    text
}
