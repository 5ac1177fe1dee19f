//! What a live host shows: its certificates.
//!
//! No mail is ever sent, and nothing here judges.

mod certificates;

pub use certificates::{AskedKey, AskedName, Shown, certificates};
