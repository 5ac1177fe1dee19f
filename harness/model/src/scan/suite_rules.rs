//! What the accepted suites, primes, groups and signatures mean.

use super::facts::{Accepted, HostFacts, Order};
use super::found::Found;
use super::outcome::Outcome;
use crate::offer::{SuiteKind, Version};

pub(super) fn suites(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    add("fs-server-no-static-rsa", none_of(facts, SuiteKind::StaticRsa, "static RSA"));
    add("no-static-dh-ecdh", none_of(facts, SuiteKind::StaticDh, "static Diffie-Hellman"));
    add("no-null-cipher", none_of(facts, SuiteKind::Null, "no encryption"));
    add("no-rc4", none_of(facts, SuiteKind::Rc4, "RC4"));
    add("no-export", none_of(facts, SuiteKind::Export, "40- or 56-bit keys"));
    add("no-3des", none_of(facts, SuiteKind::TripleDes, "Triple DES"));
    let secret = |(_, accepted): &(Version, &Accepted)| accepted.suite.is(SuiteKind::ForwardSecret);
    let all = facts.accepted().count();
    let forward = facts.accepted().filter(secret).count();
    let supports = match (forward, missing(facts)) {
        (0, Some(why)) => Err(why),
        (0, None) => Ok((false, "No suite with forward secrecy is accepted.".into())),
        (some, _) if some == all => Ok((true, format!("All {all} accepted suites have it."))),
        (some, _) => Ok((true, format!("Partly: {some} of {all} accepted suites have it."))),
    };
    add("fs-server-supports", Some(supports));
    add("fs-server-prefers", first_choice(facts, |first| first.suite.is(SuiteKind::ForwardSecret)));
    add(
        "server-prefers-strong",
        first_choice(facts, |first| {
            first.suite.is(SuiteKind::ForwardSecret) && first.suite.is(SuiteKind::Aead)
        }),
    );
    add("recommended-suites", recommended(facts));
}

/// Why the lists of suites may lack some.
fn missing(facts: &HostFacts) -> Option<String> {
    if facts.versions.is_empty() {
        return Some("No version was asked about.".into());
    }
    facts.versions.iter().find_map(|found| {
        let why = match (&found.incomplete, &found.support) {
            (Some(why), _) => why,
            (None, Found::Unknown(why)) => why,
            _ => return None,
        };
        Some(format!("The suites of {} are not all known: {why}.", found.version))
    })
}

fn none_of(facts: &HostFacts, kind: SuiteKind, words: &str) -> Option<Outcome> {
    let found: Vec<String> = facts
        .accepted()
        .filter(|(_, accepted)| accepted.suite.is(kind))
        .map(|(version, accepted)| format!("{} in {version}", accepted.suite.name))
        .collect();
    Some(match (found.split_first(), missing(facts)) {
        (Some((first, [])), _) => {
            Ok((false, format!("A suite with {words} is accepted: {first}.")))
        }
        (Some((first, rest)), _) => Ok((
            false,
            format!("{} suites with {words} are accepted: {first} and others.", rest.len() + 1),
        )),
        (None, Some(why)) => Err(why),
        (None, None) => Ok((true, format!("No suite with {words} is accepted."))),
    })
}

/// What the host picks in TLS 1.2 when everything is offered, the weakest first.
fn first_choice(facts: &HostFacts, good: impl Fn(&Accepted) -> bool) -> Option<Outcome> {
    let found = facts.version(Version::Tls12)?;
    let first = found.suites.first()?;
    if found.in_parts {
        return Some(Err("The host cannot be offered all suites at once.".into()));
    }
    if found.suites.iter().all(|accepted| !good(accepted)) {
        return Some(Ok((false, "There is no such suite in TLS 1.2.".into())));
    }
    let whose = match found.order.known() {
        Some(Order::Server) => "the host's own order",
        Some(Order::Client) => "the client's order",
        None => "an order that is not known",
    };
    let name = &first.suite.name;
    Some(Ok((
        good(first),
        format!("With all offered, weakest first, {name} is picked by {whose}."),
    )))
}

