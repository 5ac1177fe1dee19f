//! Misbehaviour of a peer below SMTP.

/// One misbehaviour: most are played instead of a handshake, after the relay's ClientHello (outbound)
/// or in place of ours (inbound).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Sends a fatal `handshake_failure` alert and closes.
    AlertAfterClientHello,
    /// Closes in order, without an alert.
    CloseAfterClientHello,
    /// Sends bytes that are no TLS record.
    GarbageAfterClientHello,
    /// Goes on in clear: sends an SMTP reply where a ServerHello is due.
    PlaintextAfterClientHello,
    /// Resets the connection.
    ResetAfterClientHello,
    /// Says nothing more.
    SilentAfterClientHello,
    /// Inbound: sends an SMTP command in clear where a ClientHello is due.
    PlaintextInsteadOfClientHello,
    /// Inbound: sends nothing where a ClientHello is due.
    SilentInsteadOfClientHello,
    /// Closes as soon as the handshake is finished, before any SMTP line.
    CloseAfterHandshake,
    /// Inbound: sends a ChangeCipherSpec behind the relay's first flight, before there are keys, and
    /// another one where the first is taken (CVE-2014-0224).
    ChangeCipherSpecBeforeKeys,
    /// Inbound: sends an SMTP command in clear beneath the session, once that is up.
    ClearInsideTls,
    /// Inbound: finishes the handshake of a client that hides secure renegotiation, and sends a second
    /// ClientHello inside the session (RFC 5746 section 4.4).
    InsecureRenegotiation,
    /// Inbound: where the relay offers heartbeats, sends one that says it holds three octets more than
    /// it does (CVE-2014-0160).
    LyingHeartbeat,
    /// Inbound: begins another handshake inside the session, up to five times (TLS 1.2).
    Renegotiation,
    /// Outbound: ends the connection without close_notify as soon as it has taken the message.
    NoCloseNotify,
}

impl Fault {
    /// All faults with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 15] = [
        ("alert-after-client-hello", Self::AlertAfterClientHello),
        ("close-after-client-hello", Self::CloseAfterClientHello),
        ("garbage-after-client-hello", Self::GarbageAfterClientHello),
        ("plaintext-after-client-hello", Self::PlaintextAfterClientHello),
        ("reset-after-client-hello", Self::ResetAfterClientHello),
        ("silent-after-client-hello", Self::SilentAfterClientHello),
        ("plaintext-instead-of-client-hello", Self::PlaintextInsteadOfClientHello),
        ("silent-instead-of-client-hello", Self::SilentInsteadOfClientHello),
        ("close-after-handshake", Self::CloseAfterHandshake),
        ("change-cipher-spec-before-keys", Self::ChangeCipherSpecBeforeKeys),
        ("clear-inside-tls", Self::ClearInsideTls),
        ("insecure-renegotiation", Self::InsecureRenegotiation),
        ("lying-heartbeat", Self::LyingHeartbeat),
        ("renegotiation", Self::Renegotiation),
        ("no-close-notify", Self::NoCloseNotify),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }

    /// The fault of a file's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault)
    }
}
