//! Relays under test behind one interface: the reference relay, a driven process; and a remote address.
//!
//! All that a relay knows of the lab is its lab file. Only `refusal` and `lateness` look at a
//! case: which ones a relay cannot play. Nothing here plays one.

mod config;
mod connectors;
pub mod contract;
mod driven;
pub mod driver;
mod error;
pub mod evidence;
mod install;
mod interface;
pub mod labfile;
mod lateness;
mod material;
mod place;
mod private_root;
mod ready;
pub mod reference;
mod refusal;
mod remote;
mod root;
mod spec;
mod template;
mod words;

pub use config::{Adopt, AdoptRule};
pub use driver::Driver;
pub use error::RelayError;
pub use evidence::Evidence;
pub use interface::{Pace, Relay, RunningRelay, Start};
pub use labfile::LabFile;
pub use remote::Remote;
pub use spec::RelaySpec;
