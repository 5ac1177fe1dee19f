//! Rules about the form of the relay's ClientHello.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::expect::HelloRule;
use crate::facts::{Framing, HelloFacts, Suite};
use crate::offer::SuiteKind;

/// How a hello breaks a rule, as one sentence; `None`: it keeps it. `earlier` are the hellos to the
/// same peer before it.
pub(super) fn breaks<'a>(
    rule: HelloRule,
    hello: &HelloFacts,
    earlier: impl Iterator<Item = &'a HelloFacts>,
) -> Option<String> {
    match rule {
        HelloRule::CbcWithEncryptThenMac => {
            let cbc = hello.suites.iter().find(|suite| suite.is(SuiteKind::Cbc))?;
            let alone = !hello.extensions.iter().any(|name| name == "encrypt_then_mac");
            alone.then(|| format!("The relay offers {} without encrypt_then_mac.", cbc.name))
        }
        HelloRule::ExtensionsOnce => repeated(hello.extensions.iter().map(String::as_str))
            .map(|name| format!("The ClientHello contains the extension {name} twice."))
            .or_else(|| {
                let name = repeated(hello.key_shares.iter().map(String::as_str))?;
                Some(format!("The ClientHello has two key shares of the group {name}."))
            }),
        HelloRule::ForwardSecretFirst => {
            // The version is chosen before the suite: where those of TLS 1.3 stand does not matter. DHE
            // and weak ciphers are discouraged themselves (RFC 9325 section 4.1): last is their place.
            let weak = [SuiteKind::TripleDes, SuiteKind::Rc4, SuiteKind::Null];
            let good = |suite: &Suite| {
                suite.is(SuiteKind::Ecdhe) && !weak.iter().any(|kind| suite.is(*kind))
            };
            let last = hello.suites.iter().rposition(good)?;
            let exchanges = [SuiteKind::StaticRsa, SuiteKind::StaticDh];
            let fixed = hello.suites[..last]
                .iter()
                .find(|suite| exchanges.iter().any(|kind| suite.is(*kind)))?;
            let behind = &hello.suites[last].name;
            Some(format!("The relay offers {} before {behind}.", fixed.name))
        }
        HelloRule::LegacyVersion => {
            let lists = hello.extensions.iter().any(|name| name == "supported_versions");
            let code = hello.legacy_version;
            (lists && code != 0x0303).then(|| {
                format!("The ClientHello has supported_versions, but its legacy_version is {code:#06x} and not 0x0303.")
            })
        }
        HelloRule::NewestVersionFirst => {
            let pair = hello.versions.windows(2).find(|pair| pair[0] < pair[1])?;
            Some(format!("The relay lists {} before {}.", pair[0], pair[1]))
        }
        HelloRule::NoSilentFallback => {
            let newest = hello.newest()?;
            let before = earlier.filter_map(HelloFacts::newest).max()?;
            let fell = newest < before && !hello.signals_fallback();
            fell.then(|| {
                format!("The relay retried with {newest} after {before} without TLS_FALLBACK_SCSV.")
            })
        }
        HelloRule::PskWithDhe => {
            let modes = &hello.psk_modes;
            let without = !modes.is_empty() && !modes.iter().any(|mode| mode == "psk_dhe_ke");
            without.then(|| {
                format!(
                    "The relay offers to resume with {} only, that is without (EC)DHE.",
                    modes.join(" and ")
                )
            })
        }
        HelloRule::SniIsHostName => {
            let there = hello.extensions.iter().any(|name| name == "server_name");
            match hello.sni.as_deref() {
                None if there => {
                    Some("The ClientHello has the extension server_name without a name.".into())
                }
                Some("") => Some("The name in SNI is empty.".into()),
                Some(name) if !is_host_name(name) => {
                    Some(format!("The SNI {} is no host name.", name.escape_debug()))
                }
                _ => None,
            }
        }
        HelloRule::SuitesOnce => repeated(hello.suites.iter().map(|suite| suite.name.as_str()))
            .map(|name| format!("The relay offers {name} twice.")),
        HelloRule::TlsRecord => (hello.framing == Framing::Ssl2)
            .then(|| "The relay sends its ClientHello in the framing of SSL 2.0.".into()),
    }
}

/// The first that stands twice.
fn repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}

