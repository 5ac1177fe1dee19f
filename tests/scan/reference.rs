//! The reference relay, which plays TLS with the modern engine, scanned as any host.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use waxseal::internals::catalogue::Rules;
use waxseal::internals::relay::reference::{Memory, Mutant, Running, Setup};
use waxseal::internals::scan::{Depth, Host, Limits, parse_target, survey};
use waxseal_model::offer::{Offer, Version};
use waxseal_model::requirement::Level;
use waxseal_model::scan::{Entry, Finding, Found, HostFacts, Oddity, UnknownAlpn, judge};
use waxseal_model::scenario::Connector;
use waxseal_model::verdict::Verdict;

use super::agreement::ECDSA;
use super::server::{Correct, Host as Server, identity, setup};

async fn scan(connector: Connector, entry: Entry, mutant: Option<Mutant>) -> HostFacts {
    scan_with(ECDSA, connector, entry, mutant).await
}

/// Scans the relay with the certificate of a recipe.
pub(super) async fn scan_with(
    recipe: &str,
    connector: Connector,
    entry: Entry,
    mutant: Option<Mutant>,
) -> HostFacts {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address");
    let setup = Setup {
        hostname: "relay.scan.test".into(),
        dns: SocketAddr::from(([127, 0, 0, 1], 9)),
        smtp_port: 25,
        outbound: Vec::new(),
        partner_suffix: ".partner.test".into(),
        partner_name: "mail.partner.test".into(),
        identity: identity(recipe),
        client_identity: identity(ECDSA),
        trust_anchors: Vec::new(),
        client_trust_anchors: Vec::new(),
        mutant,
        variants: Vec::new(),
        memory: Memory::default(),
    };
    let mut relay = Running::start(setup, vec![(connector, listener)]);
    let target = parse_target("relay.scan.test", entry).expect("it is a name");
    let host = Host::new(target, address, Limits::default(), Instant::now());
    let facts = survey(&host, Depth::Whole).await;
    relay.stop().await;
    facts
}

pub(super) fn findings(facts: &HostFacts) -> Vec<Finding> {
    let rules = Rules::embedded().expect("the embedded rules are right");
    let levels: BTreeMap<String, Level> = rules.profiles["bcp195"].levels(&rules.requirements);
    judge(facts, &levels)
}

fn broken(facts: &HostFacts) -> Vec<String> {
    let not_kept = |f: &Finding| matches!(f.verdict, Verdict::Fail | Verdict::Inconclusive);
    findings(facts).into_iter().filter(not_kept).map(|finding| finding.requirement).collect()
}

fn suites(facts: &HostFacts, version: Version) -> Vec<&str> {
    let mut names: Vec<&str> = facts
        .accepted()
        .filter(|(found, _)| *found == version)
        .map(|(_, accepted)| accepted.suite.name.as_str())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_relay_is_as_it_is_built() {
    for (connector, entry) in
        [(Connector::Opportunistic, Entry::Relay), (Connector::Implicit, Entry::Implicit)]
    {
        let facts = scan(connector, entry, None).await;
        assert_eq!(
            suites(&facts, Version::Tls12),
            [
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            ]
        );
        assert_eq!(
            suites(&facts, Version::Tls13),
            ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
        );
        for version in [Version::Ssl3, Version::Tls10, Version::Tls11] {
            assert_eq!(facts.speaks(version), Some(false), "{version}");
        }
        assert_eq!(facts.ssl2, Found::Known(false));
        assert!(broken(&facts).is_empty(), "{:#?}", findings(&facts));
        // Its library has no TLS_FALLBACK_SCSV; the downgrade sentinel does that work for TLS 1.3.
        assert_eq!(facts.answers.fallback_scsv, Found::Known(false));
        assert_eq!(facts.answers.downgrade_sentinel, Found::Known(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_relay_breaks_what_its_fault_breaks() {
    for (mutant, requirement) in [
        (Mutant::ServerTakesOldVersions, "rfc8996-server-no-tls10"),
        (Mutant::ServerLacksTls12, "rfc9325-tls12-support"),
        (Mutant::ServerLacksTls13, "rfc9325-tls13-support"),
    ] {
        let facts = scan(Connector::Opportunistic, Entry::Relay, Some(mutant)).await;
        let broken = broken(&facts);
        assert!(broken.iter().any(|id| id == requirement), "{mutant:?}: {broken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_tls_13_alone_is_asked_in_tls_13() {
    let faulty = Some(Mutant::ServerLacksTls12);
    let modern = scan(Connector::Opportunistic, Entry::Relay, faulty).await;
    let offer = Offer { versions: vec![Version::Tls13], ..Offer::modern() };
    let legacy = Server::start(Correct(Arc::new(setup(offer, identity(ECDSA))))).await;
    let legacy = legacy.survey(Limits::default()).await.facts;
    for facts in [modern, legacy] {
        assert_eq!(facts.speaks(Version::Tls12), Some(false));
        assert_eq!(facts.tolerance.len(), 7);
        for found in &facts.tolerance {
            let unasked = found.oddity == Oddity::HighVersion;
            assert_eq!(matches!(found.borne, Found::NotApplicable(_)), unasked, "{found:?}");
            assert!(unasked || found.borne == Found::Known(true), "{found:?}");
        }
        assert!(facts.groups_tls13.known().is_some_and(|list| list.names.len() > 2));
        let schemes = facts.schemes_tls13.known().expect("the schemes are known");
        assert_eq!(schemes.names, ["ecdsa_secp256r1_sha256"]);
        assert_eq!(schemes.incomplete, None);
        assert_eq!(facts.answers.unknown_alpn, Found::Known(UnknownAlpn::Ignored));
    }
}
