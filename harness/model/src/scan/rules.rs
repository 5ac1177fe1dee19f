//! From facts to findings. Pure: the same facts have the same findings.

use std::collections::BTreeMap;

use super::{Accepted, Finding, Found, HostFacts, Judgement, Oddity, Order, Refusal, UnknownAlpn};
use crate::offer::{SuiteKind, Version};
use crate::requirement::Level;

/// What the facts say of one requirement: kept or not and a sentence, or why it is undecided.
/// `None` in place of it all: the requirement does not apply to this host.
type Outcome = Result<(bool, String), String>;

/// Judges a host's facts. `levels` is the level of every requirement under the profile; a
/// requirement without one is left out.
///
/// A host that speaks no TLS that could be examined breaks nothing but what demands TLS.
pub fn judge(facts: &HostFacts, levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |id: &str, outcome: Option<Outcome>| {
        let (Some(outcome), Some(level)) = (outcome, levels.get(id)) else { return };
        let (verdict, text) = match outcome {
            Err(text) => (Judgement::Inconclusive, text),
            Ok((_, text)) if *level == Level::Info => (Judgement::Observed, text),
            Ok((true, text)) => (Judgement::Pass, text),
            Ok((false, text)) => (Judgement::Fail, text),
        };
        findings.push(Finding { requirement: id.into(), level: *level, verdict, text });
    };
    match &facts.tls {
        Found::Known(true) => {}
        Found::Known(false) => {
            add("rfc9325-tls12-support", Some(Ok((false, "The host offers no TLS.".into()))));
            return findings;
        }
        Found::Unknown(why) | Found::Moot(why) => {
            add("rfc9325-tls12-support", Some(Err(format!("TLS could not be begun: {why}."))));
            return findings;
        }
    }
    versions(facts, &mut add);
    suites(facts, &mut add);
    exchange(facts, &mut add);
    hygiene(facts, &mut add);
    tolerance(facts, &mut add);
    findings
}

fn versions(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    let banned = |version| Some(spoken(facts, version, false));
    add("rfc9325-no-sslv2", Some(no(&facts.ssl2, "SSL 2.0 is spoken", "SSL 2.0 is not spoken")));
    add("rfc9325-no-sslv3", banned(Version::Ssl3));
    add("rfc8996-server-no-tls10", banned(Version::Tls10));
    add("rfc8996-server-no-tls11", banned(Version::Tls11));
    let both = match (spoken(facts, Version::Tls10, false), spoken(facts, Version::Tls11, false)) {
        (Ok((true, _)), Ok((true, _))) => Ok((true, "TLS 1.0 and 1.1 are not spoken.".into())),
        (Ok((false, text)), _) | (_, Ok((false, text))) => Ok((false, text)),
        (Err(why), _) | (_, Err(why)) => Err(why),
    };
    add("exo-no-tls10-11", Some(both));
    add("rfc9325-tls12-support", Some(spoken(facts, Version::Tls12, true)));
    add("rfc9325-tls13-support", Some(spoken(facts, Version::Tls13, true)));
    add("rfc8996-server-alert", refusal_alert(facts));
    add(
        "rfc7507-scsv-server",
        yes_if_asked(
            &facts.answers.fallback_signal,
            "The fallback signal ends a needless fallback.",
            "A hello with the fallback signal is served below the best version.",
        ),
    );
}

fn spoken(facts: &HostFacts, version: Version, wanted: bool) -> Outcome {
    let Some(found) = facts.version(version) else {
        return Err(format!("{version} was not asked about."));
    };
    match &found.support {
        Found::Known(true) => Ok((wanted, format!("{version} is spoken."))),
        Found::Known(false) => {
            let how = found.refusal.as_ref().map(|how| format!(" ({how})")).unwrap_or_default();
            Ok((!wanted, format!("{version} is not spoken{how}.")))
        }
        Found::Unknown(why) | Found::Moot(why) => {
            Err(format!("Whether {version} is spoken is not known: {why}."))
        }
    }
}

/// TLS 1.0 and 1.1 are to be refused with protocol_version. Another alert and a bare close are taken
/// as well, and told; a reset is nothing that a client can read.
fn refusal_alert(facts: &HostFacts) -> Option<Outcome> {
    let refused: Vec<_> = [Version::Tls10, Version::Tls11]
        .into_iter()
        .filter_map(|version| facts.version(version))
        .filter_map(|found| Some((found.version, found.refusal.as_ref()?)))
        .collect();
    if refused.is_empty() {
        return None;
    }
    let good = refused.iter().all(|(_, how)| !matches!(how, Refusal::Reset));
    let list: Vec<_> = refused.iter().map(|(version, how)| format!("{version}: {how}")).collect();
    Some(Ok((good, format!("Refused with {}.", list.join(", ")))))
}

