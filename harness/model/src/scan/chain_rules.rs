//! What the certificates of a host mean.
//!
//! A root that nobody here trusts is no breach: the host may be meant for those who do.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::found::Found;
use super::outcome::{Outcome, finding};
use super::shown::{Shown, ShownChain};
use crate::certificate::{
    CertificateFacts, ChainFacts, KeyKind, Problem, StapleFacts, StapleStatus,
};
use crate::requirement::Level;

/// Judges what was shown under these levels; nothing shown is undecided.
pub fn judge_certificates(shown: &[Shown], levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    let none = shown.iter().filter_map(Shown::chain).all(|chain| chain.leaf().is_none());
    let mut findings = Vec::new();
    for (id, outcome) in rules(shown) {
        let (Some(outcome), Some(level)) = (outcome, levels.get(id)) else { continue };
        let outcome = match (none, &outcome, unknown(shown)) {
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

/// The requirements that these rules judge.
pub(super) fn ids() -> [&'static str; 6] {
    rules(&[]).map(|(id, _)| id)
}

fn rules(shown: &[Shown]) -> [(&'static str, Option<Outcome>); 6] {
    let chains: Vec<&ChainFacts> = shown.iter().filter_map(Shown::chain).collect();
    let leaves: Vec<&CertificateFacts> = chains.iter().filter_map(|chain| chain.leaf()).collect();
    [
        ("rsa-2048-server-cert", key_size(&leaves)),
        ("no-sha1-md5-sig", Some(signatures(&chains))),
        ("cert-server-full-chain", Some(order(&chains))),
        ("cert-server-current", Some(current(&chains))),
        ("cert-server-identity", Some(identity(&chains))),
        ("must-staple-server", staples(shown)),
    ]
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

/// The last issuer may be a private root, which need not be sent (RFC 8446 section 4.4.2).
fn order(chains: &[&ChainFacts]) -> Outcome {
    if any(chains, Problem::WrongOrder) {
        return Ok((false, Problem::WrongOrder.sentence().into()));
    }
    if any(chains, Problem::Incomplete) {
        return Err(Problem::Incomplete.sentence().into());
    }
    Ok((true, "Each certificate that is sent is certified by the next one.".into()))
}

fn current(chains: &[&ChainFacts]) -> Outcome {
    let wrong = [Problem::Expired, Problem::NotYetValid].into_iter();
    let mut wrong = wrong.filter(|problem| any(chains, *problem));
    Ok(match wrong.next() {
        Some(problem) => (false, problem.sentence().into()),
        None => (true, "Every certificate that is sent has begun and is not over.".into()),
    })
}

fn any(chains: &[&ChainFacts], problem: Problem) -> bool {
    chains.iter().any(|chain| chain.problems.contains(&problem))
}

fn identity(chains: &[&ChainFacts]) -> Outcome {
    let wrong: Vec<&str> = [
        Problem::SelfSigned,
        Problem::Incomplete,
        Problem::UnknownIssuer,
        Problem::BadSignature,
        Problem::WrongName,
        Problem::WrongUsage,
        Problem::NotGood,
    ]
    .into_iter()
    .filter(|problem| any(chains, *problem))
    .map(Problem::sentence)
    .collect();
    Ok(match wrong.is_empty() {
        true => (true, "Name, usage and root of the certificate are good.".into()),
        false => (false, wrong.join(" ")),
    })
}

/// `None`: no certificate promises a staple.
fn staples(shown: &[Shown]) -> Option<Outcome> {
    let promised = shown.iter().filter_map(|shown| shown.result.known()).filter(|shown| {
        let leaf = shown.chain.leaf();
        leaf.is_some_and(|leaf| leaf.must_staple)
    });
    let wrong = |shown: &ShownChain| match shown.staple {
        None => Some("sends none"),
        Some(StapleFacts { status: StapleStatus::Nothing, .. }) => {
            Some("sends one that says nothing of it")
        }
        Some(StapleFacts { status: StapleStatus::Unknown, .. }) => {
            Some("sends one that does not know it")
        }
        Some(StapleFacts { status: StapleStatus::Revoked, .. }) => {
            Some("sends one that says it is revoked")
        }
        Some(StapleFacts { current: false, .. }) => Some("sends one that is out of date"),
        Some(StapleFacts { status: StapleStatus::Good, current: true }) => None,
    };
    let mut outcomes = promised.map(|shown| match wrong(shown) {
        Some(how) => (false, format!("A certificate promises a staple, and the host {how}.")),
        None => (true, "Every staple that is promised is sent, current and good.".into()),
    });
    let first = outcomes.next()?;
    Some(Ok(outcomes.find(|(kept, _)| !kept).filter(|_| first.0).unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::super::{AskedKey, AskedName};
    use super::*;
    use crate::offer::Version;
    use crate::verdict::Verdict;

    fn certificate(subject: &str, issuer: &str) -> CertificateFacts {
        CertificateFacts {
            subject: subject.into(),
            issuer: issuer.into(),
            common_name: None,
            organisation: None,
            organisational_unit: None,
            issuer_name: None,
            names: Vec::new(),
            serial: "1".into(),
            key: KeyKind::Rsa,
            key_bits: 2048,
            signature: "sha256WithRSAEncryption".into(),
            not_before: 0,
            not_after: 1,
            ca: false,
            usages: Vec::new(),
            must_staple: false,
            crl: Vec::new(),
            ocsp: Vec::new(),
            issuers: Vec::new(),
            fingerprint: String::new(),
        }
    }

    fn chain(change: impl FnOnce(&mut ChainFacts)) -> Found<ShownChain> {
        let leaf = certificate("CN=mail", "CN=middle");
        let middle = certificate("CN=middle", "CN=root");
        let mut chain = ChainFacts { certificates: vec![leaf, middle], ..ChainFacts::default() };
        change(&mut chain);
        Found::Known(ShownChain { chain, staple: None })
    }

    fn problem(problem: Problem) -> Found<ShownChain> {
        chain(|chain| chain.problems.push(problem))
    }

    fn said(results: &[Found<ShownChain>], id: &str) -> Option<(Verdict, String)> {
        let shown: Vec<_> = results
            .iter()
            .map(|result| Shown {
                version: Version::Tls12,
                key: AskedKey::Rsa,
                name: AskedName::None,
                result: result.clone(),
            })
            .collect();
        let levels = BTreeMap::from([(id.to_owned(), Level::Should)]);
        let found = judge_certificates(&shown, &levels).into_iter().next();
        found.map(|finding| (finding.verdict, finding.text))
    }

    /// A good chain passes; beside one that is not good it does not help.
    fn check(id: &str, bad: Found<ShownChain>, expected: Verdict) {
        let good = chain(|_| {});
        let verdict = |results: &[Found<ShownChain>]| said(results, id).map(|said| said.0);
        assert_eq!(verdict(std::slice::from_ref(&good)), Some(Verdict::Pass), "{id}");
        assert_eq!(verdict(std::slice::from_ref(&bad)), Some(expected), "{id}: {bad:?}");
        assert_eq!(verdict(&[good.clone(), bad.clone()]), Some(expected), "{id}: {bad:?}");
        assert_eq!(verdict(&[bad.clone(), good]), Some(expected), "{id}: {bad:?}");
    }

    #[test]
    fn each_rule_is_broken_by_its_fault_alone() {
        let fail = Verdict::Fail;
        let short = chain(|chain| chain.certificates[0].key_bits = 1024);
        check("rsa-2048-server-cert", short, fail);
        for digest in ["sha1WithRSAEncryption", "md5WithRSAEncryption", "ecdsa-with-SHA1"] {
            for at in 0..2 {
                let weak = chain(|chain| chain.certificates[at].signature = digest.into());
                check("no-sha1-md5-sig", weak, fail);
            }
        }
        check("cert-server-full-chain", problem(Problem::WrongOrder), fail);
        check("cert-server-full-chain", problem(Problem::Incomplete), Verdict::Inconclusive);
        check("cert-server-current", problem(Problem::Expired), fail);
        check("cert-server-current", problem(Problem::NotYetValid), fail);
        for wrong in [Problem::WrongName, Problem::SelfSigned, Problem::UnknownIssuer] {
            check("cert-server-identity", problem(wrong), fail);
        }
    }

    #[test]
    fn the_signature_of_a_root_protects_nothing_and_is_not_asked_for() {
        let root = chain(|chain| {
            let mut root = certificate("CN=root", "CN=root");
            root.signature = "sha1WithRSAEncryption".into();
            chain.certificates.push(root);
        });
        let said = said(&[root], "no-sha1-md5-sig").map(|said| said.0);
        assert_eq!(said, Some(Verdict::Pass));
    }

    #[test]
    fn an_answer_that_is_missing_leaves_open_what_the_others_keep() {
        let open = Found::Unknown("421".into());
        let good = chain(|_| {});
        let short = chain(|chain| chain.certificates[0].key_bits = 1024);
        let verdict = |results: &[_]| said(results, "rsa-2048-server-cert").map(|said| said.0);
        assert_eq!(verdict(&[good.clone(), open.clone()]), Some(Verdict::Inconclusive));
        assert_eq!(verdict(&[short, open.clone()]), Some(Verdict::Fail));
        assert_eq!(verdict(&[open]), Some(Verdict::Inconclusive));
        assert_eq!(verdict(&[good, Found::NotApplicable("alert".into())]), Some(Verdict::Pass));
        assert_eq!(verdict(&[]), Some(Verdict::Inconclusive));
    }

    #[test]
    fn a_promised_staple_has_to_come_current_good_and_for_this_certificate() {
        let id = "must-staple-server";
        let with = |promised, staple| {
            let chain = chain(|chain| chain.certificates[0].must_staple = promised);
            chain.known().map(|shown| ShownChain { staple, ..shown.clone() })
        };
        let verdict = |promised, staple: Option<(StapleStatus, bool)>| {
            let staple = staple.map(|(status, current)| StapleFacts { status, current });
            let shown = with(promised, staple).map_or_else(Found::default, Found::Known);
            said(&[shown], id).map(|said| said.0)
        };
        use StapleStatus::{Good, Nothing, Revoked, Unknown};
        assert_eq!(verdict(false, None), None);
        assert_eq!(verdict(true, Some((Good, true))), Some(Verdict::Pass));
        for bad in [(Good, false), (Nothing, true), (Revoked, true), (Unknown, true)] {
            assert_eq!(verdict(true, Some(bad)), Some(Verdict::Fail), "{bad:?}");
        }
        assert_eq!(verdict(true, None), Some(Verdict::Fail));
    }
}
