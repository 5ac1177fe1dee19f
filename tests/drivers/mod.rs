//! What a driver can say of its relay, by a small one that hands mail to a host it is told.

mod private_root;

use std::ffi::OsStr;
use std::process::{Command, Output};

use waxseal_model::record::Record;
use waxseal_model::verdict::Verdict;

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drivers/client");

/// `None`: this machine cannot play it.
pub(crate) fn waxseal<A: AsRef<OsStr>>(arguments: &[A]) -> Option<Output> {
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal")).args(arguments).output().unwrap();
    let told = err(&output);
    let reasons = ["could not enter the private network", "it needs the program python3"];
    if reasons.iter().any(|reason| told.contains(reason)) {
        eprintln!("not played: {told}");
        return None;
    }
    Some(output)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_client_of_a_smart_host_is_told_its_next_hop_and_cases_of_mx_records_are_skipped() {
    let arguments = ["run", CLIENT, "--format", "json", "--keep"];
    let cases = ["outbound/control#opportunistic", "outbound/forced/next-mx#encryption-only"];
    let cases = cases.iter().flat_map(|case| ["--case", case]);
    let cases = cases.chain(["--case", "outbound/forced/refused#454,encryption-only"]);
    let Some(run) = waxseal(&arguments.into_iter().chain(cases).collect::<Vec<_>>()) else {
        return;
    };
    let record: Record =
        serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", err(&run)));
    assert_eq!((&*record.relay.name, &*record.relay.version), ("A client", "7.1"));
    assert_eq!(record.relay.asked.as_deref(), Some(CLIENT));
    let case = |id: &str| record.cases.iter().find(|case| case.id == id).unwrap();
    let control = case("outbound/control#opportunistic");
    assert_eq!(control.verdict, Verdict::Pass, "{}", control.reason);
    let refused = case("outbound/forced/refused#454,encryption-only");
    assert_eq!(refused.verdict, Verdict::Pass, "{}", refused.reason);
    let skipped = case("outbound/forced/next-mx#encryption-only");
    assert_eq!(
        (skipped.verdict, &*skipped.reason),
        (
            Verdict::Skipped,
            "The relay A client looks up no MX, its next hop is given to it; the case needs more \
             than one next hop."
        )
    );
    let warning = "declares the connector dane outbound, and no case of this version is about it";
    assert!(err(&run).contains(warning), "{}", err(&run));
    // What the commands say is in the log, beside what the relay says.
    let told = err(&run);
    let kept = told.lines().find_map(|line| line.strip_prefix("the relay's files stay in "));
    let log = std::fs::read_to_string(format!("{}/relay.log", kept.unwrap())).unwrap();
    assert!(log.starts_with("the client begins\n"), "{log}");
    assert!(log.contains("\nto mx.c"), "{log}");
    assert!(log.contains("\n554 5.7.0 not sent: "), "{log}");
    std::fs::remove_dir_all(kept.unwrap()).unwrap();
}

#[test]
fn the_doctor_tries_every_connector_and_shows_failures_first() {
    let Some(found) = waxseal(&["relays", "doctor", CLIENT]) else { return };
    let told = out(&found);
    assert_eq!(found.status.code(), Some(2), "{told}{}", err(&found));
    let at = |words: &str| told.find(words).unwrap_or_else(|| panic!("no `{words}` in {told}"));
    let bad = at("outbound mail under certificate-validation does not go through: ");
    let log = at("the end of its log:\n");
    let good = at("outbound mail under encryption-only goes through, in TLS");
    at("outbound mail under opportunistic goes through, in TLS");
    at("no inbound mail: It has no listener.");
    assert!(bad < log && log < good, "{told}");
    assert!(told.contains("  the client begins"), "{told}");
}
