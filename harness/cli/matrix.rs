//! `waxseal matrix`: one run over several relays, each in a process and a private network of its
//! own, so that none can disturb another.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;

use waxseal_model::baseline::{Baseline, Finding};
use waxseal_model::foreign::printable_json;
use waxseal_model::record::Record;

use super::arguments::{Format, MatrixArguments};
use super::{print, refuse};
use crate::catalogue::Catalogue;
use crate::lab::process::die_with_us;
use crate::relay::Driver;
use crate::report;

/// What one relay's run came to.
struct Column {
    record: Record,
    /// What breaks its gate; `None` where it has no baseline.
    findings: Option<Vec<Finding>>,
}

pub(super) fn matrix(catalogue: &Catalogue, arguments: &MatrixArguments) -> ExitCode {
    let names = if arguments.relays.is_empty() { installed() } else { arguments.relays.clone() };
    let (columns, failed) = play_all(catalogue, &names, arguments);
    for (name, why) in &failed {
        say(&format!("{name}: {why}"));
    }
    if columns.is_empty() {
        return refuse("none of the relays could be run");
    }
    for (name, column) in names.iter().filter_map(|name| columns.get_key_value(name)) {
        for finding in column.findings.iter().flatten() {
            say(&format!("{name}: gate: {finding}"));
        }
    }
    let exit = exit_code(columns.values(), !failed.is_empty());
    let records: Vec<Record> =
        names.iter().filter_map(|name| columns.get(name)).map(|c| c.record.clone()).collect();
    let written = match &arguments.out {
        Some(dir) => write(dir, &records),
        None => Ok(()),
    };
    if let Err(error) = written {
        return refuse(&error);
    }
    match arguments.format {
        Format::Human => print(&report::matrix(&records)),
        Format::Markdown => print(&report::matrix_markdown(&records)),
        Format::Json => match serde_json::to_string_pretty(&records) {
            Ok(json) => print(&printable_json(json + "\n")),
            Err(error) => return refuse(&format!("could not write the records: {error}")),
        },
    }
    exit
}

/// The embedded relay, and every product that is installed, each in every release.
fn installed() -> Vec<String> {
    let mut names = vec!["reference".to_owned()];
    for name in Driver::names() {
        let Ok(driver) = Driver::find(name) else { continue };
        let suites = driver.contract.install.as_ref().map(|install| install.suites());
        let others =
            suites.unwrap_or_default().iter().skip(1).map(|suite| format!("{name}@{suite}"));
        for name in std::iter::once(name.to_owned()).chain(others) {
            let ready = Driver::find(&name)
                .is_ok_and(|driver| driver.root.is_none_or(|root| root.version().is_some()));
            names.extend(ready.then_some(name));
        }
    }
    names
}

/// Some at a time; a relay that cannot be run does not hold up the others.
fn play_all(
    catalogue: &Catalogue,
    names: &[String],
    arguments: &MatrixArguments,
) -> (BTreeMap<String, Column>, Vec<(String, String)>) {
    let waiting = Mutex::new(names.iter());
    let done = Mutex::new((BTreeMap::new(), Vec::new()));
    let next = || waiting.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..arguments.at_once.max(1) {
            scope.spawn(|| {
                while let Some(name) = next() {
                    say(&format!("{name}: begins"));
                    let played =
                        play(name, arguments).and_then(|record| gate(catalogue, name, record));
                    let Ok(mut done) = done.lock() else { return };
                    match played {
                        Ok(column) => {
                            let ms = column.record.duration_ms;
                            say(&format!("{name}: {}.{} s", ms / 1000, ms % 1000 / 100));
                            done.0.insert(name.clone(), column);
                        }
                        Err(why) => done.1.push((name.clone(), why)),
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_default()
}

/// Runs this program for one relay and reads its record.
fn play(name: &str, arguments: &MatrixArguments) -> Result<Record, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["run", name, "--format", "json", "--profile", &arguments.profile]);
    for pattern in &arguments.cases {
        command.args(["--case", pattern]);
    }
    if let Some(jobs) = arguments.jobs {
        command.args(["--jobs", &jobs.to_string()]);
    }
    // Whatever ends us ends the run too: this thread waits for it.
    die_with_us(&mut command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("could not be run: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let words = String::from_utf8_lossy(&output.stderr);
        words.trim().trim_start_matches("waxseal: ").to_owned()
    })
}

/// Judges the record by the baseline in the driver's folder, if there is one.
fn gate(catalogue: &Catalogue, name: &str, mut record: Record) -> Result<Column, String> {
    let driver = (name != "reference").then(|| Driver::find(name)).transpose();
    let text = match driver.map_err(|error| format!("could not {error}"))? {
        Some(driver) => driver.baseline().map_err(|error| format!("could not {error}"))?,
        None => None,
    };
    let Some(text) = text else { return Ok(Column { record, findings: None }) };
    let baseline = Baseline::parse("baseline.toml", &text)
        .map_err(|wrong| format!("the baseline is wrong\n{}", wrong.render(&text)))?;
    let known: Vec<&str> = catalogue.cases().map(|case| case.id.as_str()).collect();
    let findings = baseline.judge(&mut record, &known, &super::run::today());
    Ok(Column { record, findings: Some(findings) })
}

/// The worst of all relays: something broken, then something not run, then something undecided.
fn exit_code<'a>(columns: impl Iterator<Item = &'a Column>, some_not_run: bool) -> ExitCode {
    let codes: Vec<u8> = columns
        .map(|column| match &column.findings {
            Some(findings) if !findings.is_empty() => 1,
            _ => column.record.exit_code(),
        })
        .collect();
    let any = |code: u8| codes.contains(&code);
    ExitCode::from(match () {
        () if any(1) => 1,
        () if some_not_run || codes.iter().all(|code| *code == 2) => 2,
        () if any(3) => 3,
        () => 0,
    })
}

fn write(dir: &std::path::Path, records: &[Record]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("could not write into {}: {error}", dir.display());
    std::fs::create_dir_all(dir).map_err(failed)?;
    std::fs::write(dir.join("matrix.md"), report::matrix_markdown(records)).map_err(failed)?;
    for record in records {
        let json = report::json(record).map_err(|error| error.to_string())?;
        let name = record.relay.name.replace('/', "-");
        std::fs::write(dir.join(format!("{name}.json")), json).map_err(failed)?;
    }
    Ok(())
}

fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
