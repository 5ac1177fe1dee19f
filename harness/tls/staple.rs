//! What a stapled OCSP response says.

use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspResponse, OcspResponseStatus};
use openssl::x509::X509;
use waxseal_model::certificate::{StapleFacts, StapleStatus};

/// Seconds that clocks may differ.
const SKEW: u32 = 300;

/// Reads a response (DER) about the leaf of a chain (DER, leaf first). Its signature is not
/// verified.
pub(super) fn describe_staple(response: &[u8], chain: &[Vec<u8>]) -> StapleFacts {
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
