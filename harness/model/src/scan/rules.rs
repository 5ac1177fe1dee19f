//! From facts to findings. Pure: the same facts have the same findings.

use std::collections::{BTreeMap, BTreeSet};

use super::chain_rules;
use super::facts::{HostFacts, Oddity, UnknownAlpn, Vulnerabilities};
use super::finding::Finding;
use super::found::Found;
use super::outcome::{Outcome, finding, no_if_asked, yes_if_asked};
use super::suite_rules::{exchange, suites};
use super::version_rules::{unneeded_signal, versions};
use crate::requirement::Level;

/// Judges a host's facts. `levels` is the level of every requirement under the profile; a
/// requirement without one is left out.
///
/// A host that speaks no TLS that could be examined breaks nothing but what demands TLS.
pub fn judge(facts: &HostFacts, levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |id: &str, outcome: Option<Outcome>| {
        let (Some(outcome), Some(level)) = (outcome, levels.get(id)) else { return };
        findings.push(finding(id, *level, outcome));
    };
    match &facts.tls {
        Found::Known(true) => {}
        Found::Known(false) => {
            add("rfc9325-tls12-support", Some(Ok((false, "The host offers no TLS.".into()))));
            return findings;
        }
        Found::Unknown(why) | Found::NotApplicable(why) => {
            add("rfc9325-tls12-support", Some(Err(format!("TLS could not be begun: {why}."))));
            return findings;
        }
    }
    each(facts, &mut add);
    findings.extend(unneeded_signal(facts, levels));
    findings
}

/// Every requirement that a rule of a scan judges: of hosts and of certificates.
pub fn judged_requirements() -> BTreeSet<String> {
    let mut ids: BTreeSet<String> = chain_rules::ids().map(str::to_owned).into();
    // Each rule names its requirement, whatever the facts.
    each(&HostFacts::default(), &mut |id, _| {
        ids.insert(id.to_owned());
    });
    ids
}

fn each(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    versions(facts, add);
    suites(facts, add);
    exchange(facts, add);
    hygiene(facts, add);
    tolerance(facts, add);
}

fn hygiene(facts: &HostFacts, add: &mut impl FnMut(&str, Option<Outcome>)) {
    let HostFacts { answers, vulnerabilities, sessions, .. } = facts;
    // What was found, and the sentences where it is so and where it is not.
    for (id, found, yes, no) in [
        (
            "rfc5746-server-acknowledges",
            &answers.secure_renegotiation,
            "renegotiation_info is answered.",
            "renegotiation_info is not answered.",
        ),
        (
            "rfc7627-server-echo",
            &answers.extended_master_secret,
            "extended_master_secret is answered.",
            "extended_master_secret is not answered.",
        ),
        (
            "cbc-without-etm",
            &answers.encrypt_then_mac,
            "CBC suites come with encrypt-then-MAC where the client has it.",
            "CBC suites are used without encrypt-then-MAC.",
        ),
        (
            "sni-server-not-required",
            &answers.without_sni,
            "A client without SNI is served.",
            "A client without SNI is not served.",
        ),
        (
            "sni-server-unknown-fallback",
            &answers.unknown_sni,
            "A client with an unknown name in SNI is served.",
            "A client with an unknown name in SNI is not served.",
        ),
    ] {
        add(id, yes_if_asked(found, yes, no));
    }
    for (id, found, yes, no) in [
        (
            "no-compression",
            &answers.compression,
            "DEFLATE is chosen where it is offered.",
            "DEFLATE is not chosen.",
        ),
        (
            "no-ccs-injection",
            &vulnerabilities.ccs_injection,
            "A ChangeCipherSpec is taken before there are keys.",
            "A ChangeCipherSpec before there are keys ends the handshake.",
        ),
        (
            "no-robot",
            &vulnerabilities.robot,
            "Valid and invalid RSA premaster secrets get different responses (ROBOT oracle).",
            "Valid and invalid RSA premaster secrets get the same response.",
        ),
        (
            "rfc5746-no-insecure-reneg",
            &sessions.insecure_renegotiation,
            "The server accepts insecure renegotiation: a client may begin a second handshake without RFC 5746.",
            "Insecure renegotiation is refused.",
        ),
        (
            "client-reneg-limited",
            &sessions.client_renegotiation,
            "A client may begin a second handshake.",
            "A client may not begin a second handshake.",
        ),
    ] {
        add(id, no_if_asked(found, yes, no));
    }
    add("no-heartbleed", heartbleed(vulnerabilities));
    add("alpn-mismatch-alert", unknown_alpn(&answers.unknown_alpn));
}

fn unknown_alpn(found: &Found<UnknownAlpn>) -> Option<Outcome> {
    let (good, what) = match found {
        Found::Known(UnknownAlpn::Ignored) => (true, "ALPN is ignored."),
        Found::Known(UnknownAlpn::Alert) => {
            (true, "An unknown protocol gets no_application_protocol.")
        }
        Found::Known(UnknownAlpn::OtherEnd) => {
            (false, "An unknown protocol ends the handshake in another way.")
        }
        Found::Known(UnknownAlpn::Echoed) => {
            (false, "A protocol that cannot be known is agreed to.")
        }
        Found::NotApplicable(_) => return None,
        Found::Unknown(why) => return Some(Err(format!("ALPN: {why}."))),
    };
    Some(Ok((good, what.into())))
}

