//! What the facts of a chain mean for mail.

use super::{Chain, End, Finding, Known, PathFacts, Source, Staple, Weight};
use crate::certificate::{CertificateFacts, KeyKind};
use crate::foreign::{Foreign, shorten};
use crate::wording::counted;

/// Days before the end of a certificate from which on it is told.
const SOON: i64 = 30;
const DAY: i64 = 86_400;

/// What the chain means at `now` (seconds since 1970) for a host of this name: the gravest first.
pub fn judge(chain: &Chain, name: Option<&str>, now: i64) -> Vec<Finding> {
    let mut findings = Findings { chain, list: Vec::new() };
    if chain.unread > 0 {
        findings.add(
            Weight::Open,
            format!("{} could not be read or were too many.", counted(chain.unread, "certificate")),
        );
    }
    match chain.sent.first() {
        None if chain.unread > 0 => {}
        None => findings.add(Weight::Stops, "There is no certificate.".into()),
        Some(_) => {
            findings.trust();
            findings.missing();
            findings.surplus();
            findings.order();
            findings.name(name);
            findings.dates(now);
            findings.usages();
            findings.strength();
            findings.staple();
            super::urls::judge(chain, now, &mut |weight, text| findings.list.push((weight, text)));
        }
    }
    let Findings { mut list, .. } = findings;
    list.sort_by_key(|(weight, _)| *weight);
    list.into_iter().map(|(weight, text)| Finding { weight, text }).collect()
}

struct Findings<'a> {
    chain: &'a Chain,
    list: Vec<(Weight, String)>,
}

impl<'a> Findings<'a> {
    fn add(&mut self, weight: Weight, text: String) {
        self.list.push((weight, text));
    }

