//! Arguments, progress, exit codes.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | every must is kept |
//! | 1 | a must is broken |
//! | 2 | usage, configuration or environment; nothing selected |
//! | 3 | a must is undecided and none is broken |

mod arguments;
mod check;
mod explain;
mod files;
mod host;
mod matrix;
mod progress;
mod relays;
mod run;
mod scan;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::catalogue::Catalogue;
use crate::lab::descriptors;
use crate::report;
use arguments::{Arguments, Command};

/// Does what the arguments say. Has to be called before any thread is started.
pub fn main() -> ExitCode {
    descriptors::raise();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match arguments.command {
        Command::Run(options) => with_catalogue(|catalogue| run::run(catalogue, &options)),
        Command::Scan(options) => scan::scan(&options),
        Command::List { requirements } => with_catalogue(|catalogue| {
            print(&if requirements {
                report::list_requirements(&catalogue.requirements, &catalogue.scenarios)
            } else {
                report::list_cases(&catalogue.scenarios)
            });
            ExitCode::SUCCESS
        }),
        Command::Explain { id, results } => {
            with_catalogue(|catalogue| explain::explain(catalogue, &id, results.as_deref()))
        }
        Command::Schema { scan, lab, relay } => {
            print(&match () {
                () if scan => waxseal_model::scan::schema(),
                () if lab => crate::relay::labfile::schema(),
                () if relay => crate::relay::contract::schema(),
                () => waxseal_model::record::schema(),
            });
            ExitCode::SUCCESS
        }
        Command::Matrix(arguments) => {
            with_catalogue(|catalogue| matrix::matrix(catalogue, &arguments))
        }
        Command::Relays { what } => {
            with_catalogue(|catalogue| relays::relays(catalogue, what.as_ref()))
        }
        Command::Check { paths } => with_catalogue(|catalogue| check::check(catalogue, &paths)),
    }
}

/// Reads all that is built in, for the commands that need it: it takes longer than most scans.
fn with_catalogue(act: impl FnOnce(&Catalogue) -> ExitCode) -> ExitCode {
    match Catalogue::embedded() {
        Ok(catalogue) => act(&catalogue),
        Err(wrong) => refuse(&wrong.iter().map(ToString::to_string).collect::<String>()),
    }
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// One clear sentence and exit code 2.
fn refuse(text: &str) -> ExitCode {
    let _ = writeln!(anstream::stderr(), "waxseal: {text}");
    ExitCode::from(2)
}
