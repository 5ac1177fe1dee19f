//! What stands in the certificate of a recipe.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::Error;
use crate::fields::{KeyUsage, NameKind, Usage, Validity};
use crate::issuers::add_unknown;
use crate::recipe::Recipe;

/// The content of the TLS feature extension: a list with status_request (RFC 7633 section 6).
const STATUS_REQUEST: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x05];

/// What stands in a certificate for `name`; `now` is the time that recipes count from.
pub(crate) fn contents(
    recipe: &Recipe,
    name: &str,
    now: OffsetDateTime,
) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    for number in 1..=recipe.more_names {
        params
            .subject_alt_names
            .push(SanType::DnsName(format!("host-{number}.of-many.waxseal.test").try_into()?));
    }
    for text in &recipe.names {
        let text = fill(text, name);
        params.subject_alt_names.push(match (recipe.names_are, text.parse::<IpAddr>()) {
            (NameKind::Dns, Ok(address)) => SanType::IpAddress(address),
            (NameKind::Dns, Err(_)) => SanType::DnsName(text.try_into()?),
            (NameKind::Email, _) => SanType::Rfc822Name(text.try_into()?),
            (NameKind::Uri, _) => SanType::URI(text.try_into()?),
        });
    }
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(common_name) = &recipe.common_name {
        params.distinguished_name.push(DnType::CommonName, fill(common_name, name));
    }
    for (kind, value) in [
        (DnType::OrganizationName, &recipe.organisation),
        (DnType::OrganizationalUnitName, &recipe.organisational_unit),
    ] {
        if let Some(value) = value {
            params.distinguished_name.push(kind, value.as_str());
        }
    }
    if params.distinguished_name.iter().next().is_none() {
        params.distinguished_name.push(DnType::OrganizationName, "waxseal");
    }
    (params.not_before, params.not_after) = validity(recipe.valid, now);
    params.extended_key_usages = match recipe.usage {
        Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
        Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Usage::Both => {
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
        }
        Usage::Any => Vec::new(),
        Usage::AnyPurpose => vec![ExtendedKeyUsagePurpose::Any],
        Usage::CodeSigning => vec![ExtendedKeyUsagePurpose::CodeSigning],
        Usage::Email => vec![ExtendedKeyUsagePurpose::EmailProtection],
    };
    params.key_usages = match recipe.key_usage {
        KeyUsage::Signing if recipe.key.is_rsa() => {
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
        }
        KeyUsage::Signing => vec![KeyUsagePurpose::DigitalSignature],
        KeyUsage::Agreement => vec![KeyUsagePurpose::KeyAgreement],
        KeyUsage::Certificates => vec![KeyUsagePurpose::KeyCertSign],
        KeyUsage::Encipherment => vec![KeyUsagePurpose::KeyEncipherment],
        KeyUsage::None => Vec::new(),
    };
    params.is_ca = match recipe.is_ca {
        true => IsCa::Ca(BasicConstraints::Unconstrained),
        false => IsCa::ExplicitNoCa,
    };
    params.use_authority_key_identifier_extension = true;
    if recipe.critical_extension {
        add_unknown(&mut params);
    }
    if recipe.must_staple {
        // TLS feature: status_request (RFC 7633 section 4.1).
        let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&oid, STATUS_REQUEST.to_vec()));
    }
    Ok(params)
}

fn validity(valid: Validity, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    let day = Duration::days(1);
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now);
    match valid {
        Validity::Now => (now - day, now + day * 90),
        Validity::Expired => (now - day * 90, now - day),
        Validity::ExpiredJustNow => (now - day * 90, now - Duration::minutes(1)),
        Validity::ForEver => (now - day, at(253_402_300_799)),
        Validity::Future => (now + day, now + day * 90),
        Validity::OneMoreHour => (now - day, now + Duration::hours(1)),
        Validity::Until2051 => (now - day, at(2_556_144_000)),
    }
}

/// Fills a host's name into a template.
pub(crate) fn fill(text: &str, name: &str) -> String {
    let parent = name.split_once('.').map_or(name, |(_, parent)| parent);
    let grandparent = parent.split_once('.').map_or(parent, |(_, grandparent)| grandparent);
    text.replace("{name}", name).replace("{parent}", parent).replace("{grandparent}", grandparent)
}
