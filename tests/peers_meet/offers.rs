//! The offers that meet, and those that do not.

use std::collections::BTreeSet;

use waxseal::internals::catalogue::Catalogue;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};

/// An offer of these versions and kinds of suites.
pub(super) fn offer(versions: &[Version], suites: &[SuiteKind]) -> Offer {
    Offer {
        versions: versions.to_vec(),
        suites: suites.iter().copied().map(SuiteChoice::Kind).collect(),
        groups: Vec::new(),
        schemes: Vec::new(),
        dh_bits: None,
    }
}

/// Every kind that is played alone.
const KINDS: [SuiteKind; 8] = [
    SuiteKind::StaticRsa,
    SuiteKind::TripleDes,
    SuiteKind::Rc4,
    SuiteKind::Null,
    SuiteKind::Anonymous,
    SuiteKind::Dhe,
    SuiteKind::Ecdhe,
    SuiteKind::ForwardSecret,
];

const GROUPS: [&str; 5] = ["x25519", "p-256", "p-384", "p-521", "x25519mlkem768"];

/// Each version alone, each kind in each version, each prime, each group, and every offer that a
/// file of ours names.
pub(super) fn offers(catalogue: &Catalogue) -> Vec<Offer> {
    let mut offers: Vec<Offer> =
        Version::ALL.iter().map(|version| offer(&[*version], &[SuiteKind::All])).collect();
    for version in &Version::ALL[..4] {
        offers.extend(KINDS.map(|kind| offer(&[*version], &[kind])));
    }
    for bits in [512, 768, 1024, 2048] {
        let dhe = offer(&[Version::Tls12], &[SuiteKind::Dhe]);
        offers.push(Offer { dh_bits: Some(bits), ..dhe });
    }
    for group in GROUPS {
        for (version, kind) in
            [(Version::Tls12, SuiteKind::Ecdhe), (Version::Tls13, SuiteKind::Tls13)]
        {
            offers.push(Offer { groups: vec![group.into()], ..offer(&[version], &[kind]) });
        }
    }
    offers.extend(catalogue.known.offers.values().cloned());
    offers.extend(catalogue.cases().flat_map(|case| &case.peers).map(|peer| peer.offer.clone()));
    let mut seen = BTreeSet::new();
    offers.retain(|offer| seen.insert(words(offer)));
    offers
}

/// An offer in few words.
pub(super) fn words(offer: &Offer) -> String {
    let versions: Vec<_> = offer.versions.iter().map(|version| version.name()).collect();
    let suites: Vec<_> = offer
        .suites
        .iter()
        .map(|choice| match choice {
            SuiteChoice::Kind(kind) => kind.name(),
            SuiteChoice::Named(name) => name,
        })
        .collect();
    let mut text = format!("{} {}", versions.join("+"), suites.join("+"));
    if let Some(bits) = offer.dh_bits {
        text.push_str(&format!(" {bits} bits"));
    }
    for name in offer.groups.iter().chain(&offer.schemes) {
        text.push_str(&format!(" {name}"));
    }
    text
}

/// Offers without anything in common.
pub(super) fn opposites() -> Vec<(Offer, Offer)> {
    let mut pairs = Vec::new();
    let mut each = |offers: &[Offer]| {
        for one in offers {
            for other in offers.iter().filter(|other| *other != one) {
                pairs.push((one.clone(), other.clone()));
            }
        }
    };
    each(&Version::ALL.map(|version| offer(&[version], &[SuiteKind::All])));
    each(&[
        offer(&[Version::Tls10], &[SuiteKind::All]),
        offer(&[Version::Tls12, Version::Tls13], &[SuiteKind::ForwardSecret]),
    ]);
    let old = |kind| offer(&[Version::Tls12], &[kind]);
    each(&[SuiteKind::StaticRsa, SuiteKind::Anonymous, SuiteKind::Dhe, SuiteKind::Ecdhe].map(old));
    each(&[SuiteKind::Null, SuiteKind::Rc4, SuiteKind::TripleDes, SuiteKind::Aead].map(old));
    let named = |version, name: &str| Offer {
        suites: vec![SuiteChoice::Named(name.into())],
        ..offer(&[version], &[])
    };
    each(
        &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
            .map(|name| named(Version::Tls12, name)),
    );
    each(
        &["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
            .map(|name| named(Version::Tls13, name)),
    );
    let in_group = |version, kind| {
        move |group: &str| Offer { groups: vec![group.into()], ..offer(&[version], &[kind]) }
    };
    each(&GROUPS.map(in_group(Version::Tls13, SuiteKind::Tls13)));
    // The last one is no group of TLS 1.2.
    each(
        &[GROUPS[0], GROUPS[1], GROUPS[2], GROUPS[3]]
            .map(in_group(Version::Tls12, SuiteKind::Ecdhe)),
    );
    for (version, kind) in [(Version::Tls12, SuiteKind::Ecdhe), (Version::Tls13, SuiteKind::Tls13)]
    {
        // The servers here show an RSA key, which this scheme is not for.
        let schemes = vec!["ecdsa_secp256r1_sha256".into()];
        let ours = offer(&[version], &[kind]);
        pairs.push((Offer { schemes, ..ours.clone() }, ours));
    }
    pairs
}
