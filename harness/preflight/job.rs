//! One chain, from having it to knowing what its addresses answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use waxseal_model::foreign::Foreign;
use waxseal_model::limits;
use waxseal_model::preflight::{
    Chain, End, Finding, Known, PathFacts, Preflight, SCHEMA, Source, UrlFacts, UrlKind, Weight,
    judge,
};

use super::asking::{Asker, Errand, Outcome, errands};
use super::fetch::{Refuses, refuse_none, refuse_special};
use super::source::{HadChain, Subject};
use super::store::Store;
use crate::tls::{self, ChainPath, PathEnd, Pool, describe_certificate};

/// How chains are checked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The roots that a chain has to end in.
    pub store: Store,
    /// The name that the certificate has to be for; `None`: the host's, where it has one.
    pub name: Option<String>,
    /// Whether the addresses in certificates are asked.
    pub fetches: bool,
    /// Whether private, loopback and other special addresses are connected to.
    pub allow_private: bool,
    /// Time for one address, and for one answer of the host.
    pub time: Duration,
}

impl CheckOptions {
    fn refuses(&self) -> Refuses {
        if self.allow_private { refuse_none } else { refuse_special }
    }
}

/// What is known so far. `ders` are the certificates of `chain`, in its order.
struct Found {
    pool: Pool,
    chain: Chain,
    ders: Vec<Vec<u8>>,
    asker: Asker,
}

/// Checks the chain of a file, or each that a host shows: it may have one of each kind of key. That there
/// is none is a finding as well.
pub async fn check(subject: &Subject, options: &CheckOptions, now: SystemTime) -> Vec<Preflight> {
    let of_host = match subject {
        Subject::Host(target) if target.host.parse::<std::net::IpAddr>().is_err() => {
            Some(target.host.clone())
        }
        _ => None,
    };
    let name = options.name.clone().or(of_host);
    let asked = Foreign::from(subject.name());
    let had = match subject.chains(options.time, options.refuses()).await {
        Ok(had) => had,
        Err(why) => {
            let finding = Finding { weight: Weight::Open, text: format!("{why}.") };
            let findings = vec![finding];
            let ((number, of), (address, chain)) = ((1, 1), (None, None));
            return vec![Preflight {
                schema: SCHEMA,
                asked,
                number,
                of,
                address,
                name,
                chain,
                findings,
            }];
        }
    };
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let of = had.chains.len();
    let mut checked = Vec::new();
    for (at, chain) in had.chains.iter().enumerate() {
        let chain = examine(chain, options, name.as_deref(), now).await;
        let findings = judge(&chain, name.as_deref(), seconds);
        checked.push(Preflight {
            schema: SCHEMA,
            asked: asked.clone(),
            number: at + 1,
            of,
            address: had.address.clone(),
            name: name.clone(),
            chain: Some(chain),
            findings,
        });
    }
    checked
}

async fn examine(
    had: &HadChain,
    options: &CheckOptions,
    name: Option<&str>,
    now: SystemTime,
) -> Chain {
    let asker = Asker::new(options.fetches, options.refuses(), options.time);
    let pool = Pool::new(&options.store.roots);
    let chain = Chain { staple: had.staple, store: options.store.name.clone(), ..Chain::default() };
    let mut found = Found { pool, chain, ders: Vec::new(), asker };
    for (number, der) in had.ders.iter().take(limits::CERTIFICATES).enumerate() {
        match found.place(der, Source::Sent) {
            Some(at) => found.chain.sent.push(at),
            // Without the host's own there is nothing to look at.
            None if number == 0 => {
                found.chain.unread = had.ders.len();
                return found.chain;
            }
            None => found.chain.unread += 1,
        }
    }
    found.chain.unread += had.ders.len().saturating_sub(limits::CERTIFICATES);
    let Some(leaf) = had.ders.first().filter(|_| !found.chain.sent.is_empty()) else {
        return found.chain;
    };
    found.chain.named = name.map(|name| tls::is_for(&had.ders, Some(name)));
    let sent = &had.ders[..had.ders.len().min(limits::CERTIFICATES)];
    found.chain.openssl = tls::verify_with_openssl(sent, &options.store.roots, now).err();
    let climbed = found.climb(leaf).await;
    found.paths(leaf, now);
    found.revocation(&climbed).await;
    found.finish()
}

