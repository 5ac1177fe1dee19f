//! Every path from a certificate to where it ends, over what was sent, what was fetched and a store.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult};

use crate::tls::chain::verify::{ChainProblem, Usage, may_sign, verify_chain};

/// Certificates of a path, its end included.
const DEPTH: usize = 10;
/// Paths that are followed.
const PATHS: usize = 32;
/// Signatures that are verified to find them: each costs the time of an RSA key of any size.
const STEPS: usize = 1000;

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEnd {
    /// At a certificate of the store.
    Trusted,
    /// At a root, signed by itself, that is not in the store.
    Untrusted,
    /// At a certificate whose issuer is not known.
    Open,
}

/// One path.
#[derive(Clone, Debug)]
pub struct ChainPath {
    /// DER, leaf first, with the certificate at which it ends.
    pub certificates: Vec<Vec<u8>>,
    /// Where it ends.
    pub end: PathEnd,
    /// How rustls-webpki judges it for a server, as if its end were trusted; in words.
    pub modern: Result<(), String>,
    /// How OpenSSL judges it for a server, as if its end were trusted; its own words.
    pub legacy: Result<(), String>,
}

/// The certificates that paths are built over, each once.
#[derive(Default)]
pub struct Pool {
    entries: Vec<Entry>,
}

struct Entry {
    der: Vec<u8>,
    read: X509,
    trusted: bool,
}

impl Pool {
    /// A pool over a store of roots (DER); those that cannot be read are left out.
    pub fn new(store: &[Vec<u8>]) -> Self {
        let mut pool = Self::default();
        for der in store {
            pool.add(der);
        }
        pool.entries.iter_mut().for_each(|entry| entry.trusted = true);
        pool
    }

    /// Adds a certificate (DER). `false`: it is there already, or is none.
    pub fn add(&mut self, der: &[u8]) -> bool {
        if self.entries.iter().any(|entry| entry.der == der) {
            return false;
        }
        let Ok(read) = X509::from_der(der) else { return false };
        self.entries.push(Entry { der: der.to_vec(), read, trusted: false });
        true
    }

    /// Whether this certificate is one of the store.
    pub fn trusts(&self, der: &[u8]) -> bool {
        self.entries.iter().any(|entry| entry.trusted && entry.der == der)
    }

    /// The certificates whose key has signed this one. None signs itself here.
    pub fn issuers(&self, der: &[u8]) -> Vec<Vec<u8>> {
        let Ok(read) = X509::from_der(der) else { return Vec::new() };
        let mut steps = STEPS;
        let found = self.above(&read, &mut steps);
        let found = found.into_iter().filter(|(_, signed)| *signed);
        let found = found.map(|(at, _)| self.entries[at].der.clone());
        found.filter(|issuer| issuer != der).collect()
    }

    /// Every path from this leaf, the trusted ones first, then the short ones; and whether there are
    /// more than are followed.
    pub fn paths(&self, leaf: &[u8], now: SystemTime) -> (Vec<ChainPath>, bool) {
        let Ok(read) = X509::from_der(leaf) else { return (Vec::new(), false) };
        let mut walk = Walk { pool: self, steps: STEPS, found: Vec::new(), cut: false };
        walk.on(&mut vec![(leaf.to_vec(), read)]);
        let Walk { mut found, cut, .. } = walk;
        found.sort_by_key(|(path, end)| (*end != PathEnd::Trusted, path.len()));
        (found.into_iter().map(|(path, end)| judged(path, end, now)).collect(), cut)
    }

    /// What may have issued this one, by names and key identifiers, and whether its key did sign it.
    /// Where one did, those that did not are left out.
    fn above(&self, below: &X509Ref, steps: &mut usize) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        for (at, entry) in self.entries.iter().enumerate().filter(|(_, e)| linked(&e.read, below)) {
            let Some(left) = steps.checked_sub(1) else { break };
            *steps = left;
            let signed =
                entry.read.public_key().is_ok_and(|key| below.verify(&key).unwrap_or(false));
            found.push((at, signed));
        }
        if found.iter().any(|(_, signed)| *signed) {
            found.retain(|(_, signed)| *signed);
        }
        found
    }
}

/// Whether names and key identifiers fit. That a CA may not sign is told later, as what it is.
fn linked(issuer: &X509Ref, below: &X509Ref) -> bool {
    const NO_CERTSIGN: i32 = 32;
    let fits = issuer.issued(below);
    fits == X509VerifyResult::OK || fits.as_raw() == NO_CERTSIGN
}

