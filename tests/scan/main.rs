//! `waxseal scan` against servers whose configuration is known.

mod agreement;
mod bounds;
mod judged_twice;
mod limits;
mod program;
mod real;
mod reference;
mod robot;
mod second;
mod server;
mod untied;
mod vulnerabilities;
#[path = "../walk.rs"]
mod walk;
