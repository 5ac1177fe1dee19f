//! What a certificate is to be like. The default of every field is the good case.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::fields::{Issuer, Key, KeyUsage, NameKind, Sends, Signature, Usage, Validity};

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
    /// How the leaf is signed.
    #[serde(default)]
    pub signature: Signature,
    /// Who signs the leaf.
    #[serde(default)]
    pub issuer: Issuer,
    /// The issuer stands below the CA for client certificates, not below the root for servers.
    #[serde(default)]
    pub for_clients: bool,
    /// Its names; `{name}` is the host's, `{parent}` its name without the first label.
    #[serde(default = "host_name")]
    pub names: Vec<String>,
    /// What kind of names they are.
    #[serde(default)]
    pub names_are: NameKind,
    /// So many more names, of other hosts, before its own.
    #[serde(default)]
    pub more_names: u16,
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
    /// What its key may do.
    #[serde(default)]
    pub key_usage: KeyUsage,
    /// It is a CA: its basic constraints say so.
    #[serde(default)]
    pub is_ca: bool,
    /// It is of version 1, which has no extensions.
    #[serde(default, rename = "version-1")]
    pub version_1: bool,
    /// The server forgets to send the intermediate.
    #[serde(default)]
    pub omits_intermediate: bool,
    /// What is sent, and in which order.
    #[serde(default)]
    pub sends: Sends,
    /// One bit of the signature is wrong.
    #[serde(default)]
    pub broken_signature: bool,
    /// Whoever shows it has another key.
    #[serde(default)]
    pub foreign_key: bool,
    /// It has a critical extension that nobody knows (RFC 5280 section 4.2).
    #[serde(default)]
    pub critical_extension: bool,
    /// The root of the chain is sent behind the intermediates.
    #[serde(default)]
    pub sends_root: bool,
    /// It promises an OCSP staple (RFC 7633).
    #[serde(default)]
    pub must_staple: bool,
}

impl Recipe {
    /// Why no certificate can be made by it: two fields that cannot both be honoured. `None`: one can.
    pub fn impossible(&self) -> Option<&'static str> {
        let above = self.issuer.intermediates();
        let extended = !self.names.is_empty()
            || self.usage != Usage::Any
            || self.key_usage != KeyUsage::None
            || self.is_ca
            || self.critical_extension
            || self.must_staple;
        let curve = !self.key.is_rsa() && self.key != Key::Ed25519;
        let rsa_alone = matches!(self.signature, Signature::Md5 | Signature::RsaPss);
        [
            (
                self.version_1 && extended,
                "a certificate of version 1 has no extensions: `names = []`, `usage = \"any\"` and \
                 `key-usage = \"none\"` go with it",
            ),
            (
                rsa_alone && !self.signer_is_rsa(),
                "MD5 and RSA-PSS want an issuer with an RSA key: `rsa-ca`, `weak-ca`, or `self`",
            ),
            (
                self.issuer == Issuer::Itself
                    && self.key == Key::Ed25519
                    && self.signature != Signature::Sha256,
                "what signs with Ed25519 chooses no digest",
            ),
            (
                self.key_usage == KeyUsage::Encipherment && !self.key.is_rsa(),
                "`key-usage = \"encipherment\"` wants an RSA key",
            ),
            (
                self.key_usage == KeyUsage::Agreement && !curve,
                "`key-usage = \"agreement\"` wants a key on a curve P-256, P-384 or P-521",
            ),
            (self.omits_intermediate && above == 0, "its issuer has no intermediate to omit"),
            (
                self.omits_intermediate && self.sends != Sends::InOrder,
                "`omits-intermediate` and `sends` are about the same certificates",
            ),
            (
                self.sends == Sends::IntermediateTwice && above == 0,
                "its issuer has no intermediate to send twice",
            ),
            (
                self.sends == Sends::Reversed && above < 2,
                "what is sent in reverse order has two intermediates or more",
            ),
            (
                self.for_clients && !self.issuer.stands_below(),
                "this issuer stands below no CA that `for-clients` could change",
            ),
            (
                self.sends_root && self.issuer == Issuer::Itself,
                "what is signed by itself has no root behind it",
            ),
            (self.names_are != NameKind::Dns && self.names.is_empty(), "`names-are` wants names"),
            (
                self.names_are != NameKind::Dns && self.more_names > 0,
                "`more-names` are names of hosts, and `names-are` says otherwise",
            ),
            (
                self.more_names > 0 && self.names.is_empty(),
                "`more-names` stand before names of its own",
            ),
        ]
        .into_iter()
        .find_map(|(wrong, why)| wrong.then_some(why))
    }

    /// Whether a chain by it is meant for those who trust the CA for client certificates.
    pub fn is_for_clients(&self) -> bool {
        let clients_own = matches!(self.issuer, Issuer::ClientCa | Issuer::ClientLeaf);
        let of_no_ca = !self.issuer.stands_below() && self.usage == Usage::Client;
        self.for_clients || clients_own || of_no_ca
    }

    fn signer_is_rsa(&self) -> bool {
        match self.issuer {
            Issuer::RsaCa | Issuer::WeakCa => true,
            Issuer::Itself => self.key.is_rsa(),
            _ => false,
        }
    }
}

