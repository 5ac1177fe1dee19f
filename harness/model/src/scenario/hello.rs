//! ClientHellos that are written by hand, because no library would send them.

use crate::offer::Version;
use crate::words::words;

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

words! {
    /// What is odd about a hand-written ClientHello. Some are wrong, others are right and seldom seen.
    pub enum HelloVariant {
        /// The only protocol in ALPN is HTTP/2.
        AlpnHttp2 = "alpn-http-2",
        /// Only suites in CBC mode are offered, with encrypt_then_mac (RFC 7366).
        CbcEncryptThenMac = "cbc-encrypt-then-mac",
        /// Only suites in CBC mode are offered, without encrypt_then_mac.
        CbcPlain = "cbc-plain",
        /// DEFLATE is offered before no compression (RFC 3749).
        Compression = "compression",
        /// Only export suites and others with keys of less than 112 bits are offered.
        ExportSuites = "export-suites",
        /// The version is said to be a fallback (RFC 7507).
        FallbackScsv = "fallback-scsv",
        /// The only key share is of a group that is not among the groups (RFC 8446 section 4.2.8).
        ForeignKeyShare = "foreign-key-share",
        /// Reserved suites, groups, schemes, versions and extensions stand before the real ones
        /// (RFC 8701).
        Grease = "grease",
        /// Heartbeats are offered (RFC 6520).
        Heartbeat = "heartbeat",
        /// `legacy_version` is 3.5, and there is no supported_versions.
        HighVersion = "high-version",
        /// There is no key share: the server has to name a group (RFC 8446 section 4.1.4).
        NoKeyShare = "no-key-share",
        /// Nothing says that the client knows secure renegotiation (RFC 5746), and little else is offered:
        /// X25519 with AES-128-GCM, and no extended_master_secret.
        NoRenegotiationInfo = "no-renegotiation-info",
        /// The null method is not among the compression methods (RFC 5246 section 7.4.1.2).
        NoNullCompression = "no-null-compression",
        /// The list of suites is empty.
        NoSuites = "no-suites",
        /// The session before is to be resumed, with a new key exchange (RFC 8446 section 4.2.9).
        PskWithKeyExchange = "psk-with-key-exchange",
        /// The session before is to be resumed, and without a new key exchange.
        PskAlone = "psk-alone",
        /// Secure renegotiation is signalled by a suite in place of the extension (RFC 5746
        /// section 3.4).
        RenegotiationScsv = "renegotiation-scsv",
        /// The hello has the framing of SSL 2.0 and offers nothing else.
        SslV2 = "ssl-v2",
        /// Only suites with static Diffie-Hellman of both kinds are offered.
        StaticDhSuites = "static-dh-suites",
        /// All suites are from the range for private use.
        UnknownSuites = "unknown-suites",
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
