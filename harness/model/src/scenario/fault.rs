//! Misbehaviour of a peer below SMTP: one list for each direction.

/// The faults of one direction, each with its name in scenario files.
macro_rules! faults {
    ($(#[doc = $about:literal])+ $list:ident { $($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $list { $($(#[doc = $doc])+ $name,)+ }

        impl $list {
            /// All, with the names of scenario files.
            pub const NAMES: &[(&'static str, Self)] = &[$(($word, Self::$name)),+];

            /// The name in scenario files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

faults! {
    /// One misbehaviour of an inbound client.
    ClientFault {
        /// Sends a ChangeCipherSpec behind the relay's first flight, before there are keys, and another
        /// one where the first is accepted (CVE-2014-0224).
        ChangeCipherSpecBeforeKeys = "change-cipher-spec-before-keys",
        /// Sends an SMTP command in plaintext beneath the session, once that is up.
        PlaintextInsideTls = "plaintext-inside-tls",
        /// Ends its half of the connection in the middle of the message, inside TLS without close_notify, and
        /// listens on.
        CutInsideData = "cut-inside-data",
        /// Finishes the handshake of a client that hides secure renegotiation, and sends a second
        /// ClientHello inside the session (RFC 5746 section 4.4).
        InsecureRenegotiation = "insecure-renegotiation",
        /// Where the relay offers heartbeats, sends one that says it holds three octets more than it does
        /// (CVE-2014-0160).
        LyingHeartbeat = "lying-heartbeat",
        /// Sends an SMTP command in plaintext where a ClientHello is due.
        PlaintextInsteadOfClientHello = "plaintext-instead-of-client-hello",
        /// Begins another handshake inside the session, up to five times (TLS 1.2).
        Renegotiation = "renegotiation",
        /// Sends nothing where a ClientHello is due.
        SilentInsteadOfClientHello = "silent-instead-of-client-hello",
    }
}

faults! {
    /// One misbehaviour of a next hop. Most are played instead of a handshake, after the relay's
    /// ClientHello.
    ServerFault {
        /// Sends a fatal `handshake_failure` alert and closes.
        AlertAfterClientHello = "alert-after-client-hello",
        /// Closes in order, without an alert.
        CloseAfterClientHello = "close-after-client-hello",
        /// Closes as soon as the handshake is finished, before any SMTP line.
        CloseAfterHandshake = "close-after-handshake",
        /// Sends bytes that are no TLS record.
        GarbageAfterClientHello = "garbage-after-client-hello",
        /// Ends the connection without close_notify as soon as it has accepted the message.
        NoCloseNotify = "no-close-notify",
        /// Goes on in plaintext: sends an SMTP reply where a ServerHello is due.
        PlaintextAfterClientHello = "plaintext-after-client-hello",
        /// Resets the connection.
        ResetAfterClientHello = "reset-after-client-hello",
        /// Says nothing more.
        SilentAfterClientHello = "silent-after-client-hello",
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
        let clients = ClientFault::NAMES.iter().map(|(name, _)| *name);
        clients.chain(ServerFault::NAMES.iter().map(|(name, _)| *name))
    }
}
