//! The program as an operator runs it, against the reference relay.

use std::fs;
use std::net::SocketAddr;
use std::process::Output;

use tokio::net::TcpListener;
use tokio::process::Command;
use waxseal::relay::reference::{Memory, Running, Setup};
use waxseal_model::scenario::Connector;

use super::server::identity;

const RSA: &str = "about = ''\nkey = 'rsa-2048'";

/// The reference relay while it lives, and its address.
pub async fn relay() -> (Running, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address");
    let setup = Setup {
        hostname: "relay.scan.test".into(),
        dns: SocketAddr::from(([127, 0, 0, 1], 9)),
        smtp_port: 9,
        outbound: Vec::new(),
        partner_suffix: ".partner.test".into(),
        partner_name: "mail.partner.test".into(),
        identity: identity(RSA),
        client_identity: identity(RSA),
        trust_anchors: Vec::new(),
        client_trust_anchors: Vec::new(),
        mutant: None,
        memory: Memory::default(),
    };
    (Running::start(setup, vec![(Connector::Opportunistic, listener)]), address)
}

/// Runs `waxseal scan`.
pub async fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .arg("scan")
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program can be run")
}

/// Scans the reference relay in the parts about certificates and STARTTLS.
async fn scan_relay(arguments: &[&str]) -> Output {
    let (mut relay, address) = relay().await;
    let address = address.to_string();
    let parts = ["--connections", "16", "--only", "certificates", "--only", "starttls"];
    let output = scan(&[&[address.as_str()], &parts[..], arguments].concat()).await;
    relay.stop().await;
    output
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn pins(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().join("pins.toml");
    fs::write(&path, text).expect("a file can be written");
    let path = path.to_string_lossy().into_owned();
    (dir, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_relay_shows_its_certificate_and_passes_its_checks() {
    let output = scan_relay(&[]).await;
    let text = out(&output);
    assert!(text.contains("RSA 2048 bits"), "{text}");
    assert!(text.contains(" pass, 0 fail, 0 inconclusive, "), "{text}");
    assert_eq!(text.matches("\ncertificate ").count(), 1, "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_does_not_fit_is_said_and_fails() {
    let (_dir, path) = pins("about = 'ours'\n[[certificate]]\nkey-bits = 4096\n");
    let output = scan_relay(&["--expect", &path]).await;
    let text = out(&output);
    assert!(text.contains("not as expected: "), "{text}");
    assert!(text.contains("4096"), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_of_pins_is_refused_with_its_place() {
    let (_dir, path) = pins("about = 'ours'\n[[certificate]]\nkey-bit = 4096\n");
    let output = scan_relay(&["--expect", &path]).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("pins.toml:3:") && text.contains("did you mean `key-bits`?"), "{text}");
    assert_eq!(output.status.code(), Some(2), "{text}");
}
