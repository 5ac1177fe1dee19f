//! Each field of a recipe stands in the certificate, whatever else is weak about it.

use std::time::SystemTime;

use openssl::asn1::Asn1Time;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;

use crate::{Authorities, Error, Issued, Recipe};

fn issued(recipe: &str) -> Result<Issued, Error> {
    let recipe: Recipe = toml::from_str(&format!("about = ''\n{recipe}")).unwrap();
    Authorities::new(SystemTime::now()).unwrap().issue(&recipe, "mx.waxseal.test")
}

/// The same of an ordinary certificate, of one with a short key, and of one that is signed again.
fn check(recipe: &str, expected: impl Fn(&Issued, &X509) -> bool) {
    for kind in
        ["", "key = 'rsa-1024'", "signature = 'sha1'", "key = 'p-521'\nsignature = 'sha512'"]
    {
        let made = issued(&format!("{kind}\n{recipe}")).unwrap();
        let leaf = X509::from_der(&made.chain[0]).unwrap();
        assert!(expected(&made, &leaf), "{kind} {recipe}");
    }
}

fn text(leaf: &X509) -> String {
    String::from_utf8_lossy(&leaf.to_text().unwrap()).into_owned()
}

fn certificate(made: &Issued, at: usize) -> X509 {
    X509::from_der(&made.chain[at]).unwrap()
}

#[test]
fn every_field_is_honoured() {
    let now = Asn1Time::days_from_now(0).unwrap();
    let later = |days| Asn1Time::days_from_now(days).unwrap();
    check("", |made, leaf| made.chain.len() == 2 && *leaf.not_after() > *now);
    check("valid = 'expired'", |_, leaf| *leaf.not_after() < *now);
    check("valid = 'expired-just-now'", |_, leaf| *leaf.not_after() < *now);
    check("valid = 'future'", |_, leaf| *leaf.not_before() > *now);
    check("valid = 'one-more-hour'", |_, leaf| {
        *leaf.not_after() > *now && *leaf.not_after() < *later(1)
    });
    check("valid = 'until-2051'", |_, leaf| leaf.not_after().to_string().contains("2051"));
    check("valid = 'for-ever'", |_, leaf| leaf.not_after().to_string().contains("9999"));
    check("usage = 'client'", |_, leaf| text(leaf).contains("TLS Web Client"));
    check("usage = 'both'", |_, leaf| {
        text(leaf).contains("TLS Web Server Authentication, TLS Web Client Authentication")
    });
    check("usage = 'any'", |_, leaf| !text(leaf).contains("Extended Key Usage"));
    check("usage = 'any-purpose'", |_, leaf| text(leaf).contains("Any Extended Key Usage"));
    check("usage = 'code-signing'", |_, leaf| text(leaf).contains("Code Signing"));
    check("usage = 'email'", |_, leaf| text(leaf).contains("E-mail Protection"));
    check("key-usage = 'none'", |_, leaf| !text(leaf).contains("X509v3 Key Usage"));
    check("key-usage = 'certificates'", |_, leaf| text(leaf).contains("Certificate Sign"));
    check("is-ca = true", |_, leaf| text(leaf).contains("CA:TRUE"));
    check("omits-intermediate = true", |made, _| made.chain.len() == 1);
    check("sends-root = true", |made, _| {
        text(&certificate(made, 2)).contains("waxseal root A") && made.chain.len() == 3
    });
    check("sends-root = true\nissuer = 'unknown'", |made, _| {
        text(&certificate(made, 1)).contains("waxseal unknown root") && made.chain.len() == 2
    });
    check("sends = 'intermediate-twice'", |made, _| made.chain[1] == made.chain[2]);
    check("sends = 'leaf-twice'", |made, _| made.chain[0] == made.chain[1]);
    check("sends = 'stranger-between'", |made, _| {
        text(&certificate(made, 1)).contains("unknown root") && made.chain.len() == 3
    });
    check("sends = 'stranger-behind'", |made, _| {
        text(&certificate(made, 2)).contains("unknown root") && made.chain.len() == 3
    });
    check("sends = 'many'", |made, _| made.chain.concat().len() > 1 << 14);
    check("sends = 'reversed'\nissuer = 'deep'", |made, _| {
        text(&certificate(made, 1)).contains("number 1") && made.chain.len() == 5
    });
    check("critical-extension = true", |_, leaf| {
        text(leaf).contains("1.3.6.1.4.1.32473.1: critical")
    });
    check("must-staple = true", |_, leaf| text(leaf).contains("status_request"));
    check("common-name = '{name}'", |_, leaf| {
        let name = leaf.subject_name().entries_by_nid(Nid::COMMONNAME).next();
        name.is_some_and(|name| name.data().as_slice() == b"mx.waxseal.test")
    });
    check("organisation = 'Us'", |_, leaf| text(leaf).contains("Us"));
    check("names = []", |_, leaf| leaf.subject_alt_names().is_none());
    check("names = ['192.0.2.1']", |_, leaf| text(leaf).contains("IP Address:192.0.2.1"));
    check("names-are = 'uri'\nnames = ['smtp://{name}/']", |_, leaf| {
        text(leaf).contains("URI:smtp://mx.waxseal.test/")
    });
    check("names-are = 'email'\nnames = ['a@{name}']", |_, leaf| {
        text(leaf).contains("email:a@mx.waxseal.test")
    });
    check("more-names = 100", |_, leaf| {
        leaf.subject_alt_names().is_some_and(|names| names.len() == 101)
    });
    check("issuer = 'client-ca'", |made, leaf| {
        made.chain.len() == 1 && text(leaf).contains("waxseal client CA")
    });
    check("for-clients = true", |made, _| {
        text(&certificate(made, 1)).contains("waxseal client CA")
    });
    check("issuer = 'self'", |made, leaf| {
        made.chain.len() == 1 && leaf.verify(&leaf.public_key().unwrap()).unwrap()
    });
    check("issuer = 'leaf'", |made, leaf| {
        leaf.verify(&certificate(made, 1).public_key().unwrap()).unwrap() && made.chain.len() == 3
    });
    check("foreign-key = true", |made, leaf| {
        let key = PKey::private_key_from_pkcs8(&made.key).unwrap();
        !leaf.public_key().unwrap().public_eq(&key)
    });
    check("broken-signature = true", |made, leaf| {
        let ca = certificate(made, 1).public_key().unwrap();
        !leaf.verify(&ca).unwrap_or_default()
    });
    check("version-1 = true\nnames = []\nusage = 'any'\nkey-usage = 'none'", |made, leaf| {
        let ca = certificate(made, 1).public_key().unwrap();
        leaf.version() == 0 && leaf.verify(&ca).unwrap() && !text(leaf).contains("X509v3")
    });
}

