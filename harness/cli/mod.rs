//! Arguments, progress, exit codes.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | every must that applies and that this version judges is kept, or waived |
//! | 1 | a must is broken; with a baseline: something new, stale, unknown, reasonless or expired |
//! | 2 | usage, configuration or environment; nothing selected or played; output that was lost |
//! | 3 | a must is undecided, or applies and is not judged, and none is broken; facts are too old |
//! | 130 | ended by a signal: what was judged until then is reported |

mod arguments;
mod certs;
mod check;
mod explain;
mod matrix;
mod output;
mod own;
mod progress;
mod relays;
mod run;
mod scan;
mod signals;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::catalogue::{Catalogue, files};
use crate::lab::descriptors;
use crate::library::catalogue;
use crate::report;
use arguments::{Arguments, Command};
use output::{print, refuse};

/// Does what the arguments say. Has to be called before any thread is started.
pub fn main() -> ExitCode {
    descriptors::raise();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                let _ = error.print();
                return ExitCode::from(2);
            }
            // Help and version are output as any other.
            print(&error.render().ansi().to_string());
            return output::at_the_end(ExitCode::SUCCESS);
        }
    };
    output::at_the_end(act(arguments.command))
}

fn act(command: Command) -> ExitCode {
    match command {
        Command::Run(options) => with_catalogue(options.scenarios.as_deref(), |mut catalogue| {
            match catalogue.use_profile(&options.profile) {
                Ok(profile) => run::run(&catalogue, &options, profile),
                Err(text) => refuse(&text),
            }
        }),
        Command::Scan(options) => scan::scan(&options),
        Command::Certs { what } => certs::certs(&what),
        Command::List { words: true, .. } => {
            print(&report::list_words());
            ExitCode::SUCCESS
        }
        Command::List { requirements, words: false, scenarios } => {
            with_catalogue(scenarios.as_deref(), |catalogue| {
                print(&if requirements {
                    report::list_requirements(&catalogue.requirements, &catalogue.scenarios)
                } else {
                    report::list_cases(&catalogue.scenarios)
                });
                ExitCode::SUCCESS
            })
        }
        Command::Explain { id, results, scenarios } => {
            with_catalogue(scenarios.as_deref(), |catalogue| {
                explain::explain(&catalogue, &id, results.as_deref())
            })
        }
        Command::Schema { scan, certs, lab, relay, scenario } => {
            print(&match scenario {
                Some(direction) => waxseal_model::scenario::schema(direction),
                None if scan => waxseal_model::scan::schema(),
                None if certs => waxseal_model::preflight::schema(),
                None if lab => crate::relay::labfile::schema(),
                None if relay => crate::relay::contract::schema(),
                None => waxseal_model::record::schema(),
            });
            ExitCode::SUCCESS
        }
        Command::Matrix(options) => {
            with_catalogue(options.scenarios.as_deref(), |mut catalogue| {
                // Each relay's run reads it again; what is wrong with it is said once, before they begin.
                match catalogue.use_profile(&options.profile) {
                    Ok(_) => matrix::matrix(&catalogue, &options),
                    Err(text) => refuse(&text),
                }
            })
        }
        Command::Relays { what } => {
            with_catalogue(None, |catalogue| relays::relays(&catalogue, what.as_ref()))
        }
        Command::Check { paths } => check::check(&paths),
    }
}

/// Reads all that is built in, and the user's own scenarios beside it, for the commands that need it:
/// it takes longer than most scans.
fn with_catalogue(own: Option<&Path>, act: impl FnOnce(Catalogue) -> ExitCode) -> ExitCode {
    match catalogue(own) {
        Ok(catalogue) => act(catalogue),
        Err(text) => refuse(&text),
    }
}
