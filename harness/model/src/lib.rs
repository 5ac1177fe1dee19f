//! Scenario, script, requirement, trace, outcome and judge.
//!
//! Pure: no socket, file, clock or TLS library is named here, and no product.

pub mod facts;
pub mod offer;
pub mod trace;
