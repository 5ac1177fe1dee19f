//! Misbehaviour of a peer below SMTP: one list for each direction.

use crate::words::words;

words! {
    /// One misbehaviour of an inbound client below SMTP.
    pub enum ClientFault {
        /// Sends a ChangeCipherSpec behind the relay's first flight, before there are keys, and another
        /// one where the first is accepted (CVE-2014-0224).
        ChangeCipherSpecBeforeKeys = "change-cipher-spec-before-keys" only Inbound,
        /// Sends an SMTP command in plaintext beneath the session, once that is up.
        PlaintextInsideTls = "plaintext-inside-tls" only Inbound,
        /// Ends its half of the connection in the middle of the message, inside TLS without close_notify, and
        /// listens on.
        CutInsideData = "cut-inside-data" only Inbound,
        /// Finishes the handshake of a client that hides secure renegotiation, and sends a second
        /// ClientHello inside the session (RFC 5746 section 4.4).
        InsecureRenegotiation = "insecure-renegotiation" only Inbound,
        /// Where the relay offers heartbeats, sends one that says it holds three octets more than it does
        /// (CVE-2014-0160).
        LyingHeartbeat = "lying-heartbeat" only Inbound,
        /// Sends an SMTP command in plaintext where a ClientHello is due.
        PlaintextInsteadOfClientHello = "plaintext-instead-of-client-hello" only Inbound,
        /// Begins another handshake inside the session, up to five times (TLS 1.2).
        Renegotiation = "renegotiation" only Inbound,
        /// Sends nothing where a ClientHello is due.
        SilentInsteadOfClientHello = "silent-instead-of-client-hello" only Inbound,
    }
}

words! {
    /// One misbehaviour of a next hop below SMTP. Most are played instead of a handshake, after the relay's
    /// ClientHello.
    pub enum ServerFault {
        /// Sends a fatal `handshake_failure` alert and closes.
        AlertAfterClientHello = "alert-after-client-hello" only Outbound,
        /// Closes in order, without an alert.
        CloseAfterClientHello = "close-after-client-hello" only Outbound,
        /// Closes as soon as the handshake is finished, before any SMTP line.
        CloseAfterHandshake = "close-after-handshake" only Outbound,
        /// Sends bytes that are no TLS record.
        GarbageAfterClientHello = "garbage-after-client-hello" only Outbound,
        /// Ends the connection without close_notify as soon as it has accepted the message.
        NoCloseNotify = "no-close-notify" only Outbound,
        /// Goes on in plaintext: sends an SMTP reply where a ServerHello is due.
        PlaintextAfterClientHello = "plaintext-after-client-hello" only Outbound,
        /// Resets the connection.
        ResetAfterClientHello = "reset-after-client-hello" only Outbound,
        /// Says nothing more.
        SilentAfterClientHello = "silent-after-client-hello" only Outbound,
    }
}

/// The one misbehaviour of a peer: a client has other faults than a next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Inbound.
    Client(ClientFault),
    /// Outbound.
    Server(ServerFault),
}

impl Fault {
    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client(fault) => fault.name(),
            Self::Server(fault) => fault.name(),
        }
    }

    /// All names of scenario files.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ClientFault::ALL
            .map(ClientFault::name)
            .into_iter()
            .chain(ServerFault::ALL.map(ServerFault::name))
    }
}
