//! What holds for the whole tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use waxseal::catalogue::Catalogue;
use waxseal::relay::Driver;
use waxseal::relay::labfile::DOMAINS;
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

/// The paths that a source file imports or writes out, absolute from the crate's root: `["tls", "Engine"]`
/// for `use crate::tls::Engine`. `module` is the file's own path.
fn named_paths(module: &[&str], source: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut found = Vec::new();
    let mut lines = code.iter();
    while let Some(line) = lines.next() {
        let statement = line.trim_start().trim_start_matches("pub ");
        let statement =
            statement.trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
        if let Some(tree) = statement.strip_prefix("use ") {
            let mut tree = tree.to_owned();
            while !tree.contains(';') {
                let Some(more) = lines.next() else { break };
                tree.push_str(more.trim());
            }
            // A module within the file, such as its tests, is one floor further down.
            let depth = (line.len() - line.trim_start().len()) / 4;
            let inner = module.iter().map(|part| (*part).to_owned());
            let inner: Vec<String> =
                inner.chain(std::iter::repeat_n("_".to_owned(), depth)).collect();
            for path in leaves(tree.trim_end_matches(';')) {
                found.extend(absolute(&inner, &path));
            }
            continue;
        }
        for rest in line.split("crate::").skip(1) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let path = rest[..end.unwrap_or(rest.len())].split("::").map(str::to_owned);
            found.push(path.collect());
        }
    }
    found
}

/// Every path of a use tree: `a::{b, c::{self, d}}` is `a::b`, `a::c` and `a::c::d`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((before, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        let parts = path.split("::").map(str::trim).filter(|part| !part.is_empty());
        return vec![parts.filter(|part| !matches!(*part, "*")).map(str::to_owned).collect()];
    };
    let prefix: Vec<String> = before
        .split("::")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let mut depth = 0;
    let members = inside.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    members
        .filter(|member| !member.trim().is_empty())
        .flat_map(leaves)
        .map(|leaf| {
            let leaf = leaf.into_iter().filter(|part| part != "self");
            prefix.iter().cloned().chain(leaf).collect()
        })
        .collect()
}

/// The path from the crate's root; `None`: it is one of another crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some(module.iter().chain(rest).cloned().collect()),
        "super" => {
            let (_, above) = module.split_last()?;
            match rest.first().is_some_and(|part| part == "super") {
                true => absolute(above, rest),
                false => Some(above.iter().chain(rest).cloned().collect()),
            }
        }
        _ => None,
    }
}

/// The module path of a file below `folder`.
fn module_of(folder: &Path, file: &Path) -> Vec<String> {
    let below = file.strip_prefix(folder).expect("the file lies below").with_extension("");
    let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
    parts.filter(|part| part != "mod" && part != "lib").collect()
}

#[test]
fn use_trees_are_read_to_their_leaves() {
    let check = |source: &str, expected: &[&str]| {
        let found = named_paths(&["tls", "legacy"], source);
        let found: Vec<_> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found, expected, "{source}");
    };
    check("use crate::tls::Engine;", &["tls::Engine"]);
    check("use std::fmt;", &[]);
    check("use crate::{lab::{self, Zones}, wire as w};", &["lab", "lab::Zones", "wire"]);
    check("use super::super::lab::{\n    Zones,\n};", &["lab::Zones"]);
    check("use super::engine;", &["tls::engine"]);
    check("    use super::*;", &["tls::legacy"]);
    check("fn f(run: &crate::run::Options) {} // crate::cli::x", &["run::Options"]);
}

#[test]
fn lower_rooms_name_no_higher_ones() {
    // Rooms of one floor name each other neither.
    const FLOORS: [&[&str]; 10] = [
        &["wire"],
        &["tls"],
        &["catalogue"],
        &["lab"],
        &["peer"],
        &["relay"],
        &["run"],
        &["scan"],
        &["report"],
        &["cli"],
    ];
    let folder = root().join("harness");
    let mut wrong = Vec::new();
    for (at, floor) in FLOORS.iter().enumerate() {
        for room in *floor {
            let neighbours = floor.iter().filter(|other| other != &room);
            let forbidden: Vec<_> =
                neighbours.chain(FLOORS[at + 1..].iter().copied().flatten()).collect();
            for path in files(&folder.join(room), "rs") {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                let module = module_of(&folder, &path);
                let module: Vec<&str> = module.iter().map(String::as_str).collect();
                for named in named_paths(&module, &text) {
                    if named.first().is_some_and(|first| forbidden.iter().any(|f| *f == first)) {
                        wrong.push(format!("{} names {}", path.display(), named.join("::")));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A room that is new has to get its floor.
    let rooms = fs::read_dir(&folder).expect("the sources can be read");
    let rooms = rooms.map(|entry| entry.expect("the sources can be read").path());
    for room in rooms.filter(|path| path.is_dir() && !path.join("Cargo.toml").exists()) {
        let name = room.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        assert!(FLOORS.iter().any(|floor| floor.contains(&name.as_str())), "{name} has no floor");
    }
}

#[test]
fn the_model_names_no_socket_no_file_and_no_clock() {
    let impure = [
        "std::fs",
        "std::net::TcpStream",
        "std::net::TcpListener",
        "std::net::UdpSocket",
        "std::net::ToSocketAddrs",
        "std::os",
        "std::env",
        "std::thread",
        "std::process",
        "std::time::SystemTime",
        "std::time::Instant",
    ];
    let mut wrong = Vec::new();
    for path in files(&root().join("harness/model/src"), "rs") {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        let imports = text.lines().filter_map(|line| line.trim_start().strip_prefix("use "));
        let imports = imports.flat_map(|tree| leaves(tree.trim_end_matches(';')));
        let imports: Vec<String> = imports.map(|path| path.join("::")).collect();
        for name in impure {
            let imported = imports.iter().any(|path| path.starts_with(name));
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if imported || code.into_iter().any(|line| line.contains(name)) {
                wrong.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_case_can_be_played_several_times_in_a_domain_of_its_own() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let cases = catalogue.cases().count();
    assert!(3 * cases < DOMAINS, "{cases} cases, and lab.json promises {DOMAINS} domains");
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
