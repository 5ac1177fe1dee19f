//! `waxseal run`.

use std::path::Path;
use std::process::ExitCode;

use waxseal_model::baseline::Baseline;
use waxseal_model::limits;
use waxseal_model::record::Record;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::arguments::RunArguments;
use super::files;
use super::output::{OutDir, print, refuse, say};
use super::own::{listed, own};
use super::progress::Bar;
use super::signals::Stop;
use crate::catalogue::Catalogue;
use crate::lab::{Sandbox, sandbox};
use crate::library::{now, today};
use crate::relay::{RelayError, RelaySpec};
use crate::report::{self, FORMATS};
use crate::run::{Instances, Own, RunOptions, cannot_serve, run as play, serve};

/// Plays, reports, and gives the exit code. `profile` is the name of the one that the arguments mean.
/// Enters the private network first, while there is only one thread.
pub(super) fn run(catalogue: &Catalogue, arguments: &RunArguments, profile: String) -> ExitCode {
    let spec = match &arguments.command {
        Some(command) => RelaySpec::of_command(command),
        None => RelaySpec::find(&arguments.relay),
    };
    let spec = match spec {
        Ok(spec) => spec,
        Err(RelayError::EmptyCommand) => {
            return refuse("`--command` is empty; name the program that starts the relay");
        }
        Err(error) => return refuse(&format!("could not {error}")),
    };
    let baseline = match arguments.baseline.as_deref().map(read_baseline).transpose() {
        Ok(baseline) => baseline,
        Err(text) => return refuse(&text),
    };
    let own = match arguments.config.as_deref().map(|path| own(arguments, &spec, path)).transpose()
    {
        Ok(own) => own,
        Err(text) => return refuse(&text),
    };
    if arguments.instance {
        return serve_instance(catalogue, arguments, &spec, own);
    }
    if arguments.command.is_none() {
        warn_of_unplayed(catalogue, &spec);
    }
    // Before anything is played: an hour's work is not lost for a folder that cannot be written.
    let out = match arguments.out.as_deref().map(OutDir::open).transpose() {
        Ok(out) => out,
        Err(text) => return refuse(&text),
    };
    let sandbox = match enter(&spec, arguments.no_sandbox) {
        Ok(sandbox) => sandbox,
        Err(text) => return refuse(&text),
    };
    let mut options = RunOptions {
        cases: arguments.cases.clone(),
        profile,
        jobs: arguments.jobs,
        shard: arguments.shard,
        engine: arguments.engine,
        sandbox,
        own,
        instances: None,
        keep: arguments.keep,
        started: now(),
        today: Some(today()),
        baseline,
        scenarios: arguments.scenarios.clone(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("could not start: {error}")),
    };
    let stop = match runtime.block_on(async { Stop::listen(arguments.until_stdin_ends) }) {
        Ok(stop) => stop,
        Err(error) => return refuse(&format!("could not listen to signals: {error}")),
    };
    let listed = runtime.block_on(listed(catalogue, arguments, &spec, &mut options, &stop));
    if let Err(text) = listed {
        return refuse(&text);
    }
    options.instances = instances(arguments, options.own.as_ref());
    let progress = Bar::new(arguments.verbose);
    let played = runtime.block_on(play(catalogue, &spec, &options, &progress, stop.came()));
    progress.end();
    let record = match played {
        Ok(record) => record,
        Err(error) => return refuse(&error.to_string()),
    };
    finish(catalogue, arguments, &record, out.as_ref())
}

/// How further instances are started: as this run was, with the rules as they were settled.
fn instances(arguments: &RunArguments, own: Option<&Own>) -> Option<Instances> {
    let mut words: Vec<_> = std::env::args_os().skip(1).collect();
    words.push("--instance".into());
    let rules = own.iter().flat_map(|own| &own.rules);
    words.extend(rules.map(|rule| format!("--settled={}", rule.written()).into()));
    let entrance = own.and_then(Own::submitted_at);
    words.extend(entrance.map(|at| format!("--settled-inbound={at}").into()));
    let program = std::env::current_exe().ok().filter(|_| arguments.config.is_some())?;
    Some(Instances { program, arguments: words, exactly: arguments.instances })
}

