//! What the faults that read certificates wrongly make of one.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use waxseal_model::certificate::KeyKind;

use super::Mutant;
use crate::tls::{ChainProblem, describe_certificate};

/// A host as a client knows it.
pub(super) struct Known<'a> {
    /// The name of its MX record.
    pub(super) host: &'a str,
    /// The recipient's domain.
    pub(super) domain: &'a str,
    /// The name in its greeting.
    pub(super) banner: &'a str,
    /// The name in its reply to EHLO.
    pub(super) ehlo: &'a str,
    /// Its address.
    pub(super) address: IpAddr,
}

/// Whether this fault takes a certificate with this problem all the same.
pub(super) fn forgives(
    mutant: Option<Mutant>,
    chain: &[Vec<u8>],
    problem: &ChainProblem,
    known: &Known<'_>,
) -> bool {
    let Some(mutant) = mutant else { return false };
    match problem {
        ChainProblem::WrongName => {
            mutant == Mutant::ClientIgnoresName || fits(mutant, chain, known)
        }
        ChainProblem::Expired | ChainProblem::NotYetValid => match mutant {
            Mutant::ClientIgnoresDates => true,
            Mutant::ClientIgnoresCaDates => is_current(chain),
            _ => false,
        },
        other => match mutant {
            Mutant::ClientTrustsAnyone => true,
            Mutant::ClientIgnoresPathLength => is(other, "PathLen"),
            Mutant::ClientIgnoresNameConstraints => is(other, "NameConstraint"),
            Mutant::ClientIgnoresUsage => *other == ChainProblem::WrongUsage,
            Mutant::ClientIgnoresKeyUsage => *other == ChainProblem::MayNotSign,
            Mutant::ClientIgnoresCriticalExtension => is(other, "Critical"),
            Mutant::ClientTakesWeakCa => {
                let ca = chain.get(1).and_then(|der| describe_certificate(der));
                ca.is_some_and(|ca| ca.weak_key())
            }
            _ => false,
        },
    }
}

/// Whether it is the problem that the library calls so.
fn is(problem: &ChainProblem, called: &str) -> bool {
    matches!(problem, ChainProblem::Other(text) if text.contains(called))
}

/// Whether this fault refuses a certificate that is good.
pub(super) fn refuses(mutant: Option<Mutant>, chain: &[Vec<u8>], host: &str) -> bool {
    match mutant {
        Some(Mutant::ClientRefusesWildcard) => names(chain).iter().any(|name| name.contains('*')),
        Some(Mutant::ClientMindsNameCase) => {
            !names(chain).iter().any(|name| name == host || name.contains('*'))
        }
        Some(Mutant::ClientReadsFirstName) => {
            names(chain).first().is_some_and(|name| name != host && !name.contains('*'))
        }
        Some(Mutant::ClientRefusesRootInChain) => {
            let last = chain.last().and_then(|der| describe_certificate(der));
            chain.len() > 1 && last.is_some_and(|last| last.self_issued())
        }
        Some(Mutant::ClientWantsOrder) => {
            let described = chain.iter().filter_map(|der| describe_certificate(der));
            let described: Vec<_> = described.collect();
            described.windows(2).any(|pair| pair[0].issuer != pair[1].subject)
        }
        Some(Mutant::ClientWantsShortChain) => chain.len() > 2,
        Some(Mutant::ClientRefusesConstrainedCa) => {
            chain.iter().any(|der| has_extension(der, NAME_CONSTRAINTS))
        }
        Some(mutant) => narrow(mutant, chain),
        None => false,
    }
}

/// Whether a fault of the relay, as client or as server, is too narrow for this good chain.
pub(super) fn narrow(mutant: Mutant, chain: &[Vec<u8>]) -> bool {
    let Some(leaf) = chain.first().and_then(|der| describe_certificate(der)) else {
        return false;
    };
    match mutant {
        Mutant::ServerWantsLeafAlone => chain.len() > 1,
        Mutant::ClientReadsDatesIn32Bits | Mutant::ServerReadsDatesIn32Bits => {
            i32::try_from(leaf.not_after).is_err()
        }
        Mutant::ClientWantsADayLeft | Mutant::ServerWantsADayLeft => {
            leaf.not_after < now() + 86_400
        }
        Mutant::ClientWantsOneUsage | Mutant::ServerWantsOneUsage => leaf.usages.len() > 1,
        Mutant::ClientWantsUsage | Mutant::ServerWantsUsage => leaf.usages.is_empty(),
        Mutant::ClientWantsKeyUsage | Mutant::ServerWantsKeyUsage => {
            chain.first().is_some_and(|der| !has_extension(der, KEY_USAGE))
        }
        Mutant::ClientKnowsFewKinds | Mutant::ServerKnowsFewKinds => {
            let known = leaf.signature == "ecdsa-with-SHA256";
            !known || leaf.key != KeyKind::Ecdsa || leaf.key_bits != 256
        }
        Mutant::ClientReadsFiftyNames | Mutant::ServerReadsFiftyNames => leaf.names.len() > 50,
        _ => false,
    }
}

