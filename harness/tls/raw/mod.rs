//! What no engine would say or read: TLS messages by hand, over `wire`.

pub(super) mod answer;
pub(super) mod binder;
pub(super) mod first_flight;
pub mod hello;
pub(super) mod premaster;
pub(super) mod session;
pub(super) mod variants;
pub mod vulnerabilities;
