//! ClientHellos that are written by hand, because no library would send them.

use crate::offer::Version;

/// A ClientHello as a correct client of these versions would write it, but for its variants. It begins
/// no session: what counts is what is answered to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawHello {
    /// The one version that is offered.
    pub version: Version,
    /// What is odd about it.
    pub variants: Vec<HelloVariant>,
    /// At least so many octets of handshake message, by padding (RFC 7685). `None`: no padding.
    pub octets: Option<u32>,
}

impl std::fmt::Display for RawHello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.version)?;
        for variant in &self.variants {
            write!(f, ", {}", variant.name())?;
        }
        self.octets.map_or(Ok(()), |octets| write!(f, ", {octets} octets"))
    }
}

/// One oddity of a ClientHello. Some are wrong, others are right and seldom seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HelloVariant {
    /// The only protocol in ALPN is HTTP/2.
    AlpnHttp2,
    /// Only suites in CBC mode are offered, with encrypt_then_mac (RFC 7366).
    CbcEncryptThenMac,
    /// Only suites in CBC mode are offered, without encrypt_then_mac.
    CbcPlain,
    /// DEFLATE is offered before no compression (RFC 3749).
    Compression,
    /// Only export suites and others with keys of less than 112 bits are offered.
    ExportSuites,
    /// The version is said to be a fallback (RFC 7507).
    FallbackScsv,
    /// The only key share is of a group that is not among the groups (RFC 8446 section 4.2.8).
    ForeignKeyShare,
    /// Reserved suites, groups, schemes, versions and extensions stand before the real ones
    /// (RFC 8701).
    Grease,
    /// Heartbeats are offered (RFC 6520).
    Heartbeat,
    /// `legacy_version` is 3.5, and there is no supported_versions.
    HighVersion,
    /// There is no key share: the server has to name a group (RFC 8446 section 4.1.4).
    NoKeyShare,
    /// Nothing says that the client knows secure renegotiation (RFC 5746), and little else is offered:
    /// X25519 with AES-128-GCM, and no extended_master_secret.
    NoRenegotiationInfo,
    /// The null method is not among the compression methods (RFC 5246 section 7.4.1.2).
    NoNullCompression,
    /// The list of suites is empty.
    NoSuites,
    /// The session before is to be resumed, with a new key exchange (RFC 8446 section 4.2.9).
    PskWithKeyExchange,
    /// The session before is to be resumed, and without a new key exchange.
    PskAlone,
    /// Secure renegotiation is told by the signalling suite in place of the extension (RFC 5746
    /// section 3.4).
    RenegotiationScsv,
    /// The hello has the framing of SSL 2.0 and offers nothing else.
    SslV2,
    /// Only suites with static Diffie-Hellman of both kinds are offered.
    StaticDhSuites,
    /// All suites are from the range for private use.
    UnknownSuites,
}

impl HelloVariant {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 20] = [
        ("alpn-http-2", Self::AlpnHttp2),
        ("cbc-encrypt-then-mac", Self::CbcEncryptThenMac),
        ("cbc-plain", Self::CbcPlain),
        ("compression", Self::Compression),
        ("export-suites", Self::ExportSuites),
        ("fallback-scsv", Self::FallbackScsv),
        ("foreign-key-share", Self::ForeignKeyShare),
        ("grease", Self::Grease),
        ("heartbeat", Self::Heartbeat),
        ("high-version", Self::HighVersion),
        ("no-key-share", Self::NoKeyShare),
        ("no-null-compression", Self::NoNullCompression),
        ("no-renegotiation-info", Self::NoRenegotiationInfo),
        ("no-suites", Self::NoSuites),
        ("psk-with-key-exchange", Self::PskWithKeyExchange),
        ("psk-alone", Self::PskAlone),
        ("renegotiation-scsv", Self::RenegotiationScsv),
        ("ssl-v2", Self::SslV2),
        ("static-dh-suites", Self::StaticDhSuites),
        ("unknown-suites", Self::UnknownSuites),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, variant)| *variant == self).map_or("", |(name, _)| name)
    }
}

/// How the records of our ClientHello are cut and labelled. A real handshake follows: neither is
/// part of what is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// `legacy_record_version`, `None`: the engine's.
    pub version: Option<u16>,
    /// At most so many octets in each record. `None`: all in one.
    pub octets: Option<u16>,
}
