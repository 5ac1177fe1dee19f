//! Certificate authorities made for one run, and the leafs they sign.

use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

use crate::Error;
use crate::contents::contents;
use crate::fields::{Issuer, Key, Sends, Signature};
use crate::issuers::{AnyKey, Ca};
use crate::keys::{Keys, fresh};
use crate::recipe::Recipe;
use crate::weak::sign_again;

/// A chain and its key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// DER, leaf first, as it is served.
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8 DER.
    pub key: Vec<u8>,
    /// RSA below 2048 bits, a signature with SHA-1 or MD5, version 1, or an extension that the modern
    /// engine does not show: only the legacy one takes it.
    pub weak: bool,
}

impl Issued {
    /// The chain in PEM, leaf first.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// The key in PEM.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

/// All authorities of one run.
pub struct Authorities {
    pub(crate) now: OffsetDateTime,
    pub(crate) root: Ca,
    pub(crate) intermediate: Ca,
    pub(crate) expired_root: Ca,
    pub(crate) root_b: Ca,
    pub(crate) unknown: Ca,
    pub(crate) client: Ca,
    pub(crate) client_intermediate: Ca,
    pub(crate) keys: Keys,
}

impl Authorities {
    /// Makes all keys and CA certificates. `now` is the time that recipes count from.
    ///
    /// # Errors
    /// [`Error`] where a library refuses.
    pub fn new(now: SystemTime) -> Result<Self, Error> {
        Self::with_root(now, "waxseal root A")
    }

    /// The same with another common name of the trusted root, for those who pin it.
    ///
    /// # Errors
    /// [`Error`] where a library refuses.
    pub fn with_root(now: SystemTime, root: &str) -> Result<Self, Error> {
        let now = OffsetDateTime::from(now);
        let root = Ca::root(root, now)?;
        let client = Ca::root("waxseal client CA", now)?;
        Ok(Self {
            now,
            intermediate: root.below("waxseal intermediate A", now, |_| {})?,
            expired_root: Ca::root_with("waxseal expired root", now, |params| {
                params.not_after = now - Duration::days(1);
            })?,
            root_b: Ca::root("waxseal root B", now)?,
            unknown: Ca::root("waxseal unknown root", now)?,
            client_intermediate: client.below("waxseal client intermediate", now, |_| {})?,
            root,
            client,
            keys: Keys::default(),
        })
    }

    /// Roots that a relay shall trust for servers, in DER: the good one, and one that has expired.
    pub fn trust_anchors(&self) -> Vec<Vec<u8>> {
        vec![self.root.der.clone(), self.expired_root.der.clone()]
    }

    /// Roots that a relay shall trust for servers, in PEM.
    pub fn trust_anchors_pem(&self) -> String {
        self.trust_anchors().iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// Roots that a relay shall trust for clients, in DER.
    pub fn client_trust_anchors(&self) -> Vec<Vec<u8>> {
        vec![self.client.der.clone()]
    }

    /// Roots that a relay shall trust for clients, in PEM.
    pub fn client_trust_anchors_pem(&self) -> String {
        pem("CERTIFICATE", &self.client.der)
    }

    /// Makes a key and a certificate for `name` by a recipe.
    ///
    /// # Errors
    /// [`Error`] where a library refuses or the recipe cannot be made.
    pub fn issue(&self, recipe: &Recipe, name: &str) -> Result<Issued, Error> {
        let Recipe {
            about: _,
            key: wanted,
            signature,
            issuer,
            version_1,
            omits_intermediate,
            sends,
            broken_signature,
            foreign_key,
            sends_root,
            critical_extension,
            // Which CA it is.
            for_clients: _,
            // What stands in the certificate.
            names: _,
            names_are: _,
            more_names: _,
            common_name: _,
            organisation: _,
            organisational_unit: _,
            valid: _,
            usage: _,
            key_usage: _,
            is_ca: _,
            must_staple: _,
        } = recipe;
        if let Some(why) = recipe.impossible() {
            return Err(Error::Recipe(why));
        }
        let above = self.above(recipe, name)?;
        let own;
        let key = match self.keys.kept(*wanted)? {
            Some(kept) => kept,
            None if *wanted == Key::Rsa1024 => {
                own = AnyKey::Short(self.keys.short()?.clone());
                &own
            }
            None => {
                own = fresh(*wanted)?;
                &own
            }
        };
        let params = contents(recipe, name, self.now)?;
        let mut leaf = match above.signer() {
            Some(ca) => ca.sign(&params, key)?,
            None => params.self_signed(key)?.der().to_vec(),
        };
        // What signs with a larger curve chooses a longer digest by itself.
        let longer = above.signer().is_none() && matches!(wanted, Key::P384 | Key::P521);
        if *version_1 || *signature != Signature::Sha256 || longer {
            let signer = above.signer().map_or_else(|| key.private(), Ca::private)?;
            leaf = sign_again(&leaf, &signer, *signature, *version_1)?;
        }
        if *broken_signature {
            break_signature(&mut leaf);
        }
        let sent = if *omits_intermediate { Vec::new() } else { above.sent() };
        let mut chain = self.sent(*sends, leaf, sent)?;
        if *sends_root {
            chain.extend(above.root.map(|root| root.to_vec()));
        }
        let key = if *foreign_key { fresh(*wanted)?.private()? } else { key.private()? };
        let weak = *critical_extension
            || *version_1
            || *wanted == Key::Rsa1024
            || *issuer == Issuer::WeakCa
            || matches!(signature, Signature::Sha1 | Signature::Md5);
        Ok(Issued { chain, key, weak })
    }

    /// What a server sends of its chain.
    fn sent(
        &self,
        sends: Sends,
        leaf: Vec<u8>,
        mut above: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let mut chain = vec![leaf];
        match sends {
            Sends::InOrder => {}
            Sends::IntermediateTwice => chain.extend(above.first().cloned()),
            Sends::LeafTwice => chain.extend(chain.first().cloned()),
            Sends::Reversed => above.reverse(),
            Sends::StrangerBetween => chain.push(self.unknown.der.clone()),
            Sends::StrangerBehind => above.push(self.unknown.der.clone()),
            Sends::Many => {
                for number in 1..=60 {
                    let name = format!("waxseal stranger {number}");
                    above.push(self.unknown.below(&name, self.now, |_| {})?.der);
                }
            }
        }
        chain.append(&mut above);
        Ok(chain)
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = openssl::base64::encode_block(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Changes one bit of a certificate's signature, which stands at its end.
pub(crate) fn break_signature(der: &mut [u8]) {
    if let Some(last) = der.last_mut() {
        *last ^= 1;
    }
}
