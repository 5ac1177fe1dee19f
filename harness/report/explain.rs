//! One case in words: what it claims, why, what it plays and what it expects.

use waxseal_model::judge::Names;
use waxseal_model::record::CaseRecord;
use waxseal_model::requirement::Catalogue;
use waxseal_model::scenario::{Case, RuleBy};
use waxseal_model::script::Direction;

use super::transcript;

/// Claim, reason, requirements and the whole dialogue. `names` fills in what stands in braces;
/// `played` is the case as a run recorded it.
pub fn explain(
    case: &Case,
    catalogue: &Catalogue,
    names: &Names,
    played: Option<&CaseRecord>,
) -> String {
    let mut text = format!("{}\n\n{}\n", case.id, case.claim);
    if let Some(why) = &case.why {
        text.push_str(&format!("{why}\n"));
    }
    text.push_str("\nRequirements\n");
    for id in &case.cites {
        if let Some(requirement) = catalogue.get(id) {
            text.push_str(&format!(
                "  {id} ({}; {})\n    {}\n",
                requirement.level, requirement.source, requirement.text
            ));
        }
    }
    text.push_str(&format!("\nConnector {} ({})\n", case.connector, case.direction));
    for before in &case.before {
        let ends =
            before.outcome.map(|outcome| format!(", which has to end as {}", outcome.name()));
        text.push_str(&format!(
            "Before it, a message under {}{} to the same next hops{}\n",
            before.connector,
            match before.rule {
                RuleBy::Address => " by its address",
                RuleBy::Domain => "",
            },
            ends.unwrap_or_default()
        ));
    }
    for peer in &case.peers {
        let versions: Vec<_> = peer.offer.versions.iter().map(|v| v.name()).collect();
        text.push_str(&format!("\nPeer {}: TLS {}", peer.name, versions.join(" ")));
        if let Some(cert) = &peer.cert {
            text.push_str(&format!(", certificate {cert}"));
        }
        for fault in &peer.faults {
            text.push_str(&format!(", fault {}", fault.name()));
        }
        text.push('\n');
        let mut names = names.clone();
        if peer.name == "sender" {
            let domain = names.get("from").and_then(|from| from.split('@').nth(1));
            let host = domain.map(|domain| format!("sender.{domain}")).unwrap_or_default();
            names.insert("mx".into(), host);
        }
        for line in fill(&peer.script.print(case.direction), &names).lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(match case.direction {
            Direction::Inbound => "  (then it is a correct sender)\n",
            Direction::Outbound => "  (then it is a correct receiver)\n",
        });
    }
    text.push_str(&format!("\nExpected\n{}", expected(case)));
    if case.is_negative() {
        text.push_str(&format!("Control {}\n", case.control_id()));
    }
    if let Some(played) = played {
        text.push_str(&format!("\nPlayed: {}\n  {}\n", played.verdict, played.reason));
        text.push_str(&transcript(played.direction, &played.trace, &played.evidence));
    }
    text
}

fn fill(text: &str, names: &Names) -> String {
    names
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn expected(case: &Case) -> String {
    let mut text = String::new();
    let expect = &case.expect;
    if case.observe {
        text.push_str("  the outcome is recorded, not judged\n");
    }
    if !expect.outcome.is_empty() {
        let names: Vec<_> = expect.outcome.iter().map(|outcome| outcome.name()).collect();
        text.push_str(&format!("  outcome: {}\n", names.join(" or ")));
    }
    for never in &expect.never {
        text.push_str(&format!("  never: {}\n", never.name()));
    }
    if let Some(tls) = &expect.tls {
        text.push_str(&format!("  tls: {tls:?}\n"));
    }
    if let Some(offered) = &expect.offered {
        text.push_str(&format!("  offered: {offered:?}\n"));
    }
    if let Some(reply) = &expect.reply {
        text.push_str(&format!(
            "  reply: {}\n",
            reply.code.as_ref().map_or(String::new(), |c| c.to_string())
        ));
    }
    text
}
