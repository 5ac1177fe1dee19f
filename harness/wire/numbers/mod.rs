//! What the numbers on the wire are called, and what they stand for.

mod aliases;
mod describe;
mod registry;
mod suites;

pub use aliases::openssl_name;
pub use describe::{
    client_hello, extension_name, group_name, protocols, scheme_name, server_extensions,
};
pub use registry::{is_tls13, key_exchange, registered_suites, suite_parts};
pub use suites::{exists_in, suite};