    fn facts(&self, at: usize) -> Option<&'a CertificateFacts> {
        self.chain.certificates.get(at).map(|known| &known.facts)
    }

    fn leaf(&self) -> Option<&'a CertificateFacts> {
        self.chain.sent.first().and_then(|at| self.facts(*at))
    }

    /// The path that is told of: a good one, or else the first.
    fn best(&self) -> Option<&'a PathFacts> {
        let good = |path: &&PathFacts| {
            path.end == End::Trusted && path.webpki.is_none() && path.openssl.is_none()
        };
        let trusted = |path: &&PathFacts| path.end == End::Trusted;
        let paths = || self.chain.paths.iter();
        paths().find(good).or_else(|| paths().find(trusted)).or_else(|| paths().next())
    }

    /// The certificates of the best path, the host's own first.
    fn on_best(&self) -> impl Iterator<Item = &'a Known> {
        let places = self.best().map(|path| path.certificates.as_slice()).unwrap_or_default();
        let all = &self.chain.certificates;
        places.iter().filter_map(|at| all.get(*at))
    }

    fn trust(&mut self) {
        let Some(path) = self.best() else {
            return self.add(Weight::Stops, "The certificate cannot be read.".into());
        };
        let Some(last) = path.certificates.last().and_then(|at| self.facts(*at)) else { return };
        let store = &self.chain.store;
        match path.end {
            End::Trusted => self.trusted(path, last),
            End::Untrusted if path.certificates.len() == 1 => self.add(
                Weight::Stops,
                format!("The certificate is signed by itself and is not in {store}."),
            ),
            End::Untrusted => self.add(
                Weight::Stops,
                format!(
                    "The chain ends in the root `{}`, which is not in {store}.",
                    last.subject.short()
                ),
            ),
            End::Open => self.add(
                Weight::Stops,
                format!(
                    "The chain leads to no root: `{}` is issued by `{}`, which was not sent, is not \
                     in {store} and was not fetched. It is a missing intermediate or a private root.",
                    last.subject.short(),
                    last.issuer.short()
                ),
            ),
        }
        if self.chain.more_paths {
            let text = "There are more paths than waxseal follows; those it followed are told.";
            self.add(Weight::Note, text.into());
        }
    }

    fn trusted(&mut self, path: &PathFacts, root: &CertificateFacts) {
        let text = match (&path.webpki, &path.openssl) {
            (None, None) => {
                self.as_sent();
                let (name, store) = (root.subject.short(), &self.chain.store);
                let text = format!("The chain ends in the root `{name}`, which is in {store}.");
                return self.add(Weight::Good, text);
            }
            (Some(one), Some(other)) => {
                format!("The chain is refused by relays that verify it: {one} (OpenSSL: {other}).")
            }
            (Some(one), None) => format!(
                "The chain is refused by relays that verify as rustls-webpki does: {one}. Relays \
                 built on OpenSSL accept it."
            ),
            (None, Some(other)) => format!(
                "The chain is refused by relays built on OpenSSL: {other}. Relays that verify as \
                 rustls-webpki does accept it."
            ),
        };
        self.add(Weight::Stops, text);
    }

    /// Whether a path to the store needs nothing that was not sent.
    fn sent_whole(&self) -> bool {
        let sent = |at: &usize| {
            self.chain.certificates.get(*at).is_some_and(|known| known.from == Source::Sent)
        };
        let whole = |path: &PathFacts| {
            let below = path.certificates.split_last().map(|(_, below)| below).unwrap_or_default();
            path.end == End::Trusted && below.iter().all(sent)
        };
        self.chain.paths.iter().any(whole)
    }

    /// There is a good path. Who follows one path only may have taken another.
    fn as_sent(&mut self) {
        if let Some(why) = self.chain.openssl.as_ref().filter(|_| self.sent_whole()) {
            let text = format!(
                "Relays built on OpenSSL refuse the chain as it is sent: {why}. They follow one path \
                 only, and it is not the good one: send the certificates of one path."
            );
            self.add(Weight::Stops, text);
        }
    }

    /// A relay has what was sent and its store; few fetch anything.
    fn missing(&mut self) {
        let trusted = self.best().is_some_and(|path| path.end == End::Trusted);
        if !trusted || self.sent_whole() {
            return;
        }
        let lacking = self.on_best().filter(|known| known.from == Source::Fetched);
        let names: Vec<_> =
            lacking.map(|known| format!("`{}`", known.facts.subject.short())).collect();
        let text = format!(
            "The intermediate {} is not sent. waxseal fetched it from the address that the \
             certificate names; most relays do not, and find no root.",
            names.join(", ")
        );
        self.add(Weight::Stops, text);
    }

    fn surplus(&mut self) {
        let on_path = |at: usize| self.chain.paths.iter().any(|p| p.certificates.contains(&at));
        let mut notes = Vec::new();
        for (place, at) in self.chain.sent.iter().enumerate() {
            let Some(facts) = self.facts(*at) else { continue };
            let name = facts.subject.short();
            if self.chain.sent[..place].contains(at) {
                notes.push(format!("`{name}` is sent more than once."));
            } else if !on_path(*at) {
                notes.push(format!("`{name}` is sent and is on no path from the certificate."));
            } else if place > 0 && facts.self_issued() {
                notes.push(format!("The root `{name}` is sent; nobody needs it."));
            }
        }
        notes.into_iter().for_each(|text| self.add(Weight::Note, text));
    }

    /// Some path has to come in its order (RFC 5246 section 7.4.2).
    fn order(&mut self) {
        let place = |at: &usize| self.chain.sent.iter().position(|sent| sent == at);
        let ordered = |path: &PathFacts| {
            let places: Vec<_> = path.certificates.iter().filter_map(place).collect();
            places.is_sorted()
        };
        if !self.chain.paths.is_empty() && !self.chain.paths.iter().any(ordered) {
            let text = "The certificates are sent out of order: each has to certify the one before \
                        it (RFC 5246 section 7.4.2). Strict relays refuse that.";
            self.add(Weight::Note, text.into());
        }
    }

    fn name(&mut self, name: Option<&str>) {
        let Some(leaf) = self.leaf() else { return };
        let names = match leaf.names.as_slice() {
            [] => "no host".to_owned(),
            names => {
                let names: Vec<_> = names.iter().map(Foreign::to_string).collect();
                shorten(&names.join(", ")).into_owned()
            }
        };
        match (self.chain.named, name) {
            (Some(true), Some(name)) => {
                self.add(Weight::Good, format!("The certificate is for {name}."));
            }
            (Some(false), Some(name)) => self.add(
                Weight::Stops,
                format!("The certificate is not for {name}: it is for {names}."),
            ),
            _ => self.add(
                Weight::Note,
                format!("No name was given to compare: the certificate is for {names}."),
            ),
        }
    }

    fn dates(&mut self, now: i64) {
        let mut told = Vec::new();
        let mut ends: Option<(i64, Foreign)> = None;
        for known in self.on_best() {
            let facts = &known.facts;
            let name = facts.subject.short();
            if facts.not_after < now {
                let days = (now - facts.not_after) / DAY;
                told.push((
                    Weight::Stops,
                    format!("`{name}` expired {} ago.", counted(to(days), "day")),
                ));
            } else if facts.not_before > now {
                let days = (facts.not_before - now) / DAY + 1;
                let text = format!(
                    "`{name}` is not yet valid: it begins in {}.",
                    counted(to(days), "day")
                );
                told.push((Weight::Stops, text));
            } else if ends.as_ref().is_none_or(|(end, _)| facts.not_after < *end) {
                ends = Some((facts.not_after, name));
            }
        }
        if let Some((end, name)) = ends.filter(|_| told.is_empty()) {
            let days = (end - now) / DAY;
            told.push(match days {
                ..=SOON => {
                    (Weight::Note, format!("`{name}` expires in {}.", counted(to(days), "day")))
                }
                _ => {
                    (Weight::Good, format!("Every certificate is valid for {days} days and more."))
                }
            });
        }
        self.list.extend(told);
    }

    /// What the certificate may be shown for. An empty list, or `any`, is for all.
    fn usages(&mut self) {
        let Some(leaf) = self.leaf() else { return };
        let may = |usage: &str| {
            leaf.usages.is_empty() || leaf.usages.iter().any(|one| one == usage || one == "any")
        };
        match (may("server"), may("client")) {
            (true, true) => self.add(
                Weight::Good,
                "The certificate is for servers and for clients.".into(),
            ),
            // The cliff: field facts as of 2026-11, from CAs' announcements.
            (true, false) => self.add(
                Weight::Note,
                "The certificate is for servers only: a relay that shows it to its partners as a \
                 client is refused by those that look at the usage. Public CAs have stopped issuing \
                 the client usage, or do so by March 2027 at the latest (as announced, read in \
                 November 2026); for mutual TLS agree on a private CA, or ask the partner not to \
                 look at the usage."
                    .into(),
            ),
            (false, client) => {
                let what = if client { "clients only" } else { "neither servers nor clients" };
                self.add(
                    Weight::Stops,
                    format!("The certificate is for {what}: who verifies a server refuses it."),
                );
            }
        }
    }

    /// The signature of the end of a path protects nothing: it is trusted as it is.
    fn strength(&mut self) {
        let mut told = Vec::new();
        for known in self.on_best() {
            let (facts, name) = (&known.facts, known.facts.subject.short());
            if facts.weak_key() {
                let kind = if facts.key == KeyKind::Rsa { "RSA" } else { "ECDSA" };
                told.push(format!(
                    "The {kind} key of `{name}` has {} bits: many relays refuse it.",
                    facts.key_bits
                ));
            }
            if facts.weak_signature() {
                told.push(format!(
                    "`{name}` is signed with {}: many relays refuse it.",
                    facts.signature
                ));
            }
        }
        if told.is_empty() {
            let text = "Keys and signatures of the chain are strong enough.";
            return self.add(Weight::Good, text.into());
        }
        told.into_iter().for_each(|text| self.add(Weight::Stops, text));
    }

    fn staple(&mut self) {
        let promised = self.leaf().is_some_and(|leaf| leaf.must_staple);
        match (promised, self.chain.staple) {
            (true, Staple::None) => self.add(
                Weight::Note,
                "The certificate promises an OCSP staple and none came: who heeds it refuses the \
                 host."
                    .into(),
            ),
            (_, Staple::Bad) => self.add(
                Weight::Note,
                "The host staples an OCSP response that is out of date or does not say good."
                    .into(),
            ),
            (_, Staple::Good) => {
                self.add(Weight::Good, "The host staples a current OCSP response.".into());
            }
            (false, Staple::None) | (_, Staple::NotAsked) => {}
        }
    }
}

fn to(days: i64) -> usize {
    usize::try_from(days).unwrap_or_default()
}