fn heartbleed(found: &Vulnerabilities) -> Option<Outcome> {
    let asked = no_if_asked(
        &found.heartbleed,
        "A heartbeat is answered with octets that were never sent.",
        "A heartbeat gives nothing away.",
    );
    // Where heartbeats are off, nothing can be read by them.
    let off = || {
        (found.heartbeat.known() == Some(&false)).then(|| Ok((true, "Heartbeats are off.".into())))
    };
    asked.or_else(off)
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

#[cfg(test)]
mod tests {
    use super::super::{Accepted, SuiteParts, VersionFacts};
    use super::*;
    use crate::facts::Suite;
    use crate::offer::{SuiteKind, Version};
    use crate::verdict::Verdict;

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

    fn verdict(facts: &HostFacts, id: &str) -> Option<Verdict> {
        let findings = judge(facts, &levels(&[id]));
        findings.first().map(|finding| finding.verdict)
    }

    #[test]
    fn static_rsa_is_not_good() {
        let facts = host(Version::Tls12, &[SuiteKind::StaticRsa], None);
        assert_eq!(verdict(&facts, "fs-server-no-static-rsa"), Some(Verdict::Fail));
        assert_eq!(verdict(&facts, "fs-server-supports"), Some(Verdict::Fail));
    }

    #[test]
    fn a_list_that_may_lack_some_proves_no_absence_but_a_presence() {
        let facts = host(Version::Tls12, &[SuiteKind::StaticRsa], Some("the time was over"));
        assert_eq!(verdict(&facts, "no-rc4"), Some(Verdict::Inconclusive));
        assert_eq!(verdict(&facts, "fs-server-no-static-rsa"), Some(Verdict::Fail));
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
            "no-ccs-injection",
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
            assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:?}");
        }
    }

    #[test]
    fn one_short_prime_breaks_the_rule_and_an_unread_one_decides_nothing() {
        let mut facts = host(Version::Tls12, &[SuiteKind::Dhe], None);
        facts.versions[0].suites[0].parts.exchange = "dhe".into();
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Verdict::Inconclusive));
        facts.versions[0].suites[0].dh_bits = Some(1024);
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Verdict::Fail));
        facts.versions[0].suites[0].dh_bits = Some(2048);
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Verdict::Pass));
        facts.versions[0].incomplete = Some("the time was over".into());
        assert_eq!(verdict(&facts, "dh-2048-min"), Some(Verdict::Inconclusive));
    }

    #[test]
    fn the_fallback_scsv_is_needless_only_where_the_mark_does_its_work() {
        let id = "rfc7507-scsv-server";
        let said = |old: Found<bool>, mark: Found<bool>, signal: Found<bool>| {
            let mut facts = host(Version::Tls12, &[SuiteKind::Ecdhe], None);
            for version in [Version::Ssl3, Version::Tls10, Version::Tls11] {
                let mut found = facts.versions[0].clone();
                (found.version, found.support) = (version, old.clone());
                facts.versions.push(found);
            }
            facts.ssl2 = Found::Known(false);
            (facts.answers.downgrade_sentinel, facts.answers.fallback_scsv) = (mark, signal);
            verdict(&facts, id)
        };
        let (yes, no) = (Found::Known(true), Found::Known(false));
        let unknown = Found::Unknown(String::new());
        for (old, mark, signal, expected) in [
            (&no, &yes, &no, Verdict::NotApplicable),
            (&no, &yes, &unknown, Verdict::NotApplicable),
            (&no, &yes, &yes, Verdict::Pass),
            (&no, &no, &yes, Verdict::Pass),
            (&yes, &yes, &yes, Verdict::Pass),
            (&yes, &yes, &no, Verdict::Fail),
            (&no, &no, &no, Verdict::Fail),
            (&no, &Found::NotApplicable(String::new()), &no, Verdict::Fail),
            (&unknown, &yes, &no, Verdict::Inconclusive),
            (&no, &unknown, &no, Verdict::Inconclusive),
        ] {
            let found = said(old.clone(), mark.clone(), signal.clone());
            assert_eq!(found, Some(expected), "{old:?} {mark:?} {signal:?}");
        }
    }

    #[test]
    fn a_host_without_tls_breaks_what_demands_it() {
        let facts = HostFacts { tls: Found::Known(false), ..HostFacts::default() };
        assert_eq!(verdict(&facts, "rfc9325-tls12-support"), Some(Verdict::Fail));
        let facts = HostFacts { tls: Found::Unknown("421".into()), ..HostFacts::default() };
        assert_eq!(verdict(&facts, "rfc9325-tls12-support"), Some(Verdict::Inconclusive));
    }
}