/// RFC 9325 section 4.2, for the kinds of key that the host has.
fn recommended(facts: &HostFacts) -> Option<Outcome> {
    let found = facts.version(Version::Tls12).filter(|found| !found.suites.is_empty())?;
    let keys: Vec<&str> = [("rsa", "RSA"), ("ecdsa", "ECDSA")]
        .into_iter()
        .filter(|(key, _)| found.suites.iter().any(|s| s.parts.authentication == *key))
        .map(|(_, name)| name)
        .collect();
    let lacking: Vec<String> = keys
        .iter()
        .flat_map(|key| {
            [("128", "256"), ("256", "384")]
                .map(|(bits, hash)| format!("TLS_ECDHE_{key}_WITH_AES_{bits}_GCM_SHA{hash}"))
        })
        .filter(|name| found.suites.iter().all(|accepted| accepted.suite.name != *name))
        .collect();
    if lacking.is_empty() {
        return Some(Ok((!keys.is_empty(), "The recommended suites are accepted.".into())));
    }
    if let Some(why) = &found.incomplete {
        return Some(Err(format!("The suites of TLS 1.2 are not all known: {why}.")));
    }
    Some(Ok((false, format!("Not accepted in TLS 1.2: {}.", lacking.join(", ")))))
}

pub(super) fn exchange(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    add("dh-2048-min", primes(facts));
    add("curves-p256-x25519", curves(facts));
    add(
        "no-sha1-md5-sig",
        match &facts.schemes {
            Found::Known(list) => {
                let weak = |name: &&String| name.contains("sha1") || name.contains("md5");
                let weak: Vec<&str> = list.names.iter().filter(weak).map(String::as_str).collect();
                Some(match (weak.is_empty(), &list.incomplete) {
                    (false, _) => Ok((
                        false,
                        format!(
                            "Where the client knows nothing better, the key exchange is signed with {}.",
                            weak.join(", ")
                        ),
                    )),
                    (true, Some(why)) => {
                        Err(format!("The signature schemes are not all known: {why}."))
                    }
                    (true, None) => {
                        Ok((true, "No key exchange is signed with SHA-1 or MD5.".into()))
                    }
                })
            }
            Found::NotApplicable(_) => None,
            Found::Unknown(why) => {
                Some(Err(format!("The signature schemes are not known: {why}.")))
            }
        },
    );
}

/// The smallest prime of any suite with ephemeral Diffie-Hellman, anonymous ones too.
fn primes(facts: &HostFacts) -> Option<Outcome> {
    let finite: Vec<_> = facts.accepted().filter(|(_, a)| a.parts.exchange == "dhe").collect();
    let known = finite.iter().filter_map(|(version, a)| Some((a.dh_bits?, version, a)));
    if let Some((bits, version, accepted)) = known.min_by_key(|(bits, ..)| *bits)
        && bits < 2048
    {
        let name = &accepted.suite.name;
        return Some(Ok((false, format!("{name} in {version} has a prime of {bits} bits."))));
    }
    if let Some((version, accepted)) = finite.iter().find(|(_, a)| a.dh_bits.is_none()) {
        let name = &accepted.suite.name;
        return Some(Err(format!("The prime of {name} in {version} could not be read.")));
    }
    if let Some(why) = missing(facts) {
        return Some(Err(why));
    }
    (!finite.is_empty()).then(|| Ok((true, "No prime has fewer than 2048 bits.".into())))
}

fn curves(facts: &HostFacts) -> Option<Outcome> {
    let mut lacking = Vec::new();
    for (words, found) in [("TLS 1.2", &facts.groups), ("TLS 1.3", &facts.groups_tls13)] {
        match found {
            Found::NotApplicable(_) => {}
            Found::Unknown(why) => return Some(Err(format!("Groups of {words}: {why}."))),
            Found::Known(list) => {
                for name in ["p-256", "x25519"] {
                    if list.names.iter().any(|known| known == name) {
                        continue;
                    }
                    if let Some(why) = &list.incomplete {
                        return Some(Err(format!("Groups of {words}: {why}.")));
                    }
                    lacking.push(format!("{name} in {words}"));
                }
            }
        }
    }
    if [&facts.groups, &facts.groups_tls13].iter().all(|found| found.known().is_none()) {
        return None;
    }
    let text = match lacking.is_empty() {
        true => "P-256 and X25519 are both supported.".into(),
        false => format!("Not supported: {}.", lacking.join(", ")),
    };
    Some(Ok((lacking.is_empty(), text)))
}
