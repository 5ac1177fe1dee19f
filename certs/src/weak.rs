//! Certificates that the ordinary library refuses to make: short RSA keys and SHA-1 signatures.

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameBuilder, X509Ref};

use crate::Error;
use crate::authority::{
    Issued, STATUS_REQUEST, UNKNOWN_CONTENT, UNKNOWN_EXTENSION, break_signature, fill,
};
use crate::recipe::{Issuer, Key, Recipe, Signature, Usage, Validity, WEAK_KEY};

/// Weak keys, made once a run.
pub(crate) struct WeakKeys {
    now: i64,
    rsa_1024: Result<PKey<Private>, ErrorStack>,
    rsa_2048: Result<PKey<Private>, ErrorStack>,
}

impl WeakKeys {
    pub(crate) fn new(now: i64) -> Self {
        let rsa = |bits| Rsa::generate(bits).and_then(PKey::from_rsa);
        Self { now, rsa_1024: rsa(1024), rsa_2048: rsa(2048) }
    }

    /// Signs a leaf for `name` with `ca` (certificate and PKCS#8 key in DER), or with a weak CA below
    /// that. `above` is sent behind it. Every field of the recipe is honoured, or refused.
    pub(crate) fn issue(
        &self,
        recipe: &Recipe,
        name: &str,
        ca: (&[u8], &[u8]),
        above: Vec<Vec<u8>>,
    ) -> Result<Issued, Error> {
        let Recipe {
            about: _,
            key,
            signature,
            issuer,
            common_name: _,
            organisation: _,
            organisational_unit: _,
            valid,
            omits_intermediate,
            broken_signature,
            foreign_key,
            // Who has the root adds it.
            sends_root: _,
            // These are extensions.
            names: _,
            usage: _,
            critical_extension: _,
            must_staple: _,
        } = recipe;
        let key = match key {
            Key::Rsa1024 => &self.rsa_1024,
            Key::Rsa2048 => &self.rsa_2048,
            Key::P256 | Key::P384 | Key::Ed25519 | Key::Rsa3072 => {
                return Err(Error::Recipe(WEAK_KEY));
            }
        };
        let key = key.as_ref().map_err(|error| Error::Weak(error.clone()))?;
        let (mut ca, mut ca_key) = (X509::from_der(ca.0)?, PKey::private_key_from_der(ca.1)?);
        let mut above = above;
        if *issuer == Issuer::WeakCa {
            (ca, ca_key) = self.weak_ca(&ca, &ca_key)?;
            above.insert(0, ca.to_der()?);
        }
        let day = 86_400;
        let (from, until) = match valid {
            Validity::Now => (self.now - day, self.now + 90 * day),
            Validity::Expired => (self.now - 90 * day, self.now - day),
            Validity::Future => (self.now + day, self.now + 90 * day),
        };
        let mut leaf = X509::builder()?;
        leaf.set_version(2)?;
        leaf.set_serial_number(&*BigNum::from_u32(self.now as u32 | 1)?.to_asn1_integer()?)?;
        leaf.set_subject_name(&*subject(recipe, name)?)?;
        leaf.set_issuer_name(ca.subject_name())?;
        leaf.set_not_before(&*Asn1Time::from_unix(from)?)?;
        leaf.set_not_after(&*Asn1Time::from_unix(until)?)?;
        leaf.set_pubkey(key)?;
        extend(&mut leaf, recipe, name, &ca)?;
        let digest = match signature {
            Signature::Sha256 => MessageDigest::sha256(),
            Signature::Sha1 => MessageDigest::sha1(),
        };
        leaf.sign(&ca_key, digest)?;
        let mut leaf = leaf.build().to_der()?;
        if *broken_signature {
            break_signature(&mut leaf);
        }
        let above = if *omits_intermediate { Vec::new() } else { above };
        let other;
        let key = if *foreign_key {
            other = PKey::from_rsa(Rsa::generate(key.bits())?)?;
            &other
        } else {
            key
        };
        Ok(Issued {
            chain: [vec![leaf], above].concat(),
            key: key.private_key_to_pkcs8()?,
            weak: true,
        })
    }

    /// A CA below `above` with a short key.
    fn weak_ca(
        &self,
        above: &X509,
        above_key: &PKey<Private>,
    ) -> Result<(X509, PKey<Private>), Error> {
        let key = self.rsa_1024.as_ref().map_err(|error| Error::Weak(error.clone()))?;
        let mut ca = X509::builder()?;
        ca.set_version(2)?;
        ca.set_serial_number(&*BigNum::from_u32(self.now as u32 & !1)?.to_asn1_integer()?)?;
        let mut subject = X509NameBuilder::new()?;
        subject.append_entry_by_text("CN", "waxseal CA with a short key")?;
        ca.set_subject_name(&subject.build())?;
        ca.set_issuer_name(above.subject_name())?;
        ca.set_not_before(&*Asn1Time::from_unix(self.now - 86_400)?)?;
        ca.set_not_after(&*Asn1Time::from_unix(self.now + 90 * 86_400)?)?;
        ca.set_pubkey(key)?;
        ca.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        ca.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        ca.sign(above_key, MessageDigest::sha256())?;
        Ok((ca.build(), key.clone()))
    }
}

