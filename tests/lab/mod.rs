//! The lab over real sockets and processes.

mod dns;
mod process;
mod sandbox;
mod stage;
