//! waxseal shows, with evidence, whether a mail relay keeps its TLS promises.
//!
//! **A test target.** With `harness = false`, every case is a test by its name, and the baseline of the
//! relay's driver is heeded ([`conformance`]):
//!
//! ```no_run
//! use std::process::ExitCode;
//! use waxseal::{RelaySpec, RunOptions};
//!
//! fn main() -> ExitCode {
//!     // A folder with a `relay.toml`; or `RelaySpec::of_command(env!("CARGO_BIN_EXE_my-relay"))`.
//!     waxseal::conformance(RelaySpec::find("tests/relay"), &RunOptions::default())
//! }
//! ```
//!
//! **One run** ([`run`](fn@run)), here of the embedded reference relay:
//!
//! ```no_run
//! use waxseal::{RelaySpec, RunOptions, model::verdict::Verdict};
//!
//! let cases = vec!["outbound/forced/*".to_owned()];
//! let options = RunOptions { cases, ..RunOptions::default() };
//! let record = waxseal::run(&RelaySpec::find("reference")?, &options)?;
//! for case in record.cases.iter().filter(|case| case.verdict == Verdict::Fail) {
//!     println!("{}: {}", case.id, case.reason);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **One scan** of a live host ([`scan`](fn@scan)):
//!
//! ```no_run
//! use waxseal::{ScanOptions, model::scan::Entry};
//!
//! let target = waxseal::parse_target("mail.example", Entry::Relay)?;
//! let options = ScanOptions { roots: waxseal::system_roots().into(), ..ScanOptions::default() };
//! let host = waxseal::scan(&target, &options)?;
//! println!("{} findings after {} connections", host.findings.len(), host.connections);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Words of records, verdicts and baselines are in [`model`]; ARCHITECTURE.md says how the parts fit together.

mod catalogue;
mod cli;
#[doc(hidden)]
pub mod internals;
mod lab;
mod library;
mod peer;
mod preflight;
mod relay;
mod report;
mod run;
mod scan;
mod tls;
mod wire;

pub use lab::sandbox::{
    Sandbox, SandboxError, SystemResolver, Users, enter as enter_private_network,
};
pub use library::{conformance, run, scan};
pub use relay::{RelayError, RelaySpec};
pub use run::{Inbound, Own, Rule, RunError, RunOptions};
pub use scan::{
    Limits as ScanLimits, Part as ScanPart, ScanError, ScanOptions, Scanner, TargetError,
    parse_target,
};
pub use tls::system_roots;
pub use waxseal_model as model;
