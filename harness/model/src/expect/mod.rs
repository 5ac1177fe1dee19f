//! What a case expects of the relay. A harness's own trouble cannot be expressed here.

mod answer;
mod never;

pub use answer::{AlertWord, AnswerExpect, AnswerFactsExpect, TicketExpect, Told};
pub use never::Never;

use crate::offer::{SuiteChoice, Version};
use crate::pattern::Pattern;
use crate::words::words;

words! {
    /// What becomes of the message.
    pub enum Outcome {
        /// The next hop (inbound: the relay) accepted it inside TLS.
        DeliveredTls = "delivered-tls",
        /// It was accepted in plaintext.
        DeliveredPlaintext = "delivered-plaintext",
        /// The relay keeps it and will try again.
        Deferred = "deferred" only Outbound,
        /// The relay returned it to the sender with a delivery report.
        Bounced = "bounced" only Outbound,
        /// The relay did not accept it in the first place.
        Rejected = "rejected",
        /// The relay accepted it, and it is nowhere.
        Lost = "lost" only Outbound,
    }
}

impl Outcome {
    /// What `withheld` stands for.
    pub const WITHHELD: [Self; 3] = [Self::Deferred, Self::Bounced, Self::Rejected];

    /// Whether the message moved on.
    pub fn delivered(self) -> bool {
        matches!(self, Self::DeliveredTls | Self::DeliveredPlaintext)
    }
}

/// What a case expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// One of these; empty: not judged.
    pub outcome: Vec<Outcome>,
    /// The handshake.
    pub tls: Option<TlsExpect>,
    /// The relay's ClientHello.
    pub offered: Option<OfferedExpect>,
    /// The certificates the relay shows as a server. Inbound only.
    pub certificate: Option<CertificateExpect>,
    /// What the relay answers a hand-written ClientHello with. Inbound only.
    pub answer: Option<AnswerExpect>,
    /// How the relay tells that it ends a handshake: the alert that has to be, then those that are as
    /// good. Empty: not judged.
    pub alert: Vec<Told>,
    /// What the relay gives to resume a session by, where it gives anything. Inbound only.
    pub ticket: Option<TicketExpect>,
    /// The reply to the script's last line. Inbound only.
    pub reply: Option<ReplyExpect>,
    /// None of these.
    pub never: Vec<Never>,
    /// At least so many connections to our peers.
    pub attempts: Option<u32>,
    /// Peers in the order of their first connection.
    pub visited: Vec<String>,
    /// The peer that took the message.
    pub accepted_by: Option<String>,
    /// The delivery report.
    pub dsn: Option<DsnExpect>,
}

/// What is expected of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsExpect {
    /// It finishes.
    Established,
    /// The relay refuses it: alert, close, or 4yz/5yz to STARTTLS. Silence is not a refusal.
    Refused,
    /// The relay breaks it off at what is tampered, before it goes on: by an alert, or by ending the
    /// connection. Silence is not a refusal, and neither is a handshake that fails later.
    TamperingRefused,
    /// It finishes with these facts.
    Facts(TlsFactsExpect),
}

/// Facts of a finished handshake; `None` and empty: not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFactsExpect {
    /// The version.
    pub version: Option<VersionRange>,
    /// Whether there is forward secrecy.
    pub forward_secrecy: Option<bool>,
    /// One of these suites.
    pub suite: Vec<SuiteChoice>,
    /// The group's name.
    pub group: Option<String>,
    /// The SNI: a template, or `none`.
    pub sni: Option<String>,
    /// Whether the client's certificate was shown and proven.
    pub client_certificate: Option<crate::facts::ClientCertificate>,
    /// A name in the client's certificate, a template. Where the relay is configured by its user, the
    /// name is the user's and not judged.
    pub client_name: Option<String>,
    /// At least so many bits in a finite-field prime.
    pub dh_bits_at_least: Option<u32>,
    /// The ALPN protocol: a name, or `none`.
    pub alpn: Option<String>,
    /// Whether a handshake that the relay refuses is as good.
    pub or_refused: bool,
}

/// What is expected of the certificates the relay shows as a server; `None` and `false`: not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertificateExpect {
    /// At least so many bits in the leaf's key, where that is RSA.
    pub rsa_bits_at_least: Option<u32>,
    /// At least so many certificates are sent.
    pub sent_at_least: Option<u32>,
    /// The leaf is first, and each is certified by the one behind it.
    pub leaf_first: bool,
}

