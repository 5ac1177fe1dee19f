//! Tests of the suite itself.

mod cli;
mod lab;
mod mutants;
mod report;
mod tidy;