/// id-ce-keyUsage, in DER (RFC 5280 section 4.2.1.3).
const KEY_USAGE: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x0f];

/// id-ce-nameConstraints, in DER (RFC 5280 section 4.2.1.10).
const NAME_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x1e];

fn has_extension(der: &[u8], identifier: [u8; 5]) -> bool {
    der.windows(identifier.len()).any(|part| part == identifier)
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// Whether the leaf is for the host, as this fault compares names.
fn fits(mutant: Mutant, chain: &[Vec<u8>], known: &Known<'_>) -> bool {
    let host = known.host.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    if let (Mutant::ClientMatchesAddress, IpAddr::V4(address)) = (mutant, known.address) {
        // An iPAddress in the SAN: context tag 7, four octets (RFC 5280 section 4.2.1.6).
        let wanted = [&[0x87, 4][..], &address.octets()].concat();
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        return leaf.windows(wanted.len()).any(|part| part == wanted);
    }
    if mutant == Mutant::ClientFindsNameAnywhere {
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        return leaf.windows(host.len()).any(|part| part.eq_ignore_ascii_case(host.as_bytes()));
    }
    names(chain).iter().map(|name| name.to_ascii_lowercase()).any(|name| match mutant {
        Mutant::ClientMatchesSuffix => name.ends_with(&host) || name.ends_with(known.domain),
        Mutant::ClientMatchesPrefix => name.starts_with(&host),
        Mutant::ClientMatchesParent => host.ends_with(&format!(".{name}")),
        Mutant::ClientMatchesDeepWildcard => {
            name.strip_prefix('*').is_some_and(|rest| rest.len() > 1 && host.ends_with(rest))
        }
        Mutant::ClientMatchesBareWildcard => name == "*",
        Mutant::ClientMatchesInnerWildcard => {
            let parts: Vec<&str> = name.split('.').collect();
            let same = parts.iter().zip(&labels).all(|(part, label)| *part == "*" || part == label);
            parts.len() == labels.len() && parts.first() != Some(&"*") && same
        }
        Mutant::ClientMatchesTwoWildcards => {
            let rest = name.strip_prefix("*.*.");
            rest.is_some_and(|rest| labels.get(2..).is_some_and(|above| above.join(".") == rest))
        }
        Mutant::ClientMatchesEnd => {
            let before = host.strip_suffix(&name).filter(|_| !name.is_empty());
            before.is_some_and(|before| !before.is_empty() && !before.ends_with('.'))
        }
        Mutant::ClientMatchesSibling => {
            let parent = |name: &str| name.split_once('.').map(|(_, parent)| parent.to_owned());
            !name.contains('*') && parent(&name) == parent(&host)
        }
        Mutant::ClientMatchesAnyCharacter => {
            let same = |(letter, wanted): (char, char)| wanted == '.' || letter == wanted;
            name.len() == host.len() && name.chars().zip(host.chars()).all(same)
        }
        Mutant::ClientStopsAtNul => name.split('\0').next() == Some(host.as_str()),
        Mutant::ClientTrimsNames => name.trim() == host,
        Mutant::ClientMatchesPartialWildcard => {
            let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
            let (label, parent) = host.split_once('.').unwrap_or((&host, ""));
            let halves = first.split_once('*');
            rest == parent
                && halves
                    .is_some_and(|(start, end)| label.starts_with(start) && label.ends_with(end))
        }
        Mutant::ClientBelievesBanner => name.eq_ignore_ascii_case(known.banner),
        Mutant::ClientBelievesEhlo => name.eq_ignore_ascii_case(known.ehlo),
        _ => false,
    })
}

/// The DNS names of the leaf.
fn names(chain: &[Vec<u8>]) -> Vec<String> {
    let leaf = chain.first().and_then(|der| describe_certificate(der));
    let names = leaf.map(|leaf| leaf.names).unwrap_or_default();
    names.iter().map(|name| name.raw().to_owned()).collect()
}

/// Whether the leaf has begun and is not over.
fn is_current(chain: &[Vec<u8>]) -> bool {
    let leaf = chain.first().and_then(|der| describe_certificate(der));
    leaf.is_some_and(|leaf| (leaf.not_before..=leaf.not_after).contains(&now()))
}
