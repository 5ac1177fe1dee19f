//! A configuration as an administrator has it, under test: needs root and the installed product.

mod exim;
mod exim_shapes;
mod grades;
mod hops;
mod instances;
mod listeners;
mod opensmtpd;
mod overview;
mod postfix_disk;
mod postfix_shapes;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use waxseal_model::domain::Protection;
use waxseal_model::record::Record;
use waxseal_model::verdict::Verdict;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/postfix");

fn run(config: &Path, arguments: &[&str]) -> Output {
    run_of("postfix", config, arguments)
}

fn run_of(relay: &str, config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["run", relay, "--format", "json", "--config"])
        .arg(config)
        .args(arguments)
        .output()
        .expect("the program can be run")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn record(output: &Output) -> Record {
    serde_json::from_slice(&output.stdout).expect("the output is a record")
}

/// What became of each domain.
fn protections(record: &Record) -> Vec<(&str, Protection)> {
    record.domains.iter().map(|found| (found.domain.as_str(), found.status)).collect()
}

/// Whether this machine cannot play it; says why.
fn cannot(output: &Output) -> bool {
    let told = err(output);
    let reasons = [
        "it needs root",
        "could not enter the private network",
        "it is not installed",
        "from another `[install]` table",
    ];
    let missing = reasons.iter().any(|reason| told.contains(reason));
    if missing {
        eprintln!("skipped: {told}");
    }
    missing
}

/// The configuration with a line more in its main.cf.
fn with(line: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for entry in fs::read_dir(FOLDER).expect("the configuration is there") {
        let entry = entry.expect("the configuration is there");
        fs::copy(entry.path(), dir.path().join(entry.file_name())).expect("a file can be copied");
    }
    let main = dir.path().join("main.cf");
    let text = fs::read_to_string(&main).expect("a file can be read");
    fs::write(main, format!("{text}{line}\n")).expect("a file can be written");
    dir
}

#[test]
fn the_partner_that_a_slip_leaves_unprotected_is_found() {
    let domains = [
        "--connector=.partner.example=encryption-only",
        "--connector=.leaky.example=encryption-only",
        "--connector=whole.example=domain-validation",
    ];
    let cases = ["--case=outbound/forced/refused#454,*", "--case=inbound/control#*"];
    let played = run(Path::new(FOLDER), &[&domains[..], &cases].concat());
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    for line in [
        "override: smtp_bind_address = empty (was 192.0.2.25)",
        "override: smtpd_milters = empty (was inet:127.0.0.1:11332)",
        "override: smtpd_recipient_restrictions: check_policy_service unix:private/policyd-spf is left out",
        "override: master.cf smtpd/pass listens itself (was behind postscreen)",
    ] {
        assert!(told.lines().any(|found| found == line), "no `{line}` in\n{told}");
    }
    let record = record(&played);
    let domains = protections(&record);
    let expected = [
        (".leaky.example", Protection::Unprotected),
        (".partner.example", Protection::Protected),
        ("whole.example", Protection::Protected),
    ];
    assert_eq!(domains, expected);
    assert_eq!(record.domains[0].sent_in_plaintext, record.domains[0].failed);
    let inbound = record.cases.iter().filter(|case| case.domain.is_none());
    assert!(inbound.map(|case| case.verdict).eq([Verdict::Pass]));
    assert!(!Path::new(FOLDER).join("tls_policy.db").exists(), "the user's folder was changed");
}

