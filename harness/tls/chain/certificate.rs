//! What stands in certificates, read from DER.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::hash::MessageDigest;
use openssl::pkey::Id;
use openssl::x509::X509;
use waxseal_model::certificate::{CertificateFacts, ChainFacts, KeyKind, Problem, in_order};
use waxseal_model::foreign::Foreign;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS, OID_PKIX_ACCESS_DESCRIPTOR_OCSP,
};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::tls::chain::verify::{ChainProblem, Usage, verify_chain};

/// Reads one certificate; `None`: it is none, or its key cannot be read.
pub fn describe_certificate(der: &[u8]) -> Option<CertificateFacts> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let library = X509::from_der(der).ok()?;
    let key = library.public_key().ok()?;
    let subject = parsed.subject();
    let mut facts = CertificateFacts {
        subject: subject.to_string().into(),
        issuer: parsed.issuer().to_string().into(),
        common_name: first(subject.iter_common_name()),
        organisation: first(subject.iter_organization()),
        organisational_unit: first(subject.iter_organizational_unit()),
        issuer_name: name_of(parsed.issuer()),
        names: Vec::new(),
        serial: hex(&library.serial_number().to_bn().ok()?.to_vec()),
        key: match key.id() {
            Id::RSA | Id::RSA_PSS => KeyKind::Rsa,
            Id::EC => KeyKind::Ecdsa,
            _ => KeyKind::Other,
        },
        key_bits: key.bits(),
        signature: match library.signature_algorithm().object().nid().long_name() {
            Ok(name) => name.to_owned(),
            Err(_) => library.signature_algorithm().object().to_string(),
        },
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        ca: parsed.is_ca(),
        usages: Vec::new(),
        must_staple: false,
        crl: Vec::new(),
        ocsp: Vec::new(),
        issuers: Vec::new(),
        fingerprint: hex(&library.digest(MessageDigest::sha256()).ok()?),
    };
    for extension in parsed.extensions() {
        read_extension(extension.parsed_extension(), &mut facts);
        // TLS feature: a list of numbers, of which 5 is status_request (RFC 7633 section 4.1).
        facts.must_staple |=
            extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" && extension.value.contains(&5);
    }
    Some(facts)
}

fn read_extension(extension: &ParsedExtension<'_>, facts: &mut CertificateFacts) {
    match extension {
        ParsedExtension::SubjectAlternativeName(names) => {
            facts.names = names
                .general_names
                .iter()
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some(Foreign::from(*name)),
                    _ => None,
                })
                .collect();
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            for (there, name) in [
                (usage.any, "any"),
                (usage.server_auth, "server"),
                (usage.client_auth, "client"),
                (usage.email_protection, "email"),
                (usage.code_signing, "code"),
                (usage.ocsp_signing, "ocsp"),
            ] {
                facts.usages.extend(there.then(|| name.to_owned()));
            }
            facts.usages.extend(usage.other.iter().map(|oid| oid.to_id_string()));
        }
        ParsedExtension::CRLDistributionPoints(points) => {
            for point in points.iter() {
                if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                    facts.crl.extend(names.iter().filter_map(address));
                }
            }
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            for entry in access.iter() {
                let Some(address) = address(&entry.access_location) else { continue };
                if entry.access_method == OID_PKIX_ACCESS_DESCRIPTOR_OCSP {
                    facts.ocsp.push(address);
                } else if entry.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS {
                    facts.issuers.push(address);
                }
            }
        }
        _ => {}
    }
}

fn address(name: &GeneralName<'_>) -> Option<Foreign> {
    match name {
        GeneralName::URI(address) => Some(Foreign::from(*address)),
        _ => None,
    }
}

fn first<'a>(
    mut values: impl Iterator<Item = &'a x509_parser::prelude::AttributeTypeAndValue<'a>>,
) -> Option<Foreign> {
    values.next().and_then(|value| value.as_str().ok()).map(Foreign::from)
}

