//! Arrows go down, and nowhere in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::imports::{leaves, module_of, named_paths, reexports};
use super::{files, root};

#[test]
fn lower_rooms_name_no_higher_ones() {
    // Rooms of one floor name each other neither.
    const FLOORS: [&[&str]; 12] = [
        &["wire"],
        &["tls"],
        &["catalogue"],
        &["lab"],
        &["peer"],
        &["relay"],
        &["run"],
        &["scan"],
        &["preflight"],
        &["report"],
        &["library"],
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

/// Files by their module path, with the files that each one names.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// Who names whom below a crate's folder, tests left out. An item that a module offers from elsewhere is
/// named where it stands.
fn imports(folder: &Path) -> Imports {
    let sources: BTreeMap<Vec<String>, String> = files(folder, "rs")
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("a source file can be read");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            (module_of(folder, path), code.to_owned())
        })
        .collect();
    let shown: BTreeMap<&Vec<String>, BTreeMap<String, Vec<String>>> =
        sources.iter().map(|(at, text)| (at, reexports(at, text).into_iter().collect())).collect();
    let stands_in = |path: &[String]| {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let known =
                (0..=path.len()).rev().find(|length| shown.contains_key(&path[..*length].to_vec()));
            let (module, rest) = path.split_at(known?);
            let elsewhere = rest.first().and_then(|item| shown[&module.to_vec()].get(item));
            match elsewhere {
                Some(place) if *place != path => path = place.clone(),
                _ => return Some(module.to_vec()),
            }
        }
        None
    };
    let named = |at: &Vec<String>, text: &str| {
        let module: Vec<&str> = at.iter().map(String::as_str).collect();
        let named = named_paths(&module, text).into_iter();
        named.filter_map(|path| stands_in(&path)).filter(|other| other != at).collect()
    };
    sources.iter().map(|(at, text)| (at.clone(), named(at, text))).collect()
}

/// All that a file names, and all that those name.
fn reaches(imports: &Imports, from: &Vec<String>) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = imports[from].iter().cloned().collect();
    while let Some(file) = next.pop() {
        if let Some(more) = imports.get(&file)
            && reached.insert(file)
        {
            next.extend(more.iter().cloned());
        }
    }
    reached
}

/// A file that can be read without the one that needs it.
#[test]
fn no_two_files_of_a_module_need_each_other() {
    for (folder, modules) in [
        ("harness", &["tls", "scan", "wire", "run", "library", "report", "peer", "catalogue"][..]),
        ("harness/model/src", &["judge", "scan"]),
    ] {
        let imports = imports(&root().join(folder));
        assert!(imports.values().map(BTreeSet::len).sum::<usize>() > imports.len(), "{folder}");
        let inside = |at: &&Vec<String>| at.first().is_some_and(|m| modules.contains(&m.as_str()));
        let circles =
            imports.keys().filter(inside).filter(|at| reaches(&imports, at).contains(*at));
        let circles: Vec<String> = circles.map(|at| at.join("::")).collect();
        assert!(circles.is_empty(), "{folder}: {circles:#?}");
    }
}
