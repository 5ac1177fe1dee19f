//! The program as a user runs it: output, exit codes, bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The day that tests run on, whatever the clock says: facts that are dated are not old yet.
pub const TODAY: &str = "2026-11-27";
const ONE: &str = "outbound/forced/refused#454,encryption-only";

pub(crate) fn waxseal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(arguments)
        .env("XDG_DATA_HOME", "/nonexistent")
        .env("WAXSEAL_TODAY", TODAY)
        .output()
        .expect("the program can be run")
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
    fs::write(&path, text).expect("a file can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn one_case_is_played_and_its_record_explained() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().to_string_lossy();
    let run = waxseal(&["run", "--case", ONE, "--out", &path, "-v"]);
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    assert!(err(&run).contains(&format!("pass         must   {ONE}")), "{}", err(&run));
    assert!(Path::new(&*path).join("report.md").is_file());
    let results = dir.path().join("results.json");
    let explained = waxseal(&["explain", ONE, "--results", &results.to_string_lossy()]);
    assert!(out(&explained).contains("Played: pass"), "{}", out(&explained));
    assert!(out(&explained).contains("RFC 3207"), "{}", out(&explained));
}

#[test]
fn json_on_standard_output_is_the_record() {
    let run = waxseal(&["run", "--case", ONE, "--format", "json", "--no-sandbox"]);
    let record: waxseal_model::record::Record =
        serde_json::from_str(&out(&run)).expect("the output is a record");
    assert_eq!((record.schema, record.cases.len()), (waxseal_model::record::SCHEMA, 1));
    assert_eq!(code(&run), Some(0));
}

#[test]
fn what_cannot_be_used_is_told_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let broken = file(&dir, "broken.toml", "[[waiver]]\ncase = ['a']\n");
    let hosts = file(&dir, "hosts.txt", "# ours\na b\n");
    for (arguments, words) in [
        (vec!["run", "--case", "nothing*"], "no case fits nothing*"),
        (
            vec!["run", "--case", ONE, "--case", "outbound/forced/refused#455,*"],
            "no case fits outbound/forced/refused#455,* (did you mean `outbound/forced/refused#45",
        ),
        (vec!["run", "--case", ONE, "--shard", "2/2"], "part 2 of 2 has no case: only 1 are"),
        (vec!["run", "--case", ONE, "--out", "/proc/x"], "could not write into /proc/x"),
        (vec!["matrix", "reference", "--out", "/proc/x"], "could not write into /proc/x"),
        (vec!["run", "sendmale"], "could not find the relay \"sendmale\""),
        (vec!["run", "postfix@buster"], "could not take postfix from buster: it knows trixie"),
        (vec!["run", "postfix"], "it is not installed"),
        (vec!["run", "--profile", "rfx"], "there is no profile `rfx`"),
        (vec!["run", "--shard", "4/3"], "write I/N"),
        (vec!["run", "--baseline", "/nonexistent.toml"], "could not read the baseline"),
        (vec!["run", "--baseline", &broken], "broken.toml:2"),
        (vec!["explain", "outbound/forced/refused#455"], "did you mean"),
        (vec!["check", "/nonexistent.toml"], "could not read /nonexistent.toml"),
        (vec!["scan"], "name a host"),
        (vec!["scan", "mail.test:0"], "has no port from 1 to 65535"),
        (vec!["scan", "mail.test", "--profile", "rfx"], "there is no profile `rfx`"),
        (vec!["scan", "--targets", &hosts], "hosts.txt:2: `a b` is no host"),
        (vec!["scan", "--targets", "/nonexistent"], "could not read the targets /nonexistent"),
    ] {
        let output = waxseal(&arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
        assert!(!err(&output).contains("panicked"), "{arguments:?}");
    }
}

#[test]
fn a_wrong_scenario_is_shown_with_the_likely_word() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let text = "claim = 'x'\ncites = []\nconector = 'mutual'\n[expect]\noutcome = 'withheld'\n";
    let path = file(&dir, "outbound/forced/mine.toml", text);
    let output = waxseal(&["check", &path]);
    assert_eq!(code(&output), Some(2));
    assert!(out(&output).contains("mine.toml:3"), "{}", out(&output));
    assert!(out(&output).contains("connector"), "{}", out(&output));
}

