//! From a run record to text: terminal, JSON, Markdown.
//!
//! Pure: nothing here plays, listens or judges.

use waxseal_model::foreign::printable_json;

mod ending;
mod expectation;
mod explain;
mod hello;
mod list;
mod markdown;
mod matrix;
mod pillar;
mod scan;
mod shown;
mod silent;
mod terminal;
mod transcript;
mod words;

pub use ending::gate;
pub use explain::explain;
pub use list::{list_cases, list_requirements};
pub use markdown::markdown;
pub use matrix::{matrix, matrix_markdown};
pub use pillar::Pillar;
pub use scan::{scan_lines, scan_table};
pub use terminal::{alone, line, summary};
pub use transcript::transcript;
pub use words::list_words;

/// The record as JSON, the source of every other form.
///
/// # Errors
/// None that is known: every field can be written.
pub fn json(record: &waxseal_model::record::Record) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(record).map(|text| printable_json(text + "\n"))
}
