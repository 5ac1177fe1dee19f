//! How much of what others send is read and kept. Each bound has its name, its size and its sentence
//! here, and nowhere else.
//!
//! A bound is ours: what goes over it is an event of its own, [`crate::trace::Happening::Cut`], and
//! says nothing about the relay.

use serde::{Deserialize, Serialize};

/// Octets of a line (SMTP allows 1000 with CRLF, RFC 5321 section 4.5.3.1.6).
pub const LINE: usize = 64 << 10;
/// Lines of a reply.
pub const REPLY_LINES: usize = 256;
/// Octets of a reply: all of its lines.
pub const REPLY: usize = 128 << 10;
/// Octets of message content that a peer takes; what it offers as SIZE (RFC 1870).
pub const CONTENT: usize = 1 << 20;
/// Octets of TLS that are read of one answer to a ClientHello.
pub const ANSWER: usize = 256 << 10;
/// Octets that a peer reads on one connection.
pub const CONNECTION: usize = 4 << 20;
/// Connections that a next hop, or the lab's resolver, holds at once.
pub const HELD: usize = 64;
/// Connections to one next hop in one case.
pub const CONNECTIONS: usize = 500;
/// Questions to the resolver about one case.
pub const QUESTIONS: usize = 500;
/// Events that the trace of one case keeps.
pub const EVENTS: usize = 2000;
/// Weight of the trace of one case, see [`crate::trace::Event::weight`].
pub const CASE: usize = 1 << 20;
/// Weight that each case of a run is sure to have, whatever the others take.
pub const SHARE: usize = 32 << 10;
/// Weight that all cases of a run may take beyond their shares.
pub const POOL: usize = 64 << 20;
/// The same for the checks of one scanned host.
pub const HOST_POOL: usize = 4 << 20;
/// Events at the end of a flood that are kept beside those at its beginning.
pub const LAST_EVENTS: usize = 20;

/// Octets that a command of a driver prints, on each of its outputs; the queue of a relay is told in as
/// many.
pub const COMMAND: usize = 8 << 20;
/// Lines of each kind that a driver tells of a configuration.
pub const TOLD: usize = 1000;
/// Characters of a text of others that stand in a sentence of ours.
pub const QUOTED: usize = 500;
/// Characters of the sentence with which a driver refuses a configuration: it may hold a line to copy.
pub const REFUSAL: usize = 4000;
/// Octets of what a relay prints that are kept on disk: the first [`LOG_FIRST`], and then the last.
pub const LOG: u64 = 32 << 20;
/// See [`LOG`].
pub const LOG_FIRST: u64 = 1 << 20;
/// Octets that the files of a relay's directory may have together, its log apart, and each file that it
/// writes anywhere. A relay that goes over it is ended.
pub const FILES: u64 = 64 << 20;
/// Octets of memory for the files of all that runs in the private network: twice [`FILES`], with [`LOG`].
pub const PRIVATE: u64 = 2 * FILES + LOG;
/// Octets of the log that a message shows.
pub const LOG_TAIL: u64 = 8 << 10;

/// Octets of a file that a user names: scenarios, targets, pins, baselines.
pub const FILE: u64 = 32 << 20;
/// Octets that the files of a user's own scenarios may have together.
pub const OWN: usize = 64 << 20;
/// Files with scenarios of the user's own, and what stands beside them.
pub const OWN_FILES: usize = 5000;
/// Cases that they make.
pub const OWN_CASES: usize = 5000;
/// Octets of a record of a run that is read.
pub const RECORD: u64 = 128 << 20;
/// Cases of one scenario file.
pub const CASES: usize = 2000;

/// Octets of a revocation list that is fetched.
pub const CRL: usize = 64 << 20;
/// Octets of a certificate, or several, that are fetched.
pub const ISSUERS: usize = 256 << 10;
/// Octets of an OCSP response.
pub const OCSP: usize = 64 << 10;
/// Octets of the head of an answer over HTTP.
pub const HTTP_HEAD: usize = 16 << 10;
/// Addresses that are asked for one chain.
pub const URLS: usize = 24;
/// Times that one of them may point to another.
pub const REDIRECTS: usize = 3;
/// Files of a folder of roots, and octets of each.
pub const STORE_FILES: usize = 4000;
/// See [`STORE_FILES`].
pub const STORE_FILE: u64 = 4 << 20;
/// Certificates of one chain that are looked at.
pub const CERTIFICATES: usize = 32;

/// A bound that was reached while a case was played.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// More than is kept of one case, or of the whole run.
    Case,
    /// Octets on one connection.
    Connection,
    /// Connections to one next hop, in all or at once.
    Connections,
    /// Octets of a message.
    Content,
    /// Octets of a line.
    Line,
    /// Questions to the resolver about one case.
    Questions,
    /// Lines or octets of a reply.
    Reply,
}

impl Bound {
    /// What came that was too much: fits "the relay sent …".
    pub fn sentence(self) -> String {
        match self {
            Self::Case => "more than is kept of one case".into(),
            Self::Connection => format!("more than {} on one connection", size(CONNECTION)),
            Self::Connections => {
                format!("more than {CONNECTIONS} connections, or {HELD} at once, to one next hop")
            }
            Self::Content => format!("a message of more than {}", size(CONTENT)),
            Self::Line => format!("a line of more than {}", size(LINE)),
            Self::Questions => format!("more than {QUESTIONS} questions to the resolver"),
            Self::Reply => {
                format!("a reply of more than {REPLY_LINES} lines or {}", size(REPLY))
            }
        }
    }
}

/// What a relay wrote that was ended for it: fits "the relay wrote …".
pub fn too_many_files() -> String {
    format!("more than {} MiB of files", FILES >> 20)
}

/// Octets in words: `64 KiB`.
pub fn size(octets: usize) -> String {
    match octets {
        0..1024 => format!("{octets} octets"),
        1024..0x0010_0000 => format!("{} KiB", octets >> 10),
        _ => format!("{} MiB", octets >> 20),
    }
}
