//! Relays under test: the reference relay, a driven process, a remote address.
//!
//! Nothing here knows a scenario.
