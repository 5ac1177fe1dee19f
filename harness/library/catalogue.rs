//! What there is to play.

use std::path::Path;

use crate::catalogue::{Catalogue, Source};

/// Reads all that is built in, and the user's own scenarios beside it.
///
/// # Errors
/// What is wrong with the user's folder, with line and caret.
pub fn catalogue(own: Option<&Path>) -> Result<Catalogue, String> {
    let own = own.map(Source::folder).transpose()?;
    own.map_or_else(Catalogue::embedded, Catalogue::with).map_err(|wrong| {
        let wrong: String = wrong.iter().map(ToString::to_string).collect();
        format!("the scenarios are wrong\n{}", wrong.trim_end())
    })
}