struct Walk<'a> {
    pool: &'a Pool,
    steps: usize,
    found: Vec<(Vec<Vec<u8>>, PathEnd)>,
    cut: bool,
}

impl Walk<'_> {
    fn on(&mut self, path: &mut Vec<(Vec<u8>, X509)>) {
        let Some((der, read)) = path.last() else { return };
        if self.found.len() >= PATHS || self.steps == 0 {
            self.cut = true;
            return;
        }
        let own = linked(read, read);
        if self.pool.trusts(der) || own {
            let end = if self.pool.trusts(der) { PathEnd::Trusted } else { PathEnd::Untrusted };
            self.found.push((path.iter().map(|(der, _)| der.clone()).collect(), end));
            return;
        }
        let above = self.pool.above(read, &mut self.steps);
        let above = above.into_iter().map(|(at, _)| &self.pool.entries[at]);
        // No key stands twice in a path: two CAs that certify each other would never end.
        let fresh: Vec<_> =
            above.filter(|one| path.iter().all(|(der, _)| *der != one.der)).collect();
        if fresh.is_empty() || path.len() >= DEPTH {
            self.cut |= !fresh.is_empty();
            self.found.push((path.iter().map(|(der, _)| der.clone()).collect(), PathEnd::Open));
            return;
        }
        for entry in fresh {
            path.push((entry.der.clone(), entry.read.clone()));
            self.on(path);
            path.pop();
        }
    }
}

fn judged(certificates: Vec<Vec<u8>>, end: PathEnd, now: SystemTime) -> ChainPath {
    let (below, root) = match certificates.as_slice() {
        [alone] => (std::slice::from_ref(alone), std::slice::from_ref(alone)),
        more => more.split_at(more.len().saturating_sub(1)),
    };
    let modern = verify_chain(below, root, None, Usage::Server, now);
    // The end of a path is not looked at by the verifier.
    let modern = modern.and_then(|()| may_sign(&certificates)).map_err(words);
    let legacy = verify_with_openssl(below, root, now);
    ChainPath { certificates, end, modern, legacy }
}

/// What the verifier found, as the end of a sentence; what only programmers call by name is told.
fn words(problem: ChainProblem) -> String {
    let ChainProblem::Other(name) = &problem else { return problem.to_string() };
    let known = [
        ("CaUsedAsEndEntity", "the host's own certificate is one of a CA"),
        ("EndEntityUsedAsCa", "a certificate of the chain is none of a CA and signs another"),
        ("PathLenConstraintViolated", "there are more CAs below a CA than it allows"),
        ("NameConstraintViolation", "a CA of the chain may not certify this name"),
        ("UnsupportedCriticalExtension", "a critical extension is not known"),
        ("UnsupportedCertVersion", "a certificate is of another version than 3"),
    ];
    let found = known.iter().find(|(known, _)| name.starts_with(known));
    found.map_or_else(|| problem.to_string(), |(_, words)| (*words).to_owned())
}

/// How OpenSSL judges a chain (DER, leaf first) for a server, over these roots and at its security level
/// 0. It follows one path, and takes no other where that one ends in nothing.
///
/// # Errors
/// Its own words.
pub fn verify_with_openssl(
    below: &[Vec<u8>],
    roots: &[Vec<u8>],
    now: SystemTime,
) -> Result<(), String> {
    let judge = || -> Result<Result<(), String>, openssl::error::ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for root in roots.iter().filter_map(|der| X509::from_der(der).ok()) {
            store.add_cert(root)?;
        }
        let mut param = X509VerifyParam::new()?;
        param.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        param.set_purpose(X509PurposeId::SSL_SERVER)?;
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        param.set_time(seconds.try_into().unwrap_or(libc::time_t::MAX));
        store.set_param(&param)?;
        let mut rest = Stack::new()?;
        for read in below.iter().skip(1).filter_map(|der| X509::from_der(der).ok()) {
            rest.push(read)?;
        }
        let Some(leaf) = below.first() else { return Ok(Err("there is none".into())) };
        let leaf = X509::from_der(leaf)?;
        let mut context = X509StoreContext::new()?;
        context.init(&store.build(), &leaf, &rest, |context| {
            Ok(match context.verify_cert()? {
                true => Ok(()),
                false => Err(context.error().error_string().to_owned()),
            })
        })
    };
    // An error of the library is no word about the path; it has one only when memory is short.
    judge().unwrap_or_else(|error| Err(error.to_string()))
}