fn suites(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
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

fn exchange(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
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
            Found::Moot(_) => None,
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
            Found::Moot(_) => {}
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

fn hygiene(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    let answers = &facts.answers;
    add(
        "rfc5746-server-acknowledges",
        yes_if_asked(
            &answers.secure_renegotiation,
            "renegotiation_info is answered.",
            "renegotiation_info is not answered.",
        ),
    );
    add(
        "rfc7627-server-echo",
        yes_if_asked(
            &answers.extended_master_secret,
            "extended_master_secret is answered.",
            "extended_master_secret is not answered.",
        ),
    );
    add(
        "cbc-without-etm",
        yes_if_asked(
            &answers.encrypt_then_mac,
            "CBC suites come with encrypt-then-MAC where the client has it.",
            "CBC suites are used without encrypt-then-MAC.",
        ),
    );
    add(
        "no-compression",
        no_if_asked(
            &answers.compression,
            "DEFLATE is chosen where it is offered.",
            "DEFLATE is not chosen.",
        ),
    );
    add(
        "sni-server-not-required",
        yes_if_asked(
            &answers.without_sni,
            "A client without SNI is served.",
            "A client without SNI is not served.",
        ),
    );
    add(
        "sni-server-unknown-fallback",
        yes_if_asked(
            &answers.unknown_sni,
            "A client with an unknown name in SNI is served.",
            "A client with an unknown name in SNI is not served.",
        ),
    );
    add(
        "alpn-mismatch-alert",
        match &answers.unknown_alpn {
            Found::Known(UnknownAlpn::Ignored) => Some(Ok((true, "ALPN is ignored.".into()))),
            Found::Known(UnknownAlpn::Alert) => {
                Some(Ok((true, "An unknown protocol gets no_application_protocol.".into())))
            }
            Found::Known(UnknownAlpn::OtherEnd) => {
                Some(Ok((false, "An unknown protocol ends the handshake in another way.".into())))
            }
            Found::Known(UnknownAlpn::Echoed) => {
                Some(Ok((false, "A protocol that cannot be known is agreed to.".into())))
            }
            Found::Moot(_) => None,
            Found::Unknown(why) => Some(Err(format!("ALPN: {why}."))),
        },
    );
    add(
        "no-heartbleed",
        no_if_asked(
            &facts.holes.heartbleed,
            "A heartbeat is answered with octets that were never sent.",
            "A heartbeat gives nothing away.",
        )
        .or(heartbeats_off(facts)),
    );
    add(
        "no-early-ccs",
        no_if_asked(
            &facts.holes.early_ccs,
            "A ChangeCipherSpec is taken before there are keys.",
            "A ChangeCipherSpec before there are keys ends the handshake.",
        ),
    );
    add(
        "client-reneg-limited",
        no_if_asked(
            &facts.sessions.client_renegotiation,
            "A client may begin a second handshake.",
            "A client may not begin a second handshake.",
        ),
    );
}

/// Where heartbeats are off, nothing can be read by them.
fn heartbeats_off(facts: &HostFacts) -> Option<Outcome> {
    let off = facts.holes.heartbeat.known() == Some(&false);
    off.then(|| Ok((true, "Heartbeats are off.".into())))
}

fn tolerance(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    for (id, oddities) in [
        ("unknown-ext-tolerated", &[Oddity::Grease][..]),
        ("rfc5246-version-tolerance", &[Oddity::HighVersion]),
        ("rfc8996-server-record-version", &[Oddity::RecordVersionSsl3, Oddity::RecordVersionTls12]),
    ] {
        let asked = facts.tolerance.iter().filter(|found| oddities.contains(&found.oddity));
        let outcomes: Vec<Outcome> = asked
            .filter_map(|found| {
                let words = found.oddity.words();
                yes_if_asked(
                    &found.borne,
                    &format!("A hello {words} is served."),
                    &format!("A hello {words} is not served."),
                )
            })
            .collect();
        let broken = outcomes.iter().find(|outcome| matches!(outcome, Ok((false, _))));
        let open = outcomes.iter().find(|outcome| outcome.is_err());
        add(id, broken.or(open).or(outcomes.first()).cloned());
    }
}

fn no(found: &Found<bool>, yes: &str, no: &str) -> Outcome {
    match found {
        Found::Known(true) => Ok((false, format!("{yes}."))),
        Found::Known(false) => Ok((true, format!("{no}."))),
        Found::Unknown(why) | Found::Moot(why) => Err(format!("Not known whether {yes}: {why}.")),
    }
}

fn yes_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    match found {
        Found::Known(true) => Some(Ok((true, yes.into()))),
        Found::Known(false) => Some(Ok((false, no.into()))),
        Found::Moot(_) => None,
        Found::Unknown(why) => Some(Err(format!("Not decided: {why}."))),
    }
}

fn no_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    yes_if_asked(found, yes, no).map(|outcome| outcome.map(|(is, text)| (!is, text)))
}

