//! The rules of a relay that a case can be played under.

use std::fmt;

use crate::script::Direction;

/// A rule in the relay that binds domains, senders or a listener to a TLS demand.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Connector {
    /// TLS where it can be had.
    Opportunistic,
    /// TLS or nothing; the certificate is not judged.
    EncryptionOnly,
    /// TLS with a chain to a trusted root; the name is not judged.
    CertificateValidation,
    /// TLS with a trusted chain and the right name.
    DomainValidation,
    /// Forced TLS in which the client shows a certificate.
    Mutual,
    /// TLS as the TLSA records say (RFC 7672).
    Dane,
    /// TLS as the domain's policy says (RFC 8461).
    MtaSts,
    /// Inbound: TLS from the first byte (RFC 8314).
    Implicit,
    /// Inbound: senders of one domain have to come in TLS with the partner's certificate.
    Partner,
}

impl Connector {
    /// All connectors.
    pub const ALL: [Self; 9] = [
        Self::Opportunistic,
        Self::EncryptionOnly,
        Self::CertificateValidation,
        Self::DomainValidation,
        Self::Mutual,
        Self::Dane,
        Self::MtaSts,
        Self::Implicit,
        Self::Partner,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opportunistic => "opportunistic",
            Self::EncryptionOnly => "encryption-only",
            Self::CertificateValidation => "certificate-validation",
            Self::DomainValidation => "domain-validation",
            Self::Mutual => "mutual",
            Self::Dane => "dane",
            Self::MtaSts => "mta-sts",
            Self::Implicit => "implicit",
            Self::Partner => "partner",
        }
    }

    /// The connector of a file's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|connector| connector.name() == name)
    }

    /// Whether it exists in this direction.
    pub fn exists(self, direction: Direction) -> bool {
        match self {
            Self::Opportunistic | Self::EncryptionOnly | Self::Mutual => true,
            Self::CertificateValidation | Self::DomainValidation | Self::Dane | Self::MtaSts => {
                direction == Direction::Outbound
            }
            Self::Implicit | Self::Partner => direction == Direction::Inbound,
        }
    }

    /// Whether it forbids plaintext.
    pub fn forces_tls(self) -> bool {
        self != Self::Opportunistic
    }
}

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
