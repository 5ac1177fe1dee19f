//! The lab over real sockets and processes.

mod commands;
mod contained;
mod dns;
mod process;
mod sandbox;
mod second;
