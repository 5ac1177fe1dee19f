//! Output that cannot be written, and signals: nothing is lost without a word.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use waxseal_model::record::Record;

use super::cli::TODAY;

const ONE: &str = "outbound/forced/refused#454,encryption-only";

fn waxseal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.args(arguments).env("XDG_DATA_HOME", "/nonexistent").env("WAXSEAL_TODAY", TODAY);
    command
}

#[test]
fn output_that_is_lost_is_no_success() {
    for arguments in [
        &["list"][..],
        &["schema"],
        &["--help"],
        &["run", "--case", ONE, "--format", "json", "--no-sandbox"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let output = waxseal(arguments).stdout(full).output().expect("the program can be run");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
        assert_eq!(words.matches("could not write to standard output").count(), 1, "{words}");
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let mut child = waxseal(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Reads standard error up to a line that holds this; what comes later is read to the end.
fn wait_for(child: &mut Child, words: &str) {
    let errors = child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(errors).lines();
    let found = lines.by_ref().map_while(Result::ok).any(|line| line.contains(words));
    assert!(found, "nothing says {words}");
    std::thread::spawn(move || lines.for_each(drop));
}

fn signal(child: &Child, signal: i32) {
    let id = i32::try_from(child.id()).expect("a process number is small");
    // SAFETY: it is a child of ours that has not been waited for.
    assert_eq!(unsafe { libc::kill(id, signal) }, 0);
}

/// One case at a time, so that there is time to end the run.
const SLOW: [&str; 6] = ["--case", "outbound/forced/*", "--jobs", "1", "--format", "json"];

#[test]
fn what_was_judged_before_a_signal_stands() {
    for number in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let path = dir.path().to_string_lossy();
        let mut run = waxseal(&["run", "-v", "--out", &path]);
        run.args(SLOW).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = run.spawn().expect("the program can be run");
        wait_for(&mut child, "outbound/forced/");
        signal(&child, number);
        let mut text = String::new();
        let out = child.stdout.as_mut().expect("it is piped");
        out.read_to_string(&mut text).expect("the record is text");
        let status = child.wait().expect("the program ends");
        assert_eq!(status.code(), Some(130), "signal {number}");
        let record: Record = serde_json::from_str(&text).expect("the output is a record");
        assert!(record.interrupted, "signal {number}");
        assert!(record.cases.iter().any(|case| case.unfinished), "signal {number}");
        assert!(record.cases.iter().any(|case| !case.unfinished), "signal {number}");
        let mut files: Vec<_> = std::fs::read_dir(dir.path())
            .expect("the folder can be read")
            .map(|entry| entry.expect("it can be read").file_name())
            .collect();
        files.sort();
        assert_eq!(files, ["report.md", "results.json"]);
    }
}

/// The processes whose parent this is.
fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).expect("the process is there");
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let path = task.expect("a task can be read").path().join("children");
        std::fs::read_to_string(path).unwrap_or_default()
    };
    let numbers: Vec<String> = tasks.map(of).collect();
    numbers.iter().flat_map(|text| text.split_whitespace()).filter_map(|n| n.parse().ok()).collect()
}

fn runs(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = state.rsplit_once(')').map(|(_, rest)| rest.trim_start().to_owned());
    after.is_some_and(|rest| !rest.starts_with(['Z', 'X']))
}

#[test]
fn the_runs_of_a_matrix_end_with_it() {
    for (number, code) in [(libc::SIGTERM, Some(130)), (libc::SIGKILL, None)] {
        let mut matrix = waxseal(&["matrix", "reference"]);
        matrix.args(SLOW).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = matrix.spawn().expect("the program can be run");
        wait_for(&mut child, "reference: begins");
        let limit = Instant::now() + Duration::from_secs(60);
        let mut started = children(child.id());
        while started.is_empty() && Instant::now() < limit {
            std::thread::yield_now();
            started = children(child.id());
        }
        assert!(!started.is_empty(), "the matrix starts a run");
        signal(&child, number);
        let status = child.wait().expect("the program ends");
        assert_eq!(status.code(), code, "signal {number}");
        while started.iter().any(|process| runs(*process)) && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!started.iter().any(|process| runs(*process)), "signal {number}");
    }
}