/// Whether a name may stand in SNI: labels of letters, digits, hyphens and underscores, no final dot,
/// and no address (RFC 6066 section 3). Some hosts have underscores in their names, rightly or not.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.parse::<IpAddr>().is_err() && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::Version;

    fn suite(id: u16, name: &str, kinds: &[SuiteKind]) -> Suite {
        Suite { id, name: name.into(), kinds: kinds.to_vec() }
    }

    fn good() -> HelloFacts {
        HelloFacts {
            legacy_version: 0x0303,
            versions: vec![Version::Tls13, Version::Tls12],
            suites: vec![
                suite(0x1301, "new", &[SuiteKind::ForwardSecret, SuiteKind::Tls13]),
                suite(0xc034, "anonymous", &[SuiteKind::Anonymous]),
                suite(0xc02f, "ecdhe", &[SuiteKind::ForwardSecret, SuiteKind::Ecdhe]),
                suite(0x002f, "rsa", &[SuiteKind::StaticRsa, SuiteKind::Cbc]),
                suite(0x00ff, "signal", &[]),
            ],
            extensions: ["server_name", "encrypt_then_mac", "supported_versions"]
                .map(str::to_owned)
                .to_vec(),
            key_shares: vec!["x25519".into(), "p-256".into()],
            sni: Some("mx_1.example.org".into()),
            psk_modes: vec!["psk_ke".into(), "psk_dhe_ke".into()],
            ..HelloFacts::default()
        }
    }

    #[track_caller]
    fn check(rule: HelloRule, change: impl Fn(&mut HelloFacts), reason: &str) {
        let mut hello = good();
        assert_eq!(breaks(rule, &hello, std::iter::once(&good())), None);
        change(&mut hello);
        let found = breaks(rule, &hello, std::iter::once(&good()));
        assert_eq!(found.as_deref(), (!reason.is_empty()).then_some(reason), "{hello:?}");
    }

    #[test]
    fn each_rule_is_broken_by_one_change() {
        use HelloRule as Rule;
        let lacks_etm = |hello: &mut HelloFacts| drop(hello.extensions.remove(1));
        check(
            Rule::CbcWithEncryptThenMac,
            lacks_etm,
            "The relay offers rsa without encrypt_then_mac.",
        );
        let again = |hello: &mut HelloFacts| hello.extensions.push("server_name".into());
        check(
            Rule::ExtensionsOnce,
            again,
            "The ClientHello contains the extension server_name twice.",
        );
        let share = |hello: &mut HelloFacts| hello.key_shares.push("x25519".into());
        check(
            Rule::ExtensionsOnce,
            share,
            "The ClientHello has two key shares of the group x25519.",
        );
        let fixed_first = |hello: &mut HelloFacts| hello.suites.swap(0, 3);
        check(Rule::ForwardSecretFirst, fixed_first, "The relay offers rsa before ecdhe.");
        let field = |hello: &mut HelloFacts| hello.legacy_version = 0x0304;
        let reason = "The ClientHello has supported_versions, but its legacy_version is 0x0304 and not 0x0303.";
        check(Rule::LegacyVersion, field, reason);
        let oldest_first = |hello: &mut HelloFacts| hello.versions.reverse();
        check(Rule::NewestVersionFirst, oldest_first, "The relay lists TLS 1.2 before TLS 1.3.");
        let falls = |hello: &mut HelloFacts| hello.versions = vec![Version::Tls12];
        let reason = "The relay retried with TLS 1.2 after TLS 1.3 without TLS_FALLBACK_SCSV.";
        check(Rule::NoSilentFallback, falls, reason);
        let ke = |hello: &mut HelloFacts| drop(hello.psk_modes.pop());
        check(
            Rule::PskWithDhe,
            ke,
            "The relay offers to resume with psk_ke only, that is without (EC)DHE.",
        );
        let twice = |hello: &mut HelloFacts| hello.suites.push(hello.suites[2].clone());
        check(Rule::SuitesOnce, twice, "The relay offers ecdhe twice.");
        let ssl2 = |hello: &mut HelloFacts| hello.framing = Framing::Ssl2;
        check(Rule::TlsRecord, ssl2, "The relay sends its ClientHello in the framing of SSL 2.0.");
    }

    #[test]
    fn what_is_said_or_left_out_breaks_no_rule() {
        use HelloRule as Rule;
        let says_so = |hello: &mut HelloFacts| {
            hello.versions.remove(0);
            hello.suites.push(suite(0x5600, "TLS_FALLBACK_SCSV", &[]));
        };
        check(Rule::NoSilentFallback, says_so, "");
        let newest_last = |hello: &mut HelloFacts| hello.suites.rotate_left(1);
        check(Rule::ForwardSecretFirst, newest_last, "");
        let weak_last = |hello: &mut HelloFacts| {
            hello.suites.push(suite(0xc012, "3des", &[SuiteKind::Ecdhe, SuiteKind::TripleDes]));
            hello.suites.push(suite(0x009e, "dhe", &[SuiteKind::Dhe]));
        };
        check(Rule::ForwardSecretFirst, weak_last, "");
        check(Rule::PskWithDhe, |hello| hello.psk_modes.clear(), "");
        let without = |hello: &mut HelloFacts| {
            hello.sni = None;
            hello.extensions.remove(0);
        };
        check(Rule::SniIsHostName, without, "");
        check(Rule::SniIsHostName, |hello| hello.sni = Some("MX.Example.ORG".into()), "");
        let old = |hello: &mut HelloFacts| {
            hello.extensions.pop();
            hello.legacy_version = 0x0301;
        };
        check(Rule::LegacyVersion, old, "");
    }

    #[test]
    fn an_address_or_a_final_dot_is_no_host_name() {
        for name in ["mx.test.", "192.0.2.1", "2001:db8::1", "[192.0.2.1]", "a..b"] {
            let reason = format!("The SNI {name} is no host name.");
            check(HelloRule::SniIsHostName, |hello| hello.sni = Some(name.into()), &reason);
        }
        let empty = |hello: &mut HelloFacts| hello.sni = Some(String::new());
        check(HelloRule::SniIsHostName, empty, "The name in SNI is empty.");
        let reason = "The ClientHello has the extension server_name without a name.";
        check(HelloRule::SniIsHostName, |hello| hello.sni = None, reason);
    }
}
