//! Shapes of public Postfix set-ups, small and in our own words: each is decided at the first try, or
//! after one line is copied from the refusal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use waxseal_model::domain::Protection::{self, Protected, Unprotected};

use super::{cannot, err, protections, record, run_of};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/postfix-shapes");

/// A shape as it would lie on a disk, with upstream's services where it has none of its own.
pub(super) struct Shape {
    dir: tempfile::TempDir,
}

impl Shape {
    pub(super) fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        copy(&Path::new(FOLDER).join(name), dir.path());
        let services = dir.path().join("master.cf");
        if !services.exists() {
            let upstream = Path::new(FOLDER).join("upstream/master.cf");
            fs::copy(upstream, services).expect("a file can be copied");
        }
        Self { dir }
    }

    pub(super) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join(name), contents).expect("a file can be written");
    }

    /// Plays it. `None`: this machine cannot.
    pub(super) fn play(&self, arguments: &[&str]) -> Option<Output> {
        let played = run_of("postfix", self.dir.path(), arguments);
        (!cannot(&played)).then_some(played)
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the shape is there") {
        let entry = entry.expect("the shape is there");
        let (from, to): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fs::create_dir(&to).expect("a folder can be made");
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("a file can be copied");
        }
    }
}

pub(super) const CASES: [&str; 2] =
    ["--case=outbound/control#*", "--case=outbound/forced/not-offered*"];

/// The settings that a refusal offers to copy.
pub(super) fn offered(told: &str) -> Vec<String> {
    let settings = told.split("--config-set '").skip(1);
    settings
        .filter_map(|rest| rest.split_once('\''))
        .map(|(setting, _)| format!("--config-set={setting}"))
        .collect()
}

/// Plays two cases of each rule and wants these answers; `code` is the exit code.
#[track_caller]
fn decided(
    name: &str,
    arguments: &[&str],
    code: i32,
    answers: &[(&str, Protection)],
) -> Option<String> {
    let played = Shape::new(name).play(&[arguments, &CASES].concat())?;
    Some(answered(&played, code, answers))
}