/// Versions a handshake may end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionRange {
    /// Exactly this.
    Exactly(Version),
    /// This or newer.
    AtLeast(Version),
}

impl VersionRange {
    /// Reads `1.2` or `>=1.2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(">=") {
            Some(version) => Version::from_name(version).map(Self::AtLeast),
            None => Version::from_name(text).map(Self::Exactly),
        }
    }

    /// Whether a version is in it.
    pub fn holds(self, version: Version) -> bool {
        match self {
            Self::Exactly(only) => version == only,
            Self::AtLeast(oldest) => version >= oldest,
        }
    }
}

/// What is expected of the relay's ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedExpect {
    /// Versions that are there, and that are not.
    pub versions: (Vec<Version>, Vec<Version>),
    /// Suites of which one is there, and of which none is.
    pub suites: (Vec<SuiteChoice>, Vec<SuiteChoice>),
    /// Groups that are there, and that are not.
    pub groups: (Vec<String>, Vec<String>),
    /// Schemes that are there, and that are not.
    pub schemes: (Vec<String>, Vec<String>),
    /// Extensions that are there, and that are not.
    pub extensions: (Vec<String>, Vec<String>),
    /// What the first suite is, signalling values and GREASE aside.
    pub first_suite: Option<SuiteChoice>,
    /// The SNI: one of these templates, or `none`. Empty: not judged.
    pub sni: Vec<String>,
    /// Whether only the null compression method is offered.
    pub no_compression: bool,
    /// Rules about its form.
    pub form: Vec<HelloRule>,
}

words! {
    /// A rule about the form of a ClientHello.
    pub enum HelloRule {
        /// Suites in CBC mode come with encrypt_then_mac (RFC 7366).
        CbcWithEncryptThenMac = "cbc-with-encrypt-then-mac",
        /// No extension and no group of a key share stands twice (RFC 8446 sections 4.2 and 4.2.8).
        ExtensionsOnce = "extensions-once",
        /// No suite with ECDHE and a cipher of 128 bits or more stands behind one whose key exchange is
        /// static. Suites of TLS 1.3 may stand anywhere; DHE and weak ciphers had better stand last.
        ForwardSecretFirst = "forward-secret-first",
        /// Where it lists versions, its own field says TLS 1.2 (RFC 8446 section 4.1.2).
        LegacyVersion = "legacy-version",
        /// Versions are listed newest first (RFC 8446 section 4.2.1).
        NewestVersionFirst = "newest-version-first",
        /// The newest version is no older than in an earlier hello to the same peer, unless
        /// TLS_FALLBACK_SCSV says so (RFC 7507 section 4).
        NoSilentFallback = "no-silent-fallback",
        /// Where modes of resumption are listed, psk_dhe_ke is one of them (RFC 8446 section 4.2.9).
        PskWithDhe = "psk-with-dhe",
        /// The name in SNI, where there is one, is a host's: no address, no final dot, and not empty (RFC
        /// 6066 section 3).
        SniIsHostName = "sni-is-host-name",
        /// No suite stands twice.
        SuitesOnce = "suites-once",
        /// It stands in records of TLS, not in the framing of SSL 2.0 (RFC 6176 section 3).
        TlsRecord = "tls-record",
    }
}

/// What is expected of one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyExpect {
    /// The codes of the replies to the lines in the same segment before the last one, in order.
    pub before: Vec<Pattern>,
    /// Its code.
    pub code: Option<Pattern>,
    /// The enhanced status code it starts with; `5.7.0` or `5.7.*`. Judged only where the relay
    /// announced ENHANCEDSTATUSCODES.
    pub enhanced: Option<String>,
    /// EHLO keywords it lists.
    pub lists: Vec<String>,
    /// EHLO keywords it does not list.
    pub lacks: Vec<String>,
    /// Whether the relay may end the connection instead of answering, or break off the upgrade on
    /// the way there: 4yz or 5yz to STARTTLS, an alert, a close.
    pub or_ended: bool,
}

/// What is expected of the delivery report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DsnExpect {
    /// One of these statuses; `5.7.*` stands for a class.
    pub status: Vec<String>,
    /// Whether it came inside TLS.
    pub in_tls: Option<bool>,
}
