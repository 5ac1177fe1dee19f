//! All around the relay in one run: DNS, addresses, sandbox, processes.
//!
//! Nothing here knows a scenario's expectation.

pub mod addresses;
pub mod dns;
mod error;
mod records;
pub mod resolver;
mod zones;

pub use addresses::Addresses;
pub use dns::{DnsServer, Listening, Query, reverse_name};
pub use error::LabError;
pub use records::{Data, Kind, Tlsa};
pub use resolver::{Answer, Resolver};
pub use zones::{DnsFault, Zones};
