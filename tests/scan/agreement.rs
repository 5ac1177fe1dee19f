//! What a scan says is accepted is what a whole handshake with that one suite succeeds in.

use std::collections::BTreeSet;
use std::sync::Arc;

use waxseal::internals::scan::Limits;
use waxseal::internals::tls::{self, ClientSetup, Identity, ServerSetup};
use waxseal::internals::wire::numbers::{openssl_name, registered_suites, suite};
use waxseal_model::facts::Engine;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::{Found, HostFacts};

use super::server::{Correct, Host, PATIENCE, identity, setup};

pub const RSA: &str = "about = 'RSA'\nkey = 'rsa-2048'";
pub const ECDSA: &str = "about = 'ECDSA'\nkey = 'p-256'";

fn offer(versions: &[Version], kinds: &[SuiteKind]) -> Offer {
    Offer {
        versions: versions.to_vec(),
        suites: kinds.iter().copied().map(SuiteChoice::Kind).collect(),
        ..Offer::modern()
    }
}

pub type Pairs = BTreeSet<(Version, String)>;

/// Tries every suite of the other library alone, in memory: slow, and beyond doubt.
pub async fn one_by_one(server: &ServerSetup) -> Pairs {
    let names: Vec<String> = registered_suites()
        .into_iter()
        .filter(|id| openssl_name(*id).is_some())
        .map(|id| suite(id).name)
        .collect();
    let mut pairs = Pairs::new();
    for version in Version::ALL {
        for name in &names {
            let client = ClientSetup {
                offer: Offer {
                    versions: vec![version],
                    suites: vec![SuiteChoice::Named(name.clone())],
                    ..Offer::modern()
                },
                sni: None,
                identity: None,
                engine: Some(Engine::Legacy),
                sessions: None,
            };
            if tls::choose(&client.offer, None, client.engine).is_err() {
                continue;
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let (accepted, connected) = tokio::join!(
                tls::accept(server, theirs, PATIENCE),
                tls::connect(&client, ours, PATIENCE)
            );
            if accepted.result.is_ok() && connected.result.is_ok() {
                pairs.insert((version, name.clone()));
            }
        }
    }
    pairs
}

fn scanned(facts: &HostFacts) -> Pairs {
    facts.accepted().map(|(version, accepted)| (version, accepted.suite.name.clone())).collect()
}

async fn check(offer: Offer, identity: Identity) -> HostFacts {
    let server = setup(offer, identity);
    let expected = one_by_one(&server).await;
    let host = Host::start(Correct(Arc::new(server))).await;
    let surveyed = host.survey(Limits::default()).await;
    let facts = surveyed.facts;
    for version in &facts.versions {
        assert_eq!(version.incomplete, None, "{}", version.version);
        assert!(version.support.known().is_some(), "{version:?}");
    }
    assert_eq!(scanned(&facts), expected);
    assert!(!expected.is_empty());
    println!("{} pairs, {} connections", expected.len(), surveyed.connections);
    assert!(surveyed.connections <= expected.len() + 130, "{}", surveyed.connections);
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_host_is_found_strict() {
    let facts = check(Offer::modern(), identity(ECDSA)).await;
    assert_eq!(facts.speaks(Version::Tls13), Some(true));
    assert_eq!(facts.speaks(Version::Tls11), Some(false));
    assert_eq!(facts.ssl2, Found::Known(false));
    assert_eq!(facts.answers.fallback_scsv, Found::Known(true));
    assert_eq!(facts.answers.downgrade_sentinel, Found::Known(true));
    assert_eq!(facts.vulnerabilities.ccs_injection, Found::Known(false));
    assert_eq!(facts.vulnerabilities.heartbeat, Found::Known(false));
    assert!(facts.tolerance.iter().all(|found| found.borne == Found::Known(true)), "{facts:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_as_installed_is_found_with_its_old_suites() {
    let kinds = [SuiteKind::ForwardSecret, SuiteKind::StaticRsa, SuiteKind::Anonymous];
    let offer = Offer {
        dh_bits: Some(1024),
        groups: vec!["x25519".into(), "p-256".into(), "p-384".into()],
        ..offer(&[Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13], &kinds)
    };
    let facts = check(offer, identity(RSA)).await;
    let listed = |found: &Found<waxseal_model::scan::Listing>| {
        let list = found.known().expect("groups are known").clone();
        assert_eq!(list.incomplete, None);
        list.names.into_iter().collect::<BTreeSet<_>>()
    };
    let groups = BTreeSet::from(["x25519".into(), "p-256".into(), "p-384".into()]);
    assert_eq!(listed(&facts.groups), groups);
    assert_eq!(listed(&facts.groups_tls13), groups);
    for (_, accepted) in facts.accepted() {
        let finite = accepted.parts.exchange == "dhe";
        assert_eq!(accepted.dh_bits, finite.then_some(1024), "{}", accepted.suite.name);
    }
    assert_eq!(facts.answers.secure_renegotiation, Found::Known(true));
    assert_eq!(facts.answers.compression, Found::Known(false));
    let schemes = listed(&facts.schemes_tls13);
    let sizes = [256, 384, 512].map(|size| format!("rsa_pss_rsae_sha{size}"));
    assert!(schemes.is_subset(&sizes.into()) && !schemes.is_empty(), "{schemes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_host_is_found_with_every_weakness() {
    let offer = Offer { dh_bits: Some(1024), ..offer(&Version::ALL, &[SuiteKind::All]) };
    let facts = check(offer, identity(RSA)).await;
    assert_eq!(facts.speaks(Version::Ssl3), Some(true));
    for kind in [SuiteKind::Null, SuiteKind::Rc4, SuiteKind::TripleDes, SuiteKind::Anonymous] {
        assert!(facts.accepted().any(|(_, accepted)| accepted.suite.is(kind)), "{}", kind.name());
    }
    let schemes = facts.schemes.known().expect("schemes are known");
    assert!(schemes.names.iter().any(|name| name == "rsa_pkcs1_sha1"), "{schemes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prime_that_no_client_takes_is_still_measured() {
    let offer = Offer { dh_bits: Some(512), ..offer(&[Version::Tls12], &[SuiteKind::Dhe]) };
    let host = Host::start(Correct(Arc::new(setup(offer, identity(RSA))))).await;
    let facts = host.survey(Limits::default()).await.facts;
    assert!(facts.accepted().count() > 3);
    assert!(facts.accepted().all(|(_, accepted)| accepted.dh_bits == Some(512)));
}
