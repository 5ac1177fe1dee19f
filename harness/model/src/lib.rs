//! Scenario, script, requirement, trace, outcome, judge, baseline and run record.
//!
//! Pure: no socket, file, clock or TLS library is named here, and no product.

pub mod alert;
pub mod baseline;
pub mod case_ids;
pub mod certificate;
pub mod configuration;
pub mod coverage;
pub mod dated;
pub mod diagnostic;
pub mod domain;
pub mod expect;
pub mod facts;
pub mod foreign;
pub mod gate;
pub mod grade;
pub mod judge;
#[cfg(test)]
mod laws;
pub mod limits;
pub mod listener;
pub mod offer;
pub mod overview;
pub mod pattern;
pub mod pins;
pub mod preflight;
pub mod profile;
mod raw;
pub mod received;
pub mod record;
pub mod requirement;
pub mod scan;
pub mod scenario;
pub mod script;
pub mod status;
pub mod trace;
pub mod verdict;
mod versions;
pub mod wording;
pub mod words;
