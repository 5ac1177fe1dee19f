//! Tests of the suite itself.

mod lab;
mod mutants;
