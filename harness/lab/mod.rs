//! All around the relay in one run: DNS, addresses, sandbox, processes.
//!
//! Nothing here knows a scenario's expectation.

pub mod addresses;
pub mod commands;
pub mod descriptors;
mod disk;
pub mod dns;
mod error;
pub mod ipv6;
#[cfg(target_os = "linux")]
mod keeper;
pub mod log;
pub mod machine;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod namespaces;
pub mod process;
mod records;
pub mod resolver;
pub mod routes;
mod rundir;
pub mod sandbox;
mod system;
mod zones;

pub use addresses::Addresses;
pub use commands::{Commands, Errand, Unfinished};
pub use dns::{DnsServer, Listening, Query};
pub use error::LabError;
pub use process::{Files, Isolation, Launch, Supervised, wait_for_port};
pub use records::{Data, Kind, Tlsa};
pub use resolver::{Answer, Resolver};
pub use rundir::{Afterwards, RunDir};
pub use sandbox::{Sandbox, SandboxError, SystemResolver, Users};
pub use zones::Zones;
