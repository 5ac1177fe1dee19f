//! `waxseal run`.

use std::process::ExitCode;

use waxseal_model::record::Record;

use super::arguments::{Format, RunArguments};
use super::progress::Progress;
use super::{print, refuse};
use crate::catalogue::Catalogue;
use crate::lab::sandbox;
use crate::report;
use crate::run::{Choice, Options, run as play};

/// Plays, reports, and gives the exit code. Enters the private network first, while there is only
/// one thread.
pub(super) fn run(catalogue: &Catalogue, arguments: &RunArguments) -> ExitCode {
    let choice = match Choice::find(&arguments.relay) {
        Ok(choice) => choice,
        Err(error) => return refuse(&format!("could not {error}")),
    };
    let sandbox = (!arguments.no_sandbox).then(sandbox::enter).and_then(Result::ok);
    let options = Options {
        cases: arguments.cases.clone(),
        profile: arguments.profile.clone(),
        jobs: arguments.jobs,
        shard: arguments.shard,
        sandbox,
        keep: arguments.keep,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("could not start: {error}")),
    };
    let progress = Progress::new(arguments.verbose);
    let played = runtime.block_on(play(catalogue, choice, &options, &progress, interrupted()));
    progress.end();
    match played {
        Ok(record) => finish(catalogue, arguments, &record),
        Err(error) => refuse(&error.to_string()),
    }
}

/// Ends with the first Ctrl-C.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn finish(catalogue: &Catalogue, arguments: &RunArguments, record: &Record) -> ExitCode {
    let json = match report::json(record) {
        Ok(json) => json,
        Err(error) => return refuse(&format!("could not write the record: {error}")),
    };
    let markdown = report::markdown(record, &catalogue.requirements);
    if let Some(dir) = &arguments.out {
        let written = std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::write(dir.join("results.json"), &json))
            .and_then(|()| std::fs::write(dir.join("report.md"), &markdown));
        if let Err(error) = written {
            return refuse(&format!("could not write into {}: {error}", dir.display()));
        }
    }
    match arguments.format {
        Format::Human => print(&report::summary(record, &catalogue.requirements)),
        Format::Json => print(&json),
        Format::Markdown => print(&markdown),
    }
    ExitCode::from(record.exit_code())
}
