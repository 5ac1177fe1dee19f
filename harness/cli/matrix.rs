//! `waxseal matrix`: one run over several relays, each in a process and a private network of its
//! own, so that none can disturb another.

use std::collections::BTreeMap;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use waxseal_model::baseline::Baseline;
use waxseal_model::record::Record;
use waxseal_model::verdict::{INTERRUPTED, KEPT, UNUSABLE, gravest};

use super::arguments::MatrixArguments;
use super::output::{OutDir, print, refuse, say};
use super::signals::Stop;
use crate::catalogue::Catalogue;
use crate::lab::process::die_with_us;
use crate::library::today;
use crate::relay::{Driver, RelaySpec};
use crate::report::{self, FORMATS};

/// The runs that go on, each by its standard input: a run ends when that is closed, and so it ends
/// with this process however that ends.
#[derive(Debug, Default)]
struct Runs {
    /// No more are begun.
    over: bool,
    going: BTreeMap<String, ChildStdin>,
}

pub(super) fn matrix(catalogue: &Catalogue, arguments: &MatrixArguments) -> ExitCode {
    let out = match arguments.out.as_deref().map(OutDir::open).transpose() {
        Ok(out) => out,
        Err(text) => return refuse(&text),
    };
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return refuse(&format!("could not start: {error}")),
        };
    let stop = match runtime.block_on(async { Stop::listen(false) }) {
        Ok(stop) => stop,
        Err(error) => return refuse(&format!("could not listen to signals: {error}")),
    };
    let runs = Arc::new(Mutex::new(Runs::default()));
    let ending = Arc::clone(&runs);
    runtime.spawn(async move {
        stop.came().await;
        let mut runs = ending.lock().unwrap_or_else(PoisonError::into_inner);
        runs.over = true;
        runs.going.clear();
    });
    let names = if arguments.relays.is_empty() { installed() } else { arguments.relays.clone() };
    let (columns, failed) = play_all(catalogue, &names, arguments, &runs);
    let over = runs.lock().unwrap_or_else(PoisonError::into_inner).over;
    for (name, why) in &failed {
        say(&format!("{name}: {why}"));
    }
    if columns.is_empty() {
        let code = refuse("none of the relays could be run");
        return if over { ExitCode::from(INTERRUPTED) } else { code };
    }
    for (name, record) in names.iter().filter_map(|name| columns.get_key_value(name)) {
        for finding in record.gate.iter().flat_map(|gate| &gate.findings) {
            say(&format!("{name}: gate: {finding}"));
        }
    }
    let exit = match over {
        true => ExitCode::from(INTERRUPTED),
        false => exit_code(columns.values(), !failed.is_empty()),
    };
    let records: Vec<Record> = names.iter().filter_map(|name| columns.get(name)).cloned().collect();
    let written = out.map_or(Ok(()), |out| write(&out, &records));
    match (arguments.format.matrix)(&records) {
        Ok(text) => print(&text),
        Err(error) => return refuse(&format!("could not write the records: {error}")),
    }
    written.map_or_else(|text| refuse(&text), |()| exit)
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
    runs: &Mutex<Runs>,
) -> (BTreeMap<String, Record>, Vec<(String, String)>) {
    let waiting = Mutex::new(names.iter());
    let done = Mutex::new((BTreeMap::new(), Vec::new()));
    let next = || {
        let over = runs.lock().unwrap_or_else(PoisonError::into_inner).over;
        waiting.lock().ok()?.next().filter(|_| !over)
    };
    thread::scope(|scope| {
        for _ in 0..arguments.at_once.max(1) {
            scope.spawn(|| {
                while let Some(name) = next() {
                    say(&format!("{name}: begins"));
                    let played = play(name, arguments, runs);
                    let played = played.and_then(|record| gate(catalogue, name, record));
                    let Ok(mut done) = done.lock() else { return };
                    match played {
                        Ok(record) => {
                            let ms = record.duration_ms;
                            say(&format!("{name}: {}.{} s", ms / 1000, ms % 1000 / 100));
                            done.0.insert(name.clone(), record);
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
fn play(name: &str, arguments: &MatrixArguments, runs: &Mutex<Runs>) -> Result<Record, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["run", name, "--format", "json", "--profile", &arguments.profile]);
    command.arg("--until-stdin-ends");
    if let Some(scenarios) = &arguments.scenarios {
        command.arg("--scenarios").arg(scenarios);
    }
    for pattern in &arguments.cases {
        command.args(["--case", pattern]);
    }
    if let Some(jobs) = arguments.jobs {
        command.args(["--jobs", &jobs.to_string()]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A signal from the keyboard goes to the whole group: the run hears it here, from us.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    // Whatever ends us ends the run too: this thread waits for it.
    die_with_us(&mut command);
    let mut child = command.spawn().map_err(|error| format!("could not be run: {error}"))?;
    let stdin = child.stdin.take();
    {
        let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
        if !runs.over {
            runs.going.extend(stdin.map(|stdin| (name.to_owned(), stdin)));
        }
    }
    let output = child.wait_with_output().map_err(|error| format!("could not be run: {error}"));
    runs.lock().unwrap_or_else(PoisonError::into_inner).going.remove(name);
    let output = output?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let words = String::from_utf8_lossy(&output.stderr);
        words.trim().trim_start_matches("waxseal: ").to_owned()
    })
}

/// Judges the record by the baseline in the driver's folder, if there is one.
fn gate(catalogue: &Catalogue, name: &str, mut record: Record) -> Result<Record, String> {
    let text = RelaySpec::find(name).and_then(|relay| relay.baseline());
    let Some(text) = text.map_err(|error| format!("could not {error}"))? else {
        return Ok(record);
    };
    let baseline = Baseline::parse("baseline.toml", &text)
        .map_err(|wrong| format!("the baseline is wrong\n{}", wrong.render(&text)))?;
    let known: Vec<&str> = catalogue.cases().map(|case| case.id.as_str()).collect();
    baseline.judge(&mut record, &known, &today());
    Ok(record)
}

/// The worst of all relays: something broken, then something not run, then something undecided.
fn exit_code<'a>(records: impl Iterator<Item = &'a Record>, some_not_run: bool) -> ExitCode {
    let codes: Vec<u8> = records.map(Record::exit_code).collect();
    let all_unusable = codes.iter().all(|code| *code == UNUSABLE);
    // One relay that plays nothing is a column without cases; all of them are no matrix.
    let judged = codes.into_iter().filter(|code| *code != UNUSABLE);
    let unusable = if some_not_run || all_unusable { UNUSABLE } else { KEPT };
    ExitCode::from(gravest(judged.chain([unusable])))
}

fn write(out: &OutDir, records: &[Record]) -> Result<(), String> {
    for format in &FORMATS {
        if let Some(file) = format.matrix_file {
            out.write(file, &(format.matrix)(records).map_err(|error| error.to_string())?)?;
        }
    }
    for record in records {
        let json = report::json(record).map_err(|error| error.to_string())?;
        out.write(&format!("{}.json", record.relay.name.replace('/', "-")), &json)?;
    }
    Ok(())
}
