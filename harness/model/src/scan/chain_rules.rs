//! What the certificates of a host mean.
//!
//! A root that nobody here trusts is no breach: the host may be meant for those who do. Dates and
//! names are not judged either; the catalogue's rows about them speak of clients.

use std::collections::BTreeMap;

use super::Found;
use super::finding::Finding;
use super::rules::{Outcome, finding};
use super::shown::Shown;
use crate::certificate::{CertificateFacts, ChainFacts, KeyKind, Problem};
use crate::requirement::Level;

/// Judges what was shown under these levels; nothing shown is undecided.
pub fn judge_certificates(shown: &[Shown], levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    let chains: Vec<&ChainFacts> = shown.iter().filter_map(Shown::chain).collect();
    let leaves: Vec<&CertificateFacts> = chains.iter().filter_map(|chain| chain.leaf()).collect();
    let rules: [(&str, Option<Outcome>); 3] = [
        ("rsa-2048-server-cert", key_size(&leaves)),
        ("no-sha1-md5-sig", Some(signatures(&chains))),
        ("cert-server-full-chain", Some(order(&chains))),
    ];
    let mut findings = Vec::new();
    for (id, outcome) in rules {
        let (Some(outcome), Some(level)) = (outcome, levels.get(id)) else { continue };
        let outcome = match (leaves.is_empty(), &outcome, unknown(shown)) {
            (true, ..) => Err("The host showed no certificate.".to_owned()),
            // What was not shown may be worse.
            (false, Ok((true, _)), Some(why)) => {
                Err(format!("Not every question was answered: {why}."))
            }
            _ => outcome,
        };
        findings.push(finding(id, *level, outcome));
    }
    findings
}

/// Why one of the questions has no answer.
fn unknown(shown: &[Shown]) -> Option<&str> {
    shown.iter().find_map(|shown| match &shown.result {
        Found::Unknown(why) => Some(why.as_str()),
        _ => None,
    })
}

/// The smallest RSA key of a leaf; `None`: there are leaves, and none has an RSA key.
fn key_size(leaves: &[&CertificateFacts]) -> Option<Outcome> {
    let sizes = leaves.iter().filter(|leaf| leaf.key == KeyKind::Rsa).map(|leaf| leaf.key_bits);
    match sizes.min() {
        Some(bits) => {
            Some(Ok((bits >= 2048, format!("The RSA key of the certificate has {bits} bits."))))
        }
        None if leaves.is_empty() => Some(Ok((false, String::new()))),
        None => None,
    }
}

fn signatures(chains: &[&ChainFacts]) -> Outcome {
    let weak =
        chains.iter().any(|chain| chain.certificates.iter().any(CertificateFacts::weak_signature));
    Ok(match weak {
        true => (false, Problem::WeakSignature.sentence().into()),
        false => (true, "No certificate that is shown is signed with MD5 or SHA-1.".into()),
    })
}

/// An issuer that is neither sent nor trusted may be a private root, which need not be sent
/// (RFC 8446 section 4.4.2), or an intermediate that is missing: that cannot be told from here.
fn order(chains: &[&ChainFacts]) -> Outcome {
    let has = |problem| chains.iter().any(|chain| chain.problems.contains(&problem));
    if has(Problem::WrongOrder) {
        return Ok((false, Problem::WrongOrder.sentence().into()));
    }
    if has(Problem::Incomplete) {
        return Err("The last issuer is neither sent nor trusted: whether one is missing cannot \
                    be told."
            .into());
    }
    Ok((true, "Each certificate that is sent is certified by the next one.".into()))
}
