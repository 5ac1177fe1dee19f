//! What stands in certificates, and what is wrong with a chain of them.

use serde::{Deserialize, Serialize};

use crate::foreign::Foreign;

/// One certificate (RFC 5280 section 4.1), as far as anyone asks about it. Text is as it stands in
/// the certificate, which its sender wrote: it is hostile until it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateFacts {
    /// The whole subject, in the order of the certificate.
    pub subject: Foreign,
    /// The whole issuer, in the order of the certificate.
    pub issuer: Foreign,
    /// CN of the subject, the first where there are several.
    pub common_name: Option<Foreign>,
    /// O of the subject.
    pub organisation: Option<Foreign>,
    /// OU of the subject.
    pub organisational_unit: Option<Foreign>,
    /// CN of the issuer, or its O where it has none.
    pub issuer_name: Option<Foreign>,
    /// DNS names in the SAN, in order.
    pub names: Vec<Foreign>,
    /// Hexadecimal, without leading zeros of the encoding.
    pub serial: String,
    /// What kind of key it is for.
    pub key: KeyKind,
    /// Size of the key in bits.
    pub key_bits: u32,
    /// OpenSSL's long name of the algorithm of its signature (`sha256WithRSAEncryption`).
    pub signature: String,
    /// Seconds since 1970, UTC.
    pub not_before: i64,
    /// Seconds since 1970, UTC.
    pub not_after: i64,
    /// Whether it may sign others (RFC 5280 section 4.2.1.9).
    pub ca: bool,
    /// Extended key usages: `server`, `client`, or the object identifier. Empty: none is written.
    pub usages: Vec<String>,
    /// Whether it promises an OCSP staple (RFC 7633).
    pub must_staple: bool,
    /// Where revocation lists are.
    pub crl: Vec<Foreign>,
    /// Where OCSP is answered.
    pub ocsp: Vec<Foreign>,
    /// Where the issuer's certificate is.
    pub issuers: Vec<Foreign>,
    /// SHA-256 of the DER, hexadecimal.
    pub fingerprint: String,
}

impl CertificateFacts {
    /// Whether subject and issuer are the same name: the mark of a root, or of a certificate that
    /// signed itself. Its signature is not looked at.
    pub fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether its key is shorter than RSA of 2048 bits or a curve of 224 (RFC 9325 section 4.5).
    pub fn weak_key(&self) -> bool {
        match self.key {
            KeyKind::Rsa => self.key_bits < 2048,
            KeyKind::Ecdsa => self.key_bits < 224,
            KeyKind::Other => false,
        }
    }

    /// Whether it is signed with MD5 or SHA-1 (RFC 9155 by analogy). A root's signature is not
    /// asked for: it is trusted as it is.
    pub fn weak_signature(&self) -> bool {
        let name = self.signature.to_ascii_lowercase();
        !self.self_issued() && (name.contains("sha1") || name.contains("md5"))
    }
}

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on a curve.
    Ecdsa,
    /// Something else, such as Ed25519.
    Other,
    /// RSA.
    Rsa,
}

/// A stapled OCSP response (RFC 6066 section 8). Its signature is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StapleFacts {
    /// What it says of the leaf.
    pub status: StapleStatus,
    /// Whether its time has begun and is not over.
    pub current: bool,
}

/// What a staple says of a certificate (RFC 6960 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StapleStatus {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
    /// Nothing: it cannot be read, or is about another certificate.
    Nothing,
}

/// A chain as it was sent, and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChainFacts {
    /// Leaf first, as sent.
    pub certificates: Vec<CertificateFacts>,
    /// The trusted root it leads to, by its CN; `None`: to none, or nobody was trusted.
    pub root: Option<Foreign>,
    /// What is wrong, in the order of [`Problem`].
    pub problems: Vec<Problem>,
}

impl ChainFacts {
    /// The certificate of the host itself.
    pub fn leaf(&self) -> Option<&CertificateFacts> {
        self.certificates.first()
    }
}

/// Something wrong with a chain.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// None was sent.
    NoCertificate,
    /// One cannot be read.
    Unreadable,
    /// The leaf is alone, issued by itself, and nobody trusts it.
    SelfSigned,
    /// The issuer of the last one is neither sent nor trusted: a private root, which need not be
    /// sent (RFC 8446 section 4.4.2), or an intermediate that is missing. The two look alike.
    Incomplete,
    /// It ends at a root that is sent and not trusted.
    UnknownIssuer,
    /// A signature in it is wrong.
    BadSignature,
    /// One is over.
    Expired,
    /// One has not begun.
    NotYetValid,
    /// The leaf is for other names.
    WrongName,
    /// The leaf is not for servers.
    WrongUsage,
    /// One does not certify the one before it.
    WrongOrder,
    /// A key is too short.
    WeakKey,
    /// A signature uses MD5 or SHA-1.
    WeakSignature,
    /// It cannot be verified for another reason, such as constraints on names.
    NotGood,
}

impl Problem {
    /// A sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoCertificate => "No certificate was sent.",
            Self::Unreadable => "A certificate of the chain cannot be read.",
            Self::SelfSigned => "The certificate is signed by itself.",
            Self::Incomplete => {
                "The last issuer is neither sent nor trusted here: it is a private root, which need \
                 not be sent, or an intermediate that is missing."
            }
            Self::UnknownIssuer => "The chain ends at a root that is sent and not trusted here.",
            Self::BadSignature => "A signature in the chain is wrong.",
            Self::Expired => "A certificate of the chain has expired.",
            Self::NotYetValid => "A certificate of the chain is not yet valid.",
            Self::WrongName => "The certificate is for another name.",
            Self::WrongUsage => "The certificate is not for servers.",
            Self::WrongOrder => "The chain is out of order: one does not certify the one before.",
            Self::WeakKey => "A key of the chain is too short.",
            Self::WeakSignature => "A certificate of the chain is signed with MD5 or SHA-1.",
            Self::NotGood => "The chain cannot be verified.",
        }
    }
}

/// Whether each certificate is issued by the one behind it (RFC 5246 section 7.4.2), by names.
pub fn in_order(chain: &[CertificateFacts]) -> bool {
    chain.windows(2).all(|pair| pair[0].issuer == pair[1].subject)
}
