//! What a revocation list says of one certificate (RFC 5280 section 5).
//!
//! It is read in place: a list of a million entries costs its own octets and no more.

use rustls::pki_types::CertificateDer;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert};
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Extension};

use crate::tls::chain::revocation::{Status, StatusFacts};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const EXTENSIONS: u8 = 0xa0;

/// Reads a list (DER) about a certificate and its issuer (DER). `url` is where the certificate says
/// that the list is.
///
/// # Errors
/// A fragment that says why the list says nothing of this certificate; fits "the list …".
pub fn read_crl(
    list: &[u8],
    certificate: &[u8],
    issuer: &[u8],
    url: &str,
) -> Result<StatusFacts, String> {
    const UNREADABLE: &str = "cannot be read";
    let list = List::read(list).ok_or(UNREADABLE)?;
    let (_, below) = X509Certificate::from_der(certificate).map_err(|_| UNREADABLE)?;
    let (_, above) = X509Certificate::from_der(issuer).map_err(|_| UNREADABLE)?;
    if list.issuer != below.issuer().as_raw() {
        return Err("is one of another issuer".into());
    }
    let usage = above.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.crl_sign()) {
        return Err("is signed by a CA that may not sign revocation lists".into());
    }
    if !list.is_signed_by(issuer) {
        return Err("does not carry a good signature of the issuer".into());
    }
    list.covers(below.is_ca(), url)?;
    let status = match list.has(below.raw_serial()).ok_or(UNREADABLE)? {
        true => Status::Revoked,
        false => Status::Good,
    };
    let signed_by = above.subject().to_string().into();
    let (this_update, next_update) = (list.this_update, list.next_update);
    Ok(StatusFacts { status, signed_by, this_update, next_update })
}

/// A revocation list, taken apart.
struct List<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    this_update: i64,
    next_update: Option<i64>,
    revoked: &'a [u8],
    extensions: Vec<X509Extension<'a>>,
}

impl<'a> List<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Octets(Octets(der).take(SEQUENCE)?.content);
        let signed = outer.take(SEQUENCE)?;
        let algorithm = outer.take(SEQUENCE)?.content;
        let (0, signature) = outer.take(BIT_STRING)?.content.split_first()? else { return None };
        let mut inner = Octets(signed.content);
        inner.take(INTEGER);
        inner.take(SEQUENCE)?;
        let issuer = inner.take(SEQUENCE)?.whole;
        let this_update = inner.time()?;
        let next_update = inner.time();
        let revoked = inner.take(SEQUENCE).map_or(&[][..], |revoked| revoked.content);
        let mut extensions = Vec::new();
        if let Some(wrapped) = inner.take(EXTENSIONS) {
            let mut rest = Octets(Octets(wrapped.content).take(SEQUENCE)?.content);
            while let Some(extension) = rest.take(SEQUENCE) {
                extensions.push(X509Extension::from_der(extension.whole).ok()?.1);
            }
        }
        let signed = signed.whole;
        inner.0.is_empty().then_some(Self {
            signed,
            algorithm,
            signature,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
        })
    }

    fn is_signed_by(&self, issuer: &[u8]) -> bool {
        let issuer = CertificateDer::from(issuer);
        let Ok(issuer) = EndEntityCert::try_from(&issuer) else { return false };
        let fits = ALL_VERIFICATION_ALGS
            .iter()
            .filter(|known| known.signature_alg_id().as_ref() == self.algorithm);
        fits.into_iter()
            .any(|known| issuer.verify_signature(*known, self.signed, self.signature).is_ok())
    }

    /// Whether the list is a whole one for this kind of certificate (RFC 5280 section 6.3.3).
    fn covers(&self, ca: bool, url: &str) -> Result<(), String> {
        for extension in &self.extensions {
            match extension.parsed_extension() {
                ParsedExtension::IssuingDistributionPoint(point) => {
                    let part = point.indirect_crl
                        || point.only_some_reasons.is_some()
                        || point.only_contains_attribute_certs
                        || (ca && point.only_contains_user_certs)
                        || (!ca && point.only_contains_ca_certs);
                    let named = match &point.distribution_point {
                        Some(DistributionPointName::FullName(names)) => names
                            .iter()
                            .any(|name| matches!(name, GeneralName::URI(uri) if *uri == url)),
                        _ => true,
                    };
                    if part || !named {
                        return Err("is not for this certificate".into());
                    }
                }
                // CRL number and key identifier change nothing.
                _ if extension.critical => {
                    return Err("has a critical extension that waxseal does not know".into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a serial number is listed; `None`: an entry cannot be read.
    fn has(&self, serial: &[u8]) -> Option<bool> {
        let mut entries = Octets(self.revoked);
        while !entries.0.is_empty() {
            let entry = entries.take(SEQUENCE)?;
            if Octets(entry.content).take(INTEGER)?.content == serial {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// Octets of DER that are still to be read.
struct Octets<'a>(&'a [u8]);

struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

impl<'a> Octets<'a> {
    /// The next element if it is one of this kind; otherwise nothing is taken.
    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        let (&[found, first], rest) = self.0.split_first_chunk::<2>()?;
        if found != tag {
            return None;
        }
        let (head, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            // Four octets of length are more than anything that is read here.
            0x81..=0x84 => {
                let octets = rest.get(..usize::from(first & 0x7f))?;
                let length = octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                (2 + octets.len(), length)
            }
            _ => return None,
        };
        let whole = self.0.get(..head.checked_add(length)?)?;
        self.0 = &self.0[whole.len()..];
        Some(Element { whole, content: &whole[head..] })
    }

    /// A time, in seconds since 1970.
    fn time(&mut self) -> Option<i64> {
        let element = self.take(UTC_TIME).or_else(|| self.take(GENERALIZED_TIME))?;
        ASN1Time::from_der(element.whole).ok().map(|(_, time)| time.timestamp())
    }
}
