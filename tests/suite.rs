//! Tests of the suite itself.

mod cli;
mod diagnostics;
mod explain;
mod lab;
mod mutants;
mod peers_meet;
mod report;
mod scan;
mod schema;
mod tidy;