/// Adds the extensions of a recipe to the leaf that `ca` is about to sign.
fn extend(
    leaf: &mut X509Builder,
    recipe: &Recipe,
    name: &str,
    ca: &X509Ref,
) -> Result<(), ErrorStack> {
    leaf.append_extension(BasicConstraints::new().critical().build()?)?;
    leaf.append_extension(
        KeyUsage::new().critical().digital_signature().key_encipherment().build()?,
    )?;
    match recipe.usage {
        Usage::Server => {
            leaf.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        }
        Usage::Client => {
            leaf.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
        }
        Usage::Any => {}
    }
    let names = fill(&recipe.names, name);
    if !names.is_empty() {
        let mut san = SubjectAlternativeName::new();
        for name in &names {
            san.dns(name);
        }
        let san = san.build(&leaf.x509v3_context(Some(ca), None))?;
        leaf.append_extension(san)?;
    }
    if recipe.critical_extension {
        let oid = UNKNOWN_EXTENSION.map(|arc| arc.to_string()).join(".");
        let (oid, content) =
            (Asn1Object::from_str(&oid)?, Asn1OctetString::new_from_bytes(&UNKNOWN_CONTENT)?);
        leaf.append_extension(X509Extension::new_from_der(&oid, true, &content)?)?;
    }
    if recipe.must_staple {
        let oid = Asn1Object::from_str("1.3.6.1.5.5.7.1.24")?;
        let content = Asn1OctetString::new_from_bytes(&STATUS_REQUEST)?;
        leaf.append_extension(X509Extension::new_from_der(&oid, false, &content)?)?;
    }
    Ok(())
}

/// The subject of a recipe: an organisation where nothing is named.
fn subject(recipe: &Recipe, name: &str) -> Result<X509Name, ErrorStack> {
    let common_name = recipe.common_name.as_ref();
    let common_name = common_name.map(|text| fill(std::slice::from_ref(text), name).remove(0));
    let fields = [
        ("CN", common_name.as_deref()),
        ("O", recipe.organisation.as_deref()),
        ("OU", recipe.organisational_unit.as_deref()),
    ];
    let nameless = fields.iter().all(|(_, value)| value.is_none());
    let mut subject = X509NameBuilder::new()?;
    for (field, value) in fields {
        if let Some(value) = value.or((nameless && field == "O").then_some("waxseal")) {
            subject.append_entry_by_text(field, value)?;
        }
    }
    Ok(subject.build())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::Authorities;

    fn issued(recipe: &str) -> Result<Issued, Error> {
        let recipe: Recipe = toml::from_str(&format!("about = ''\n{recipe}")).unwrap();
        Authorities::new(SystemTime::now()).unwrap().issue(&recipe, "mx.waxseal.test")
    }

    fn check(recipe: &str, expected: impl Fn(&Issued, &X509) -> bool) {
        for weak in ["key = 'rsa-1024'", "key = 'rsa-2048'\nsignature = 'sha1'"] {
            let made = issued(&format!("{weak}\n{recipe}")).unwrap();
            let leaf = X509::from_der(&made.chain[0]).unwrap();
            assert!(made.weak && expected(&made, &leaf), "{weak} {recipe}");
        }
    }

    fn text(leaf: &X509) -> String {
        String::from_utf8_lossy(&leaf.to_text().unwrap()).into_owned()
    }

    fn now() -> openssl::asn1::Asn1Time {
        Asn1Time::days_from_now(0).unwrap()
    }

    #[test]
    fn every_field_of_a_weak_recipe_is_honoured() {
        check("", |made, leaf| made.chain.len() == 2 && *leaf.not_after() > *now());
        check("valid = 'expired'", |_, leaf| *leaf.not_after() < *now());
        check("valid = 'future'", |_, leaf| *leaf.not_before() > *now());
        check("usage = 'client'", |_, leaf| text(leaf).contains("TLS Web Client"));
        check("usage = 'any'", |_, leaf| !text(leaf).contains("Extended Key Usage"));
        check("omits-intermediate = true", |made, _| made.chain.len() == 1);
        check("sends-root = true", |made, _| made.chain.len() == 3);
        check("critical-extension = true", |_, leaf| {
            text(leaf).contains("1.3.6.1.4.1.32473.1: critical")
        });
        check("issuer = 'weak-ca'", |made, leaf| {
            let ca = X509::from_der(&made.chain[1]).unwrap().public_key().unwrap();
            made.chain.len() == 2 && ca.bits() == 1024 && leaf.verify(&ca).unwrap()
        });
        check("must-staple = true", |_, leaf| text(leaf).contains("status_request"));
        check("common-name = '{name}'", |_, leaf| {
            text(leaf).contains("CN = mx.waxseal.test") || text(leaf).contains("CN=mx.waxseal.test")
        });
        check("organisation = 'Us'", |_, leaf| text(leaf).contains("Us"));
        check("names = []", |_, leaf| leaf.subject_alt_names().is_none());
        check("issuer = 'client-ca'", |made, leaf| {
            made.chain.len() == 1 && text(leaf).contains("waxseal client CA")
        });
        check("foreign-key = true", |made, leaf| {
            let key = PKey::private_key_from_pkcs8(&made.key).unwrap();
            !leaf.public_key().unwrap().public_eq(&key)
        });
        check("broken-signature = true", |made, leaf| {
            let ca = X509::from_der(&made.chain[1]).unwrap();
            !leaf.verify(&ca.public_key().unwrap()).unwrap_or_default()
        });
    }

    #[test]
    fn what_a_weak_recipe_cannot_be_is_refused() {
        for recipe in [
            "signature = 'sha1'",
            "signature = 'sha1'\nkey = 'rsa-3072'",
            "key = 'rsa-1024'\nissuer = 'self'",
            "key = 'rsa-1024'\nissuer = 'leaf'",
        ] {
            assert!(matches!(issued(recipe), Err(Error::Recipe(_))), "{recipe}");
        }
    }
}
