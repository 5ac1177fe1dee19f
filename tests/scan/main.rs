//! `waxseal scan` against servers whose configuration is known.

mod agreement;
mod holes;
mod limits;
mod reference;
mod second;
mod server;
