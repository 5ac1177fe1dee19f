//! A server whose flight is changed on its way out, and what the client makes of that.
//!
//! Below either engine: the engine plays an honest server and never learns of it.

mod keys;
#[cfg(test)]
mod laws;
mod reaction;
mod rewrite;
mod stream;

pub use keys::base_point;
pub(super) use stream::TamperingStream;
