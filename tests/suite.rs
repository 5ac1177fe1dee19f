//! Tests of the suite itself.

mod cli;
mod lab;
mod mutants;
mod pins;
mod report;
mod starttls;
mod tidy;
