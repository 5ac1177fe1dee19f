//! The scenarios, requirements, profiles, offers and recipes: those that are built into the program,
//! and beside them those of a folder of the user's own.
//!
//! Nothing here plays anything.

mod check;
pub mod files;
mod load;
mod names;
mod profiles;
mod source;

pub use check::check;
pub use load::{Catalogue, Rules};
pub use names::Wrong;
pub use profiles::{host_pins, names_a_file, profile_names};
pub use source::{Shelf, Source, SourceFile};
