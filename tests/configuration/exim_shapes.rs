//! Configurations of Exim that people run, as small folders: what became of each domain.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, SystemTime};

use waxseal_model::domain::Protection;

use super::{cannot, err, protections, record, run_of};

const CASES: [&str; 2] = ["--case=outbound/control#*", "--case=outbound/forced/not-offered*"];

fn play(shape: &str, arguments: &[&str]) -> Output {
    let shapes = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/exim/shapes");
    run_of("exim", &Path::new(shapes).join(shape), &[arguments, &CASES].concat())
}

/// Plays a shape; gives what was told, or nothing where this machine cannot play it.
fn check(shape: &str, arguments: &[&str], expected: &[(&str, Protection)]) -> Option<String> {
    let played = play(shape, arguments);
    if cannot(&played) {
        return None;
    }
    let told = err(&played);
    assert!(!played.stdout.is_empty(), "{shape}: {told}");
    assert_eq!(protections(&record(&played)), expected, "{shape}: {told}");
    Some(told)
}

#[test]
fn the_parts_of_a_debian_site_are_put_together_with_its_own() {
    let arguments = [
        "--connector=partner.example=encryption-only",
        "--connector=other.example=encryption-only",
    ];
    let expected =
        [("other.example", Protection::Unprotected), ("partner.example", Protection::Protected)];
    check("debian-internet", &arguments, &expected);
}

#[test]
fn a_debian_smart_host_is_forced_by_its_macro_only() {
    let arguments =
        ["--connector=any.example=encryption-only", "--mx=any.example=smtp.isp.example:587"];
    check("debian-smarthost", &arguments, &[("any.example", Protection::Protected)]);
    check("debian-satellite", &arguments, &[("any.example", Protection::Unprotected)]);
}

#[test]
fn a_debian_host_for_local_mail_sends_nothing_out() {
    let arguments = ["--connector=any.example=encryption-only"];
    check("debian-local", &arguments, &[("any.example", Protection::Undecided)]);
}

#[test]
fn a_panel_with_domains_in_folders_has_partners_in_a_table() {
    let arguments = [
        "--connector=partner.example=domain-validation",
        "--connector=other.example=encryption-only",
        "--case=outbound/certificates/name#wrong-name*",
    ];
    let expected =
        [("other.example", Protection::Unprotected), ("partner.example", Protection::Protected)];
    if let Some(told) = check("hestia", &arguments, &expected) {
        let roots = "the copy of /etc/exim4/partner-roots.pem, which has 1 of the user's";
        assert!(told.contains(roots), "{told}");
        let sender = "warning: smtp_relay.require_files depends on the sender";
        assert!(told.contains(sender), "{told}");
    }
}

#[test]
fn the_shape_of_the_sources_is_played_with_and_without_its_smart_host() {
    let arguments = ["--connector=any.example=encryption-only"];
    check("upstream", &arguments, &[("any.example", Protection::Unprotected)]);
    let smart_host = [
        "--config-set=ROUTER_SMARTHOST=smtp.isp.example",
        "--config-set=smarthost_smtp.tls_require_ciphers=NORMAL",
        "--connector=any.example=domain-validation",
        "--mx=any.example=smtp.isp.example",
    ];
    check("upstream", &smart_host, &[("any.example", Protection::Protected)]);
}

#[test]
fn a_container_reads_its_smart_host_from_the_environment() {
    let arguments = [
        "--connector=any.example=encryption-only",
        "--mx=any.example=smtp.isp.example:587",
        "--env=SMARTHOST=smtp.isp.example::587",
    ];
    let told = check("container", &arguments, &[("any.example", Protection::Protected)]);
    if let Some(told) = told {
        assert!(!told.contains("environment variable SMARTHOST"), "{told}");
        assert!(told.contains("environment variable LOCAL_DOMAINS, which is not set"), "{told}");
    }
}

#[test]
fn routes_that_ask_a_program_are_one_refusal_with_a_line_to_copy() {
    let rules = [
        "--connector=partner.example=encryption-only",
        "--connector=other.example=encryption-only",
    ];
    let refused = play("cpanel", &rules);
    if cannot(&refused) {
        return;
    }
    let told = err(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    let line = told.lines().find(|line| line.contains("which does not answer in the sandbox"));
    let copied = line.expect("it is refused in one sentence").split(" --config-set '").skip(1);
    let settings: Vec<_> =
        copied.map(|set| format!("--config-set={}", set.trim().trim_end_matches('\''))).collect();
    assert_eq!(settings.len(), 4, "{told}");
    let arguments: Vec<_> = rules.into_iter().chain(settings.iter().map(String::as_str)).collect();
    let expected =
        [("other.example", Protection::Unprotected), ("partner.example", Protection::Protected)];
    if let Some(told) = check("cpanel", &arguments, &expected) {
        assert!(told.contains("finding: system_filter names "), "{told}");
    }
}

#[test]
fn the_lab_is_let_in_where_senders_log_in() {
    let arguments =
        ["--connector=any.example=domain-validation", "--mx=any.example=smtp.provider.example:587"];
    let told = check("smarthost-587", &arguments, &[("any.example", Protection::Protected)]);
    if let Some(told) = told {
        let rule = "acl_smtp_rcpt accepts mail of 127.0.0.0/8 before the user's rules";
        assert!(told.contains(rule), "{told}");
    }
}

#[test]
fn a_smart_host_with_implicit_tls_is_played() {
    let arguments = [
        "--connector=any.example=domain-validation",
        "--mx=any.example=smtp.provider.example:465",
        "--case=outbound/certificates/name#wrong-name*",
    ];
    let played = play("smarthost-465", &arguments);
    if cannot(&played) {
        return;
    }
    let record = record(&played);
    let control = record.cases.iter().find(|case| case.id.starts_with("outbound/control#"));
    let verdict = control.expect("the control is played").verdict;
    assert_eq!(verdict, waxseal_model::verdict::Verdict::Pass, "{}", err(&played));
}

#[test]
fn a_table_that_was_not_made_again_is_read_as_it_is_and_found() {
    let shape = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/exim/shapes/stale");
    let dir = tempfile::tempdir().expect("a folder can be made");
    for name in ["exim4.conf", "partner-roots.pem", "policy", "policy.cdb"] {
        let to = dir.path().join(name);
        fs::copy(Path::new(shape).join(name), &to).expect("a file can be copied");
    }
    let table = fs::File::options().write(true).open(dir.path().join("policy.cdb"));
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    table.and_then(|table| table.set_modified(long_ago)).expect("its time can be set");
    let arguments = [&["--connector=partner.example=encryption-only"], &CASES[..]].concat();
    let played = run_of("exim", dir.path(), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    let expected = [("partner.example", Protection::Unprotected)];
    assert_eq!(protections(&record(&played)), expected, "{told}");
    for finding in [
        "finding: /etc/exim4/policy.cdb is older than its source policy: Exim reads the old one; \
         partner.example is `forced_smtp` in the source and `remote_smtp` in the table",
        "finding: tls_verify_certificates names /etc/exim4/partner-roots.pem, and there is no \
         certificate in it: none would be valid",
    ] {
        assert!(told.lines().any(|line| line == finding), "no `{finding}` in\n{told}");
    }
}
