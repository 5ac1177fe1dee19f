//! TLS engines behind one interface, and the facts they report.
//!
//! The only room that names a TLS library. Nothing here judges.

mod alerts;
mod answer;
mod bare;
mod binder;
mod certificate;
mod describe;
mod dh;
mod engine;
mod forge;
mod legacy;
mod legacy_stream;
mod legacy_told;
mod modern;
mod registry;
mod resumption;
mod revisit;
mod session;
mod staple;
mod suites;
mod tap;
mod verify;

pub use answer::Answers;
pub use bare::BareSession;
pub use certificate::{describe_certificate, describe_chain};
pub use describe::{client_hello, group_name, scheme_name};
pub use engine::{
    AskClient, ClientSetup, Handshake, Identity, ServerSetup, Unplayable, accept, choose, connect,
};
pub use forge::forge;
pub use legacy::openssl_name;
pub use registry::{is_tls13, key_exchange, registered_suites, suite_parts};
pub use resumption::{SessionStore, Tickets};
pub use revisit::{NoAnswer, SavedSession, open_session, renegotiates, resumes};
pub use session::{Session, is_alert};
pub use suites::{resolve, suite};
pub use verify::{ChainProblem, Usage, system_roots, verify_chain};
