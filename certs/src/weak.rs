//! Certificates that the ordinary library refuses to make: short RSA keys and SHA-1 signatures.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509NameBuilder};

use crate::Error;
use crate::authority::Issued;
use crate::recipe::{Issuer, Key, Recipe, Signature};

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

    /// Signs a leaf with the intermediate `ca` (certificate and PKCS#8 key in DER).
    pub(crate) fn issue(
        &self,
        recipe: &Recipe,
        names: &[String],
        ca: &(Vec<u8>, Vec<u8>),
    ) -> Result<Issued, Error> {
        let below_weak_ca = recipe.issuer == Issuer::WeakCa;
        if !below_weak_ca && recipe.issuer != Issuer::Intermediate {
            return Err(Error::Recipe("a weak leaf is signed by the intermediate"));
        }
        let key = if recipe.key == Key::Rsa1024 { &self.rsa_1024 } else { &self.rsa_2048 };
        let key = key.as_ref().map_err(|error| Error::Weak(error.clone()))?;
        let (above, above_key) = (X509::from_der(&ca.0)?, PKey::private_key_from_der(&ca.1)?);
        let (ca, ca_key) = match below_weak_ca {
            true => self.weak_ca(&above, &above_key)?,
            false => (above, above_key),
        };
        let day = 86_400;
        let mut leaf = X509::builder()?;
        leaf.set_version(2)?;
        leaf.set_serial_number(&*BigNum::from_u32(self.now as u32 | 1)?.to_asn1_integer()?)?;
        let mut subject = X509NameBuilder::new()?;
        subject.append_entry_by_text("O", "waxseal")?;
        leaf.set_subject_name(&subject.build())?;
        leaf.set_issuer_name(ca.subject_name())?;
        leaf.set_not_before(&*Asn1Time::from_unix(self.now - day)?)?;
        leaf.set_not_after(&*Asn1Time::from_unix(self.now + 90 * day)?)?;
        leaf.set_pubkey(key)?;
        leaf.append_extension(BasicConstraints::new().critical().build()?)?;
        leaf.append_extension(
            KeyUsage::new().critical().digital_signature().key_encipherment().build()?,
        )?;
        leaf.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut san = SubjectAlternativeName::new();
        for name in names {
            san.dns(name);
        }
        let san = san.build(&leaf.x509v3_context(Some(&ca), None))?;
        leaf.append_extension(san)?;
        let digest = match recipe.signature {
            Signature::Sha256 => MessageDigest::sha256(),
            Signature::Sha1 => MessageDigest::sha1(),
        };
        leaf.sign(&ca_key, digest)?;
        Ok(Issued {
            chain: vec![leaf.build().to_der()?, ca.to_der()?],
            key: key.private_key_to_pkcs8()?,
            rsa: true,
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
