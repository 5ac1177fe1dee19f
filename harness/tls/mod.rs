//! TLS engines behind one interface, and the facts they report.
//!
//! `engines` play whole handshakes; `raw` is what no engine would say, octet by octet; `tamper` changes
//! an engine's flight below it; `chain` reads certificates. The only room that names a TLS library.
//! Nothing here judges.

mod chain;
mod engines;
mod offer;
mod raw;
mod setup;
mod tamper;

pub use chain::certificate::{describe_certificate, describe_chain};
pub use chain::crl::read_crl;
pub use chain::identity::{key_belongs, read_identity_pem};
pub use chain::paths::{ChainPath, PathEnd, Pool, verify_with_openssl};
pub use chain::revocation::{Status, StatusFacts, ocsp_request, read_issuers, read_ocsp};
pub use chain::verify::{
    ChainProblem, Usage, is_for, read_certificates_pem, system_roots, verify_chain,
};
pub use engines::questions::{NoAnswer, agrees_to, open_session, renegotiates, resumes, signs};
pub use engines::resumption::SessionStore;
pub use engines::session::{Session, is_alert};
pub use engines::tickets::{NoTickets, Tickets};
pub use engines::trust::AskClient;
pub use engines::{accept, accept_tampering, choose, connect, version_without_suite_for_key};
pub use offer::resolve;
pub use raw::answer::Answers;
pub use raw::first_flight::{FirstFlight, FlightReader};
pub use raw::premaster::Premaster;
pub use raw::session::BareSession;
pub use raw::variants::hello_by_hand;
pub use raw::{hello, vulnerabilities};
pub use setup::{ClientSetup, Handshake, Identity, ServerSetup, Tampered, Unplayable};
pub use tamper::base_point;
