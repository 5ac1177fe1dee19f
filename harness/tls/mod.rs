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
mod first_flight;
mod forge;
mod handwritten;
mod legacy;
mod modern;
mod names;
mod premaster;
mod registry;
mod revisit;
mod session;
mod sessions;
mod staple;
mod suites;
mod tap;
mod tickets;
mod verify;
pub mod vulnerabilities;

pub use answer::Answers;
pub use bare::BareSession;
pub use certificate::{describe_certificate, describe_chain};
pub use describe::{client_hello, group_name, scheme_name};
pub use engine::{
    AskClient, ClientSetup, Forged, Handshake, Identity, ServerSetup, Unplayable, accept,
    accept_forging, choose, connect,
};
pub use first_flight::{FirstFlight, FlightReader, NoFlight};
pub use forge::base_point;
pub use handwritten::{RENEGOTIATION_SIGNAL, X25519_SHARE, hello_by_hand, random};
pub use names::openssl_name;
pub use premaster::Premaster;
pub use registry::{is_tls13, registered_suites, suite_parts};
pub use revisit::{NoAnswer, SavedSession, agrees_to, open_session, renegotiates, resumes, signs};
pub use session::{Session, is_alert};
pub use sessions::SessionStore;
pub use suites::{resolve, suite, version_without_suite_for_key};
pub use tickets::{NoTickets, Tickets};
pub use verify::{ChainProblem, Usage, read_certificates_pem, system_roots, verify_chain};
