//! A pause of the suite's own side costs time and no verdict: whoever was not listening cannot say that
//! nothing was sent.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use waxseal_model::record::Record;
use waxseal_model::verdict::Verdict;

/// Each of them is failed by the relay while the suite listens.
const CASES: &str = "outbound/forced/*refused*#encryption-only*";
/// Longer than the relay's settle time.
const PAUSE: Duration = Duration::from_secs(6);

fn start() -> Child {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pause/relay");
    Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["run", folder, "--case", CASES, "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be run")
}

fn record(run: Child) -> Record {
    let output = run.wait_with_output().expect("the program ends");
    serde_json::from_slice(&output.stdout).expect("the output is a record")
}

fn signal(run: &Child, signal: i32) {
    let id = i32::try_from(run.id()).expect("a process id is small");
    // SAFETY: it is a child of ours that nobody has waited for.
    assert_eq!(unsafe { libc::kill(id, signal) }, 0, "the program still runs");
}

fn has_python() -> bool {
    let asked = Command::new("python3").arg("--version").output();
    asked.is_ok_and(|output| output.status.success())
}

#[test]
fn a_pause_of_the_suite_makes_no_false_pass() {
    if !has_python() {
        eprintln!("skipped: there is no python3 for the relay of this test");
        return;
    }
    let quiet = record(start());
    let fails = |record: &Record| -> Vec<String> {
        let failed = record.cases.iter().filter(|case| case.verdict == Verdict::Fail);
        failed.map(|case| case.id.clone()).collect()
    };
    let expected = fails(&quiet);
    assert!(expected.len() >= 3, "the relay leaks: {:?}", quiet.summary);
    for moment in [700, 1500, 2500].map(Duration::from_millis) {
        let run = start();
        // The pause begins at some moment of the run: that is the point, not a wait for readiness.
        sleep(moment);
        signal(&run, libc::SIGSTOP);
        sleep(PAUSE);
        signal(&run, libc::SIGCONT);
        let paused = record(run);
        let passed: Vec<_> = paused
            .cases
            .iter()
            .filter(|case| expected.contains(&case.id) && case.verdict == Verdict::Pass)
            .map(|case| (&case.id, &case.reason))
            .collect();
        assert!(passed.is_empty(), "stopped after {moment:?}: {passed:#?}");
        assert_eq!(fails(&paused), expected, "stopped after {moment:?}");
    }
}