/// Is a further instance of the relay: plays what the run that has started it wants. What is to be said
/// of it that run says.
fn serve_instance(
    catalogue: &Catalogue,
    arguments: &RunArguments,
    spec: &RelaySpec,
    own: Option<Own>,
) -> ExitCode {
    let cannot = |what: &str, error: &dyn std::fmt::Display| {
        cannot_serve(format!("could not {what}: {error}"));
        ExitCode::FAILURE
    };
    let sandbox = match sandbox::enter() {
        Ok(sandbox) => sandbox,
        Err(error) => return cannot("enter the private network", &error),
    };
    let options = RunOptions {
        jobs: arguments.jobs,
        engine: arguments.engine,
        sandbox: Some(sandbox),
        own,
        ..RunOptions::default()
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cannot("start", &error),
    };
    runtime.block_on(serve(catalogue, spec, &options));
    ExitCode::SUCCESS
}

/// Enters the private network. A relay that a driver runs does not run without it, unless the user
/// says so; the embedded relay is of this process and speaks with loopback addresses only. Where
/// there is none it is said, each time.
pub(super) fn enter(spec: &RelaySpec, no_sandbox: bool) -> Result<Option<Sandbox>, String> {
    let why = if no_sandbox {
        "`--no-sandbox` was given".to_owned()
    } else {
        match sandbox::enter() {
            Ok(sandbox) => return Ok(Some(sandbox)),
            Err(error) if spec.is_embedded() => error.to_string(),
            Err(error) => {
                return Err(format!(
                    "could not enter the private network: {error}. To run the relay in the open \
                     network, say `--no-sandbox`"
                ));
            }
        }
    };
    let what = match spec.is_embedded() {
        true => "the embedded relay uses high ports of the loopback addresses",
        false => "the relay runs in the open network, and what it sends may leave this machine",
    };
    say(&format!("no private network: {what} ({why})"));
    Ok(None)
}

/// Says which connectors the relay declares that no case is about.
pub(super) fn warn_of_unplayed(catalogue: &Catalogue, relay: &RelaySpec) {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let has_case = |connector| {
            catalogue.cases().any(|case| case.direction == direction && case.connector == connector)
        };
        let declared = Connector::ALL.into_iter().filter(|connector| {
            connector.exists(direction) && relay.declares(direction, *connector)
        });
        for connector in declared.filter(|connector| !has_case(*connector)) {
            say(&format!(
                "warning: the driver {} declares the connector {connector} {direction}, and no case \
                 of this version is about it: nothing is said of it",
                relay.name()
            ));
        }
    }
}

fn read_baseline(path: &Path) -> Result<Baseline, String> {
    let text = files::text(path, limits::FILE)
        .map_err(|error| format!("could not read the baseline {}: {error}", path.display()))?;
    Baseline::parse(&path.display().to_string(), &text)
        .map_err(|wrong| format!("the baseline is wrong\n{}", wrong.render(&text)))
}

/// Writes all that was asked for. The report comes out even where a file does not.
fn finish(
    catalogue: &Catalogue,
    arguments: &RunArguments,
    record: &Record,
    out: Option<&OutDir>,
) -> ExitCode {
    let run =
        report::Run { record, requirements: &catalogue.requirements, in_full: arguments.verbose };
    let mut written = Ok(());
    for format in &FORMATS {
        let out = format.run_file.and_then(|file| Some((out?, file)));
        let asked = std::ptr::eq(format, arguments.format);
        if out.is_none() && !asked {
            continue;
        }
        let text = match (format.run)(&run) {
            Ok(text) => text,
            Err(error) => return refuse(&format!("could not write the record: {error}")),
        };
        if let Some((out, file)) = out {
            written = written.and_then(|()| out.write(file, &text));
        }
        if asked {
            print(&text);
        }
    }
    for finding in record.gate.iter().flat_map(|gate| &gate.findings) {
        say(&format!("gate: {finding}"));
    }
    if let Some(gate) = report::gate(record) {
        say(&gate);
    }
    match written {
        Ok(()) => ExitCode::from(record.exit_code()),
        Err(text) => refuse(&text),
    }
}
