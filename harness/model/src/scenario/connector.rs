//! The rules of a relay that a case can be played under.

use crate::words::words;

words! {
    /// A rule in the relay that binds domains, senders or a listener to a TLS demand.
    pub enum Connector {
        /// TLS where it can be had, otherwise plaintext.
        Opportunistic = "opportunistic",
        /// TLS or nothing; the certificate is not judged.
        EncryptionOnly = "encryption-only",
        /// TLS with a chain to a trusted root; the name is not judged.
        CertificateValidation = "certificate-validation" only Outbound,
        /// TLS with a trusted chain and the right name.
        DomainValidation = "domain-validation" only Outbound,
        /// Forced TLS in which the client shows a certificate.
        Mutual = "mutual",
        /// TLS as the TLSA records say (RFC 7672).
        Dane = "dane" only Outbound,
        /// TLS as the domain's policy says (RFC 8461).
        MtaSts = "mta-sts" only Outbound,
        /// TLS from the first byte (RFC 8314).
        Implicit = "implicit" only Inbound,
        /// Senders of one domain have to come in TLS with the partner's certificate.
        Partner = "partner" only Inbound,
    }
}

impl Connector {
    /// Whether it forbids plaintext.
    pub fn forces_tls(self) -> bool {
        self != Self::Opportunistic
    }

    /// Whether it asks what a next hop proves.
    pub fn judges_certificates(self) -> bool {
        match self {
            Self::CertificateValidation | Self::DomainValidation | Self::Dane | Self::MtaSts => {
                true
            }
            Self::Opportunistic
            | Self::EncryptionOnly
            | Self::Mutual
            | Self::Implicit
            | Self::Partner => false,
        }
    }
}
