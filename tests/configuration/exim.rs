//! The same with Exim: one file with its parts, its access rules and its drivers.

use std::fs;
use std::path::Path;

use waxseal_model::domain::Protection;
use waxseal_model::verdict::Verdict;

use super::{cannot, err, protections, record, run_of};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/exim");

/// The configuration with one text in the place of another.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for name in ["exim4.conf", "more", "partners"] {
        let text = fs::read_to_string(Path::new(FOLDER).join(name)).expect("a file can be read");
        let text = if name == "exim4.conf" {
            assert!(text.contains(from), "there is no {from}");
            text.replacen(from, to, 1)
        } else {
            text
        };
        fs::write(dir.path().join(name), text).expect("a file can be written");
    }
    dir
}

#[test]
fn partners_by_router_by_table_and_by_smarthost_are_told_apart() {
    let arguments = [
        "--connector=.partner.example=encryption-only",
        "--connector=.leaky.example=encryption-only",
        "--connector=whole.example=domain-validation",
        "--connector=gateway.example=encryption-only",
        "--mx=gateway.example=gw.isp.example:587",
        "--case=outbound/forced/refused#454,*",
        "--case=inbound/control#*",
        "-v",
    ];
    let played = run_of("exim", Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    for line in [
        "override: spool_directory is left out (was /data/spool/exim)",
        "override: the user or group vmail is made for the run",
        "override: acl condition = no (was malware = */defer_ok)",
        "override: acl require verify = sender (was require verify = sender/callout=10s)",
        "override: remote_smtp.interface is left out (was 192.0.2.25)",
    ] {
        assert!(told.lines().any(|found| found == line), "no `{line}` in\n{told}");
    }
    let record = record(&played);
    let domains = protections(&record);
    let expected = [
        (".leaky.example", Protection::Unprotected),
        (".partner.example", Protection::Protected),
        ("gateway.example", Protection::Protected),
        ("whole.example", Protection::Protected),
    ];
    assert_eq!(domains, expected, "{told}");
    let inbound = record.cases.iter().filter(|case| case.domain.is_none());
    assert!(inbound.map(|case| case.verdict).eq([Verdict::Pass]), "{told}");
}

#[test]
fn what_cannot_be_played_is_one_sentence_with_the_way_out() {
    for (from, to, words) in [
        (
            "domains = gateway.example :",
            "domains = ${lookup mysql{SELECT 1}} :",
            "gateway.domains asks mysql, which does not answer in the sandbox",
        ),
        (
            "data = ${lookup{$local_part}lsearch{ALIASES}}",
            "data = ${readsocket{/run/aliases}{$local_part}}",
            "system_aliases.data asks readsocket, which does not answer in the sandbox",
        ),
        (
            "nwildlsearch;CONFDIR/partners",
            "nwildlsearch;CONFDIR/no-such",
            "partners.domains asks /etc/exim4/no-such, and there is no such file",
        ),
        (".include CONFDIR/more", ".include CONFDIR/no-such", "Exim cannot read it: "),
        ("no_more", "no_such_option", "Exim cannot read it: "),
    ] {
        let dir = changed(from, to);
        let refused = run_of("exim", dir.path(), &["--case=inbound/control#*"]);
        if cannot(&refused) {
            return;
        }
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        let told = err(&refused);
        assert_eq!(told.lines().filter(|line| line.contains(words)).count(), 1, "{told}");
    }
    let nothing = tempfile::tempdir().expect("a folder can be made");
    let told = err(&run_of("exim", nothing.path(), &["--case=inbound/control#*"]));
    assert!(
        told.contains(
            "there is no exim4.conf, exim.conf, configure or update-exim4.conf.conf in it"
        ),
        "{told}"
    );
}

#[test]
fn macros_options_and_drivers_can_be_set_otherwise_for_the_test() {
    let dir = changed("domains = gateway.example :", "domains = ${lookup mysql{SELECT 1}} :");
    let arguments = [
        "--config-set=gateway.domains=gateway.example",
        "--config-set=MAIN_TLS_CERTIFICATE=/no/such.pem",
        "--config-set=tls_on_connect_ports=465",
        "--inbound=opportunistic",
        "--inbound=implicit",
        "--connector=gateway.example=encryption-only",
        "--mx=gateway.example=gw.isp.example:587",
        "--case=*/control#*",
    ];
    let played = run_of("exim", dir.path(), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    // A control alone leaves open whether TLS is forced.
    assert_eq!(played.status.code(), Some(3), "{told}");
    let line = "override: gateway.domains = gateway.example (was ${lookup mysql{SELECT 1}} : \
                *.gateway.example)";
    assert!(told.lines().any(|found| found == line), "{told}");
    let refused = run_of("exim", Path::new(FOLDER), &["--config-set=gatewy.domains=x"]);
    assert!(err(&refused).contains("there is no router or transport that"), "{}", err(&refused));
}

#[test]
fn a_senders_header_lifts_no_rule() {
    let arguments = [
        "--connector=.partner.example=encryption-only",
        "--connector=whole.example=domain-validation",
        super::HEADER,
    ];
    let played = run_of("exim", Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    let record = record(&played);
    assert_eq!(record.cases.len(), 6);
    let kept =
        [(".partner.example", Protection::Protected), ("whole.example", Protection::Protected)];
    assert_eq!(protections(&record), kept, "{}", err(&played));
}

#[test]
fn a_rule_by_the_name_of_the_mx_host_is_lifted_by_whoever_forges_the_mx_record() {
    let by_host = "remote_smtp:\n  driver = smtp\n  hosts_require_tls = *.hosted.example";
    let dir = changed("remote_smtp:\n  driver = smtp", by_host);
    let grade = |cases: &[&str]| {
        let rule = ["--connector=hosted.example=encryption-only", "--case=outbound/control#*"];
        let played = run_of("exim", dir.path(), &[&rule[..], cases].concat());
        (!cannot(&played)).then(|| record(&played).domains.remove(0).status)
    };
    let own = "--case=outbound/forced/not-offered#*";
    let Some(status) = grade(&[own]) else { return };
    assert_eq!(status, Protection::Protected);
    let foreign = "--case=outbound/hosts/name#outside*";
    assert_eq!(grade(&[own, foreign]), Some(Protection::Unprotected));
}
