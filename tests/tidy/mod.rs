//! What holds for the whole tree.

mod exhaustive;
mod imports;
mod layers;
mod rows;
mod wording;

use std::fs;
use std::path::{Path, PathBuf};

use waxseal::internals::relay::Driver;

pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
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

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
