//! What a handshake is played with, and what comes of it.

use waxseal_model::facts::{Engine, FailureCause, HelloFacts, TamperReaction, TlsFailure};
use waxseal_model::offer::{Offer, Version};

use crate::tls::engines::resumption::SessionStore;
use crate::tls::engines::session::Session;
use crate::tls::engines::tickets::Tickets;
use crate::tls::engines::trust::AskClient;

/// A chain in DER, leaf first, and its key in PKCS#8 DER.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Leaf first; empty for anonymous suites.
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8.
    pub key: Vec<u8>,
    /// RSA below 2048 bits, a SHA-1 signature, or an unknown critical extension: only the legacy engine
    /// takes it.
    pub weak: bool,
}

/// How our side negotiates as the server.
#[derive(Clone, Debug)]
pub struct ServerSetup {
    /// What is negotiated, and nothing more.
    pub offer: Offer,
    /// What is shown.
    pub identity: Identity,
    /// Whether a client certificate is asked for. Any is taken; that its key is there is proven.
    pub ask: AskClient,
    /// The engine, where the user forces one.
    pub engine: Option<Engine>,
    /// What clients resume sessions by; `None`: nothing.
    pub tickets: Option<Tickets>,
    /// Whether a client may begin another handshake inside a session. For a relay with that fault;
    /// only the legacy engine can be told so.
    pub renegotiates: bool,
}

/// How our side negotiates as the client. Any server certificate is taken and recorded.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    /// What is negotiated, and nothing more.
    pub offer: Offer,
    /// The name in SNI.
    pub sni: Option<String>,
    /// What is shown when the server asks.
    pub identity: Option<Identity>,
    /// The engine, where the user forces one.
    pub engine: Option<Engine>,
    /// Where sessions are kept, and resumed from where the server lets it; `None`: each session is new.
    pub sessions: Option<SessionStore>,
}

/// A handshake, finished or not.
#[derive(Debug)]
pub struct Handshake {
    /// The client's hello as it stood on the wire; `None`: it never came whole.
    pub hello: Option<HelloFacts>,
    /// The session, or why there is none.
    pub result: Result<Session, TlsFailure>,
}

/// A flight of ours that was changed on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampered {
    /// Its version, before it was changed.
    pub version: Version,
    /// What the relay did about it.
    pub answer: TamperReaction,
}

/// No engine can play this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no engine can play this offer: {0}")]
pub struct Unplayable(pub String);

/// What an engine gives: a session, or what it thinks went wrong.
pub(in crate::tls) type Played = Result<Session, (FailureCause, String)>;
