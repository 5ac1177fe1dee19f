//! TLS engines behind one interface, and the facts they report.
//!
//! The only room that names a TLS library. Nothing here judges.
