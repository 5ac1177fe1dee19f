//! TLS engines behind one interface, and the facts they report.
//!
//! The only room that names a TLS library. Nothing here judges.

mod certificate;
mod describe;
mod dh;
mod engine;
mod legacy;
mod legacy_stream;
mod modern;
mod session;
mod staple;
mod suites;
mod tap;
mod verify;

pub use certificate::{describe_certificate, describe_chain};
pub use describe::client_hello;
pub use engine::{
    AskClient, ClientSetup, Handshake, Identity, ServerSetup, Unplayable, accept, choose, connect,
};
pub use session::{Session, is_alert};
pub use suites::{resolve, suite};
pub use verify::{ChainProblem, Usage, verify_chain};
