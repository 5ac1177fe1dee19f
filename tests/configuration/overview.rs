//! The overview of a configuration, by a small driver that lists entries.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use waxseal_model::domain::Protection;

use super::{err, record};
use crate::drivers::waxseal;

/// The example relay, which forces nothing for domains of others, and a driver that lists these lines.
fn driver(lines: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python");
    fs::copy(example.join("relay.py"), dir.path().join("relay.py")).expect("it can be copied");
    let contract = fs::read_to_string(example.join("relay.toml")).expect("it can be read");
    let script = "#!/bin/sh
# Entries are for an overview only.
[ \"$WAXSEAL_CONFIG_OVERVIEW\" ] && printf '%b' \"$LINES_OF_TEST\"
printf 'warning\\tit goes by the sender %s\\n' \"$WAXSEAL_CONFIG_SENDER\"
printf 'time\\tx = 1\\n'
[ \"$WAXSEAL_CONFIG_RULES\" ] || exit 0
printf 'set\\trules are %s\\n' \"$(echo \"$WAXSEAL_CONFIG_RULES\" | tr '\\t\\n' ' ;')\"
";
    let script = script.replace("$LINES_OF_TEST", lines);
    fs::write(dir.path().join("config.sh"), script).expect("a file can be written");
    let more = "[config]\ncommand = ['sh', './config.sh']\n[words]\nencrypt = 'encryption-only'\n\
                [advice]\n'outbound/forced/*' = 'Force TLS for {domain}.'\n";
    fs::write(dir.path().join("relay.toml"), contract + more).expect("a file can be written");
    dir
}

/// `None`: this machine cannot play it.
fn run(driver: &Path, arguments: &[&str]) -> Option<Output> {
    let driver = driver.as_os_str();
    let run = ["run".as_ref(), driver, "--config".as_ref(), driver];
    waxseal(&[&run[..], &arguments.iter().map(OsStr::new).collect::<Vec<_>>()].concat())
}

const ENTRIES: &str = "entry\\t.a.example\\tencryption-only\\t-\\tpolicy:1\\tencrypt\\n\
                       entry\\tb.example\\topportunistic\\t-\\tpolicy:2\\tmay\\n\
                       entry\\tc.example\\t-\\t-\\tpolicy:3\\tfingerprint\\n";

#[test]
fn entries_become_rules_and_each_is_a_row_of_the_table() {
    let driver = driver(ENTRIES);
    let Some(output) = run(driver.path(), &[]) else { return };
    let told = err(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for line in [
        "overview: 2 of 3 entries are played, with a selection of cases; `--case '*'` plays all",
        "override: rules are .a.example encryption-only -;b.example opportunistic -;",
        "override: times, counts and paths: 1 set; -v lists them",
        "warning: it goes by the sender ",
    ] {
        assert!(told.lines().any(|found| found == line), "no `{line}` in\n{told}");
    }
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<Vec<&str>> = shown
        .lines()
        .skip_while(|line| !line.starts_with("entry "))
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let [_, a, b, c, ..] = &rows[..] else { panic!("{shown}") };
    assert_eq!(
        [a[0], a[1], a[2], a[3], a[5], a[6]],
        [".a.example", "MX", "policy:1", "encrypt", "NOT forced", "1"]
    );
    assert!(a[4].ends_with("in plaintext"), "{a:?}");
    assert_eq!([b[0], b[5]], ["b.example", "as it has to be"]);
    let why = "No connector of waxseal's is this.";
    assert_eq!(c[..], ["c.example", "MX", "policy:3", "fingerprint", why, "not played"]);
    assert!(shown.contains("setting 1: Force TLS for .a.example."), "{shown}");
}

#[test]
fn words_of_the_product_a_sender_and_a_file_of_connectors_are_taken() {
    let driver = driver("");
    let file = driver.path().join("connectors.toml");
    fs::write(&file, "[connectors]\n'.a.example' = 'encrypt'\n").expect("a file can be written");
    let file = format!("--connectors={}", file.display());
    let arguments = [
        &file,
        "--sender=User@ours.example",
        "--case=outbound/control",
        "--case=outbound/forced/not-offered",
        "--format=json",
    ];
    let Some(output) = run(driver.path(), &arguments) else { return };
    let told = err(&output);
    let warning = "warning: it goes by the sender User@ours.example";
    assert!(told.lines().any(|line| line == warning), "{told}");
    let record = record(&output);
    assert_eq!(record.domains.len(), 1);
    assert_eq!(record.domains[0].status, Protection::Unprotected, "{told}");
    assert_eq!(record.warnings[0].raw(), "it goes by the sender User@ours.example");
    let from = "MAIL FROM:<User@ours.example>";
    let json = String::from_utf8_lossy(&output.stdout);
    assert!(json.contains(from), "no {from} in the record");
}
