//! Looks at a chain of certificates before the day on which a partner does: paths, and what the
//! addresses in it answer.
//!
//! Connects to the host and to the addresses of its certificates, and to nothing else. Facts only: what
//! they mean is judged in the model.

mod addresses;
mod asking;
mod fetch;
mod job;
mod mail_hosts;
mod source;
mod store;

pub use job::{CheckOptions, check};
pub use mail_hosts::{mail_hosts, name_servers};
pub use source::Subject;
pub use store::Store;
