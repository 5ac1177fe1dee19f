//! The words that the fields of a recipe can have.

use serde::Deserialize;

/// A leaf's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// ECDSA with P-256.
    #[default]
    #[serde(rename = "p-256")]
    P256,
    /// ECDSA with P-384.
    #[serde(rename = "p-384")]
    P384,
    /// ECDSA with P-521.
    #[serde(rename = "p-521")]
    P521,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// RSA of 1024 bits: too short since 2013.
    #[serde(rename = "rsa-1024")]
    Rsa1024,
}

impl Key {
    /// Whether it is RSA, whatever its size.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa1024 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// SHA-256, with the padding of PKCS#1 version 1.5 where the key is RSA.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-1: can be forged.
    Sha1,
    /// MD5: was forged in 2008. With an RSA key alone.
    Md5,
    /// RSA-PSS with SHA-256 (RFC 4055). With an RSA key alone.
    RsaPss,
}

/// Who signs a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Issuer {
    /// The intermediate below the trusted root.
    #[default]
    Intermediate,
    /// An intermediate whose own signature is wrong in one bit.
    BrokenCa,
    /// The CA for client certificates.
    ClientCa,
    /// The partner's client certificate, itself good: no CA.
    ClientLeaf,
    /// A constrained CA below the trusted root, which may only sign names under `permitted.test`.
    ConstrainedCa,
    /// An intermediate with a critical extension that nobody knows.
    CriticalExtensionCa,
    /// An intermediate below another root, which the trusted root has certified as well.
    CrossSigned,
    /// The last of four intermediates, one below the other.
    Deep,
    /// A constrained CA, which may not sign names in the domain of the first name.
    ExcludingCa,
    /// An intermediate below the trusted root that expired yesterday.
    ExpiredCa,
    /// A root that is trusted and expired yesterday.
    ExpiredRoot,
    /// An intermediate that says in its basic constraints that it is no CA, and in its key usage that
    /// it signs certificates.
    FalseCa,
    /// An intermediate that is valid from tomorrow on.
    FutureCa,
    /// An intermediate with the trusted one's name and another key, below a root that has the trusted
    /// one's name and another key as well.
    Impostor,
    /// Another leaf, itself good: no CA.
    Leaf,
    /// An intermediate for the other usage alone: of clients where servers are asked for.
    OtherUsageCa,
    /// A CA below one that may have none below it (a path length of 0).
    PathTooLong,
    /// The last of two CAs below one that may have one below it (a path length of 1).
    PathTooLongByOne,
    /// A constrained CA, which may sign names in the domain of the first name.
    PermittingCa,
    /// A second root, which the relay does not trust.
    RootB,
    /// An intermediate with an RSA key of 2048 bits.
    RsaCa,
    /// An intermediate that is signed with SHA-1.
    #[serde(rename = "sha1-ca")]
    Sha1Ca,
    /// A CA below the trusted root whose key usage does not include signing certificates.
    SignsNothing,
    /// The leaf itself.
    #[serde(rename = "self")]
    Itself,
    /// An intermediate that an unknown root has certified, and the trusted one too. That of the unknown
    /// one is sent first.
    TwoPaths,
    /// A root that nobody trusts.
    Unknown,
    /// An intermediate without basic constraints.
    UnmarkedCa,
    /// An intermediate of version 1: it cannot say that it is a CA.
    #[serde(rename = "version-1-ca")]
    Version1Ca,
    /// The last of twelve intermediates, one below the other.
    VeryDeep,
    /// A CA below the trusted root with an RSA key of 1024 bits.
    WeakCa,
}

impl Issuer {
    /// How many certificates are sent above the leaf.
    pub(crate) fn intermediates(self) -> usize {
        match self {
            Self::ClientCa | Self::ExpiredRoot | Self::Itself | Self::RootB | Self::Unknown => 0,
            Self::CrossSigned | Self::PathTooLong | Self::TwoPaths | Self::Leaf => 2,
            Self::PathTooLongByOne => 3,
            Self::Deep => 4,
            Self::VeryDeep => 12,
            _ => 1,
        }
    }

    /// Whether it stands below the root for servers, or for clients where the recipe says so.
    pub(crate) fn stands_below(self) -> bool {
        !matches!(
            self,
            Self::ClientCa
                | Self::ClientLeaf
                | Self::ExpiredRoot
                | Self::Itself
                | Self::RootB
                | Self::Unknown
        )
    }
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// From yesterday for ninety days.
    #[default]
    Now,
    /// Until yesterday.
    Expired,
    /// Until a minute ago.
    ExpiredJustNow,
    /// From yesterday until the end of 9999, which means for ever (RFC 5280 section 4.1.2.5).
    ForEver,
    /// From tomorrow.
    Future,
    /// From yesterday for a day and an hour.
    OneMoreHour,
    /// From yesterday until 2051: from 2050 on the date has another form (RFC 5280 section 4.1.2.5).
    #[serde(rename = "until-2051")]
    Until2051,
}

/// What a certificate may be used for: its extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Usage {
    /// serverAuth.
    #[default]
    Server,
    /// clientAuth.
    Client,
    /// serverAuth and clientAuth.
    Both,
    /// No extended key usage.
    Any,
    /// anyExtendedKeyUsage alone.
    AnyPurpose,
    /// codeSigning alone.
    CodeSigning,
    /// emailProtection alone.
    Email,
}

/// What the key of a certificate may do: its key usage (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUsage {
    /// digitalSignature, and keyEncipherment where the key is RSA.
    #[default]
    Signing,
    /// keyAgreement alone. With a curve alone.
    Agreement,
    /// keyCertSign alone, as a CA has it.
    Certificates,
    /// keyEncipherment alone. With an RSA key alone.
    Encipherment,
    /// No key usage.
    None,
}

/// What kind of names the names of a certificate are (RFC 5280 section 4.2.1.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// dNSName; what is an address is an iPAddress.
    #[default]
    Dns,
    /// rfc822Name.
    Email,
    /// uniformResourceIdentifier.
    Uri,
}

/// What is sent of a chain, and in which order. The leaf is the first, or the handshake would end there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sends {
    /// The leaf and its intermediates, each certified by the next.
    #[default]
    InOrder,
    /// The intermediate twice.
    IntermediateTwice,
    /// The leaf twice.
    LeafTwice,
    /// Sixty certificates of strangers behind the intermediates: more than one TLS record holds.
    Many,
    /// The intermediates from the root's end.
    Reversed,
    /// A stranger's certificate between the leaf and its intermediate.
    StrangerBetween,
    /// A stranger's certificate behind the intermediates.
    StrangerBehind,
}