fn host_name() -> Vec<String> {
    vec!["{name}".into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recipe: &str, expected: Option<&str>) {
        let read: Recipe = toml::from_str(&format!("about = ''\n{recipe}")).unwrap();
        let why = read.impossible();
        match expected {
            Some(part) => assert!(why.is_some_and(|why| why.contains(part)), "{recipe}: {why:?}"),
            None => assert_eq!(why, None, "{recipe}"),
        }
    }

    #[test]
    fn fields_that_cannot_be_honoured_together_are_refused() {
        check("version-1 = true", Some("no extensions"));
        check("version-1 = true\nnames = []\nusage = 'any'", Some("no extensions"));
        let first = "version-1 = true\nnames = []\nusage = 'any'\nkey-usage = 'none'";
        check(first, None);
        for more in ["is-ca = true", "critical-extension = true", "must-staple = true"] {
            check(&format!("{first}\n{more}"), Some("no extensions"));
        }
        check("signature = 'md5'", Some("RSA key"));
        check("signature = 'md5'\nkey = 'rsa-2048'", Some("RSA key"));
        check("signature = 'md5'\nissuer = 'rsa-ca'", None);
        check("signature = 'rsa-pss'\nissuer = 'self'", Some("RSA key"));
        check("signature = 'rsa-pss'\nissuer = 'self'\nkey = 'rsa-2048'", None);
        check("signature = 'sha512'\nissuer = 'self'\nkey = 'ed25519'", Some("Ed25519"));
        check("key-usage = 'encipherment'", Some("RSA"));
        check("key-usage = 'agreement'\nkey = 'rsa-2048'", Some("curve"));
        check("key-usage = 'agreement'\nkey = 'ed25519'", Some("curve"));
        check("omits-intermediate = true\nissuer = 'unknown'", Some("omit"));
        check("omits-intermediate = true\nsends = 'leaf-twice'", Some("same certificates"));
        check("sends = 'intermediate-twice'\nissuer = 'client-ca'", Some("twice"));
        check("sends = 'reversed'", Some("reverse"));
        check("sends = 'reversed'\nissuer = 'deep'", None);
        check("for-clients = true\nissuer = 'unknown'", Some("for-clients"));
        check("for-clients = true\nissuer = 'deep'", None);
        check("sends-root = true\nissuer = 'self'", Some("root"));
        check("names-are = 'uri'\nnames = []", Some("names-are"));
        check("names-are = 'uri'\nmore-names = 3", Some("more-names"));
        check("names = []\nmore-names = 3", Some("more-names"));
    }
}
