//! waxseal shows, with evidence, whether a mail relay keeps its TLS promises.
//!
//! Each folder is a layer; arrows point downwards only (see ARCHITECTURE.md).

pub mod catalogue;
pub mod cli;
pub mod lab;
pub mod peer;
pub mod relay;
pub mod report;
pub mod run;
pub mod scan;
pub mod tls;
pub mod wire;
