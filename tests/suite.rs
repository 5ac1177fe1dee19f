//! Tests of the suite itself.

mod cli;
mod configuration;
mod containment;
mod diagnostics;
mod drivers;
mod engines;
mod explain;
mod gate;
mod foreign;
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
mod walk;
