//! Scenario, script, requirement, trace, outcome and judge.
//!
//! Pure: no socket, file, clock or TLS library is named here, and no product.

pub mod diagnostic;
pub mod expect;
pub mod facts;
pub mod judge;
pub mod offer;
pub mod pattern;
mod raw;
pub mod record;
pub mod requirement;
pub mod scenario;
pub mod script;
pub mod trace;
