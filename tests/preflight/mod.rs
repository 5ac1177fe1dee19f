//! `waxseal certs check`: it agrees with the verifiers, and no address of a certificate harms it.

mod agreement;
mod findings;
mod harm;
mod pki;
mod program;
mod revocation;
mod web;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use waxseal::internals::preflight::{CheckOptions, Store, Subject, check};
use waxseal_model::preflight::{Preflight, UrlAnswer, UrlKind, Weight};

use pki::pem;

/// A chain in a file, and how it is checked.
pub struct Trial {
    dir: tempfile::TempDir,
    pub options: CheckOptions,
}

impl Trial {
    pub fn new(chain: &[Vec<u8>], roots: &[Vec<u8>], name: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(dir.path().join("chain.pem"), pem(chain)).expect("a file can be written");
        std::fs::write(dir.path().join("roots.pem"), pem(roots)).expect("a file can be written");
        let options = CheckOptions {
            store: Store::read(&dir.path().join("roots.pem")).expect("it is a store"),
            name: Some(name.to_owned()),
            fetches: true,
            allow_private: true,
            time: Duration::from_secs(20),
        };
        Self { dir, options }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub async fn check(&self) -> Preflight {
        let subject = Subject::File(self.path("chain.pem"));
        let mut checked = check(&subject, &self.options, SystemTime::now()).await;
        assert_eq!(checked.len(), 1, "a file has one chain");
        checked.remove(0)
    }
}

/// The sentences of this weight.
pub fn told(checked: &Preflight, weight: Weight) -> Vec<&str> {
    let findings = checked.findings.iter().filter(|finding| finding.weight == weight);
    findings.map(|finding| finding.text.as_str()).collect()
}

/// Why the first address of this kind gave no answer.
pub fn why(checked: &Preflight, kind: UrlKind) -> String {
    let chain = checked.chain.as_ref().expect("there is a chain");
    let url = chain.urls.iter().find(|url| url.kind == kind).expect("there is such an address");
    match &url.answer {
        UrlAnswer::None(why) | UrlAnswer::NotAsked(why) => why.clone(),
        answer => panic!("{answer:?}"),
    }
}
