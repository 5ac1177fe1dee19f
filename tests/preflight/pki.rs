//! Authorities that name addresses, and what those addresses answer.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SerialNumber, SigningKey,
};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

pub const HOST: &str = "mx.partner.test";
/// The serial number of each leaf.
pub const SERIAL: u64 = 4711;

/// A CA, and its certificate in DER.
pub struct Ca {
    pub der: Vec<u8>,
    signer: Issuer<'static, KeyPair>,
}

/// The addresses that a certificate names.
#[derive(Clone, Default)]
pub struct Urls {
    pub issuers: Vec<String>,
    pub ocsp: Vec<String>,
    pub crl: Vec<String>,
}

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    Good,
    Revoked,
    Unknown,
}

pub fn days(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

impl Ca {
    pub fn root(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = prepare(name, &Urls::default(), change);
        let der = params.self_signed(&key).expect("a root can be made").der().to_vec();
        Self { der, signer: Issuer::new(params, key) }
    }

    pub fn below(
        &self,
        name: &str,
        urls: &Urls,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (params, key) = prepare(name, urls, change);
        let der = params.signed_by(&key, &self.signer).expect("a CA can be made").der().to_vec();
        Self { der, signer: Issuer::new(params, key) }
    }

    /// A certificate of the same name and key as `other`, by this CA.
    pub fn cross(&self, name: &str, other: &Ca) -> Vec<u8> {
        let (params, _) = prepare(name, &Urls::default(), |_| {});
        let made = params.signed_by(other.signer.key(), &self.signer);
        made.expect("a cross certificate can be made").der().to_vec()
    }

    pub fn leaf(&self, urls: &Urls, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        self.leaf_with_key(urls, change).0
    }

    pub fn leaf_with_key(
        &self,
        urls: &Urls,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Vec<u8>, KeyPair) {
        let (mut params, key) = prepare("leaf", urls, |params| {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.serial_number = Some(SerialNumber::from(SERIAL));
            let host = HOST.try_into().expect("it is a name");
            params.subject_alt_names = vec![rcgen::SanType::DnsName(host)];
        });
        change(&mut params);
        let leaf = params.signed_by(&key, &self.signer).expect("a leaf can be made");
        (leaf.der().to_vec(), key)
    }

    /// A responder that this CA appoints.
    pub fn responder(&self) -> Self {
        self.below("responder", &Urls::default(), |params| {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        })
    }

    /// A revocation list from day to day; the leaf is on it or not.
    pub fn crl(&self, from: i64, until: i64, revoked: bool) -> Vec<u8> {
        let entry = |serial: u64| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: days(from),
            reason_code: None,
            invalidity_date: None,
        };
        let mut revoked_certs: Vec<_> = (1..200).map(entry).collect();
        revoked_certs.extend(revoked.then(|| entry(SERIAL)));
        let list = CertificateRevocationListParams {
            this_update: days(from),
            next_update: days(until),
            crl_number: SerialNumber::from(7_u64),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.signer).expect("a list can be made").der().as_ref().to_vec()
    }

    /// An OCSP response to a request, signed by this CA; `sent`: whether its certificate goes with it.
    pub fn ocsp(&self, request: &[u8], says: Says, from: i64, until: i64, sent: bool) -> Vec<u8> {
        // OCSPRequest, TBSRequest, requestList, Request; then comes the CertID.
        let id = inner(inner(inner(inner(request))));
        let id = &id[..2 + usize::from(id[1])];
        let status = match says {
            Says::Good => tlv(0x80, &[]),
            Says::Revoked => tlv(0xa1, &time(days(from))),
            Says::Unknown => tlv(0x82, &[]),
        };
        let next = tlv(0xa0, &time(days(until)));
        let single = tlv(0x30, &[id, &status, &time(days(from)), &next].concat());
        let (_, read) = X509Certificate::from_der(&self.der).expect("it is a certificate");
        let name = tlv(0xa1, read.subject().as_raw());
        let data = tlv(0x30, &[name, time(days(from)), tlv(0x30, &single)].concat());
        let signature = self.signer.key().sign(&data).expect("a key signs");
        let ecdsa_with_sha256 =
            tlv(0x30, &tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
        let bits = tlv(3, &[&[0], signature.as_slice()].concat());
        let sent = if sent { tlv(0xa0, &tlv(0x30, &self.der)) } else { Vec::new() };
        let basic = tlv(0x30, &[data, ecdsa_with_sha256, bits, sent].concat());
        let kind = tlv(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]);
        let bytes = tlv(0x30, &[kind, tlv(4, &basic)].concat());
        tlv(0x30, &[tlv(10, &[0]), tlv(0xa0, &bytes)].concat())
    }
}

fn prepare(
    name: &str,
    urls: &Urls,
    change: impl FnOnce(&mut CertificateParams),
) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (days(-100), days(100));
    params.use_authority_key_identifier_extension = true;
    let entry = |method: u8, url: &String| {
        let oid = tlv(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, method]);
        tlv(0x30, &[oid, tlv(0x86, url.as_bytes())].concat())
    };
    let access: Vec<u8> = (urls.ocsp.iter().map(|url| entry(1, url)))
        .chain(urls.issuers.iter().map(|url| entry(2, url)))
        .flatten()
        .collect();
    if !access.is_empty() {
        let oid = [1, 3, 6, 1, 5, 5, 7, 1, 1];
        params.custom_extensions.push(CustomExtension::from_oid_content(&oid, tlv(0x30, &access)));
    }
    for url in &urls.crl {
        params.crl_distribution_points.push(CrlDistributionPoint { uris: vec![url.clone()] });
    }
    change(&mut params);
    (params, KeyPair::generate().expect("a key can be made"))
}

fn time(at: OffsetDateTime) -> Vec<u8> {
    let (date, clock) = (at.date(), at.time());
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    tlv(0x18, text.as_bytes())
}

/// One element of DER.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => vec![tag, short],
        Ok(short) => vec![tag, 0x81, short],
        Err(_) => {
            let [.., high, low] = length.to_be_bytes();
            vec![tag, 0x82, high, low]
        }
    };
    der.extend_from_slice(content);
    der
}

/// What is inside the first element, whose length is short.
fn inner(der: &[u8]) -> &[u8] {
    match der[1] {
        0x81 => &der[3..],
        _ => &der[2..],
    }
}

pub fn pem(chain: &[Vec<u8>]) -> String {
    let one = |der: &Vec<u8>| {
        let text = data_encoding::BASE64_MIME.encode(der);
        format!(
            "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
            text.replace('\r', "")
        )
    };
    chain.iter().map(one).collect()
}
