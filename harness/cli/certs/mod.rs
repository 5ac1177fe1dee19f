//! `waxseal certs`.

mod make;

use std::process::ExitCode;

use super::arguments::Certs;

/// Does what the subcommand says.
pub(super) fn certs(what: &Certs) -> ExitCode {
    match what {
        Certs::List { scenarios } => make::list(scenarios.as_deref()),
        Certs::Make(options) => make::make(options),
    }
}
