//! What a tampered key exchange needs to be right in everything else: public values and a signature.

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use rustls::SignatureScheme;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Groups that a tampering may choose, in this order, with what OpenSSL calls them: such as libraries
/// have built in and do not always offer.
const GROUPS: [(u16, Option<Nid>); 7] = [
    (0x0019, Some(Nid::SECP521R1)),
    (0x001e, None),
    (0x0018, Some(Nid::SECP384R1)),
    (0x0017, Some(Nid::X9_62_PRIME256V1)),
    (0x001d, None),
    (0x001a, Some(Nid::BRAINPOOL_P256R1)),
    (0x0016, Some(Nid::SECP256K1)),
];

/// The first group that is wanted, with a public value on its curve.
pub(super) fn share(wanted: impl Fn(u16) -> bool) -> Option<(u16, Vec<u8>)> {
    let (group, _) = GROUPS.into_iter().find(|(group, _)| wanted(*group))?;
    Some((group, base_point(group)?))
}

/// A public value of a group that anybody can make, and whose secret is 1: its base point, as it
/// stands in a key exchange. `None`: a group that is no elliptic curve, or not in use.
pub fn base_point(group: u16) -> Option<Vec<u8>> {
    let (_, curve) = GROUPS.into_iter().find(|(known, _)| *known == group)?;
    match curve {
        // RFC 7748 sections 4.1 and 4.2: the base points of X25519 and X448.
        None if group == 0x001d => Some(montgomery(9, 32)),
        None => Some(montgomery(5, 56)),
        Some(curve) => uncompressed(curve).ok(),
    }
}

fn montgomery(base: u8, octets: usize) -> Vec<u8> {
    let mut public = vec![0; octets];
    public[0] = base;
    public
}

fn uncompressed(curve: Nid) -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let mut context = BigNumContext::new()?;
    let base = group.generator_opt().ok_or_else(ErrorStack::get)?;
    base.to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)
}

/// Signs with a key in PKCS#8 under a scheme of TLS 1.2; `None`: the key or the scheme cannot.
pub(super) fn sign(key: &[u8], scheme: u16, content: &[u8]) -> Option<Vec<u8>> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).ok()?;
    key.choose_scheme(&[SignatureScheme::from(scheme)])?.sign(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_a_public_value_of_its_size() {
        let sizes = [133, 56, 97, 65, 32, 65, 65];
        for ((wanted, _), size) in GROUPS.into_iter().zip(sizes) {
            let (group, public) = share(|group| group == wanted).unwrap();
            assert_eq!((group, public.len()), (wanted, size));
        }
        assert_eq!(share(|_| false), None);
        assert_eq!(base_point(0x11ec), None);
    }
}