/// What people call the owner of a name.
fn name_of(name: &X509Name<'_>) -> Option<Foreign> {
    first(name.iter_common_name()).or_else(|| first(name.iter_organization()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Describes a chain (DER, leaf first), says which of the trusted roots it leads to, and what is
/// wrong with it as a server's at `now`. Revocation is not looked at. `name`: the host's, where it
/// is known.
pub fn describe_chain(
    chain: &[Vec<u8>],
    roots: &[Vec<u8>],
    name: Option<&str>,
    now: SystemTime,
) -> ChainFacts {
    let certificates: Vec<_> = chain.iter().map_while(|der| describe_certificate(der)).collect();
    let mut problems = Vec::new();
    if certificates.len() < chain.len() {
        problems.push(Problem::Unreadable);
    }
    if !in_order(&certificates) {
        problems.push(Problem::WrongOrder);
    }
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    for (wrong, problem) in [
        (certificates.iter().any(|one| one.not_after < seconds), Problem::Expired),
        (certificates.iter().any(|one| one.not_before > seconds), Problem::NotYetValid),
        (certificates.iter().any(CertificateFacts::weak_key), Problem::WeakKey),
        (certificates.iter().any(CertificateFacts::weak_signature), Problem::WeakSignature),
    ] {
        problems.extend(wrong.then_some(problem));
    }
    let verified = verify_chain(chain, roots, None, Usage::Server, now);
    problems.extend(verified.as_ref().err().map(|problem| told_apart(problem, &certificates)));
    // The name is asked for on its own: a chain may be wrong in more than one way.
    let named = crate::tls::chain::verify::is_for(chain, name);
    problems.extend((!named && !chain.is_empty()).then_some(Problem::WrongName));
    problems.sort_unstable();
    problems.dedup();
    // One root at a time: the verifier does not say which it was.
    let leads_to = |root: &&Vec<u8>| {
        verify_chain(chain, std::slice::from_ref(*root), None, Usage::Server, now).is_ok()
    };
    let root = roots.iter().filter(|_| verified.is_ok()).find(leads_to);
    let root = root
        .and_then(|der| describe_certificate(der))
        .and_then(|root| root.common_name.or(root.organisational_unit).or(root.organisation));
    ChainFacts { certificates, root, problems }
}

fn told_apart(problem: &ChainProblem, chain: &[CertificateFacts]) -> Problem {
    match problem {
        ChainProblem::NoCertificate => Problem::NoCertificate,
        // The verifier objects first to a leaf that is marked as an authority, as those are that
        // `openssl req -x509` makes.
        ChainProblem::UnknownIssuer | ChainProblem::Other(_) if alone(chain) => Problem::SelfSigned,
        ChainProblem::UnknownIssuer => match chain.last() {
            Some(last) if last.self_issued() => Problem::UnknownIssuer,
            _ => Problem::Incomplete,
        },
        ChainProblem::Expired => Problem::Expired,
        ChainProblem::NotYetValid => Problem::NotYetValid,
        ChainProblem::WrongName => Problem::WrongName,
        ChainProblem::BadSignature => Problem::BadSignature,
        ChainProblem::WrongUsage => Problem::WrongUsage,
        ChainProblem::MayNotSign | ChainProblem::Other(_) => Problem::NotGood,
    }
}

/// Whether the chain is one certificate that names itself as its issuer.
fn alone(chain: &[CertificateFacts]) -> bool {
    matches!(chain, [only] if only.self_issued())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use waxseal_certs::{Authorities, Recipe};

    use super::*;

    const HOST: &str = "mx.host.test";

    /// The chain of a recipe as `certificates.toml` would write it.
    fn described(recipe: &str) -> ChainFacts {
        let now = SystemTime::now();
        let authorities = Authorities::new(now).unwrap();
        let recipe: Recipe = toml::from_str(&format!("about = ''\n{recipe}")).unwrap();
        let issued = authorities.issue(&recipe, HOST).unwrap();
        describe_chain(&issued.chain, &authorities.trust_anchors(), Some(HOST), now)
    }

    fn check(recipe: &str, expected: &[Problem]) {
        let found: BTreeSet<_> = described(recipe).problems.into_iter().collect();
        assert_eq!(found, expected.iter().copied().collect(), "{recipe}");
    }

    #[test]
    fn each_problem_is_told_apart() {
        check("", &[]);
        check("key = 'rsa-2048'", &[]);
        check("valid = 'expired'", &[Problem::Expired]);
        check("valid = 'future'", &[Problem::NotYetValid]);
        check("names = ['other.test']", &[Problem::WrongName]);
        check("issuer = 'self'", &[Problem::SelfSigned]);
        check("issuer = 'unknown'", &[Problem::Incomplete]);
        check("omits-intermediate = true", &[Problem::Incomplete]);
        check("broken-signature = true", &[Problem::BadSignature]);
        check("usage = 'client'", &[Problem::WrongUsage]);
        check("key = 'rsa-1024'", &[Problem::WeakKey]);
        assert_eq!(
            describe_chain(&[], &[], Some(HOST), SystemTime::now()).problems,
            [Problem::NoCertificate]
        );
        let junk = vec![vec![0x30, 0]];
        let junk = describe_chain(&junk, &[], Some(HOST), SystemTime::now()).problems;
        assert!(junk.contains(&Problem::Unreadable), "{junk:?}");
    }

    #[test]
    fn a_private_root_is_told_apart_by_whether_it_is_sent_and_trusted() {
        let now = SystemTime::now();
        let authorities = Authorities::new(now).unwrap();
        let issued = authorities.issue(&toml::from_str("about = ''").unwrap(), HOST).unwrap();
        let root = authorities.trust_anchors()[..1].to_vec();
        let sent = [issued.chain.clone(), root.clone()].concat();
        let say = |chain: &[Vec<u8>], roots: &[Vec<u8>]| {
            let chain = describe_chain(chain, roots, Some(HOST), now);
            (chain.problems, chain.root)
        };
        let trusted = (vec![], Some("waxseal root A".into()));
        assert_eq!(say(&issued.chain, &[]), (vec![Problem::Incomplete], None));
        assert_eq!(say(&sent, &[]), (vec![Problem::UnknownIssuer], None));
        assert_eq!(say(&issued.chain, &root), trusted);
        assert_eq!(say(&sent, &root), trusted);
        // Without its intermediate, no root helps.
        assert_eq!(say(&issued.chain[..1], &root), (vec![Problem::Incomplete], None));
        // Marked as an authority, as `openssl req -x509` makes it.
        assert_eq!(say(&root, &[]).0, [Problem::SelfSigned, Problem::WrongName]);
    }

    #[test]
    fn the_fields_are_those_of_the_certificate() {
        let chain = described("key = 'rsa-2048'\ncommon-name = '{name}'\nmust-staple = true");
        let leaf = chain.leaf().unwrap();
        assert_eq!(leaf.names, [HOST]);
        assert_eq!(leaf.common_name.as_ref().map(Foreign::raw), Some(HOST));
        assert_eq!((leaf.key, leaf.key_bits), (KeyKind::Rsa, 2048));
        assert_eq!(leaf.usages, ["server"]);
        assert!(leaf.must_staple && !leaf.ca && chain.certificates[1].ca);
        assert_eq!(leaf.issuer_name, Some("waxseal intermediate A".into()));
        assert_eq!(chain.root, Some("waxseal root A".into()));
        assert_eq!(leaf.not_after - leaf.not_before, 91 * 86_400);
        assert_eq!(leaf.fingerprint.len(), 64);
    }
}
