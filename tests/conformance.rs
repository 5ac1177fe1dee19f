//! Every case as a test by its name, against the embedded reference relay, or against the one that
//! `WAXSEAL_RELAY` names. This is all that a test target of another crate needs too.

use std::process::ExitCode;

use waxseal::{RelaySpec, RunOptions};

fn main() -> ExitCode {
    let relay = std::env::var("WAXSEAL_RELAY").unwrap_or_else(|_| "reference".into());
    waxseal::conformance(RelaySpec::find(&relay), &RunOptions::default())
}
