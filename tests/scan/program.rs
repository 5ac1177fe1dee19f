//! The program as an operator runs it.

use std::fs;
use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::process::Command;
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::reference::{Memory, Running, Setup};
use waxseal::internals::report;
use waxseal::internals::tls::Identity;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::{Entry, Found, Scan};
use waxseal_model::scenario::Connector;
use waxseal_model::verdict::Verdict;

use super::server::{Correct, Host, certified, identity, setup};
use super::walk::{each_text, harmless};

const RSA: &str = "about = ''\nkey = 'rsa-2048'";

/// The reference relay with a listener of this kind while it lives, and its address.
pub async fn relay(connector: Connector) -> (Running, SocketAddr) {
    relay_with(connector, identity(RSA)).await
}

async fn relay_with(connector: Connector, identity: Identity) -> (Running, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address");
    let setup = Setup {
        hostname: "relay.scan.test".into(),
        dns: SocketAddr::from(([127, 0, 0, 1], 9)),
        smtp_port: 9,
        outbound: Vec::new(),
        partner_suffix: ".partner.test".into(),
        partner_name: "mail.partner.test".into(),
        client_identity: identity.clone(),
        identity,
        trust_anchors: Vec::new(),
        client_trust_anchors: Vec::new(),
        mutant: None,
        variants: Vec::new(),
        memory: Memory::default(),
    };
    (Running::start(setup, vec![(connector, listener)]), address)
}

/// The day that tests run on, whatever the clock says.
const TODAY: &str = "2026-11-27";

/// Runs `waxseal scan`.
pub async fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .arg("scan")
        .args(arguments)
        .env("WAXSEAL_TODAY", TODAY)
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program can be run")
}

/// The scans that the program printed, one a line.
pub fn read(output: &Output) -> Vec<Scan> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    out(output).lines().map(read).collect()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().join(name);
    fs::write(&path, text).expect("a file can be written");
    let path = path.to_string_lossy().into_owned();
    (dir, path)
}

