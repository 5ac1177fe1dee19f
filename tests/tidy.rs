//! What holds for the whole tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use waxseal::catalogue::Catalogue;
use waxseal::relay::Driver;
use waxseal_model::coverage::Claim;
use waxseal_model::pins::Pins;
use waxseal_model::requirement::{Level, Requirement};
use waxseal_model::scenario::Case;

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the project can be read");
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a folder of the project can be read").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn catalogue() -> Catalogue {
    Catalogue::embedded().expect("the embedded scenarios are right")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
fn lower_rooms_name_no_higher_ones() {
    // Rooms of one floor name each other neither.
    let floors: [&[&str]; 8] = [
        &["wire"],
        &["tls"],
        &["lab"],
        &["peer"],
        &["relay"],
        &["run", "scan"],
        &["report"],
        &["cli"],
    ];
    let mut wrong = Vec::new();
    for (at, floor) in floors.iter().enumerate() {
        for room in *floor {
            let neighbours = floor.iter().filter(|other| other != &room);
            let above = floors[at + 1..].iter().copied().flatten();
            for path in files(&root().join("harness").join(room), "rs") {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                for other in neighbours.clone().chain(above.clone()) {
                    if text.contains(&format!("crate::{other}::")) {
                        wrong.push(format!("{} names {other}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn products_are_named_in_their_drivers_only() {
    let mut wrong = Vec::new();
    for folder in ["harness", "certs", "scenarios"] {
        for path in files(&root().join(folder), if folder == "scenarios" { "toml" } else { "rs" }) {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            for name in Driver::names() {
                // Comments and documentation may use one as an example.
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                if code.into_iter().any(|line| line.to_ascii_lowercase().contains(name)) {
                    wrong.push(format!("{} names {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_tls_room_and_the_certificates_name_a_tls_library() {
    let mut wrong = Vec::new();
    for path in files(&root().join("harness"), "rs") {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        let named = ["use rustls", "use openssl", "rustls::", "openssl::"];
        let inside = path.starts_with(root().join("harness/tls"));
        if !inside && named.iter().any(|name| text.contains(name)) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
