//! What can go wrong around the relay.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;

/// Why a part of the lab could not be set up or used. Fragments that fit "could not ...".
#[derive(Debug, Error)]
pub enum LabError {
    /// Something else holds the port, or the address is not ours.
    #[error("listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// A label is empty, too long, or holds a forbidden character.
    #[error("use {name:?} as a domain name")]
    Name {
        /// The name.
        name: String,
    },
    /// A range of addresses is used up.
    #[error("find another free address in {range}")]
    NoAddress {
        /// The range.
        range: &'static str,
    },
    /// A file of the run's private directory.
    #[error("write {}: {cause}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The relay's command did not start.
    #[error("start {command:?}: {cause}")]
    Start {
        /// Its first word.
        command: String,
        /// What the system says.
        cause: io::Error,
    },
    /// The relay ended before it was ready or asked to. Speaks about the relay or its set-up.
    #[error(
        "start the relay: it ended with {status} before it listened everywhere{}",
        after_newline(tail)
    )]
    RelayEnded {
        /// Exit status in words.
        status: String,
        /// The last lines of its log.
        tail: Foreign,
    },
    /// The relay was ended before it was ready: its files took too much. Speaks about the relay.
    #[error(
        "start the relay: it wrote {} and was ended{}",
        limits::too_many_files(),
        after_newline(tail)
    )]
    RelayFilled {
        /// The last lines of its log.
        tail: Foreign,
    },
    /// Nothing listened in time although the relay runs.
    #[error(
        "reach the relay at {address}: nothing listens there after {seconds} s{}",
        after_newline(tail)
    )]
    NotReady {
        /// Where.
        address: SocketAddr,
        /// How long we waited.
        seconds: u64,
        /// The last lines of its log.
        tail: Foreign,
    },
}

fn after_newline(tail: &Foreign) -> String {
    match tail.is_empty() {
        true => "; it said nothing".into(),
        false => "; its last words:".to_owned() + &in_lines(tail),
    }
}

/// Each line of it on a line of its own, behind a mark: none can be taken for one of ours.
pub fn in_lines(text: &Foreign) -> String {
    text.lines().map(|line| format!("\n  | {line}")).collect()
}
