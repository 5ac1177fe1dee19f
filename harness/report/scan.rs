//! What a person, or a program, reads of a scanned host.

use waxseal_model::foreign::{printable, printable_json};
use waxseal_model::offer::SuiteKind;
use waxseal_model::requirement::Catalogue;
use waxseal_model::scan::{
    Accepted, Answers, Entry, Extensions, Found, HostFacts, Listing, NOT_ASKED, Order, Scan,
    Sessions, UnknownAlpn, VersionFacts, Vulnerabilities,
};
use waxseal_model::verdict::Verdict;
use waxseal_model::wording::counted;

use super::shown;

/// A scan as one line of JSON.
pub fn scan_lines(scan: &Scan) -> String {
    // Every field can be written: names, numbers and lists only.
    serde_json::to_string(scan).map(|text| printable_json(text + "\n")).unwrap_or_default()
}

/// A scan for people: versions with their suites, then all else, then what it means.
pub fn scan_table(scan: &Scan, catalogue: &Catalogue) -> String {
    let target = &scan.target;
    let how = match target.entry {
        Entry::Relay => "STARTTLS",
        Entry::Submission => "STARTTLS, submission",
        Entry::Implicit => "implicit TLS",
    };
    let address = printable(target.address.as_deref().unwrap_or("no address"));
    let mut text =
        format!("{} port {} ({address}, {how})\n\n", printable(&target.host), target.port);
    match &scan.facts.tls {
        Found::Known(true) => body(scan, &mut text),
        Found::Known(false) => text.push_str("The host offers no TLS.\n"),
        // It was not asked about.
        Found::NotApplicable(_) => {}
        Found::Unknown(why) => {
            text.push_str(&format!("TLS could not be examined: {}.\n", printable(why)));
        }
    }
    shown::certificates(&scan.certificates, &mut text);
    shown::checks(&scan.checks, &mut text);
    text.push('\n');
    for difference in &scan.differences {
        text.push_str(&format!("not as expected: {}\n", printable(difference)));
    }
    findings(scan, catalogue, &mut text);
    for outdated in &scan.outdated {
        text.push_str(&format!("OUTDATED: {}\n", printable(&outdated.text)));
    }
    text
}

fn body(scan: &Scan, text: &mut String) {
    let HostFacts {
        // Said before.
        tls: _,
        ssl2,
        versions,
        groups,
        groups_tls13,
        schemes,
        schemes_tls13,
        answers,
        tolerance,
        vulnerabilities,
        sessions,
        extensions,
    } = &scan.facts;
    text.push_str(&format!("{:<9} {}\n", "SSL 2.0", yes(ssl2, "spoken", "not spoken")));
    for version in versions {
        self::version(version, text);
    }
    if *groups == Found::NotApplicable(NOT_ASKED.into()) {
        return;
    }
    text.push('\n');
    let mut row = |title: &str, what: String| text.push_str(&format!("{title:<30} {what}\n"));
    row("groups to TLS 1.2", listing(groups));
    row("groups of TLS 1.3", listing(groups_tls13));
    row("signature schemes (to TLS 1.2)", listing(schemes));
    row("signature schemes (TLS 1.3)", listing(schemes_tls13));
    let rows = answer_rows(answers).into_iter().chain(session_rows(sessions));
    for (title, found) in rows.chain(vulnerability_rows(vulnerabilities)) {
        row(title, yes(found, "yes", "no"));
    }
    let Extensions { in_plaintext, in_tls } = extensions;
    row("offered before STARTTLS only", only(in_plaintext, in_tls));
    row("offered in TLS only", only(in_tls, in_plaintext));
    row("unknown protocol in ALPN", alpn(&answers.unknown_alpn));
    for found in tolerance {
        let title = format!("hello {}", found.oddity.words());
        text.push_str(&format!("{title:<44} {}\n", yes(&found.borne, "served", "not served")));
    }
}

/// A line of its own for what is so or is not.
type Row<'a> = (&'static str, &'a Found<bool>);

fn answer_rows(answers: &Answers) -> [Row<'_>; 10] {
    let Answers {
        secure_renegotiation,
        extended_master_secret,
        encrypt_then_mac,
        session_ticket,
        ocsp_staple,
        fallback_scsv,
        downgrade_sentinel,
        compression,
        // More than yes or no.
        unknown_alpn: _,
        without_sni,
        unknown_sni,
    } = answers;
    [
        ("secure renegotiation", secure_renegotiation),
        ("extended master secret", extended_master_secret),
        ("encrypt-then-MAC with CBC", encrypt_then_mac),
        ("session tickets to TLS 1.2", session_ticket),
        ("OCSP staple in TLS 1.2", ocsp_staple),
        ("TLS_FALLBACK_SCSV", fallback_scsv),
        ("downgrade sentinel", downgrade_sentinel),
        ("compression", compression),
        ("served without SNI", without_sni),
        ("served with unknown SNI", unknown_sni),
    ]
}

fn session_rows(sessions: &Sessions) -> [Row<'_>; 4] {
    let Sessions {
        client_renegotiation,
        insecure_renegotiation,
        resumption_tls12,
        resumption_tls13,
    } = sessions;
    [
        ("client may renegotiate", client_renegotiation),
        ("insecure renegotiation", insecure_renegotiation),
        ("resumption in TLS 1.2", resumption_tls12),
        ("resumption in TLS 1.3", resumption_tls13),
    ]
}

