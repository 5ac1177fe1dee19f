//! Relays under test: the reference relay, a driven process, a remote address.
//!
//! Nothing here knows a scenario.

mod config;
mod connectors;
pub mod contract;
pub mod driver;
mod error;
pub mod evidence;
mod install;
pub mod labfile;
mod place;
mod private_root;
mod ready;
pub mod reference;
mod remote;
mod root;
mod template;

pub use config::{Adopt, adopt};
pub use connectors::Connectors;
pub use contract::Contract;
pub use driver::{Driver, Prepared};
pub use error::RelayError;
pub use evidence::Evidence;
pub use labfile::LabFile;
pub use ready::{version, wait_until_ready};
pub use remote::Remote;
pub use root::Root;
