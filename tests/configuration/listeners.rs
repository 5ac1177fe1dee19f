//! The listeners of a configuration: each is played by its own settings, and is a line of the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use waxseal_model::domain::Protection;
use waxseal_model::listener::{ListenerGap, ListenerRecord};
use waxseal_model::record::Record;
use waxseal_model::scenario::Connector;
use waxseal_model::verdict::Verdict;

use super::{cannot, err, record, run_of};

fn folder(shape: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration").join(shape)
}

/// The configuration with one text in the place of another, in one of its files.
fn changed(shape: &str, file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for entry in fs::read_dir(folder(shape)).expect("the configuration is there") {
        let entry = entry.expect("the configuration is there");
        let text = fs::read_to_string(entry.path()).expect("a file can be read");
        let text = if entry.file_name() == file {
            assert!(text.contains(from), "there is no {from}");
            text.replacen(from, to, 1)
        } else {
            text
        };
        fs::write(dir.path().join(entry.file_name()), text).expect("a file can be written");
    }
    dir
}

fn at(record: &Record, port: u16) -> &ListenerRecord {
    record.listeners.iter().find(|found| found.port == port).expect("the listener has a row")
}

/// Port, connector and grade of each listener.
fn grades(record: &Record) -> Vec<(u16, Option<Connector>, String)> {
    let rows = record.listeners.iter();
    rows.map(|found| (found.port, found.connector, found.grade())).collect()
}

const POSTFIX: &str = "postfix-shapes/listeners";

/// What tells one listener from another.
const SHORT: [&str; 7] = [
    "--case=inbound/control",
    "--case=inbound/forced/plaintext-refused",
    "--case=inbound/starttls/offered",
    "--case=inbound/starttls/session-implicit",
    "--case=inbound/starttls/auth-in-plaintext",
    "--case=inbound/starttls/auth-taken-in-plaintext",
    "--case=inbound/versions/old-only",
];

/// Only the listeners: mail that goes out is another test's.
fn heard(config: &Path, cases: &[&str]) -> Output {
    let rule = ["--connector=a.example=opportunistic", "--instances=1"];
    run_of("postfix", config, &[&rule[..], cases].concat())
}

#[test]
fn each_listener_of_postfix_is_played_by_its_own_settings() {
    let played = run_of("postfix", &folder(POSTFIX), &[]);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    let found = record(&played);
    assert_eq!(played.status.code(), Some(0), "{told}\n{:#?}", found.listeners);
    let expected = [
        (25, Some(Connector::Opportunistic), "TLS is offered".into()),
        (587, Some(Connector::EncryptionOnly), "forced".into()),
        (465, Some(Connector::Implicit), "forced".into()),
    ];
    assert_eq!(grades(&found), expected, "{told}");
    let submission = at(&found, 587);
    assert_eq!(submission.place.raw(), "master.cf:3");
    let level = "submission/inet smtpd_tls_security_level=encrypt, smtpd_sasl_auth_enable=yes, \
                 smtpd_tls_auth_only=yes (main.cf)";
    assert_eq!(submission.level.raw(), level);
    assert!(told.contains("overview: 3 of 3 listeners are played"), "{told}");
    let stand_in = "override: login: a stand-in of the lab's offers PLAIN LOGIN and lets nobody in \
                    (was dovecot private/auth, whose mechanisms are not seen)";
    assert!(told.lines().any(|line| line == stand_in), "{told}");
    // The login is there to be asked for: inside TLS it is offered.
    let session = found.cases.iter().find(|case| case.id == "inbound/control#encryption-only");
    let shown = serde_json::to_string(session.expect("the control is played")).unwrap_or_default();
    assert!(shown.contains("AUTH PLAIN LOGIN"), "{shown}");
}

#[test]
fn a_password_that_goes_in_plaintext_is_found_with_the_setting_that_ends_it() {
    let level = "-o smtpd_tls_security_level=encrypt\n";
    let weaker = "-o smtpd_tls_security_level=may\n  -o smtpd_tls_auth_only=no\n";
    let dir = changed(POSTFIX, "master.cf", level, weaker);
    // Of the two opportunistic listeners the one that may take a password is played.
    let played = run_of("postfix", dir.path(), &SHORT);
    if cannot(&played) {
        return;
    }
    let found = record(&played);
    assert_eq!(played.status.code(), Some(1), "{}", err(&played));
    assert_eq!(at(&found, 25).status, Protection::Untested);
    let submission = at(&found, 587);
    assert_eq!(submission.gaps, [ListenerGap::Password], "{submission}");
    assert_eq!(submission.status, Protection::Unprotected);
    assert_eq!(submission.grade(), "TLS is offered, but a password would go in plaintext");
    assert!(submission.advice[0].contains("smtpd_tls_auth_only = yes"), "{submission:?}");
    let mended =
        ["--inbound=587=opportunistic", "--config-set=submission/inet/smtpd_tls_auth_only=yes"];
    let second = record(&heard(dir.path(), &[&mended[..], &SHORT].concat()));
    assert_eq!(second.listeners[0].status, Protection::Protected, "{}", second.listeners[0]);
}

