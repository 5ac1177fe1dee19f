//! A ClientHello in a few lines.

use waxseal_model::facts::{Framing, HelloFacts};
use waxseal_model::foreign::printable;
use waxseal_model::offer::Version;

/// Columns of a line, without what the transcript puts before it.
const WIDTH: usize = 92;

/// Lines of a list that is cut.
const CUT: usize = 3;

/// All that was offered, in the client's order. A group with a key share has a `+`. Long lists are cut
/// unless the `whole` is asked for.
pub(super) fn hello_lines(hello: &HelloFacts, whole: bool) -> Vec<String> {
    let mut lines = vec![heading(hello)];
    let mut list = |title: &str, words: Vec<String>| {
        let words: Vec<_> = words.iter().map(|word| printable(word).into_owned()).collect();
        lines.extend(wrapped(title, &words, whole));
    };
    let versions = hello.versions.iter().map(|version| version.name().to_owned());
    list("versions", versions.chain(hello.other_versions.iter().cloned()).collect());
    let short = |name: &String| name.strip_prefix("TLS_").unwrap_or(name).to_owned();
    list("suites", hello.suites.iter().map(|suite| short(&suite.name)).collect());
    let shared = |name: &String| {
        let mark = if hello.key_shares.contains(name) { "+" } else { "" };
        format!("{name}{mark}")
    };
    list("groups", hello.groups.iter().map(shared).collect());
    list("schemes", hello.schemes.clone());
    list("SNI", hello.sni.iter().cloned().collect());
    list("ALPN", hello.alpn.clone());
    list("resumption", resumption(hello));
    let methods = hello.compression.iter().filter(|method| **method != 0);
    list("compression", methods.map(|method| format!("method {method}")).collect());
    list("extensions", hello.extensions.clone());
    lines
}

/// Whether both say the same: some clients shuffle their extensions, and reserved code points change.
pub(super) fn same_offer(one: &HelloFacts, other: &HelloFacts) -> bool {
    let ordered = |hello: &HelloFacts| {
        let mut hello = hello.clone();
        hello.extensions.retain(|name| !name.starts_with("GREASE"));
        hello.extensions.sort_unstable();
        let lines = hello_lines(&hello, true);
        lines.into_iter().skip(1).collect::<Vec<_>>()
    };
    ordered(one) == ordered(other)
}

fn heading(hello: &HelloFacts) -> String {
    let version = |code: u16| match Version::from_code(code) {
        Some(version) => version.to_string(),
        None => format!("{code:#06x}"),
    };
    let framing = match hello.framing {
        Framing::Tls => format!("a record of {}", version(hello.record_version)),
        Framing::Ssl2 => "the framing of SSL 2.0".into(),
    };
    let field = version(hello.legacy_version);
    format!("(ClientHello of {} octets in {framing}, version field {field})", hello.octets)
}

fn resumption(hello: &HelloFacts) -> Vec<String> {
    let mut words = Vec::new();
    if hello.session_id > 0 {
        words.push(format!("session id of {} octets", hello.session_id));
    }
    match hello.ticket {
        Some(0) => words.push("asks for a ticket".into()),
        Some(octets) => words.push(format!("ticket of {octets} octets")),
        None => {}
    }
    if hello.psk_identities > 0 {
        words.push(format!("pre-shared keys: {}", hello.psk_identities));
    }
    words.extend(hello.psk_modes.iter().cloned());
    words
}

/// `title: one, two, …`, broken where a line is full; nothing where there is nothing.
fn wrapped(title: &str, words: &[String], whole: bool) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut line = format!("  {title}:");
    for (at, word) in words.iter().enumerate() {
        let full = line.len() + word.len() + 2 > WIDTH && !line.ends_with(':');
        if full && !whole && lines.len() + 1 == CUT {
            let left = words.len() - at;
            lines.push(format!("{line} and {left} more"));
            return lines;
        }
        if full {
            lines.push(std::mem::replace(&mut line, "   ".into()));
        }
        let comma = if at + 1 < words.len() { "," } else { "" };
        line.push_str(&format!(" {word}{comma}"));
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use waxseal_model::facts::Suite;

    use super::*;

    fn hello() -> HelloFacts {
        let suite = |name: &str| Suite { id: 0, name: name.into(), kinds: Vec::new() };
        HelloFacts {
            record_version: 0x0301,
            octets: 230,
            legacy_version: 0x0303,
            versions: vec![Version::Tls13, Version::Tls12],
            session_id: 32,
            suites: ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
                .into_iter()
                .chain(["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_FALLBACK_SCSV"])
                .map(suite)
                .collect(),
            groups: vec!["x25519".into(), "p-256".into()],
            key_shares: vec!["x25519".into()],
            sni: Some("mx\u{1b}.test".into()),
            ticket: Some(0),
            psk_modes: vec!["psk_dhe_ke".into()],
            extensions: vec!["server_name".into(), "key_share".into()],
            compression: vec![0],
            ..HelloFacts::default()
        }
    }

    #[test]
    fn a_hello_is_shown_whole_and_its_text_is_harmless() {
        let expected = "\
(ClientHello of 230 octets in a record of TLS 1.0, version field TLS 1.2)
  versions: 1.3, 1.2
  suites: AES_256_GCM_SHA384, ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ECDHE_RSA_WITH_AES_256_GCM_SHA384, FALLBACK_SCSV
  groups: x25519+, p-256
  SNI: mx\\u{1b}.test
  resumption: session id of 32 octets, asks for a ticket, psk_dhe_ke
  extensions: server_name, key_share";
        assert_eq!(hello_lines(&hello(), false).join("\n"), expected);
    }

    #[test]
    fn a_long_list_is_cut_unless_all_of_it_counts() {
        let words: Vec<String> = (0..90).map(|number| format!("word{number}")).collect();
        let cut = wrapped("words", &words, false);
        assert_eq!(cut.len(), CUT);
        assert!(cut[CUT - 1].ends_with(" and 57 more"), "{cut:?}");
        let whole = wrapped("words", &words, true);
        assert!(whole.len() > CUT && whole.last().is_some_and(|last| last.ends_with(" word89")));
        assert!(whole.iter().all(|line| line.len() <= WIDTH));
    }

    #[test]
    fn the_order_of_extensions_makes_no_other_offer() {
        let mut other = hello();
        other.extensions.reverse();
        other.octets += 1;
        assert!(same_offer(&hello(), &other));
        other.versions.pop();
        assert!(!same_offer(&hello(), &other));
    }
}
