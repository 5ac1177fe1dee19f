//! SMTP lines and TLS hellos as bytes, unrepaired.
//!
//! Nothing here has an opinion: what came is what is told.
