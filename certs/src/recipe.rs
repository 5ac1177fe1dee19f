//! What a certificate is to be like. The default of every field is the good case.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Recipes by name, as `certificates.toml` lists them.
pub type Recipes = BTreeMap<String, Recipe>;

/// One recipe.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// One sentence.
    pub about: String,
    /// The leaf's key.
    #[serde(default)]
    pub key: Key,
    /// The digest of the leaf's signature.
    #[serde(default)]
    pub signature: Signature,
    /// Who signs the leaf.
    #[serde(default)]
    pub issuer: Issuer,
    /// DNS names; `{name}` is the host's, `{parent}` its name without the first label.
    #[serde(default = "host_name")]
    pub names: Vec<String>,
    /// The common name of the subject.
    #[serde(default)]
    pub common_name: Option<String>,
    /// The organisation of the subject.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The organisational unit of the subject.
    #[serde(default)]
    pub organisational_unit: Option<String>,
    /// When it is valid.
    #[serde(default)]
    pub valid: Validity,
    /// What it may be used for.
    #[serde(default)]
    pub usage: Usage,
    /// The server forgets to send the intermediate.
    #[serde(default)]
    pub omits_intermediate: bool,
    /// One bit of the signature is wrong.
    #[serde(default)]
    pub broken_signature: bool,
    /// Whoever shows it has another key.
    #[serde(default)]
    pub foreign_key: bool,
    /// It has a critical extension that nobody knows (RFC 5280 section 4.2).
    #[serde(default)]
    pub critical_extension: bool,
    /// The server sends the root behind its intermediates.
    #[serde(default)]
    pub sends_root: bool,
    /// It promises an OCSP staple (RFC 7633).
    #[serde(default)]
    pub must_staple: bool,
}

pub(crate) const NO_CA: &str = "a weak leaf is signed by a CA";
pub(crate) const WEAK_KEY: &str = "a weak signature goes with `key = \"rsa-2048\"`";

impl Recipe {
    /// Why no certificate can be made by it; `None`: one can.
    pub fn impossible(&self) -> Option<&'static str> {
        let weak = self.is_weak();
        match (self.issuer, self.key) {
            (Issuer::Itself | Issuer::Leaf | Issuer::ClientLeaf, _) if weak => Some(NO_CA),
            (_, Key::Rsa1024 | Key::Rsa2048) => None,
            _ if weak => Some(WEAK_KEY),
            _ => None,
        }
    }

    /// Whether something of it is too weak for the library that makes ordinary certificates.
    pub(crate) fn is_weak(&self) -> bool {
        let weak = self.key == Key::Rsa1024 || self.signature == Signature::Sha1;
        weak || self.issuer == Issuer::WeakCa
    }
}

fn host_name() -> Vec<String> {
    vec!["{name}".into()]
}

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
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA of 1024 bits: too short since 2013.
    #[serde(rename = "rsa-1024")]
    Rsa1024,
}

impl Key {
    /// Whether it is RSA, whatever its size.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa1024 | Self::Rsa2048 | Self::Rsa3072)
    }
}

/// The digest of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-1: tamperable.
    Sha1,
}

/// Who signs a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Issuer {
    /// The intermediate below the trusted root.
    #[default]
    Intermediate,
    /// The CA for client certificates.
    ClientCa,
    /// A constrained CA below the trusted root, which may only sign names under `permitted.test`.
    ConstrainedCa,
    /// The partner's client certificate, itself good: no CA.
    ClientLeaf,
    /// An intermediate below the trusted root that expired yesterday.
    ExpiredCa,
    /// Another leaf, itself good: no CA.
    Leaf,
    /// A CA below one that may have none below it (a path length of 0).
    PathTooLong,
    /// A second root, which the relay does not trust.
    RootB,
    /// A CA below the trusted root whose key usage does not include signing certificates.
    SignsNothing,
    /// The leaf itself.
    #[serde(rename = "self")]
    Itself,
    /// A root that nobody trusts.
    Unknown,
    /// A CA below the trusted root with an RSA key of 1024 bits.
    WeakCa,
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
    /// From tomorrow.
    Future,
}

/// What a certificate may be used for (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Usage {
    /// serverAuth.
    #[default]
    Server,
    /// clientAuth.
    Client,
    /// No extended key usage.
    Any,
}
