//! A real relay in three configurations, where one is installed and a private network can be had.

use std::path::Path;

use tokio::process::Command;
use waxseal_model::offer::{SuiteKind, Version};
use waxseal_model::scan::{Found, Scan};
use waxseal_model::verdict::Verdict;

use super::program::read;

/// Scans the three of them; `None`, with the reason on standard error: they cannot be had here.
async fn scans() -> Option<Vec<Scan>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/scan-lab.sh");
    let output = Command::new(script)
        .args([env!("CARGO_BIN_EXE_waxseal"), "scan", "--format", "json", "--time", "240"])
        .args(["127.0.0.11", "127.0.0.12", "127.0.0.13"])
        .kill_on_drop(true)
        .output()
        .await
        .expect("the script can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(2) && said.starts_with("scan-lab: ") {
        eprintln!("skipped: {}", said.trim());
        return None;
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    Some(read(&output))
}

fn failed(scan: &Scan) -> Vec<&str> {
    let found = scan.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    found.map(|finding| finding.requirement.as_str()).collect()
}

fn has(scan: &Scan, kind: SuiteKind) -> bool {
    scan.facts.accepted().any(|(_, accepted)| accepted.suite.is(kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_relay_is_found_as_it_is_configured() {
    let Some(scans) = scans().await else { return };
    let [shipped, hardened, weak] = &scans[..] else { panic!("three hosts: {scans:#?}") };
    for scan in &scans {
        assert_eq!(scan.facts.tls, Found::Known(true));
        for version in &scan.facts.versions {
            assert_eq!(version.incomplete, None, "{}", version.version);
            let pairs = version.suites.len();
            assert_eq!(version.support, Found::Known(pairs > 0), "{}", version.version);
        }
        assert_eq!(scan.facts.speaks(Version::Tls12), Some(true));
        let shown = scan.certificates.known().expect("certificates are asked for");
        assert!(shown.iter().any(|shown| shown.chain().is_some()));
        assert!(!shown.iter().any(|shown| matches!(shown.result, Found::Unknown(_))), "{shown:#?}");
        let checks = scan.checks.known().expect("the checks are played");
        let wrong = [Verdict::Inconclusive, Verdict::Error];
        assert!(!checks.iter().any(|case| wrong.contains(&case.verdict)), "{checks:#?}");
        assert!(checks.iter().filter(|case| case.verdict == Verdict::Pass).count() > 20);
    }
    assert_eq!(shipped.facts.speaks(Version::Tls10), Some(true));
    assert!(has(shipped, SuiteKind::Anonymous) && has(shipped, SuiteKind::StaticRsa));
    assert!(!has(shipped, SuiteKind::Null) && !has(shipped, SuiteKind::Rc4));
    assert!(failed(shipped).contains(&"rfc8996-server-no-tls10"));

    let forward = |scan: &Scan| {
        let mut accepted = scan.facts.accepted();
        accepted.all(|(_, a)| a.suite.is(SuiteKind::ForwardSecret) && a.suite.is(SuiteKind::Aead))
    };
    assert!(forward(hardened) && !forward(shipped));
    assert_eq!(hardened.facts.speaks(Version::Tls11), Some(false));
    assert_eq!(hardened.facts.sessions.client_renegotiation, Found::Known(false));
    // It signs with SHA-1 for a client that knows nothing better, and has no other fault.
    assert_eq!(failed(hardened), ["no-sha1-md5-sig"]);

    assert!(has(weak, SuiteKind::Null) && has(weak, SuiteKind::Anonymous));
    let failed = failed(weak);
    for id in ["no-null-cipher", "dh-2048-min", "rsa-2048-server-cert", "no-sha1-md5-sig"] {
        assert!(failed.contains(&id), "{id}: {failed:?}");
    }
}
