//! What a person, or a program, reads of a chain that was checked.

use waxseal_model::dated::day;
use waxseal_model::foreign::{printable, printable_json};
use waxseal_model::preflight::{
    Chain, End, Preflight, RevocationStatus, Source, UrlAnswer, UrlFacts, Weight,
};
use waxseal_model::wording::counted;

/// A checked chain as one line of JSON.
pub fn preflight_line(checked: &Preflight) -> String {
    // Every field can be written: names, numbers and lists only.
    serde_json::to_string(checked).map(|text| printable_json(text + "\n")).unwrap_or_default()
}

/// A checked chain for people: certificates, paths, addresses, what they mean, and at the end the hosts
/// that a firewall has to let through, one a line.
pub fn preflight_text(checked: &Preflight) -> String {
    let mut text = checked.asked.to_string();
    if let Some(address) = &checked.address {
        text.push_str(&format!(" ({})", printable(address)));
    }
    if checked.of > 1 {
        text.push_str(&format!(", chain {} of {}", checked.number, checked.of));
    }
    text.push('\n');
    if let Some(chain) = &checked.chain {
        certificates(chain, &mut text);
        paths(chain, &mut text);
        urls(chain, &mut text);
    }
    text.push('\n');
    for finding in &checked.findings {
        let mark = match finding.weight {
            Weight::Stops => "STOPS MAIL",
            Weight::Open => "NOT KNOWN",
            Weight::Note => "note",
            Weight::Good => "good",
        };
        text.push_str(&format!("{mark:<10} {}\n", printable(&finding.text)));
    }
    if let Some(chain) = checked.chain.as_ref().filter(|chain| !chain.firewall.is_empty()) {
        text.push_str("\nHosts that have to be reached to check this chain:\n");
        for host in &chain.firewall {
            text.push_str(&format!("{host}\n"));
        }
    }
    text
}

fn certificates(chain: &Chain, text: &mut String) {
    text.push_str("\nCertificates\n");
    for (at, known) in chain.certificates.iter().enumerate() {
        let facts = &known.facts;
        let places: Vec<_> = (chain.sent.iter().enumerate())
            .filter(|(_, sent)| **sent == at)
            .map(|(place, _)| (place + 1).to_string())
            .collect();
        let from = match known.from {
            Source::Sent => format!("sent as number {}", places.join(" and ")),
            Source::Fetched => "not sent, fetched".to_owned(),
            Source::Store => "not sent, in the store".to_owned(),
        };
        let usages = match facts.usages.as_slice() {
            [] => String::new(),
            usages => format!(", for {}", usages.join(", ")),
        };
        text.push_str(&format!(
            "  {}. {}\n     {from}; {} to {}; {} bits, {}{usages}\n",
            at + 1,
            facts.subject.short(),
            day(facts.not_before),
            day(facts.not_after),
            facts.key_bits,
            printable(&facts.signature),
        ));
    }
}

fn paths(chain: &Chain, text: &mut String) {
    text.push_str("\nPaths\n");
    for path in &chain.paths {
        let places: Vec<_> = path.certificates.iter().map(|at| (at + 1).to_string()).collect();
        let end = match path.end {
            End::Trusted => "ends in the store",
            End::Untrusted => "ends in a root that is not in the store",
            End::Open => "ends where no issuer is known",
        };
        text.push_str(&format!("  {}: {end}", places.join(" < ")));
        for (who, why) in [("webpki", &path.webpki), ("OpenSSL", &path.openssl)] {
            if let Some(why) = why {
                text.push_str(&format!("; {who}: {}", printable(why)));
            }
        }
        text.push('\n');
    }
}

fn urls(chain: &Chain, text: &mut String) {
    if chain.urls.is_empty() {
        return;
    }
    text.push_str("\nAddresses\n");
    for url in &chain.urls {
        let took = match (url.milliseconds, url.octets) {
            (Some(took), Some(octets)) => format!(" ({took} ms, {})", counted(octets, "octet")),
            (Some(took), None) => format!(" ({took} ms)"),
            _ => String::new(),
        };
        text.push_str(&format!(
            "  {:<6} of {}: {}\n         {}{took}\n",
            url.kind.name(),
            url.of + 1,
            url.url.short(),
            answer(url),
        ));
    }
}

fn answer(url: &UrlFacts) -> String {
    match &url.answer {
        UrlAnswer::NotAsked(why) => format!("not asked: {}", printable(why)),
        UrlAnswer::None(why) => format!("no answer that can be used: {}", printable(why)),
        UrlAnswer::Issuer(subject) => format!("gives {}", subject.short()),
        UrlAnswer::Status(said) => {
            let status = match said.status {
                RevocationStatus::Good => "not revoked",
                RevocationStatus::Revoked => "REVOKED",
                RevocationStatus::Unknown => "not known to it",
            };
            let until = match said.next_update {
                Some(end) => format!("fresh until {}", day(end)),
                None => "names no end".to_owned(),
            };
            format!(
                "{status}; of {}, {until}; signed by {}",
                day(said.this_update),
                said.signed_by.short()
            )
        }
    }
}
