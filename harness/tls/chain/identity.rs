//! A certificate and its key from files in PEM.

use openssl::pkey::PKey;
use openssl::x509::X509;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::tls::chain::certificate::describe_certificate;
use crate::tls::chain::verify::read_certificates_pem;
use crate::tls::setup::Identity;

/// Reads a chain, leaf first, and its key in PKCS#8.
///
/// A chain with an unknown critical extension is not seen to be weak: that is something of a peer's, and
/// no relay is told to show it.
///
/// # Errors
/// What is wrong, as the end of a sentence about the files.
pub fn read_identity_pem(chain: &[u8], key: &[u8]) -> Result<Identity, String> {
    let chain = read_certificates_pem(chain)?;
    let leaf = chain.first().and_then(|leaf| describe_certificate(leaf));
    let leaf = leaf.ok_or("its first certificate cannot be read")?;
    let key = match PrivateKeyDer::from_pem_slice(key) {
        Ok(PrivateKeyDer::Pkcs8(key)) => key.secret_pkcs8_der().to_vec(),
        Ok(_) => return Err("its key is not in PKCS#8".into()),
        Err(error) => return Err(format!("its key is no PEM: {error}")),
    };
    Ok(Identity { weak: leaf.weak_key() || leaf.weak_signature(), chain, key })
}

/// Whether a key in PEM belongs to a certificate in DER; `None`: one of them cannot be read, such as a key
/// under a passphrase, which is never asked for.
pub fn key_belongs(certificate: &[u8], pem: &[u8]) -> Option<bool> {
    let public = X509::from_der(certificate).ok()?.public_key().ok()?;
    let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0)).ok()?;
    Some(key.public_eq(&public))
}
