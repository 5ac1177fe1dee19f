//! `waxseal scan` against servers whose configuration is known.

mod agreement;
mod limits;
mod second;
mod server;
