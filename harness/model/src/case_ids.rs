//! Patterns of ids, of cases and of requirements: `*` stands for anything, `/` included.

use globset::{Error, GlobBuilder, GlobMatcher};

/// Reads a pattern.
///
/// # Errors
/// It is none: a bracket is open, for instance.
pub fn pattern(text: &str) -> Result<GlobMatcher, Error> {
    Ok(GlobBuilder::new(text).literal_separator(false).build()?.compile_matcher())
}
