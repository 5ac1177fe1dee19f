//! From a run record to text: terminal, JSON, Markdown.
//!
//! Pure: nothing here plays, listens or judges.

mod configuration;
mod ending;
mod expectation;
mod explain;
mod format;
mod hello;
mod list;
mod markdown;
mod matrix;
mod overview;
mod pillar;
mod preflight;
mod scan;
mod shown;
mod silent;
mod terminal;
mod transcript;
mod words;

pub use configuration::told;
pub use ending::gate;
pub use explain::explain;
pub use format::{FORMATS, Format, Run, json};
pub use list::{list_cases, list_requirements};
pub use markdown::markdown;
pub use pillar::Pillar;
pub use preflight::{preflight_line, preflight_text};
pub use terminal::{line, summary};
pub use transcript::transcript;
pub use words::list_words;