#[test]
fn hosts_that_the_configuration_names_are_played() {
    let arguments = [
        "--connector=gateway.example=encryption-only",
        "--connector=.gateway.example=encryption-only",
        "--connector=slip.example=encryption-only",
        "--connector=named.example=domain-validation",
        "--mx=gateway.example=[gw.isp.example]:587",
        "--mx=.gateway.example=gw.isp.example:587",
        "--mx=slip.example=leaky.isp.example",
        "--mx=named.example=mail.named.example",
        "--case=outbound/forced/refused#454,*",
        "--case=outbound/certificates/name#wrong-name*",
        "--case=outbound/forced/next-mx#*",
    ];
    let played = run(Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    let record = record(&played);
    let domains = protections(&record);
    let expected = [
        (".gateway.example", Protection::Protected),
        ("gateway.example", Protection::Protected),
        ("named.example", Protection::Protected),
        ("slip.example", Protection::Unprotected),
    ];
    assert_eq!(domains, expected, "{told}");
}

#[test]
fn a_host_that_nobody_plays_is_told_with_the_way_out() {
    // Its entries know this host, and the lab plays it.
    let arguments = ["--connector=gateway.example=encryption-only", "--case=outbound/control#*"];
    let played = run(Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    // A control alone leaves open whether TLS is forced.
    assert_eq!(played.status.code(), Some(3), "{told}");
    assert!(told.contains("note: mail to gateway.example goes to gw.isp.example:587"), "{told}");
    // A way that goes by the sender is in no entry.
    let dir = with("sender_dependent_relayhost_maps = static:[gw.hidden.example]");
    let arguments = ["--connector=a.example=encryption-only", "--case=outbound/control#*"];
    let played = run(dir.path(), &arguments);
    let told = err(&played);
    assert_eq!(played.status.code(), Some(3), "{told}");
    let reasons: Vec<_> = record(&played).cases.into_iter().map(|case| case.reason).collect();
    assert!(reasons[0].contains("the relay's report says `5.4.4"), "{reasons:?}");
    let hint = "hint: the relay looked for gw.hidden.example, which the lab does not play";
    let hints: Vec<_> = told.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert!(matches!(hints[..], [only] if only.starts_with(hint)), "{told}");
}

#[test]
fn a_route_without_a_rule_is_refused() {
    let refused = run(Path::new(FOLDER), &["--mx=gateway.example=gw.isp.example"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("`--mx` names gateway.example"), "{}", err(&refused));
}

#[test]
fn what_cannot_be_played_is_one_sentence_with_the_way_out() {
    let cases = ["--connector=a.example=encryption-only", "--case=outbound/control#*"];
    for (line, words) in [
        (
            "virtual_alias_maps = ldap:/etc/postfix/people.cf",
            "virtual_alias_maps names ldap:/etc/postfix/people.cf, which answers outside the sandbox",
        ),
        ("header_checks = regexp:/no/such", "names regexp:/no/such, and there is no file /no/such"),
        ("smtpd_tls_dh1024_param_file = /no/such.pem", "and there is no such file"),
    ] {
        let dir = with(line);
        let refused = run(dir.path(), &cases);
        if cannot(&refused) {
            return;
        }
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        let told = err(&refused);
        assert_eq!(told.lines().filter(|line| line.contains(words)).count(), 1, "{told}");
    }
    let nothing = tempfile::tempdir().expect("a folder can be made");
    let told = err(&run(nothing.path(), &cases));
    assert!(told.contains("there is no main.cf in it"), "{told}");
}

#[test]
fn a_parameter_can_be_set_otherwise_for_the_test() {
    let dir = with("virtual_alias_maps = ldap:/etc/postfix/people.cf");
    let arguments = [
        "--config-set=virtual_alias_maps=",
        "--inbound=encryption-only",
        "--connector=.partner.example=encryption-only",
        "--case=outbound/control#*",
    ];
    let played = run(dir.path(), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    // A control alone leaves open whether TLS is forced.
    assert_eq!(played.status.code(), Some(3), "{told}");
    let line = "override: virtual_alias_maps = empty (was ldap:/etc/postfix/people.cf)";
    assert!(told.lines().any(|found| found == line), "{told}");
}

#[test]
fn a_relay_without_files_of_its_own_says_so() {
    let refused = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["run", "reference", "--config", FOLDER])
        .output()
        .expect("the program can be run");
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("the embedded relay has none"), "{}", err(&refused));
}

const HEADER: &str = "--case=outbound/message/header-lifts-nothing#*";

/// The partners of the configuration get mail with a sender's header that asks for no TLS.
#[test]
fn a_header_that_lifts_the_partners_rule_is_found_with_the_setting_that_ends_it() {
    let partners = [
        "--connector=.partner.example=encryption-only",
        "--connector=whole.example=domain-validation",
    ];
    let lifted = |record: &Record| {
        let fails = record.cases.iter().filter(|case| case.verdict == Verdict::Fail);
        fails.map(|case| case.id.clone()).collect::<Vec<_>>()
    };
    let played = run(Path::new(FOLDER), &[&partners[..], &[HEADER]].concat());
    if cannot(&played) {
        return;
    }
    let first = record(&played);
    let told = err(&played);
    assert_eq!(first.cases.len(), 6, "{told}");
    // Versions before 3.10 know no such header.
    let honours =
        !first.relay.version.starts_with("3.7") && !first.relay.version.starts_with("3.9");
    let expected = [
        "encryption-only,header=tls-required-no@.partner.example",
        "domain-validation,header=tls-required-no@whole.example",
    ];
    let expected = expected.map(|case| format!("outbound/message/header-lifts-nothing#{case}"));
    assert_eq!(lifted(&first), if honours { &expected[..] } else { &[] }, "{told}");
    for case in first.cases.iter().filter(|case| case.verdict == Verdict::Fail) {
        let advice = case.advice.as_deref().unwrap_or_default();
        assert!(advice.contains("`tls_required_enable = no` in main.cf"), "{advice}");
    }
    let set = ["--config-set=tls_required_enable=no", HEADER];
    let played = run(Path::new(FOLDER), &[&partners[..], &set].concat());
    let second = record(&played);
    let kept =
        [(".partner.example", Protection::Protected), ("whole.example", Protection::Protected)];
    assert_eq!(protections(&second), kept, "{}", err(&played));
}
