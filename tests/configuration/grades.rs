//! Grades of domains, and whether the settings that an answer names raise them.

use std::path::{Path, PathBuf};
use std::process::Output;

use waxseal_model::domain::{DomainRecord, Protection};
use waxseal_model::grade::Gap;

use super::{cannot, err, record, run_of};

/// The kept configuration of this product.
fn folder(relay: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration").join(relay)
}

const CASES: [&str; 5] = [
    "--connector=.partner.example=encryption-only",
    "--case=outbound/forced/not-offered#*",
    "--case=outbound/versions/old-only#*",
    "--case=outbound/forward-secrecy/static-rsa-only#*",
    "--case=outbound/forward-secrecy/weak-dhe#*",
];

fn played(relay: &str, settings: &[&str]) -> Output {
    run_of(relay, &folder(relay), &[&CASES[..], settings].concat())
}

fn only(output: &Output) -> DomainRecord {
    let mut domains = record(output).domains;
    assert_eq!(domains.len(), 1, "{}", err(output));
    domains.remove(0)
}

/// The grade is lower where weak TLS would do, and the settings that it names raise it.
#[track_caller]
fn check(relay: &str, setting: &str, named: &str) {
    let first = played(relay, &[]);
    if cannot(&first) {
        return;
    }
    let before = only(&first);
    assert_eq!(before.status, Protection::Weak, "{before}");
    assert_eq!((before.sent_in_plaintext, before.failed), (0, 4), "{before}");
    let [weak] = &before.gaps[..] else { panic!("{before}") };
    assert_eq!(weak.gap, Gap::WeakTls);
    for example in ["TLS 1.0", "TLS 1.1", "static RSA", "DH of 1024 bits"] {
        assert!(weak.examples.iter().any(|shown| shown == example), "{before}");
    }
    assert!(before.advice.iter().any(|text| text.contains(named)), "{:?}", before.advice);
    let settings: Vec<String> = setting
        .split(';')
        .map(str::trim)
        .map(|setting| format!("--config-set={setting}"))
        .collect();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let second = played(relay, &settings);
    let after = only(&second);
    assert_eq!(after.status, Protection::Protected, "{after}\n{}", err(&second));
    assert_eq!(second.status.code(), Some(0));
}

#[test]
fn weak_tls_of_postfix_is_a_grade_of_its_own_and_its_settings_raise_it() {
    check(
        "postfix",
        "smtp_tls_mandatory_protocols=>=TLSv1.2;\
         smtp_tls_mandatory_exclude_ciphers=aNULL, kRSA, kDHE",
        "`smtp_tls_mandatory_protocols = >=TLSv1.2`",
    );
}

#[test]
fn weak_tls_of_exim_is_a_grade_of_its_own_and_its_settings_raise_it() {
    let ciphers = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA";
    check("exim", &format!("partner_smtp.tls_require_ciphers={ciphers}"), ciphers);
}

#[test]
fn a_connector_without_a_case_is_a_line_with_the_reason_and_the_exit_code_is_3() {
    let domains = ["--connector=a.example=dane", "--connector=b.example=certificate-validation"];
    let cases = ["--connector=.partner.example=encryption-only", "--case=outbound/control#*"];
    let output = run_of("postfix", &folder("postfix"), &[&domains[..], &cases].concat());
    if cannot(&output) {
        return;
    }
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let lines: Vec<_> = record(&output).domains.iter().map(ToString::to_string).collect();
    let expected = [
        ".partner.example (encryption-only): undecided, 1 of 1 case passed, and none tempted it \
         with plaintext",
        "a.example (dane): no case was played: This version has no case about this connector.",
        "b.example (certificate-validation): no case was played: The relay postfix does not \
         declare the connector certificate-validation outbound.",
    ];
    assert_eq!(lines, expected);
}