#[test]
fn versions_that_one_service_alone_allows_are_found_there_alone() {
    let level = "-o smtpd_tls_wrappermode=yes\n";
    let weaker = "-o smtpd_tls_wrappermode=yes\n  -o smtpd_tls_protocols=>=TLSv1\n  \
                  -o smtpd_tls_mandatory_protocols=>=TLSv1\n";
    let dir = changed(POSTFIX, "master.cf", level, weaker);
    let ports =
        ["--inbound=25=opportunistic", "--inbound=587=encryption-only", "--inbound=465=implicit"];
    let played = heard(dir.path(), &[&ports[..], &SHORT].concat());
    if cannot(&played) {
        return;
    }
    let found = record(&played);
    assert_eq!(played.status.code(), Some(1), "{}", err(&played));
    let expected = [
        (25, Some(Connector::Opportunistic), "TLS is offered".into()),
        (587, Some(Connector::EncryptionOnly), "forced".into()),
        (465, Some(Connector::Implicit), "forced, but weak TLS would do".into()),
    ];
    assert_eq!(grades(&found), expected, "{}", err(&played));
    let weak = at(&found, 465);
    assert!(weak.level.raw().contains("smtpd_tls_protocols=>=TLSv1"), "{weak:?}");
    assert!(weak.advice[0].contains("smtpd_tls_mandatory_protocols"), "{weak:?}");
}

#[test]
fn a_port_without_a_listener_is_refused_with_those_there_are() {
    let refused = heard(&folder(POSTFIX), &["--inbound=2525=encryption-only"]);
    if cannot(&refused) {
        return;
    }
    assert_eq!(refused.status.code(), Some(2));
    let words = "master.cf has no smtpd at port 2525, so --inbound 2525=encryption-only cannot be \
                 played; it has some at 25, 587, 465";
    assert!(err(&refused).contains(words), "{}", err(&refused));
}

#[test]
fn two_listeners_of_one_connector_are_one_that_is_played_and_one_that_says_how() {
    let level = "-o smtpd_tls_security_level=encrypt\n";
    let dir = changed(POSTFIX, "master.cf", level, "-o smtpd_tls_security_level=may\n");
    let played = run_of("postfix", dir.path(), &["--case=inbound/control"]);
    if cannot(&played) {
        return;
    }
    let found = record(&played);
    assert_eq!(played.status.code(), Some(3), "{}", err(&played));
    let second = at(&found, 587);
    assert_eq!(second.status, Protection::Untested);
    let way_out = "`--inbound 587=opportunistic` plays this one.";
    assert!(second.untested.as_ref().is_some_and(|why| why.ends_with(way_out)), "{second}");
    assert_eq!(at(&found, 25).passed, 1);
    assert!(found.cases.iter().all(|case| case.verdict == Verdict::Pass));
}

const EXIM: &str = "exim/shapes/listeners";

#[test]
fn a_login_that_exim_offers_in_plaintext_is_found_with_the_setting_that_ends_it() {
    let played = run_of("exim", &folder(EXIM).join("exim.conf"), &SHORT);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    let found = record(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    let expected = [
        (
            587,
            Some(Connector::Opportunistic),
            "TLS is offered, but a password would go in plaintext".into(),
        ),
        (25, Some(Connector::Opportunistic), "not played".into()),
        (465, Some(Connector::Implicit), "forced".into()),
    ];
    assert_eq!(grades(&found), expected, "{told}");
    let submission = at(&found, 587);
    assert_eq!(submission.place.raw(), "exim.conf:5");
    assert!(submission.advice[0].contains("auth_advertise_hosts = ${if"), "{submission:?}");
    let stand_in = "override: authenticator dovecot_login: a stand-in of the lab's offers LOGIN and \
                    lets nobody in (was driver = dovecot)";
    assert!(told.lines().any(|line| line == stand_in), "{told}");
    let mended = [
        "--inbound=587=opportunistic",
        "--config-set=auth_advertise_hosts=${if eq{$tls_in_cipher}{}{}{*}}",
    ];
    let second = [&mended[..], &SHORT].concat();
    let second = record(&run_of("exim", &folder(EXIM).join("exim.conf"), &second));
    assert_eq!(second.listeners[0].status, Protection::Protected, "{}", second.listeners[0]);
}

#[test]
fn a_port_at_which_exims_access_rules_demand_tls_is_a_listener_of_its_own() {
    let rules = "acl_check_mail:
  deny message = TLS first
       condition = ${if eq{$received_port}{587}}
       !encrypted = *
  deny message = log in first
       condition = ${if eq{$received_port}{587}}
       !authenticated = *
";
    let dir = changed(EXIM, "exim.conf", "acl_check_mail:\n", rules);
    let played = run_of("exim", &dir.path().join("exim.conf"), &SHORT);
    if cannot(&played) {
        return;
    }
    let found = record(&played);
    let grade = |port| (at(&found, port).connector, at(&found, port).gaps.clone());
    // The lab gets in, and what comes in plaintext meets the user's rules.
    let password = vec![ListenerGap::Password];
    assert_eq!(grade(587), (Some(Connector::EncryptionOnly), password.clone()));
    assert_eq!(grade(25), (Some(Connector::Opportunistic), password));
    let refused = "inbound/forced/plaintext-refused#encryption-only";
    let refused = found.cases.iter().find(|case| case.id == refused);
    assert_eq!(refused.map(|case| case.verdict), Some(Verdict::Pass), "{}", err(&played));
    assert_eq!(at(&found, 587).grade(), "forced, but a password would go in plaintext");
}