/// The same after the line that the refusal offers. Gives the refusal.
#[track_caller]
fn decided_after_one_line(
    name: &str,
    arguments: &[&str],
    code: i32,
    answers: &[(&str, Protection)],
) -> Option<String> {
    let shape = Shape::new(name);
    let refused = shape.play(&[arguments, &CASES].concat())?;
    let told = err(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    let line = offered(&told);
    assert!(!line.is_empty(), "no line to copy in {told}");
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let played = shape.play(&[arguments, &line, &CASES].concat())?;
    answered(&played, code, answers);
    Some(told)
}

#[track_caller]
pub(super) fn answered(played: &Output, code: i32, answers: &[(&str, Protection)]) -> String {
    let told = err(played);
    assert_eq!(played.status.code(), Some(code), "{told}");
    assert_eq!(protections(&record(played)), answers, "{told}");
    told
}

#[track_caller]
pub(super) fn tells(told: &Option<String>, words: &[&str]) {
    let Some(told) = told else { return };
    for words in words {
        assert!(told.contains(words), "no `{words}` in\n{told}");
    }
}

pub(super) const PARTNER: &str = "--connector=partner.example=encryption-only";

#[test]
fn a_container_with_milters_policy_services_and_routes_by_the_sender() {
    let told = decided("container", &[PARTNER], 0, &[("partner.example", Protected)]);
    let words = [
        "override: smtpd_milters = empty (was inet:localhost:11332)",
        "override: /etc/postfix/maps/header_checks.pcre: FILTER smtp-amavis:[127.0.0.1]:10024 is left out",
        "warning: sender_dependent_relayhost_maps chooses the way by the sender",
    ];
    tells(&told, &words);
}

#[test]
fn the_same_container_for_a_sender_with_a_way_of_its_own() {
    let arguments =
        ["--sender=news@sister.example", PARTNER, "--mx=partner.example=smtp.isp.example:587"];
    decided("container", &arguments, 1, &[("partner.example", Unprotected)]);
}

#[test]
fn what_an_sql_server_and_a_daemon_answer_is_left_out_with_one_line() {
    let told = decided_after_one_line("sql", &[PARTNER], 0, &[("partner.example", Protected)]);
    let words = [
        "smtp_tls_policy_maps names proxy:mysql:/etc/postfix/sql/tls_policy.cf and socketmap:inet:",
        "--config-set 'smtp_tls_policy_maps=texthash:/etc/postfix/tls_policy'",
        "--config-set 'transport_maps=pcre:/etc/postfix/local_transport'",
    ];
    tells(&told, &words);
}

#[test]
fn a_box_with_sqlite_and_a_name_in_a_file() {
    let arguments = ["--connector=anyone.example=opportunistic"];
    decided("box", &arguments, 0, &[("anyone.example", Protected)]);
}

#[test]
fn a_template_wants_its_variables_and_the_daemon_is_left_out() {
    let shape = Shape::new("template");
    let rule =
        ["--connector=anyone.example=encryption-only", "--mx=anyone.example=smtp.isp.example:587"];
    let Some(refused) = shape.play(&rule) else { return };
    assert!(err(&refused).contains("main.cf:3 is a template"), "{}", err(&refused));
    shape.write("transport.map", "");
    let variables =
        ["--env=HOSTNAMES=mail.company.example", "--env=RELAYHOST=[smtp.isp.example]:587"];
    let Some(refused) = shape.play(&[&rule[..], &variables].concat()) else { return };
    let told = err(&refused);
    let words = "virtual_alias_maps names socketmap:unix:/tmp/podop.socket:alias (by $podop)";
    assert!(told.contains(words), "{told}");
    let line = offered(&told);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let Some(played) = shape.play(&[&rule[..], &variables, &line, &CASES].concat()) else { return };
    answered(&played, 0, &[("anyone.example", Protected)]);
}

#[test]
fn a_directory_server_behind_one_host_for_all_mail() {
    let arguments =
        ["--connector=anyone.example=encryption-only", "--mx=anyone.example=smtp.isp.example:587"];
    decided_after_one_line("directory", &arguments, 0, &[("anyone.example", Protected)]);
}

#[test]
fn checked_tls_to_everybody_but_one() {
    let arguments = [
        "--connector=anyone.example=domain-validation",
        "--connector=plain.example=encryption-only",
    ];
    let answers = [("anyone.example", Protected), ("plain.example", Unprotected)];
    decided("chat", &arguments, 1, &answers);
}

#[test]
fn a_tutorial_with_a_database_and_a_policy_of_patterns() {
    decided_after_one_line("tutorial", &[PARTNER], 0, &[("partner.example", Protected)]);
}

#[test]
fn a_tenant_in_the_cloud_whose_entry_is_never_asked() {
    let host = "company.mail.onmicrosoft.example=company-example.mail.protection.outlook.example";
    let mx = format!("--mx={host}");
    let arguments = ["--connector=company.mail.onmicrosoft.example=encryption-only", mx.as_str()];
    let answers = [("company.mail.onmicrosoft.example", Unprotected)];
    let told = decided("hybrid", &arguments, 1, &answers);
    tells(
        &told,
        &[
            "smtp_tls_chain_files names /etc/ssl/edge/fullchain.pem, which is not on this machine",
            "finding: tls_policy:2: [company-example.mail.protection.outlook.example] is never asked",
            "warning: master.cf smtp/inet takes no mail outside TLS, and the lab hands in some",
        ],
    );
}

#[test]
fn a_provider_with_a_login_for_all_mail() {
    let arguments = [
        "--connector=anyone.example=encryption-only",
        "--mx=anyone.example=smtp.provider.example:587",
    ];
    let told = decided("smarthost", &arguments, 0, &[("anyone.example", Protected)]);
    tells(&told, &["override: smtp_sasl_auth_enable = no (was yes)"]);
}

#[test]
fn a_provider_at_the_port_where_tls_comes_first() {
    let arguments = [
        "--connector=anyone.example=opportunistic",
        "--mx=anyone.example=smtp.provider.example:465",
    ];
    decided("wrapped", &arguments, 0, &[("anyone.example", Protected)]);
}

#[test]
fn a_host_that_only_sends() {
    let arguments =
        ["--connector=anyone.example=opportunistic", "--mx=anyone.example=company.example"];
    let told = decided("null", &arguments, 0, &[("anyone.example", Protected)]);
    tells(&told, &["warning: master.cf has no service that takes mail from others"]);
}

#[test]
fn the_second_of_two_instances() {
    let arguments =
        ["--connector=anyone.example=encryption-only", "--connector=plain.example=encryption-only"];
    let answers = [("anyone.example", Protected), ("plain.example", Unprotected)];
    let told = decided("instance", &arguments, 1, &answers);
    tells(&told, &["override: master.cf has no smtpd at port 25, so 10.9.0.2:2525/inet is where"]);
}

#[test]
fn an_enterprise_distribution_whose_roots_lie_elsewhere() {
    let arguments = ["--connector=partner.example=domain-validation"];
    let told = decided("enterprise", &arguments, 1, &[("partner.example", Protected)]);
    tells(
        &told,
        &["finding: smtp_tls_CAfile names /etc/pki/tls/certs/ca-bundle.crt, which is not"],
    );
}

#[test]
fn a_groupware_with_a_slip_in_its_policy() {
    let arguments = ["--connector=other.example=encryption-only"];
    let shape = Shape::new("suite");
    let Some(refused) = shape.play(&[&arguments[..], &CASES].concat()) else { return };
    let line = offered(&err(&refused));
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let Some(played) = shape.play(&[&arguments[..], &line, &CASES].concat()) else { return };
    let told = answered(&played, 1, &[("other.example", Protected)]);
    tells(
        &Some(told),
        &["finding: tls_policy:1: partner.example says `encrpyt`, which is no TLS level"],
    );
}

#[test]
fn a_control_panel_whose_newsletter_has_a_way_of_its_own() {
    let rule = ["--connector=anyone.example=encryption-only"];
    let told = decided("panel", &rule, 1, &[("anyone.example", Unprotected)]);
    tells(
        &told,
        &["warning: sender_dependent_default_transport_maps chooses the way by the sender"],
    );
    let sender = ["--sender=list@news.company.example", rule[0]];
    decided("panel", &sender, 0, &[("anyone.example", Protected)]);
}

#[test]
fn a_gateway_with_a_root_and_a_fingerprint_of_its_partners() {
    let arguments = ["--connector=anchored.example=domain-validation"];
    let told = decided("doors", &arguments, 0, &[("anchored.example", Protected)]);
    tells(&told, &["tafile: the lab's root is added to the copy of /etc/postfix/partner-root.pem"]);
    let arguments = ["--connector=pinned.example=encryption-only", CASES[0]];
    let Some(played) = Shape::new("doors").play(&arguments) else { return };
    let told = err(&played);
    let words = "wants the certificate of pinned.example by its fingerprint";
    assert!(told.contains(words), "{told}");
    // What is offered leaves the pin out, and the other entries as they are.
    let line = told.lines().find(|line| line.contains(words)).expect("it was just found");
    let [line] = offered(line).try_into().expect("one setting");
    let arguments = ["--connector=pinned.example=encryption-only", line.as_str()];
    decided("doors", &arguments, 0, &[("pinned.example", Protected)]);
}
