//! TLS as bytes: records, hellos, and what a server answers in clear.
//!
//! No cryptography, no connection, no opinion: what came is what is told.

mod hello;

pub use hello::{RawHello, last_alert, read_client_hello};
