//! Every case of waxseal as a test of this crate's relay.
//!
//! A relay that is a program of this crate needs no folder: `RelaySpec::of_command(env!("CARGO_BIN_EXE_relay"))`.
//! Known failures stand in `baseline.toml` in the relay's folder.

use std::process::ExitCode;

use waxseal::{RelaySpec, RunOptions};

fn main() -> ExitCode {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../python");
    waxseal::conformance(RelaySpec::find(folder), &RunOptions::default())
}
