//! What a scanned host showed of certificates, and what its STARTTLS checks came to.

use waxseal_model::certificate::{ChainFacts, KeyKind, StapleFacts};
use waxseal_model::dated::day;
use waxseal_model::foreign::{Foreign, printable, shorten};
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{AskedKey, AskedName, Found, Shown};
use waxseal_model::verdict::Verdict;

use super::transcript;

/// One block for each distinct chain, with the ways of asking that lead to it.
pub(super) fn certificates(found: &Found<Vec<Shown>>, text: &mut String) {
    let shown = match found {
        Found::Known(shown) => shown,
        Found::NotApplicable(_) => return,
        Found::Unknown(why) => {
            text.push_str(&format!("\nCertificates could not be examined: {}.\n", printable(why)));
            return;
        }
    };
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    for shown in shown {
        let block = match &shown.result {
            Found::Known(shown) => block(&shown.chain, shown.staple.as_ref()),
            Found::NotApplicable(why) => format!("no certificate: {}\n", printable(why)),
            Found::Unknown(why) => format!("certificate not known: {}\n", printable(why)),
        };
        let asked = question(shown);
        match blocks.iter_mut().find(|(known, _)| *known == block) {
            Some((_, questions)) => questions.push(asked),
            None => blocks.push((block, vec![asked])),
        }
    }
    for (block, questions) in blocks {
        let asked = match questions.len() == shown.len() {
            true => "every way of asking".into(),
            false => questions.join("; "),
        };
        text.push_str(&format!("\n{block}  shown to     {asked}\n"));
    }
}

fn question(shown: &Shown) -> String {
    let key = match shown.key {
        AskedKey::Rsa => "RSA",
        AskedKey::Ecdsa => "ECDSA",
    };
    let name = match shown.name {
        AskedName::Own => "its name",
        AskedName::None => "no SNI",
        AskedName::Unknown => "an unknown SNI",
    };
    format!("{} {key} {name}", shown.version)
}

/// The certificate of the host in full, the rest of its chain in what is wrong with it. Names of
/// the chain that depend on the SNI asked for are compared only where that was the host's own.
fn block(chain: &ChainFacts, staple: Option<&StapleFacts>) -> String {
    let Some(leaf) = chain.leaf() else { return "no certificate\n".into() };
    let mut text = format!("certificate {}\n", leaf.subject.short());
    let mut row = |title: &str, what: &str| {
        text.push_str(&format!("  {title:<12} {}\n", printable(what)));
    };
    if !leaf.names.is_empty() {
        let names: Vec<_> = leaf.names.iter().map(Foreign::to_string).collect();
        row("names", &shorten(&names.join(", ")));
    }
    let key = match leaf.key {
        KeyKind::Ecdsa => "ECDSA",
        KeyKind::Other => "other",
        KeyKind::Rsa => "RSA",
    };
    row("key", &format!("{key} {} bits, signed with {}", leaf.key_bits, leaf.signature));
    row("valid", &format!("{} to {}", day(leaf.not_before), day(leaf.not_after)));
    row("issuer", &leaf.issuer.short().to_string());
    row("chain", &format!("{} sent", chain.certificates.len()));
    row("root", &root(chain));
    row("SHA-256", &leaf.fingerprint);
    if let Some(staple) = staple {
        let current = if staple.current { "current" } else { "out of date" };
        row("OCSP staple", &format!("{:?}, {current}", staple.status).to_lowercase());
    }
    for problem in &chain.problems {
        row("problem", problem.sentence());
    }
    text
}

/// The trusted root, or the name at which the chain ends.
fn root(chain: &ChainFacts) -> String {
    let Some(last) = chain.certificates.last() else { return "none".into() };
    match &chain.root {
        Some(root) => root.short().to_string(),
        None if chain.certificates.len() > 1 && last.self_issued() => {
            format!("{}, sent and not trusted here (--roots FILE names more)", last.subject.short())
        }
        None if last.self_issued() => "none: the certificate is its own issuer".into(),
        None => format!(
            "{}, not sent and not trusted here (--roots FILE names more)",
            last.issuer.short()
        ),
    }
}

/// A line for each case that was not kept, with its transcript; the rest is counted.
pub(super) fn checks(found: &Found<Vec<CaseRecord>>, text: &mut String) {
    let cases = match found {
        Found::Known(cases) => cases,
        Found::NotApplicable(_) => return,
        Found::Unknown(why) => {
            text.push_str(&format!("\nSTARTTLS could not be checked: {}.\n", printable(why)));
            return;
        }
    };
    text.push('\n');
    for case in cases {
        match case.verdict {
            Verdict::Pass | Verdict::Skipped | Verdict::NotApplicable => continue,
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error | Verdict::Observed => {}
        }
        let id = printable(&case.id);
        text.push_str(&format!("{} {id} ({})\n", case.verdict, case.level));
        if case.verdict != Verdict::Observed {
            text.push_str(&format!("  {}\n", printable(&case.claim)));
        }
        text.push_str(&format!("  {}\n", printable(&case.reason)));
        if matches!(case.verdict, Verdict::Fail | Verdict::Error) {
            text.push_str(&transcript(case.direction, &case.trace, &case.evidence));
        }
    }
    let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
    text.push_str(&format!(
        "STARTTLS checks: {} pass, {} fail, {} inconclusive, {} observed, {} skipped, {} error\n",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Inconclusive),
        count(Verdict::Observed),
        count(Verdict::Skipped),
        count(Verdict::Error)
    ));
}
