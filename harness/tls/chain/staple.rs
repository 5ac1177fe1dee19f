//! What a stapled OCSP response says.

use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspResponse, OcspResponseStatus};
use openssl::x509::X509;
use waxseal_model::certificate::{StapleFacts, StapleStatus};

/// Seconds that clocks may differ.
const SKEW: u32 = 300;

/// Reads a response (DER) about the leaf of a chain (DER, leaf first). Its signature is not
/// verified.
pub(in crate::tls) fn describe_staple(response: &[u8], chain: &[Vec<u8>]) -> StapleFacts {
    read(response, chain).unwrap_or(StapleFacts { status: StapleStatus::Nothing, current: false })
}

fn read(response: &[u8], chain: &[Vec<u8>]) -> Option<StapleFacts> {
    let response = OcspResponse::from_der(response).ok()?;
    if response.status() != OcspResponseStatus::SUCCESSFUL {
        return None;
    }
    let basic = response.basic().ok()?;
    let [leaf, issuer, ..] = chain else { return None };
    let (leaf, issuer) = (X509::from_der(leaf).ok()?, X509::from_der(issuer).ok()?);
    // The responder chooses the digest of the name it answers to; these two are in use.
    [MessageDigest::sha1(), MessageDigest::sha256()].into_iter().find_map(|digest| {
        let id = OcspCertId::from_cert(digest, &leaf, &issuer).ok()?;
        let found = basic.find_status(&id)?;
        let status = match found.status {
            OcspCertStatus::GOOD => StapleStatus::Good,
            OcspCertStatus::REVOKED => StapleStatus::Revoked,
            _ => StapleStatus::Unknown,
        };
        Some(StapleFacts { status, current: found.check_validity(SKEW, None).is_ok() })
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::{c_int, c_void};
    use std::time::{SystemTime, UNIX_EPOCH};

    use foreign_types_shared::ForeignType;
    use openssl::asn1::Asn1Time;
    use openssl::pkey::PKey;
    use openssl_sys as ffi;
    use waxseal_certs::{Authorities, Issued, Recipe};

    use super::*;

    unsafe extern "C" {
        fn OCSP_basic_add1_status(
            response: *mut ffi::OCSP_BASICRESP,
            id: *mut ffi::OCSP_CERTID,
            status: c_int,
            reason: c_int,
            revoked: *const ffi::ASN1_TIME,
            begins: *const ffi::ASN1_TIME,
            ends: *const ffi::ASN1_TIME,
        ) -> *mut c_void;
        fn OCSP_basic_sign(
            response: *mut ffi::OCSP_BASICRESP,
            signer: *mut ffi::X509,
            key: *mut ffi::EVP_PKEY,
            digest: *const ffi::EVP_MD,
            others: *mut c_void,
            flags: u64,
        ) -> c_int;
    }

    /// A response about the leaf of this chain, from and until these days from now. The leaf signs
    /// it, which nobody looks at.
    fn respond(issued: &Issued, status: OcspCertStatus, days: [i64; 2]) -> Vec<u8> {
        let leaf = X509::from_der(&issued.chain[0]).unwrap();
        let issuer = X509::from_der(&issued.chain[1]).unwrap();
        let key = PKey::private_key_from_pkcs8(&issued.key).unwrap();
        let id = OcspCertId::from_cert(MessageDigest::sha1(), &leaf, &issuer).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let [begins, ends] = days.map(|day| Asn1Time::from_unix(now + day * 86_400).unwrap());
        // SAFETY: everything lives to the end of the block; the response copies what it is given.
        unsafe {
            let basic = ffi::OCSP_BASICRESP_new();
            let added = OCSP_basic_add1_status(
                basic,
                id.as_ptr(),
                status.as_raw(),
                -1,
                begins.as_ptr(),
                begins.as_ptr(),
                ends.as_ptr(),
            );
            assert!(!added.is_null());
            let digest = MessageDigest::sha256().as_ptr();
            let others = std::ptr::null_mut();
            assert_eq!(OCSP_basic_sign(basic, leaf.as_ptr(), key.as_ptr(), digest, others, 0), 1);
            let response = OcspResponse::from_ptr(ffi::OCSP_response_create(0, basic));
            ffi::OCSP_BASICRESP_free(basic);
            response.to_der().unwrap()
        }
    }

    #[test]
    fn a_staple_is_about_one_certificate_and_for_a_time() {
        let authorities = Authorities::new(SystemTime::now()).unwrap();
        let recipe: Recipe = toml::from_str("about = ''").unwrap();
        let [ours, other] =
            ["mx.host.test", "other.test"].map(|name| authorities.issue(&recipe, name).unwrap());
        let read = |from: &Issued, status, days| {
            let staple = describe_staple(&respond(from, status, days), &ours.chain);
            (staple.status, staple.current)
        };
        use StapleStatus::{Good, Nothing, Revoked, Unknown};
        assert_eq!(read(&ours, OcspCertStatus::GOOD, [-1, 6]), (Good, true));
        assert_eq!(read(&ours, OcspCertStatus::GOOD, [-9, -2]), (Good, false));
        assert_eq!(read(&ours, OcspCertStatus::GOOD, [2, 9]), (Good, false));
        assert_eq!(read(&ours, OcspCertStatus::REVOKED, [-1, 6]), (Revoked, true));
        assert_eq!(read(&ours, OcspCertStatus::UNKNOWN, [-1, 6]), (Unknown, true));
        assert_eq!(read(&other, OcspCertStatus::GOOD, [-1, 6]), (Nothing, false));
        let junk = describe_staple(b"nothing of ASN.1", &ours.chain);
        assert_eq!((junk.status, junk.current), (Nothing, false));
    }
}