fn vulnerability_rows(vulnerabilities: &Vulnerabilities) -> [Row<'_>; 4] {
    let Vulnerabilities { heartbeat, heartbleed, ccs_injection, robot } = vulnerabilities;
    [
        ("heartbeats", heartbeat),
        ("Heartbleed", heartbleed),
        ("CCS injection", ccs_injection),
        ("ROBOT oracle", robot),
    ]
}

fn alpn(found: &Found<UnknownAlpn>) -> String {
    match found {
        Found::Known(UnknownAlpn::Ignored) => "ignored".into(),
        Found::Known(UnknownAlpn::Alert) => "no_application_protocol".into(),
        Found::Known(UnknownAlpn::OtherEnd) => "ends the handshake in another way".into(),
        Found::Known(UnknownAlpn::Echoed) => "agreed to".into(),
        Found::NotApplicable(why) => format!("- ({})", printable(why)),
        Found::Unknown(why) => format!("? ({})", printable(why)),
    }
}

fn version(found: &VersionFacts, text: &mut String) {
    let title = found.version.to_string();
    let spoken = yes(&found.support, "spoken", "not spoken");
    let how = match (&found.refusal, found.order.known()) {
        (Some(how), _) => format!(" ({})", printable(&how.to_string())),
        (None, Some(Order::Server)) => ", the host's order of suites".into(),
        (None, Some(Order::Client)) => ", the client's order of suites".into(),
        (None, None) => String::new(),
    };
    let parts = if found.in_parts { ", suites offered in parts" } else { "" };
    text.push_str(&format!("{title:<9} {spoken}{how}{parts}\n"));
    for accepted in &found.suites {
        text.push_str(&suite(accepted));
    }
    if let Some(why) = &found.incomplete {
        text.push_str(&format!("  there may be more: {}\n", printable(why)));
    }
}

fn suite(accepted: &Accepted) -> String {
    let secrecy = if accepted.suite.is(SuiteKind::ForwardSecret) { "FS" } else { "no FS" };
    let mut line = format!("  {:<46} {secrecy:<6}", printable(&accepted.suite.name));
    if let Some(group) = &accepted.group {
        line.push_str(&format!(" {}", printable(group)));
    }
    if let Some(bits) = accepted.dh_bits {
        line.push_str(&format!(" DH {bits}"));
    }
    line.trim_end().to_owned() + "\n"
}

fn yes(found: &Found<bool>, yes: &str, no: &str) -> String {
    match found {
        Found::Known(true) => yes.into(),
        Found::Known(false) => no.into(),
        Found::NotApplicable(why) => format!("- ({})", printable(why)),
        Found::Unknown(why) => format!("? ({})", printable(why)),
    }
}

fn listing(found: &Found<Listing>) -> String {
    match found {
        Found::Known(list) => {
            let names = if list.names.is_empty() { "none".into() } else { list.names.join(", ") };
            match &list.incomplete {
                Some(why) => {
                    format!("{}; there may be more: {}", printable(&names), printable(why))
                }
                None => printable(&names).into_owned(),
            }
        }
        Found::NotApplicable(why) => format!("- ({})", printable(why)),
        Found::Unknown(why) => format!("? ({})", printable(why)),
    }
}

/// What stands in one list and not in the other.
fn only(one: &Found<Vec<String>>, other: &Found<Vec<String>>) -> String {
    match (one, other) {
        (Found::Known(one), Found::Known(other)) => {
            let lines: Vec<_> = one.iter().filter(|line| !other.contains(line)).collect();
            let lines: Vec<_> = lines.into_iter().map(|line| printable(line)).collect();
            if lines.is_empty() { "nothing".into() } else { lines.join(", ") }
        }
        (Found::Unknown(why), _) | (_, Found::Unknown(why)) => {
            format!("? ({})", printable(why))
        }
        (Found::NotApplicable(why), _) | (_, Found::NotApplicable(why)) => {
            format!("- ({})", printable(why))
        }
    }
}

/// The worst first; what is kept is only counted.
fn findings(scan: &Scan, catalogue: &Catalogue, text: &mut String) {
    let mut shown: Vec<_> =
        scan.findings.iter().filter(|found| found.verdict != Verdict::Pass).collect();
    shown.sort_by_key(|found| (found.verdict, std::cmp::Reverse(found.level)));
    for found in shown {
        let source = catalogue.get(&found.requirement).map_or("", |row| row.source.as_str());
        text.push_str(&format!(
            "{:<12} {:<6} {}\n  {} [{}]\n",
            found.verdict.name(),
            found.level,
            printable(&found.text),
            printable(&found.requirement),
            source
        ));
    }
    let count = |verdict| scan.findings.iter().filter(|found| found.verdict == verdict).count();
    text.push_str(&format!(
        "{} pass, {} fail, {} inconclusive, {} observed, {} not applicable; {} in {}.{:02} s, profile {}\n",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Inconclusive),
        count(Verdict::Observed),
        count(Verdict::NotApplicable),
        connections(scan.connections),
        scan.duration_ms / 1000,
        scan.duration_ms % 1000 / 10,
        printable(&scan.profile)
    ));
}

fn connections(count: usize) -> String {
    counted(count, "connection")
}
