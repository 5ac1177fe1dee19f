//! Tests of the suite itself.

mod cli;
mod configuration;
mod containment;
mod diagnostics;
mod engines;
mod explain;
mod gate;
mod lab;
mod mutants;
mod pause;
mod peers_meet;
mod pins;
mod report;
mod schema;
mod signals;
mod starttls;
mod tidy;
