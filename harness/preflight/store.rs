//! The roots that a chain has to end in.

use std::path::Path;

use waxseal_model::foreign::printable;
use waxseal_model::limits;

use crate::catalogue::files;
use crate::tls::{read_certificates_pem, system_roots};

/// A store of roots.
#[derive(Clone, Debug)]
pub struct Store {
    /// What it is, in words.
    pub name: String,
    /// Its roots in DER.
    pub roots: Vec<Vec<u8>>,
}

impl Store {
    /// The roots that this machine trusts.
    ///
    /// # Errors
    /// A sentence: there are none, so nothing could be said.
    pub fn system() -> Result<Self, String> {
        let roots = system_roots();
        match roots.is_empty() {
            true => Err("this machine has no store of roots; name one with --store".into()),
            false => Ok(Self { name: "this machine's store".into(), roots }),
        }
    }

    /// The roots of a file in PEM, or of all such files in a folder.
    ///
    /// # Errors
    /// A sentence: it cannot be read, or there is no certificate.
    pub fn read(path: &Path) -> Result<Self, String> {
        let wrong = |what: String| format!("could not use the store {}: {what}", path.display());
        let roots = match path.is_dir() {
            true => folder(path).map_err(wrong)?,
            false => files::bytes(path, limits::FILE)
                .and_then(|pem| read_certificates_pem(&pem))
                .map_err(wrong)?,
        };
        let name = format!("the store {}", printable(&path.display().to_string()));
        Ok(Self { name, roots })
    }
}

/// A folder of roots has links, keys and lists beside them: what is no certificate is left out.
fn folder(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
    let mut roots: Vec<Vec<u8>> = Vec::new();
    for entry in entries.take(limits::STORE_FILES) {
        let file = entry.map_err(|error| error.to_string())?.path();
        if !file.is_file() {
            continue;
        }
        let Ok(pem) = files::bytes(&file, limits::STORE_FILE) else { continue };
        roots.extend(read_certificates_pem(&pem).unwrap_or_default());
    }
    roots.sort_unstable();
    roots.dedup();
    match roots.is_empty() {
        true => Err("no certificate in PEM stands in its files".into()),
        false => Ok(roots),
    }
}
