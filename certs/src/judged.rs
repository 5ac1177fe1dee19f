//! What two libraries that verify chains say of each recipe. OpenSSL judges at security level 2, as the
//! distributions set it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::{Authorities, Recipes};

/// The host that shows the certificates of servers.
const HOST: &str = "mx.waxseal.test";

/// The partner that shows those of clients.
const PARTNER: &str = "mail.partner.test";

/// What a chain is judged by.
struct Judged<'a> {
    chain: &'a [Vec<u8>],
    roots: &'a [Vec<u8>],
    client: bool,
    now: SystemTime,
}

impl Judged<'_> {
    fn name(&self) -> &'static str {
        if self.client { PARTNER } else { HOST }
    }

    /// What is wrong with it, as OpenSSL says it.
    fn openssl(&self) -> Result<(), String> {
        let mut store = X509StoreBuilder::new().unwrap();
        for root in self.roots {
            store.add_cert(X509::from_der(root).unwrap()).unwrap();
        }
        let mut rules = X509VerifyParam::new().unwrap();
        let purpose =
            if self.client { X509PurposeId::SSL_CLIENT } else { X509PurposeId::SSL_SERVER };
        rules.set_purpose(purpose).unwrap();
        rules.set_auth_level(2);
        rules.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        rules.set_host(self.name()).unwrap();
        store.set_param(&rules).unwrap();
        let read = |der: &Vec<u8>| X509::from_der(der).map_err(|error| error.to_string());
        let leaf = read(&self.chain[0])?;
        let mut rest = Stack::new().unwrap();
        for der in &self.chain[1..] {
            rest.push(read(der)?).unwrap();
        }
        let mut context = X509StoreContext::new().unwrap();
        let verified = context.init(&store.build(), &leaf, &rest, |context| {
            Ok((context.verify_cert()?, context.error()))
        });
        match verified.unwrap() {
            (true, _) => Ok(()),
            (false, why) => Err(why.error_string().to_owned()),
        }
    }

    /// What is wrong with it, as webpki says it.
    fn webpki(&self) -> Result<(), String> {
        let der: Vec<CertificateDer<'_>> =
            self.chain.iter().map(|der| der.as_slice().into()).collect();
        let roots: Vec<CertificateDer<'_>> =
            self.roots.iter().map(|der| der.as_slice().into()).collect();
        let anchors: Vec<_> =
            roots.iter().map(|root| anchor_from_trusted_cert(root).unwrap()).collect();
        let usage = if self.client { KeyUsage::client_auth() } else { KeyUsage::server_auth() };
        let now = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = UnixTime::since_unix_epoch(now);
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        let leaf = EndEntityCert::try_from(&der[0]).map_err(|error| error.to_string())?;
        leaf.verify_for_usage(algorithms, &anchors, &der[1..], now, usage, None, None)
            .map_err(|error| error.to_string())?;
        let name = ServerName::try_from(self.name()).unwrap();
        leaf.verify_is_valid_for_subject_name(&name).map_err(|error| error.to_string())
    }
}

fn recipes() -> Recipes {
    toml::from_str(include_str!("../../scenarios/certificates.toml")).unwrap()
}

/// What both libraries take.
const TAKEN: &[&str] = &[
    "client",
    "client-among-many",
    "client-cross-signed",
    "client-deep",
    "client-ed25519",
    "client-for-ever",
    "client-foreign-key",
    "client-intermediate",
    "client-intermediate-twice",
    "client-key-usage-none",
    "client-name-capitals",
    "client-name-permitted",
    "client-one-more-hour",
    "client-p-384",
    "client-p-521",
    "client-reversed",
    "client-root-sent",
    "client-rsa-2048",
    "client-rsa-3072",
    "client-rsa-4096",
    "client-rsa-pss",
    "client-sha384",
    "client-sha512",
    "client-stranger-behind",
    "client-stranger-between",
    "client-until-2051",
    "client-usage-any",
    "client-usage-both",
    "client-wildcard",
    "cross-signed",
    "deep",
    "for-ever",
    "intermediate-twice",
    "key-usage-agreement",
    "key-usage-encipherment",
    "key-usage-none",
    "leaf-twice",
    "many-strangers",
    "must-staple",
    "name-among-a-thousand",
    "name-among-many",
    "name-permitted",
    "no-usage",
    "one-more-hour",
    "reversed",
    "root-in-chain",
    "signed-rsa",
    "signed-rsa-pss",
    "signed-sha384",
    "signed-sha512",
    "stranger-behind",
    "stranger-between",
    "trusted",
    "trusted-ecdsa",
    "trusted-ed25519",
    "trusted-p-384",
    "trusted-p-521",
    "trusted-rsa",
    "trusted-rsa-3072",
    "trusted-rsa-4096",
    "until-2051",
    "usage-both",
    "wildcard",
];

