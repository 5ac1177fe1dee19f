//! What a peer is willing to negotiate in TLS.

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    undisplayed
    /// A protocol version. The oldest is first, so that versions compare as ages do.
    pub enum Version {
        /// SSL 3.0 (RFC 6101), on the wire 0x0300.
        Ssl3 = "ssl3",
        /// TLS 1.0 (RFC 2246), 0x0301.
        Tls10 = "1.0",
        /// TLS 1.1 (RFC 4346), 0x0302.
        Tls11 = "1.1",
        /// TLS 1.2 (RFC 5246), 0x0303.
        Tls12 = "1.2",
        /// TLS 1.3 (RFC 8446), 0x0304.
        Tls13 = "1.3",
    }
}

impl Version {
    /// The code point on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// The version of a code point; `None` for drafts, GREASE and the unknown.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.code() == code)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssl3 => f.write_str("SSL 3.0"),
            other => write!(f, "TLS {}", other.name()),
        }
    }
}

words! {
    /// A property of a cipher suite that a scenario may ask for or forbid.
    pub enum SuiteKind {
        /// Every suite the engines have, weak ones included.
        All = "all",
        /// An AEAD cipher (GCM, CCM, ChaCha20-Poly1305).
        Aead = "aead",
        /// No authentication of the server: DH_anon and ECDH_anon.
        Anonymous = "anonymous",
        /// A CBC-mode cipher.
        Cbc = "cbc",
        /// Ephemeral finite-field Diffie-Hellman with a certificate.
        Dhe = "dhe",
        /// Ephemeral elliptic-curve Diffie-Hellman with a certificate.
        Ecdhe = "ecdhe",
        /// 40- or 56-bit keys: EXPORT and single DES.
        Export = "export",
        /// An ephemeral key exchange with a certificate: ECDHE, DHE and every TLS 1.3 suite.
        ForwardSecret = "forward-secret",
        /// No encryption at all.
        Null = "null",
        /// The RC4 stream cipher (RFC 7465 forbids it).
        Rc4 = "rc4",
        /// DH or ECDH with a key from the certificate: no forward secrecy.
        StaticDh = "static-dh",
        /// The client encrypts to the certificate's RSA key: no forward secrecy.
        StaticRsa = "static-rsa",
        /// A suite of TLS 1.3.
        Tls13 = "tls-1.3",
        /// Triple DES, 112 bits of strength.
        TripleDes = "3des",
    }
}

/// Suites as a scenario names them: by kind, or one by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SuiteChoice {
    /// Every suite of this kind that the engine has for the offered versions.
    Kind(SuiteKind),
    /// Exactly this suite, by its IANA name (`TLS_RSA_WITH_AES_128_GCM_SHA256`).
    Named(String),
}

/// What a peer is willing to negotiate. Built by the scenario loader; an engine plays it or says
/// before the run that it cannot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// Contiguous or single versions; never empty.
    pub versions: Vec<Version>,
    /// Suites of TLS 1.2 and older, and of TLS 1.3 where that is offered, in the order of
    /// preference; never empty. `Kind(All)` and `Kind(ForwardSecret)` contain those of TLS 1.3.
    pub suites: Vec<SuiteChoice>,
    /// Key-exchange groups by name, in order: `x25519`, `p-256`, `p-384`, `p-521`,
    /// `x25519mlkem768`, `ffdhe2048`. Empty: the engine's usual ones.
    pub groups: Vec<String>,
    /// Signature schemes by IANA name (`rsa_pss_rsae_sha256`, `ecdsa_sha1`). Empty: all usual.
    pub schemes: Vec<String>,
    /// Size in bits of the Diffie-Hellman prime a server uses in TLS 1.2 and older (512, 768,
    /// 1024, 2048). `None`: 2048.
    pub dh_bits: Option<u16>,
}

impl Offer {
    /// The best offer of today: TLS 1.2 and 1.3, forward-secret AEAD suites, the usual groups.
    pub fn modern() -> Self {
        Self {
            versions: vec![Version::Tls12, Version::Tls13],
            suites: vec![SuiteChoice::Kind(SuiteKind::Tls13), SuiteChoice::Kind(SuiteKind::Ecdhe)],
            groups: Vec::new(),
            schemes: Vec::new(),
            dh_bits: None,
        }
    }

    /// The newest version offered.
    pub fn newest(&self) -> Version {
        self.versions.iter().copied().max().unwrap_or(Version::Tls13)
    }

    /// The oldest version offered.
    pub fn oldest(&self) -> Version {
        self.versions.iter().copied().min().unwrap_or(Version::Tls12)
    }
}
