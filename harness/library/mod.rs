//! The front door for other crates: one run, one scan, one test target.
//!
//! Nothing here is known of a case, a relay or a host that the rooms below do not say.

mod catalogue;
mod clock;
mod conformance;
mod run;
mod scan;

pub use catalogue::catalogue;
pub use clock::{now, today};
pub use conformance::conformance;
pub use run::run;
pub use scan::scan;
