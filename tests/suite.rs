//! Tests of the suite itself.

mod cli;
mod configuration;
mod diagnostics;
mod engines;
mod explain;
mod lab;
mod mutants;
mod peers_meet;
mod pins;
mod report;
mod schema;
mod starttls;
mod tidy;
mod words;
