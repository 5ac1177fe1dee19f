//! What holds for scenarios, requirements, profiles and pins.

use std::collections::BTreeSet;
use std::fs;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::labfile::DOMAINS;
use waxseal_model::coverage::Claim;
use waxseal_model::pins::Pins;
use waxseal_model::requirement::{Level, Requirement};
use waxseal_model::scenario::Case;

use super::{files, root};

fn catalogue() -> Catalogue {
    Catalogue::embedded().expect("the embedded scenarios are right")
}

/// The claims of a row that no scenario plays.
fn unplayed(catalogue: &Catalogue, id: &str, row: &Requirement) -> Vec<Claim> {
    let plays = |claim: &Claim| {
        let cites = |case: &&Case| case.cites.iter().any(|cited| cited == id);
        let mut citing = catalogue.cases().filter(cites);
        citing.any(|case| row.is_played(claim, case.direction, &case.scenario))
    };
    row.claims().into_iter().filter(|claim| !plays(claim)).collect()
}

/// A row that claims two directions or several parts is not covered by cases of one of them.
#[test]
fn each_direction_and_part_of_a_requirement_is_played_or_says_why_not() {
    let catalogue = catalogue();
    for (id, row) in &catalogue.requirements {
        let unplayed = unplayed(&catalogue, id, row);
        for claim in row.claims() {
            let silent = unplayed.contains(&claim) != row.untested.reason(&claim).is_some();
            assert!(!silent, "{id}, {claim}: either a case plays it, or the row says why not");
        }
        let names = row
            .claims()
            .into_iter()
            .flat_map(|claim| std::iter::once(claim.direction.to_string()).chain(claim.part));
        let names: BTreeSet<String> = names.collect();
        for name in row.untested.some.keys() {
            assert!(names.contains(name), "{id}: `{name}` is no direction or part of it");
        }
    }
}

#[test]
fn no_case_cites_a_requirement_that_does_not_bind_its_direction() {
    let catalogue = catalogue();
    for case in catalogue.cases() {
        for id in &case.cites {
            let binds = catalogue.requirements[id].direction.directions();
            assert!(binds.contains(&case.direction), "{} cites {id}", case.id);
        }
    }
}

/// What a shipped profile itself makes a must has a case each way; only rows of a connector that it
/// requires may lack one, and then a run under it is undecided and says so.
#[test]
fn no_shipped_profile_has_a_must_without_a_case() {
    let catalogue = catalogue();
    for (name, profile) in &catalogue.profiles {
        for (id, row) in &catalogue.requirements {
            let must = profile.own_level(id) == Some(Level::Must) && !row.is_conditional();
            let unplayed = unplayed(&catalogue, id, row);
            assert!(!must || unplayed.is_empty(), "{name}: {id}: {unplayed:?}");
        }
    }
}

#[test]
fn facts_of_others_say_when_they_were_checked_and_where() {
    let folder = root().join("scenarios/hosts");
    for path in files(&folder, "toml") {
        let text = fs::read_to_string(&path).expect("a file of the project can be read");
        let pins = Pins::parse("pins.toml", &text).expect("built-in pins are right");
        assert!(pins.checked.is_some() && pins.source.is_some(), "{}", path.display());
    }
}

#[test]
fn every_case_can_be_played_several_times_in_a_domain_of_its_own() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = catalogue.cases().count();
    assert!(3 * cases < DOMAINS, "{cases} cases, and lab.json promises {DOMAINS} domains");
}
