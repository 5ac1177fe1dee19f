//! What a partner has to be told of a host: a file of pins, with a paragraph to mail.

use std::fmt::Write;

use super::{AskedName, Scan, Shown};
use crate::certificate::{CertificateFacts, ChainFacts};
use crate::dated::day;
use crate::foreign::Foreign;
use crate::offer::Version;

/// One certificate to pin, and the root it leads to.
struct Told<'a> {
    leaf: &'a CertificateFacts,
    root: Option<&'a Foreign>,
}

/// The pins of a scanned host, in TOML, as `--expect` reads them; before them, as comment, a paragraph
/// that can be mailed to partners. What the host shows to those who ask for an unknown name is left out.
/// `today` is the day that they are of (`2026-12-31`).
///
/// # Errors
/// A fragment: the host showed no certificate.
pub fn pins_to_tell(scan: &Scan, today: &str) -> Result<String, String> {
    let shown = scan.certificates.known().map_or(&[][..], Vec::as_slice);
    let asked = shown.iter().filter(|shown| shown.name != AskedName::Unknown);
    let mut told: Vec<Told<'_>> = Vec::new();
    for chain in asked.filter_map(Shown::chain) {
        let ChainFacts { root, .. } = chain;
        let Some(leaf) = chain.leaf() else { continue };
        if told.iter().all(|known| known.leaf.fingerprint != leaf.fingerprint) {
            told.push(Told { leaf, root: root.as_ref() });
        }
    }
    if told.is_empty() {
        return Err("the host showed no certificate".into());
    }
    let versions: Vec<_> =
        Version::ALL.into_iter().filter(|one| scan.facts.speaks(*one) == Some(true)).collect();
    // Writing to a string cannot fail, here and below.
    let mut text = String::new();
    comment(&paragraph(scan, &told, &versions, today), &mut text);
    let target = &scan.target;
    let address = target.address.as_deref().unwrap_or("no address");
    let source = format!("a scan of {} port {} ({address})", target.host, target.port);
    let _ = writeln!(text, "about = {}", quoted(&target.host));
    let _ = writeln!(text, "checked = {today}\nsource = {}", quoted(&source));
    if !versions.is_empty() {
        let names: Vec<_> = versions.iter().map(|version| quoted(version.name())).collect();
        let _ = writeln!(text, "versions = [{}]", names.join(", "));
    }
    for one in &told {
        certificate(one, &target.host, &mut text);
    }
    Ok(text)
}

fn paragraph(scan: &Scan, told: &[Told<'_>], versions: &[Version], today: &str) -> String {
    let host = Foreign::from(scan.target.host.as_str());
    let mut text = format!("On {today} our mail host {host}");
    if !versions.is_empty() {
        let names: Vec<_> = versions.iter().map(ToString::to_string).collect();
        let _ = write!(text, " speaks {} and", names.join(", "));
    }
    text.push_str(" shows ");
    for (at, Told { leaf, root }) in told.iter().enumerate() {
        if at > 0 {
            text.push_str(", and ");
        }
        let _ = write!(text, "a certificate with the subject `{}`", leaf.subject.short());
        match root {
            Some(root) => {
                let _ = write!(text, ", which leads to the root `{}`", root.short());
            }
            None => text.push_str(", which leads to no root that is trusted here"),
        }
        let _ = write!(
            text,
            ", with a key of {} bits, valid from {} to {} (SHA-256 {})",
            leaf.key_bits,
            day(leaf.not_before),
            day(leaf.not_after),
            leaf.fingerprint
        );
    }
    text.push_str(
        ". If you hold our mail to a certificate, please trust this root and compare these values; \
         we will tell you before they change.",
    );
    text
}

/// A paragraph in lines of 100 columns, as far as its words allow.
fn comment(paragraph: &str, text: &mut String) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let width = word.chars().count() + 1;
        if column == 0 || column + width > 100 {
            text.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        let _ = write!(text, " {word}");
        column += width;
    }
    text.push('\n');
}

fn certificate(told: &Told<'_>, host: &str, text: &mut String) {
    let Told { leaf, root } = told;
    let own = |name: &&Foreign| name.raw().eq_ignore_ascii_case(host);
    let name = leaf.names.iter().find(own).or(leaf.common_name.as_ref()).or(leaf.names.first());
    text.push_str("\n[[certificate]]\n");
    for (key, value) in [
        ("root", *root),
        ("name", name),
        ("organisation", leaf.organisation.as_ref()),
        ("organisational-unit", leaf.organisational_unit.as_ref()),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value.raw()));
        }
    }
    let _ = writeln!(text, "key-bits = {}", leaf.key_bits);
    // The whole of its first and its last day.
    let _ = writeln!(text, "from = {}", day(leaf.not_before));
    let _ = writeln!(text, "until = {}", day(leaf.not_after.saturating_add(86_400)));
}

/// A basic string of TOML. What nobody can see is escaped; the text that is read again is the same.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            c if c.escape_debug().next() != Some('\\') => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_again_as_it_was() {
        for text in ["", "a \"b\" \\ c", "Zürich 東京", "\u{1b}[2J\n\t\u{202e}\u{e0001}\u{7f}"] {
            let quoted = quoted(text);
            assert!(!quoted.contains(char::is_control), "{quoted:?}");
            let read: toml::Table = toml::from_str(&format!("a = {quoted}")).unwrap();
            assert_eq!(read["a"].as_str(), Some(text));
        }
    }
}