#[test]
fn the_gate_tells_stale_and_unknown_entries() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let waiver = |cases: &str| format!("[[waiver]]\ncases = ['{cases}']\nreason='x'\nlink='x'\n");
    for (cases, word) in [(ONE, "gate: stale: "), ("inbound/gone", "gate: unknown: ")] {
        let path = file(&dir, "gate.toml", &waiver(cases));
        let output = waxseal(&["run", "--case", ONE, "--baseline", &path]);
        assert_eq!(code(&output), Some(1), "{}", err(&output));
        assert!(err(&output).contains(word), "{}", err(&output));
    }
}

#[test]
fn a_host_that_takes_no_connection_is_undecided() {
    // A port that was free a moment ago, on an address of its own: nothing listens there.
    let listener = std::net::TcpListener::bind("127.0.0.83:0").expect("loopback has a port");
    let target = listener.local_addr().expect("a listener has an address").to_string();
    drop(listener);
    let output = waxseal(&["scan", &target, "--format", "json", "--time", "5"]);
    assert_eq!(code(&output), Some(3), "{}", err(&output));
    let scan: waxseal_model::scan::Scan =
        serde_json::from_str(&out(&output)).expect("the output is a scan");
    assert_eq!(scan.schema, waxseal_model::scan::SCHEMA);
    assert!(matches!(scan.facts.tls, waxseal_model::scan::Found::Unknown(_)));
}

/// The example for authors of drivers keeps what it declares, by its folder and by its command.
#[test]
fn the_example_relay_keeps_what_it_declares() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("the example was not played: there is no python3 here");
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python");
    let cases =
        ["*/control#*", "outbound/forced/refused#454,*", "inbound/injection/same-segment#*"];
    let mut arguments = vec!["run", folder];
    arguments.extend(cases.iter().flat_map(|case| ["--case", case]));
    let mut run = waxseal(&arguments);
    // It can do without, where there is none.
    let open = err(&run).contains("could not enter the private network");
    let more: &[&str] = if open { &["--no-sandbox"] } else { &[] };
    if open {
        run = waxseal(&[&arguments[..], more].concat());
    }
    assert_eq!(code(&run), Some(0), "{}{}", out(&run), err(&run));
    let command = format!("python3 {folder}/relay.py");
    let by_command = ["run", "--command", &command, "--case", "*/control#opportunistic"];
    let run = waxseal(&[&by_command[..], more].concat());
    assert_eq!(code(&run), Some(0), "{}{}", out(&run), err(&run));
}

#[test]
fn the_doctor_says_what_is_missing_and_what_to_do() {
    let built_in = waxseal(&["relays", "doctor", "reference"]);
    assert_eq!(code(&built_in), Some(0), "{}", err(&built_in));
    let absent = waxseal(&["relays", "doctor", "dovecot"]);
    assert_eq!(code(&absent), Some(2));
    assert!(
        err(&absent).contains("`sudo waxseal relays install dovecot@trixie`"),
        "{}",
        err(&absent)
    );
    let listed = out(&waxseal(&["relays"]));
    assert!(listed.contains("  outbound: none. It has one next hop"), "{listed}");
}

#[test]
fn numbers_that_no_machine_bears_are_refused_with_a_sentence() {
    let most = "18446744073709551615";
    for arguments in [
        ["run", "--jobs", "0", "--case=none"],
        ["run", "--jobs", most, "--case=none"],
        ["matrix", "--at-once", most, "--case=none"],
        ["matrix", "--jobs", most, "--case=none"],
        ["scan", "--jobs", most, "127.0.0.1:9"],
        ["scan", "--connections", most, "127.0.0.1:9"],
    ] {
        let output = waxseal(&arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(err(&output).contains("write a number from 1 to 1000"), "{}", err(&output));
    }
}
