//! Tests of the suite itself.

mod cli;
mod configuration;
mod containment;
mod diagnostics;
mod drivers;
mod engines;
mod evidence;
mod explain;
mod foreign;
mod gate;
mod lab;
mod mutants;
mod own;
mod pause;
mod peers_meet;
mod pins;
mod report;
mod rows;
mod schema;
mod signals;
mod starttls;
mod tidy;
mod variants;
mod vocabulary;
mod walk;
mod words;