#[test]
fn each_signature_is_the_one_that_was_asked_for() {
    let is = |recipe: &str, algorithm: Nid| {
        let made = issued(recipe).unwrap();
        let leaf = certificate(&made, 0);
        assert_eq!(leaf.signature_algorithm().object().nid(), algorithm, "{recipe}");
        let signer = if made.chain.len() > 1 { certificate(&made, 1) } else { leaf.clone() };
        assert!(leaf.verify(&signer.public_key().unwrap()).unwrap(), "{recipe}");
    };
    is("", Nid::ECDSA_WITH_SHA256);
    is("signature = 'sha1'", Nid::ECDSA_WITH_SHA1);
    is("signature = 'sha384'", Nid::ECDSA_WITH_SHA384);
    is("signature = 'sha512'", Nid::ECDSA_WITH_SHA512);
    is("issuer = 'self'\nkey = 'p-384'", Nid::ECDSA_WITH_SHA256);
    is("issuer = 'rsa-ca'", Nid::SHA256WITHRSAENCRYPTION);
    is("issuer = 'rsa-ca'\nsignature = 'md5'", Nid::MD5WITHRSAENCRYPTION);
    is("issuer = 'rsa-ca'\nsignature = 'rsa-pss'", Nid::RSASSAPSS);
    is("issuer = 'weak-ca'\nsignature = 'sha1'", Nid::SHA1WITHRSAENCRYPTION);
    is("issuer = 'self'\nkey = 'rsa-1024'\nsignature = 'sha512'", Nid::SHA512WITHRSAENCRYPTION);
}

#[test]
fn what_cannot_be_made_is_refused() {
    assert!(matches!(issued("signature = 'md5'"), Err(Error::Recipe(_))));
    assert!(matches!(issued("version-1 = true"), Err(Error::Recipe(_))));
}
