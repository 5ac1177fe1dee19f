//! Who signs, and what is sent above the leaf.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer as Signer, KeyPair, KeyUsagePurpose,
    NameConstraints, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use time::{Duration, OffsetDateTime};

use crate::Error;
use crate::fields::Signature;
use crate::weak::{ShortKey, sign_again};

/// An arc below the enterprise number for documentation (RFC 5612): nobody knows this extension.
pub(crate) const UNKNOWN_EXTENSION: [u64; 8] = [1, 3, 6, 1, 4, 1, 32473, 1];

/// Its content: NULL.
const UNKNOWN_CONTENT: [u8; 2] = [0x05, 0x00];

/// A key of either library.
pub(crate) enum AnyKey {
    /// What the ordinary library makes.
    Ordinary(KeyPair),
    /// What it refuses.
    Short(ShortKey),
}

impl AnyKey {
    /// PKCS#8 DER.
    pub(crate) fn private(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Ordinary(key) => Ok(key.serialize_der()),
            Self::Short(key) => key.private(),
        }
    }
}

impl PublicKeyData for AnyKey {
    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Ordinary(key) => key.der_bytes(),
            Self::Short(key) => key.der_bytes(),
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            Self::Ordinary(key) => key.algorithm(),
            Self::Short(key) => key.algorithm(),
        }
    }
}

impl SigningKey for AnyKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            Self::Ordinary(key) => key.sign(message),
            Self::Short(key) => key.sign(message),
        }
    }
}

/// A CA: its certificate in DER and what signs with it.
pub(crate) struct Ca {
    pub(crate) der: Vec<u8>,
    params: CertificateParams,
    key: Arc<AnyKey>,
}

impl Ca {
    /// A root of this common name.
    pub(crate) fn root(name: &str, now: OffsetDateTime) -> Result<Self, Error> {
        Self::root_with(name, now, |_| {})
    }

    /// The same with a change.
    pub(crate) fn root_with(
        name: &str,
        now: OffsetDateTime,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Self, Error> {
        let mut params = params(name, now);
        change(&mut params);
        let key = AnyKey::Ordinary(KeyPair::generate()?);
        let der = params.self_signed(&key)?.der().to_vec();
        Ok(Self { der, params, key: Arc::new(key) })
    }

    /// A CA below another one, with a key of its own.
    pub(crate) fn below(
        &self,
        name: &str,
        now: OffsetDateTime,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Self, Error> {
        let key = AnyKey::Ordinary(KeyPair::generate()?);
        self.below_with_key(name, now, key, change)
    }

    /// A CA below another one, with this key.
    pub(crate) fn below_with_key(
        &self,
        name: &str,
        now: OffsetDateTime,
        key: AnyKey,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Self, Error> {
        let mut params = params(name, now);
        change(&mut params);
        let der = self.sign(&params, &key)?;
        Ok(Self { der, params, key: Arc::new(key) })
    }

    /// Another certificate for a CA: the same name and key.
    pub(crate) fn certify(&self, other: &Self) -> Result<Self, Error> {
        let der = self.sign(&other.params, &*other.key)?;
        Ok(Self { der, params: other.params.clone(), key: Arc::clone(&other.key) })
    }

    /// Its name.
    pub(crate) fn name(&self) -> DistinguishedName {
        self.params.distinguished_name.clone()
    }

    /// One that is a leaf, and signs all the same.
    pub(crate) fn leaf(&self, params: CertificateParams) -> Result<Self, Error> {
        let key = AnyKey::Ordinary(KeyPair::generate()?);
        let der = self.sign(&params, &key)?;
        Ok(Self { der, params, key: Arc::new(key) })
    }

    /// Signs what is to stand in a certificate for this public key, as the ordinary library does.
    pub(crate) fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<Vec<u8>, Error> {
        let signer = Signer::from_params(&self.params, &*self.key);
        Ok(params.signed_by(key, &signer)?.der().to_vec())
    }

    /// Its certificate is signed again by the CA above, in this way.
    pub(crate) fn signed_again(
        self,
        above: &Self,
        signature: Signature,
        version_1: bool,
    ) -> Result<Self, Error> {
        let der = sign_again(&self.der, &above.private()?, signature, version_1)?;
        Ok(Self { der, ..self })
    }

    /// Its private key, PKCS#8 DER.
    pub(crate) fn private(&self) -> Result<Vec<u8>, Error> {
        self.key.private()
    }
}

/// A CA as it should be, valid for two years around now.
fn params(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::days(365);
    params.not_after = now + Duration::days(365);
    params.use_authority_key_identifier_extension = true;
    params
}

/// No CA may stand more than so many CAs above a leaf (RFC 5280 section 4.2.1.9).
pub(crate) fn path_length(params: &mut CertificateParams, most: u8) {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most));
}

/// Which names it may sign (RFC 5280 section 4.2.1.10).
pub(crate) fn constrain(params: &mut CertificateParams, permitted: &[&str], excluded: &[&str]) {
    let trees =
        |names: &[&str]| names.iter().map(|name| GeneralSubtree::DnsName((*name).into())).collect();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: trees(permitted),
        excluded_subtrees: trees(excluded),
    });
}

/// The usage that this CA may not sign for.
pub(crate) fn other_usage(params: &mut CertificateParams, for_clients: bool) {
    params.extended_key_usages = vec![match for_clients {
        true => ExtendedKeyUsagePurpose::ServerAuth,
        false => ExtendedKeyUsagePurpose::ClientAuth,
    }];
}

/// Adds a critical extension that nobody knows.
pub(crate) fn add_unknown(params: &mut CertificateParams) {
    let mut unknown =
        CustomExtension::from_oid_content(&UNKNOWN_EXTENSION, UNKNOWN_CONTENT.to_vec());
    unknown.set_criticality(true);
    params.custom_extensions.push(unknown);
}