impl Found {
    /// The place of a certificate among those that are known; `None`: it is none.
    fn place(&mut self, der: &[u8], from: Source) -> Option<usize> {
        if let Some(at) = self.ders.iter().position(|known| known == der) {
            return Some(at);
        }
        let facts = describe_certificate(der)?;
        self.pool.add(der);
        self.chain.certificates.push(Known { from, facts });
        self.ders.push(der.to_vec());
        Some(self.ders.len() - 1)
    }

    /// Goes up from the leaf, as far as keys have signed, and asks each certificate for its issuer. What
    /// was sent and did not sign anything here has no say in whom we ask. Gives the certificates that
    /// were met, each once.
    async fn climb(&mut self, leaf: &[u8]) -> Vec<Vec<u8>> {
        let mut met = vec![leaf.to_vec()];
        let mut level = met.clone();
        while !level.is_empty() && met.len() < limits::CERTIFICATES {
            let mut asked = Vec::new();
            for der in level.iter().filter(|der| !self.pool.trusts(der)) {
                let Some(facts) = describe_certificate(der) else { continue };
                asked.extend(errands(&facts, &[UrlKind::Issuer], der, None));
            }
            for outcome in self.asker.ask(asked).await {
                for der in &outcome.issuers {
                    self.place(der, Source::Fetched);
                }
                self.note(outcome);
            }
            let mut above = Vec::new();
            for der in level.iter().filter(|der| !self.pool.trusts(der)) {
                for issuer in self.pool.issuers(der) {
                    if !met.contains(&issuer) && met.len() < limits::CERTIFICATES {
                        met.push(issuer.clone());
                        above.push(issuer);
                    }
                }
            }
            level = above;
        }
        met
    }

    fn paths(&mut self, leaf: &[u8], now: SystemTime) {
        let (paths, more) = self.pool.paths(leaf, now);
        self.chain.more_paths = more;
        for path in paths {
            let ChainPath { certificates, end, modern, legacy } = path;
            let places = certificates.iter().filter_map(|der| self.place(der, Source::Store));
            let certificates = places.collect();
            let end = match end {
                PathEnd::Trusted => End::Trusted,
                PathEnd::Untrusted => End::Untrusted,
                PathEnd::Open => End::Open,
            };
            let (webpki, openssl) = (modern.err(), legacy.err());
            self.chain.paths.push(PathFacts { certificates, end, webpki, openssl });
        }
    }

    /// Asks about each certificate that is not trusted as it is, by each issuer's key.
    async fn revocation(&mut self, met: &[Vec<u8>]) {
        let mut asked = Vec::new();
        for der in met.iter().filter(|der| !self.pool.trusts(der)) {
            let Some(facts) = describe_certificate(der) else { continue };
            if facts.self_issued() {
                continue;
            }
            // Issuers of one name have one key, or revocation would need two answers of one address.
            let issuer = self.pool.issuers(der).into_iter().next();
            asked.extend(errands(&facts, &[UrlKind::Ocsp, UrlKind::Crl], der, issuer.as_deref()));
        }
        for outcome in self.asker.ask(asked).await {
            self.note(outcome);
        }
    }

    fn note(&mut self, outcome: Outcome) {
        let Outcome { errand, took, octets, hosts, answer, issuers: _ } = outcome;
        let Errand { kind, url, certificate, issuer: _ } = errand;
        self.chain.firewall.extend(hosts.into_iter().map(Foreign::from));
        let milliseconds = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        if let Some(of) = self.place(&certificate, Source::Store) {
            self.chain.urls.push(UrlFacts { kind, url, of, milliseconds, octets, answer });
        }
    }

    fn finish(mut self) -> Chain {
        self.chain.firewall.sort();
        self.chain.firewall.dedup();
        self.chain.more_urls = self.asker.left_out;
        self.chain
    }
}
