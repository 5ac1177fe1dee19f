//! Whether a certificate is revoked, as OCSP tells it; and what issuers publish of themselves.

use openssl::hash::MessageDigest;
use openssl::ocsp::{
    OcspBasicResponse, OcspCertId, OcspCertStatus, OcspFlag, OcspRequest, OcspResponse,
    OcspResponseStatus,
};
use openssl::pkcs7::Pkcs7;
use openssl::stack::Stack;
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use waxseal_model::foreign::Foreign;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::tls::chain::verify::read_certificates_pem;

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

/// A signed statement about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusFacts {
    /// What it says.
    pub status: Status,
    /// Who signed it.
    pub signed_by: Foreign,
    /// Since when it holds, in seconds since 1970.
    pub this_update: i64,
    /// Until when it holds; `None`: it names no end.
    pub next_update: Option<i64>,
}

/// An OCSP request (DER) about a certificate and its issuer (DER). The name is hashed with SHA-1,
/// which every responder knows (RFC 5019 section 2.1.1).
pub fn ocsp_request(certificate: &[u8], issuer: &[u8]) -> Option<Vec<u8>> {
    let (certificate, issuer) = (X509::from_der(certificate).ok()?, X509::from_der(issuer).ok()?);
    let id = OcspCertId::from_cert(MessageDigest::sha1(), &certificate, &issuer).ok()?;
    let mut request = OcspRequest::new().ok()?;
    request.add_id(id).ok()?;
    request.to_der().ok()
}

/// Reads an OCSP response (DER) about a certificate and its issuer (DER). That its time is over is
/// not looked at.
///
/// # Errors
/// A fragment that says why it says nothing of this certificate; fits "the response …".
pub fn read_ocsp(
    response: &[u8],
    certificate: &[u8],
    issuer: &[u8],
) -> Result<StatusFacts, String> {
    const UNREADABLE: &str = "cannot be read";
    let response = OcspResponse::from_der(response).map_err(|_| UNREADABLE)?;
    if let Some(why) = refusal(response.status()) {
        return Err(why.into());
    }
    let basic = response.basic().map_err(|_| UNREADABLE)?;
    let below = X509::from_der(certificate).map_err(|_| UNREADABLE)?;
    let above = X509::from_der(issuer).map_err(|_| UNREADABLE)?;
    let found = [MessageDigest::sha1(), MessageDigest::sha256()].into_iter().find_map(|digest| {
        let id = OcspCertId::from_cert(digest, &below, &above).ok()?;
        let found = basic.find_status(&id)?;
        let status = match found.status {
            OcspCertStatus::GOOD => Status::Good,
            OcspCertStatus::REVOKED => Status::Revoked,
            _ => Status::Unknown,
        };
        let next_update = match found.next_update() {
            Some(time) => Some(seconds(&time.to_string())?),
            None => None,
        };
        Some((status, seconds(&found.this_update.to_string())?, next_update))
    });
    let (status, this_update, next_update) = found.ok_or("is not about this certificate")?;
    let name = X509Certificate::from_der(issuer).map(|(_, read)| read.subject().to_string());
    let name = name.map_err(|_| UNREADABLE)?;
    let signed_by = if is_signed(&basic, &above, OcspFlag::NO_INTERN) {
        name.into()
    } else if is_signed(&basic, &above, OcspFlag::empty()) {
        format!("a responder appointed by {name}").into()
    } else {
        return Err("does not carry a good signature of the issuer or its responder".into());
    };
    Ok(StatusFacts { status, signed_by, this_update, next_update })
}

/// What a responder says in the place of an answer (RFC 6960 section 2.3).
fn refusal(status: OcspResponseStatus) -> Option<&'static str> {
    match status {
        OcspResponseStatus::SUCCESSFUL => None,
        OcspResponseStatus::MALFORMED_REQUEST => Some("says that our request is malformed"),
        OcspResponseStatus::INTERNAL_ERROR => Some("says that the responder has an error"),
        OcspResponseStatus::TRY_LATER => Some("says that the responder is busy"),
        OcspResponseStatus::SIG_REQUIRED => Some("says that requests have to be signed"),
        OcspResponseStatus::UNAUTHORIZED => Some("says that the responder may not answer"),
        _ => Some("has an unknown status"),
    }
}

/// Whether the issuer signed, or a responder with its certificate for that (RFC 6960 section 4.2.2.2).
/// The issuer itself is not asked who issued it: its path is judged elsewhere.
fn is_signed(basic: &OcspBasicResponse, issuer: &X509, flags: OcspFlag) -> bool {
    let verify = || {
        let mut known = Stack::new()?;
        known.push(issuer.clone())?;
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(issuer.clone())?;
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        basic.verify(&known, &store.build(), flags)
    };
    verify().is_ok()
}

/// Seconds since 1970 of a time as OpenSSL prints it: `Nov 27 20:13:52 2026 GMT`.
fn seconds(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_whitespace();
    let (month, day, clock, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = u8::try_from(MONTHS.iter().position(|name| *name == month)? + 1).ok()?;
    let month = time::Month::try_from(month).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let mut clock = clock.split(':').map(|part| part.split('.').next().unwrap_or_default().parse());
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    let at = time::Time::from_hms(hour.ok()?, minute.ok()?, second.ok()?).ok()?;
    Some(time::PrimitiveDateTime::new(date, at).assume_utc().unix_timestamp())
}

/// The certificates that an address of issuers gave: one in DER, several in PEM or in PKCS #7 (RFC
/// 5280 section 4.2.2.1).
pub fn read_issuers(body: &[u8]) -> Vec<Vec<u8>> {
    if X509Certificate::from_der(body).is_ok_and(|(rest, _)| rest.is_empty()) {
        return vec![body.to_vec()];
    }
    if let Ok(read) = read_certificates_pem(body) {
        return read;
    }
    let read = Pkcs7::from_der(body);
    let stack =
        read.as_ref().ok().and_then(|read| read.signed()).and_then(|signed| signed.certificates());
    let der = stack.into_iter().flatten().filter_map(|certificate| certificate.to_der().ok());
    der.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_printed() {
        assert_eq!(seconds("Nov 27 20:13:52 2026 GMT"), Some(1_795_810_432));
        assert_eq!(seconds("Jan  1 00:00:00 1970 GMT"), Some(0));
        assert_eq!(seconds("Bad value"), None);
    }
}
