//! What a source file imports.

use std::path::Path;

/// The paths that a source file imports or writes out, absolute from the crate's root: `["tls", "Engine"]`
/// for `use crate::tls::Engine`. `module` is the file's own path.
pub(super) fn named_paths(module: &[&str], source: &str) -> Vec<Vec<String>> {
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
        // Who may see an item is no use of anything.
        for rest in line.replace("(in crate::", "").split("crate::").skip(1) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let path = rest[..end.unwrap_or(rest.len())].split("::").map(str::to_owned);
            found.push(path.collect());
        }
    }
    found
}

/// What a module offers under its own name although it stands elsewhere: its `pub use`, the item
/// first, then where it stands.
pub(super) fn reexports(module: &[String], source: &str) -> Vec<(String, Vec<String>)> {
    let statements = source.split(';').map(str::trim_start);
    let shown = statements.filter_map(|statement| {
        let start = statement.find("pub use ").or_else(|| statement.find("pub(super) use "))?;
        statement[start..].split_once("use ").map(|(_, tree)| tree)
    });
    let paths = shown.flat_map(leaves).filter_map(|path| {
        let item = path.last()?.clone();
        let from_here = || Some(module.iter().chain(&path).cloned().collect());
        Some((item, absolute(module, &path).or_else(from_here)?))
    });
    paths.collect()
}

/// Every path of a use tree: `a::{b, c::{self, d}}` is `a::b`, `a::c` and `a::c::d`.
pub(super) fn leaves(tree: &str) -> Vec<Vec<String>> {
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
pub(super) fn module_of(folder: &Path, file: &Path) -> Vec<String> {
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
