//! What the ordinary library refuses to make: RSA keys of 1024 bits, signatures other than its own, and
//! certificates of version 1. A certificate that it made is taken apart, changed, and signed again.

use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use rcgen::{PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};

use crate::Error;
use crate::der::{elements, wrap};
use crate::fields::Signature;

/// An RSA key of 1024 bits.
#[derive(Clone)]
pub(crate) struct ShortKey {
    key: PKey<Private>,
    /// RSAPublicKey in DER (RFC 8017 appendix A.1.1).
    public: Vec<u8>,
}

impl ShortKey {
    pub(crate) fn new() -> Result<Self, Error> {
        let rsa = Rsa::generate(1024)?;
        let public = rsa.public_key_to_der_pkcs1()?;
        Ok(Self { key: PKey::from_rsa(rsa)?, public })
    }

    /// PKCS#8 DER.
    pub(crate) fn private(&self) -> Result<Vec<u8>, Error> {
        Ok(self.key.private_key_to_pkcs8()?)
    }
}

impl PublicKeyData for ShortKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for ShortKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Signer::new(MessageDigest::sha256(), &self.key)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(message))
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// The object identifiers of ECDSA with a digest: 1.2.840.10045.4 and these arcs (RFC 5758 section 3.2).
const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];

/// Those of RSA with a digest: 1.2.840.113549.1.1 and this arc (RFC 8017 appendix A.2.4).
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// The parameters of RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets (RFC 4055 section
/// 3.1).
const PSS_SHA256: [u8; 54] = [
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
    0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
    0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0xa2, 0x03, 0x02, 0x01, 0x20,
];

/// Signs a certificate (DER) again with its issuer's key (PKCS#8 DER), in another way; as one of
/// version 1 if `version_1`: without extensions.
///
/// # Errors
/// [`Error`] where the key and the signature do not go together.
pub(crate) fn sign_again(
    certificate: &[u8],
    key: &[u8],
    signature: Signature,
    version_1: bool,
) -> Result<Vec<u8>, Error> {
    let key = PKey::private_key_from_pkcs8(key)?;
    let algorithm = algorithm(&key, signature)?;
    let certificate = elements(certificate)?;
    let [whole] = &certificate[..] else { return Err(UNREADABLE) };
    let parts = elements(whole.content)?;
    let body = elements(parts.first().ok_or(UNREADABLE)?.content)?;
    // TBSCertificate: [0] version, serial, the issuer's algorithm, the rest, [3] extensions (RFC 5280
    // section 4.1). The first sequence is the algorithm.
    let mut rebuilt = Vec::new();
    let mut replaced = false;
    for element in &body {
        match element.tag {
            0xa0 | 0xa3 if version_1 => {}
            0x30 if !replaced => {
                rebuilt.extend_from_slice(&algorithm);
                replaced = true;
            }
            _ => rebuilt.extend_from_slice(element.whole),
        }
    }
    let body = wrap(0x30, &rebuilt);
    let signed = sign(&key, signature, &body)?;
    let bits = wrap(0x03, &[&[0], &signed[..]].concat());
    Ok(wrap(0x30, &[body, algorithm, bits].concat()))
}

const UNREADABLE: Error = Error::Recipe("the certificate that was made cannot be read");

/// An AlgorithmIdentifier.
fn algorithm(key: &PKey<Private>, signature: Signature) -> Result<Vec<u8>, Error> {
    let null = [0x05, 0x00];
    let (oid, parameters): (Vec<u8>, &[u8]) = match (key.id(), signature) {
        (Id::RSA, Signature::Md5) => ([&RSA[..], &[0x04]].concat(), &null),
        (Id::RSA, Signature::Sha1) => ([&RSA[..], &[0x05]].concat(), &null),
        (Id::RSA, Signature::Sha256) => ([&RSA[..], &[0x0b]].concat(), &null),
        (Id::RSA, Signature::Sha384) => ([&RSA[..], &[0x0c]].concat(), &null),
        (Id::RSA, Signature::Sha512) => ([&RSA[..], &[0x0d]].concat(), &null),
        (Id::RSA, Signature::RsaPss) => ([&RSA[..], &[0x0a]].concat(), &PSS_SHA256),
        (Id::EC, Signature::Sha1) => ([&ECDSA[..], &[0x01]].concat(), &[]),
        (Id::EC, Signature::Sha256) => ([&ECDSA[..], &[0x03, 0x02]].concat(), &[]),
        (Id::EC, Signature::Sha384) => ([&ECDSA[..], &[0x03, 0x03]].concat(), &[]),
        (Id::EC, Signature::Sha512) => ([&ECDSA[..], &[0x03, 0x04]].concat(), &[]),
        _ => return Err(Error::Recipe("this key makes no such signature")),
    };
    Ok(wrap(0x30, &[wrap(0x06, &oid), parameters.to_vec()].concat()))
}

fn sign(key: &PKey<Private>, signature: Signature, message: &[u8]) -> Result<Vec<u8>, Error> {
    let digest = match signature {
        Signature::Md5 => MessageDigest::md5(),
        Signature::Sha1 => MessageDigest::sha1(),
        Signature::Sha256 | Signature::RsaPss => MessageDigest::sha256(),
        Signature::Sha384 => MessageDigest::sha384(),
        Signature::Sha512 => MessageDigest::sha512(),
    };
    let mut signer = Signer::new(digest, key)?;
    if signature == Signature::RsaPss {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_mgf1_md(digest)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    Ok(signer.sign_oneshot_to_vec(message)?)
}