fn verdicts(scan: &Scan, wanted: Verdict) -> Vec<&str> {
    let found = scan.findings.iter().filter(|finding| finding.verdict == wanted);
    found.map(|finding| finding.requirement.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_scan_is_obeyed_in_any_form() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let output = scan(&[&address.to_string(), "--connections", "8", "--format", "json"]).await;
    let mut scan: serde_json::Value = serde_json::from_str(&out(&output)).expect("a line of JSON");
    // The first findings and cases stand for all.
    scan["findings"].as_array_mut().expect("a list").truncate(3);
    scan["findings"][0]["verdict"] = "fail".into();
    let checks = scan["checks"]["known"].as_array_mut().expect("the host was checked");
    checks.truncate(1);
    checks[0]["verdict"] = "fail".into();
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    each_text(&scan, |path, scan: Scan| {
        for format in &report::FORMATS {
            if let Some(form) = format.scan {
                harmless(path, format.name, &form(&scan, &catalogue.requirements));
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_that_are_written_fit_the_host_and_no_other() {
    let named = "common-name = '{name}'\norganisation = 'A \"B\" \\\\ Ä'";
    let (own, root) = certified(&format!("{RSA}\n{named}"));
    let (_relay, address) = relay_with(Connector::Opportunistic, own).await;
    let (dir, roots) = file("roots.pem", &root);
    let pins = dir.path().join("pins.toml").to_string_lossy().into_owned();
    let address = address.to_string();
    let only = [&address, "--roots", &roots, "--only", "suites,certificates"];
    let written = scan(&[&only[..], &["--write-pins", &pins]].concat()).await;
    assert_ne!(written.status.code(), Some(2), "{written:?}");
    let text = fs::read_to_string(&pins).expect("the pins were written");
    assert!(text.starts_with("# On "), "{text}");
    for line in ["root = \"waxseal root A\"", "name = \"mail.scan.test\"", "key-bits = 2048"] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let compared = scan(&[&only[..], &["--expect", &pins, "--format", "json"]].concat()).await;
    assert_eq!(read(&compared)[0].differences, Vec::<String>::new(), "{text}");
    let (_other, other) = relay(Connector::Opportunistic).await;
    let other = other.to_string();
    let compared = scan(&[&other, "--expect", &pins, "--format", "json"]).await;
    assert!(!read(&compared)[0].differences.is_empty());
    let two = scan(&[&other, &address, "--write-pins", &pins]).await;
    assert_eq!(two.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_relay_keeps_every_must_of_a_whole_scan() {
    for (connector, entry) in [
        (Connector::Opportunistic, Entry::Relay),
        (Connector::Opportunistic, Entry::Submission),
        (Connector::Implicit, Entry::Implicit),
    ] {
        let (_relay, address) = relay(connector).await;
        let address = address.to_string();
        let mut arguments = vec![address.as_str(), "--connections", "8", "--format", "json"];
        match entry {
            Entry::Relay => {}
            Entry::Submission => arguments.push("--submission"),
            Entry::Implicit => arguments.push("--implicit"),
        }
        let output = scan(&arguments).await;
        let scans = read(&output);
        let [scan] = &scans[..] else { panic!("one object a host: {scans:#?}") };
        assert_eq!(scan.target.entry, entry);
        assert_eq!(verdicts(scan, Verdict::Fail), [""; 0], "{:#?}", scan.findings);
        assert_eq!(verdicts(scan, Verdict::NotApplicable), ["rfc7507-scsv-server"]);
        let offers = |found: &Found<Vec<String>>| {
            found.known().map(|lines| lines.iter().any(|line| line == "STARTTLS"))
        };
        let in_plaintext = (entry != Entry::Implicit).then_some(true);
        assert_eq!(offers(&scan.facts.extensions.in_plaintext), in_plaintext);
        assert_eq!(offers(&scan.facts.extensions.in_tls), Some(false), "{:#?}", scan.facts);
        assert!(verdicts(scan, Verdict::Pass).len() > 25, "{:#?}", scan.findings);
        let checks = scan.checks.known().expect("the checks are played");
        assert!(checks.iter().any(|case| case.verdict == Verdict::Pass));
        assert!(checks.iter().all(|case| case.verdict != Verdict::Inconclusive), "{checks:#?}");
        let shown = scan.certificates.known().expect("certificates are asked for");
        assert_eq!(shown.iter().filter(|shown| shown.chain().is_some()).count(), 4);
        assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_relay_shows_its_certificate_and_passes_its_checks() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let output =
        scan(&[&address.to_string(), "--only", "certificates", "--only", "starttls"]).await;
    let text = out(&output);
    assert!(text.contains("RSA 2048 bits"), "{text}");
    assert!(text.contains(" pass, 0 fail, 0 inconclusive, "), "{text}");
    assert_eq!(text.matches("\ncertificate ").count(), 1, "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_suites_alone_take_few_connections_and_leave_nothing_open() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let to = address.to_string();
    let output = scan(&[&to, "--only", "suites", "--format", "json"]).await;
    let scan = &read(&output)[0];
    assert_eq!(scan.facts.accepted().count(), 6);
    assert_eq!(scan.facts.speaks(Version::Tls11), Some(false));
    assert_eq!(verdicts(scan, Verdict::Inconclusive), [""; 0], "{:#?}", scan.findings);
    assert!(verdicts(scan, Verdict::Pass).contains(&"exo-no-tls10-11"));
    // Six suites, five versions, SSL 2.0, two to begin with; three for a refusal that is no alert.
    assert!(scan.connections <= 20, "{}", scan.connections);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_and_weak_servers_are_told_apart_by_their_findings() {
    let offer = |versions: &[Version], kind| Offer {
        versions: versions.to_vec(),
        suites: vec![SuiteChoice::Kind(kind)],
        ..Offer::modern()
    };
    let ordinary = [Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13];
    let weak = Offer { dh_bits: Some(1024), ..offer(&Version::ALL, SuiteKind::All) };
    let old = ["rfc8996-server-no-tls10", "rfc8996-server-no-tls11"];
    let cases: [(Offer, &[&str], &[&str]); 3] = [
        (Offer::modern(), &[], &old),
        (offer(&ordinary, SuiteKind::ForwardSecret), &old, &["no-rc4", "fs-server-supports"]),
        (
            weak,
            &["rfc9325-no-sslv3", "no-rc4", "no-null-cipher", "fs-server-no-static-rsa"],
            &["rfc9325-no-sslv2"],
        ),
    ];
    for (offer, broken, kept) in cases {
        let host = Host::start(Correct(Arc::new(setup(offer, identity(RSA))))).await;
        let to = host.address.to_string();
        let parts = ["--only", "tls", "--only", "certificates", "--format", "json"];
        let output = scan(&[&[to.as_str(), "--profile", "bcp195"], &parts[..]].concat()).await;
        let scan = &read(&output)[0];
        let failed = verdicts(scan, Verdict::Fail);
        assert!(broken.iter().all(|id| failed.contains(id)), "{broken:?}: {failed:?}");
        assert!(!kept.iter().any(|id| failed.contains(id)), "{kept:?}: {failed:?}");
        assert_eq!(verdicts(scan, Verdict::Inconclusive), ["cert-server-full-chain"]);
        assert!(matches!(scan.checks, Found::NotApplicable(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_asked_for_and_one_address_of_it_is_scanned() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let target = format!("localhost:{}", address.port());
    let output = scan(&[&target, "--only", "certificates", "--format", "json"]).await;
    let scan = &read(&output)[0];
    assert_eq!(scan.target.host, "localhost");
    assert_eq!(scan.target.address.as_deref(), Some("127.0.0.1"));
    // With a name there is one more way to ask: for it.
    assert_eq!(scan.certificates.known().map(Vec::len), Some(12));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_an_address_is_undecided_and_says_so() {
    let output = scan(&["nothing.invalid", "--format", "json"]).await;
    let scan = &read(&output)[0];
    assert!(matches!(&scan.facts.tls, Found::Unknown(why) if why.contains("address")), "{scan:?}");
    assert_eq!((scan.connections, output.status.code()), (0, Some(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_targets_gives_one_object_a_line_in_its_order() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let list = format!("# ours\n{address}\n\nnothing.invalid\n  {address}\n");
    let (_dir, path) = file("hosts.txt", &list);
    let output =
        scan(&["--targets", &path, "--jobs", "3", "--only", "certificates", "--format", "json"])
            .await;
    let scans = read(&output);
    let hosts: Vec<_> = scans.iter().map(|scan| scan.target.host.as_str()).collect();
    assert_eq!(hosts, ["127.0.0.1", "nothing.invalid", "127.0.0.1"]);
    let shown = |scan: &Scan| scan.certificates.known().map(Vec::len);
    assert_eq!(scans.iter().map(shown).collect::<Vec<_>>(), [Some(8), None, Some(8)]);
    let (_dir, path) = file("hosts.txt", "mail.example\nmail example\n");
    let output = scan(&["--targets", &path]).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("hosts.txt:2: `mail example` is no host"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_named_is_trusted() {
    let (identity, root) = certified(RSA);
    let (_relay, address) = relay_with(Connector::Opportunistic, identity).await;
    let to = address.to_string();
    let asked = ["--only", "certificates"];
    let text = out(&scan(&[&[to.as_str()], &asked[..]].concat()).await);
    assert!(text.contains("CN=waxseal root A, not sent and not trusted here"), "{text}");
    // Another root may have the same name, and not the key.
    for (root, trusted) in [(root, true), (certified(RSA).1, false)] {
        let (_dir, path) = file("roots.pem", &root);
        let text = out(&scan(&[&[to.as_str(), "--roots", &path], &asked[..]].concat()).await);
        assert_eq!(text.contains("root         waxseal root A\n"), trusted, "{text}");
    }
    let (_dir, path) = file("roots.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n");
    let output = scan(&[&to, "--roots", &path]).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("could not use the roots ") && text.contains("roots.pem"), "{text}");
    assert_eq!(output.status.code(), Some(2), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_fits_passes_and_one_that_does_not_is_said_and_fails() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let to = address.to_string();
    for (bits, code) in [(2048, 0), (4096, 1)] {
        let pins = format!("about = 'ours'\n[[certificate]]\nkey-bits = {bits}\n");
        let (_dir, path) = file("pins.toml", &pins);
        let output = scan(&[&to, "--only", "certificates", "--expect", &path]).await;
        let text = out(&output);
        assert_eq!(text.contains("not as expected: "), code == 1, "{text}");
        assert_eq!(output.status.code(), Some(code), "{text}");
    }
}

/// A host that differs from what was true long ago is not said to be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn pins_that_are_older_than_a_year_say_so_and_decide_nothing() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let to = address.to_string();
    for bits in [2048, 4096] {
        let pins = format!(
            "checked = 2025-11-26\nsource = 'https://x.test'\n[[certificate]]\nkey-bits = {bits}\n"
        );
        let (_dir, path) = file("pins.toml", &pins);
        let output = scan(&[&to, "--only", "certificates", "--expect", &path]).await;
        let text = out(&output);
        assert!(text.contains("was last checked on 2025-11-26, more than a year ago"), "{text}");
        assert_eq!(text.contains("not as expected: "), bits == 4096, "{text}");
        assert_eq!(output.status.code(), Some(3), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_of_pins_is_refused_with_its_place() {
    let (_dir, path) = file("pins.toml", "about = 'ours'\n[[certificate]]\nkey-bit = 4096\n");
    let output = scan(&["mail.example", "--expect", &path]).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("pins.toml:3:") && text.contains("did you mean `key-bits`?"), "{text}");
    assert_eq!(output.status.code(), Some(2), "{text}");
}
