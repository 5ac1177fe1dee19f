//! The lab over real sockets and processes.

mod dns;
