//! `waxseal certs`.

pub(super) mod arguments;
mod check;
mod make;

use std::process::ExitCode;

use self::arguments::Certs;

/// Does what the subcommand says.
pub(super) fn certs(what: &Certs) -> ExitCode {
    match what {
        Certs::Check(options) => check::check(options),
        Certs::List { scenarios } => make::list(scenarios.as_deref()),
        Certs::Make(options) => make::make(options),
    }
}
