//! Keys: one that serves for all where making it takes time, else one for each certificate.

use std::sync::{Mutex, OnceLock, PoisonError};

use rcgen::{
    KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256,
    RsaKeySize,
};

use crate::Error;
use crate::fields::Key;
use crate::issuers::AnyKey;
use crate::weak::ShortKey;

/// Keys that take their time, made when they are first wanted.
#[derive(Default)]
pub(crate) struct Keys {
    making: Mutex<()>,
    rsa_2048: OnceLock<AnyKey>,
    rsa_3072: OnceLock<AnyKey>,
    rsa_4096: OnceLock<AnyKey>,
    short: OnceLock<ShortKey>,
    rsa_ca: OnceLock<Vec<u8>>,
}

impl Keys {
    /// The key of this kind that serves for all; `None`: each certificate gets its own.
    pub(crate) fn kept(&self, kind: Key) -> Result<Option<&AnyKey>, Error> {
        let (cell, size) = match kind {
            Key::Rsa2048 => (&self.rsa_2048, RsaKeySize::_2048),
            Key::Rsa3072 => (&self.rsa_3072, RsaKeySize::_3072),
            Key::Rsa4096 => (&self.rsa_4096, RsaKeySize::_4096),
            Key::P256 | Key::P384 | Key::P521 | Key::Ed25519 | Key::Rsa1024 => return Ok(None),
        };
        let make = || Ok(AnyKey::Ordinary(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?));
        self.once(cell, make).map(Some)
    }

    pub(crate) fn short(&self) -> Result<&ShortKey, Error> {
        self.once(&self.short, ShortKey::new)
    }

    pub(crate) fn of_rsa_ca(&self) -> Result<KeyPair, Error> {
        let der = self.once(&self.rsa_ca, || {
            Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?.serialize_der())
        })?;
        Ok(KeyPair::try_from(&der[..])?)
    }

    /// What two ask for at once is made once.
    fn once<'a, T>(
        &self,
        cell: &'a OnceLock<T>,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&'a T, Error> {
        if let Some(made) = cell.get() {
            return Ok(made);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = cell.get() {
            return Ok(made);
        }
        let made = make()?;
        Ok(cell.get_or_init(|| made))
    }
}

/// A key that nobody else has.
pub(crate) fn fresh(kind: Key) -> Result<AnyKey, Error> {
    let rsa = |size| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size);
    Ok(AnyKey::Ordinary(match kind {
        Key::P256 => KeyPair::generate()?,
        Key::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
        Key::P521 => KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?,
        Key::Ed25519 => KeyPair::generate_for(&PKCS_ED25519)?,
        Key::Rsa1024 => return Ok(AnyKey::Short(ShortKey::new()?)),
        Key::Rsa2048 => rsa(RsaKeySize::_2048)?,
        Key::Rsa3072 => rsa(RsaKeySize::_3072)?,
        Key::Rsa4096 => rsa(RsaKeySize::_4096)?,
    }))
}
