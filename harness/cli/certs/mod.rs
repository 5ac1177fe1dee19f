//! `waxseal certs`.

mod check;

use std::process::ExitCode;

use super::arguments::Certs;

/// Does what the subcommand says.
pub(super) fn certs(what: &Certs) -> ExitCode {
    match what {
        Certs::Check(options) => check::check(options),
    }
}