/// What both refuse, and what each says of it.
#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str)] = &[
    ("bad-signature", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("broken-ca", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("ca-false-issuer", "invalid CA certificate", "EndEntityUsedAsCa"),
    ("client-bad-signature", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("client-broken-ca", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("client-cn-right-san-wrong", "hostname mismatch", "CertNotValidForName"),
    ("client-critical-extension", "unhandled critical extension", "UnsupportedCriticalExtension"),
    ("client-critical-extension-ca", "unhandled critical extension", "UnsupportedCriticalExtension"),
    ("client-expired", "certificate has expired", "CertExpired"),
    ("client-expired-just-now", "certificate has expired", "CertExpired"),
    ("client-false-ca", "invalid CA certificate", "EndEntityUsedAsCa"),
    ("client-impostor", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("client-intermediate-expired", "certificate has expired", "CertExpired"),
    ("client-intermediate-not-yet-valid", "certificate is not yet valid or the system clock is incorrect", "CertNotValidYet"),
    ("client-md5", "CA signature digest algorithm too weak", "UnsupportedSignatureAlgorithmContext"),
    ("client-missing-intermediate", "unable to get local issuer certificate", "UnknownIssuer"),
    ("client-name-excluded", "excluded subtree violation", "NameConstraintViolation"),
    ("client-name-in-email", "hostname mismatch", "CertNotValidForName"),
    ("client-name-in-uri", "hostname mismatch", "CertNotValidForName"),
    ("client-name-like", "hostname mismatch", "CertNotValidForName"),
    ("client-name-nul", "hostname mismatch", "CertNotValidForName"),
    ("client-name-one-label-less", "hostname mismatch", "CertNotValidForName"),
    ("client-name-one-label-more", "hostname mismatch", "CertNotValidForName"),
    ("client-name-sibling", "hostname mismatch", "CertNotValidForName"),
    ("client-name-trailing-dot", "hostname mismatch", "CertNotValidForName"),
    ("client-name-with-suffix", "hostname mismatch", "CertNotValidForName"),
    ("client-name-within", "hostname mismatch", "CertNotValidForName"),
    ("client-not-yet-valid", "certificate is not yet valid or the system clock is incorrect", "CertNotValidYet"),
    ("client-path-too-long", "path length constraint exceeded", "PathLenConstraintViolated"),
    ("client-self-signed", "self-signed certificate", "UnknownIssuer"),
    ("client-self-signed-ca", "self-signed certificate", "CaUsedAsEndEntity"),
    ("client-server-usage-only", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("client-sha1", "CA signature digest algorithm too weak", "UnsupportedSignatureAlgorithmContext"),
    ("client-unknown-ca-sent", "self-signed certificate in certificate chain", "UnknownIssuer"),
    ("client-unmarked-ca", "invalid CA certificate", "EndEntityUsedAsCa"),
    ("client-untrusted", "unable to get local issuer certificate", "UnknownIssuer"),
    ("client-usage-any-purpose", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("client-usage-code-signing", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("client-usage-email", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("client-version-1-ca", "invalid CA certificate", "UnsupportedCertVersion"),
    ("client-weak-ca", "CA certificate key too weak", "InvalidSignatureForPublicKey"),
    ("client-wildcard-bare", "hostname mismatch", "CertNotValidForName"),
    ("client-wildcard-below", "hostname mismatch", "CertNotValidForName"),
    ("client-wildcard-partial", "hostname mismatch", "CertNotValidForName"),
    ("client-wildcard-top", "hostname mismatch", "CertNotValidForName"),
    ("client-wrong-name", "hostname mismatch", "CertNotValidForName"),
    ("cn-nul", "hostname mismatch", "CertNotValidForName"),
    ("cn-right-san-wrong", "hostname mismatch", "CertNotValidForName"),
    ("critical-extension", "unhandled critical extension", "UnsupportedCriticalExtension"),
    ("critical-extension-ca", "unhandled critical extension", "UnsupportedCriticalExtension"),
    ("expired", "certificate has expired", "CertExpired"),
    ("expired-just-now", "certificate has expired", "CertExpired"),
    ("false-ca", "invalid CA certificate", "EndEntityUsedAsCa"),
    ("impostor", "certificate signature failure", "InvalidSignatureForPublicKey"),
    ("intermediate-expired", "certificate has expired", "CertExpired"),
    ("intermediate-not-yet-valid", "certificate is not yet valid or the system clock is incorrect", "CertNotValidYet"),
    ("missing-intermediate", "unable to get local issuer certificate", "UnknownIssuer"),
    ("name-address", "hostname mismatch", "CertNotValidForName"),
    ("name-constraints-violated", "permitted subtree violation", "NameConstraintViolation"),
    ("name-excluded", "excluded subtree violation", "NameConstraintViolation"),
    ("name-in-email", "hostname mismatch", "CertNotValidForName"),
    ("name-in-uri", "hostname mismatch", "CertNotValidForName"),
    ("name-nul", "hostname mismatch", "CertNotValidForName"),
    ("name-one-label-less", "hostname mismatch", "CertNotValidForName"),
    ("name-one-label-more", "hostname mismatch", "CertNotValidForName"),
    ("name-trailing-dot", "hostname mismatch", "CertNotValidForName"),
    ("name-with-prefix", "hostname mismatch", "CertNotValidForName"),
    ("name-with-suffix", "hostname mismatch", "CertNotValidForName"),
    ("not-yet-valid", "certificate is not yet valid or the system clock is incorrect", "CertNotValidYet"),
    ("other-usage-ca", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("path-too-long", "path length constraint exceeded", "PathLenConstraintViolated"),
    ("path-too-long-by-one", "path length constraint exceeded", "PathLenConstraintViolated"),
    ("root-b", "unable to get local issuer certificate", "UnknownIssuer"),
    ("self-signed", "self-signed certificate", "UnknownIssuer"),
    ("self-signed-ca", "self-signed certificate", "CaUsedAsEndEntity"),
    ("sha1-ca", "CA signature digest algorithm too weak", "UnsupportedSignatureAlgorithmContext"),
    ("trusted-md5", "CA signature digest algorithm too weak", "UnsupportedSignatureAlgorithmContext"),
    ("trusted-sha1", "CA signature digest algorithm too weak", "UnsupportedSignatureAlgorithmContext"),
    ("unknown-ca", "unable to get local issuer certificate", "UnknownIssuer"),
    ("unknown-ca-sent", "self-signed certificate in certificate chain", "UnknownIssuer"),
    ("unmarked-ca", "invalid CA certificate", "EndEntityUsedAsCa"),
    ("usage-any-purpose", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("usage-code-signing", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("usage-email", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
    ("version-1-ca", "invalid CA certificate", "UnsupportedCertVersion"),
    ("weak-ca", "CA certificate key too weak", "InvalidSignatureForPublicKey"),
    ("wildcard-bare", "hostname mismatch", "CertNotValidForName"),
    ("wildcard-below", "hostname mismatch", "CertNotValidForName"),
    ("wildcard-deep", "hostname mismatch", "CertNotValidForName"),
    ("wildcard-inside", "hostname mismatch", "CertNotValidForName"),
    ("wildcard-partial", "hostname mismatch", "CertNotValidForName"),
    ("wildcard-twice", "hostname mismatch", "CertNotValidForName"),
    ("wrong-name", "hostname mismatch", "CertNotValidForName"),
    ("wrong-usage", "unsuitable certificate purpose", "RequiredEkuNotFoundContext"),
];

/// Where they differ: what OpenSSL and webpki say (nothing: it is taken), and why.
const APART: &[(&str, &str, &str, &str)] = &[
    (
        "ca-signs-nothing",
        "invalid CA certificate",
        "",
        "webpki does not look at the key usage of CAs (RFC 5280 section 6.1.4(n)); `verify_chain` does.",
    ),
    (
        "client-ca-signs-nothing",
        "invalid CA certificate",
        "",
        "webpki does not look at the key usage of CAs.",
    ),
    (
        "client-cn-only",
        "",
        "CertNotValidForName",
        "OpenSSL takes the common name where no alternative name is a DNS name; RFC 9525 section 2 does not.",
    ),
    (
        "client-is-ca",
        "",
        "CaUsedAsEndEntity",
        "webpki shows no CA as a leaf; RFC 5280 does not forbid it.",
    ),
    (
        "client-key-usage-certificates",
        "unsuitable certificate purpose",
        "",
        "webpki does not look at the key usage of leafs.",
    ),
    (
        "client-key-usage-encipherment",
        "unsuitable certificate purpose",
        "",
        "webpki does not look at the key usage of leafs; OpenSSL wants a client to sign or to agree on keys.",
    ),
    (
        "client-rsa-1024",
        "EE certificate key too weak",
        "",
        "webpki verifies the signature over the leaf, and not with its key; rustls refuses that key in the handshake.",
    ),
    (
        "client-version-1",
        "",
        "UnsupportedCertVersion",
        "webpki reads certificates of version 3 alone; OpenSSL takes the common name.",
    ),
    (
        "cn-only",
        "",
        "CertNotValidForName",
        "OpenSSL takes the common name where no alternative name is a DNS name; RFC 9525 section 2 does not.",
    ),
    (
        "is-ca",
        "",
        "CaUsedAsEndEntity",
        "webpki shows no CA as a leaf; RFC 5280 does not forbid it.",
    ),
    (
        "key-usage-certificates",
        "unsuitable certificate purpose",
        "",
        "webpki does not look at the key usage of leafs.",
    ),
    (
        "root-expired",
        "certificate has expired",
        "",
        "webpki looks at no date of a trust anchor (RFC 5280 section 6.1.1(d) has none); OpenSSL does.",
    ),
    (
        "trusted-rsa-1024",
        "EE certificate key too weak",
        "",
        "webpki verifies the signature over the leaf, and not with its key; rustls refuses that key in the handshake.",
    ),
    (
        "two-paths",
        "unable to get local issuer certificate",
        "",
        "OpenSSL follows the first certificate of that name, and does not come back from an end that is not trusted.",
    ),
    (
        "version-1",
        "",
        "UnsupportedCertVersion",
        "webpki reads certificates of version 3 alone; OpenSSL takes the common name.",
    ),
    (
        "very-deep",
        "",
        "MaximumPathDepthExceeded",
        "webpki goes through six intermediates at most; OpenSSL through a hundred.",
    ),
];

#[test]
fn each_recipe_is_judged_by_both_libraries_as_the_table_says() {
    let mut expected: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    expected.extend(TAKEN.iter().map(|name| (*name, ("", ""))));
    expected.extend(REFUSED.iter().map(|(name, openssl, webpki)| (*name, (*openssl, *webpki))));
    expected.extend(APART.iter().map(|(name, openssl, webpki, _)| (*name, (*openssl, *webpki))));
    let now = SystemTime::now();
    let authorities = Authorities::new(now).unwrap();
    let recipes = recipes();
    let listed: Vec<&str> = expected.keys().copied().collect();
    assert_eq!(listed, recipes.keys().collect::<Vec<_>>(), "the recipes that are judged here");
    let mut wrong = Vec::new();
    for (name, recipe) in &recipes {
        let client = recipe.is_for_clients();
        assert_eq!(client, name.starts_with("client"), "{name}");
        let issued = authorities.issue(recipe, HOST).unwrap();
        let roots = match client {
            true => authorities.client_trust_anchors(),
            false => authorities.trust_anchors(),
        };
        let judged = Judged { chain: &issued.chain, roots: &roots, client, now };
        let (openssl, webpki) = (judged.openssl(), judged.webpki());
        let (openssl, webpki) =
            (openssl.err().unwrap_or_default(), webpki.err().unwrap_or_default());
        let kind = webpki.split(['(', ' ', '{']).next().unwrap_or_default();
        if (openssl.as_str(), kind) != expected[name.as_str()] {
            wrong.push(format!("{name}: OpenSSL `{openssl}`, webpki `{kind}`"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn where_they_differ_a_sentence_says_why() {
    for (name, openssl, webpki, why) in APART {
        assert!(openssl.is_empty() != webpki.is_empty(), "{name}");
        assert!(why.ends_with('.') && why.len() > 30, "{name}: {why}");
    }
}