#[cfg(test)]
mod tests {
    use super::super::{SuiteParts, VersionFacts};
    use super::*;
    use crate::facts::Suite;

    fn levels(ids: &[&str]) -> BTreeMap<String, Level> {
        ids.iter().map(|id| ((*id).to_owned(), Level::Must)).collect()
    }

    fn host(version: Version, kinds: &[SuiteKind], incomplete: Option<&str>) -> HostFacts {
        let parts = SuiteParts {
            exchange: "rsa".into(),
            authentication: "rsa".into(),
            cipher: "aes-128-cbc".into(),
            bits: 128,
            mac: "sha1".into(),
        };
        let suite = Suite { id: 0x2f, name: "TLS_X".into(), kinds: kinds.to_vec() };
        let accepted =
            Accepted { suite, openssl: None, parts, group: None, dh_bits: None, scheme: None };
        HostFacts {
            tls: Found::Known(true),
            versions: vec![VersionFacts {
                version,
                support: Found::Known(true),
                refusal: None,
                suites: vec![accepted],
                incomplete: incomplete.map(str::to_owned),
                order: Found::default(),
                in_parts: false,
            }],
            ..HostFacts::default()
        }
    }

    fn verdict(facts: &HostFacts, id: &str) -> Option<Judgement> {
        let findings = judge(facts, &levels(&[id]));
        findings.first().map(|finding| finding.verdict)
    }

    #[test]
    fn static_rsa_is_not_good() {
        let facts = host(Version::Tls12, &[SuiteKind::StaticRsa], None);
        assert_eq!(verdict(&facts, "fs-server-no-static-rsa"), Some(Judgement::Fail));
        assert_eq!(verdict(&facts, "fs-server-supports"), Some(Judgement::Fail));
    }

    #[test]
    fn a_list_that_may_lack_some_proves_no_absence_but_a_presence() {
        let facts = host(Version::Tls12, &[SuiteKind::StaticRsa], Some("the time was over"));
        assert_eq!(verdict(&facts, "no-rc4"), Some(Judgement::Inconclusive));
        assert_eq!(verdict(&facts, "fs-server-no-static-rsa"), Some(Judgement::Fail));
    }

    #[test]
    fn what_was_not_asked_is_neither_kept_nor_broken() {
        let facts = HostFacts { tls: Found::Known(true), ..HostFacts::default() };
        let ids = [
            "alpn-mismatch-alert",
            "cbc-without-etm",
            "curves-p256-x25519",
            "dh-2048-min",
            "exo-no-tls10-11",
            "fs-server-no-static-rsa",
            "fs-server-prefers",
            "fs-server-supports",
            "no-3des",
            "no-compression",
            "no-early-ccs",
            "no-export",
            "no-heartbleed",
            "no-null-cipher",
            "no-rc4",
            "no-sha1-md5-sig",
            "no-static-dh-ecdh",
            "recommended-suites",
            "rfc5246-version-tolerance",
            "rfc5746-server-acknowledges",
            "rfc7507-scsv-server",
            "rfc7627-server-echo",
            "rfc8996-server-no-tls10",
            "rfc9325-no-sslv2",
            "rfc9325-tls12-support",
            "server-prefers-strong",
            "sni-server-not-required",
            "unknown-ext-tolerated",
        ];
        let findings = judge(&facts, &levels(&ids));
        assert!(findings.len() > 20);
        for finding in findings {
            assert_eq!(finding.verdict, Judgement::Inconclusive, "{finding:?}");
        }
    }

    #[test]
    fn one_short_prime_breaks_the_rule_and_an_unread_one_decides_nothing() {
        let mut facts = host(Version::Tls12, &[SuiteKind::Dhe], None);
        facts.versions[0].suites[0].parts.exchange = "dhe".into();
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Judgement::Inconclusive));
        facts.versions[0].suites[0].dh_bits = Some(1024);
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Judgement::Fail));
        facts.versions[0].suites[0].dh_bits = Some(2048);
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Judgement::Pass));
        facts.versions[0].incomplete = Some("the time was over".into());
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Judgement::Inconclusive));
    }

    #[test]
    fn a_host_without_tls_breaks_what_demands_it() {
        let facts = HostFacts { tls: Found::Known(false), ..HostFacts::default() };
        assert_eq!(verdict(&facts, "rfc9325-tls12-support"), Some(Judgement::Fail));
        let facts = HostFacts { tls: Found::Unknown("421".into()), ..HostFacts::default() };
        assert_eq!(verdict(&facts, "rfc9325-tls12-support"), Some(Judgement::Inconclusive));
    }
}
