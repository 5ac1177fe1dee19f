//! Certificate recipes: keys and chains, good and deliberately bad.
//!
//! Keys are made at run time and never stored. Nothing here judges a chain.

mod above;
mod authority;
mod contents;
mod der;
mod fields;
#[cfg(test)]
mod honoured;
mod issuers;
#[cfg(test)]
mod judged;
mod keys;
mod recipe;
mod weak;

pub use authority::{Authorities, Issued};
pub use fields::{Issuer, Key, KeyUsage, NameKind, Sends, Signature, Usage, Validity};
pub use recipe::{Recipe, Recipes};

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library for ordinary certificates refused.
    #[error("could not make a certificate: {0}")]
    Ordinary(#[from] rcgen::Error),
    /// The library for weak certificates refused.
    #[error("could not make a weak certificate: {0}")]
    Weak(#[from] openssl::error::ErrorStack),
    /// A recipe asks for something that does not go together.
    #[error("the recipe cannot be made: {0}")]
    Recipe(&'static str),
}
