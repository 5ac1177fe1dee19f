//! The suites that an offer asks for.

use waxseal_model::facts::Suite;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind};

use crate::wire::numbers::{exists_in, suite};

/// The suites of `available` that an offer asks for, in its order, for its versions.
pub fn resolve(offer: &Offer, available: &[u16]) -> Vec<u16> {
    let fits = |known: &Suite| offer.versions.iter().any(|version| exists_in(known, *version));
    let mut resolved = Vec::new();
    for choice in &offer.suites {
        for known in available.iter().map(|id| suite(*id)).filter(fits) {
            let id = known.id;
            let asked = match choice {
                SuiteChoice::Kind(kind) => known.is(*kind) && weak_only_if_asked(*kind, &known),
                SuiteChoice::Named(name) => known.name == *name,
            };
            if asked && !resolved.contains(&id) {
                resolved.push(id);
            }
        }
    }
    resolved
}

/// A kind of key exchange brings no NULL, RC4 or export ciphers with it; a kind of cipher may
/// come with any key exchange.
fn weak_only_if_asked(kind: SuiteKind, suite: &Suite) -> bool {
    let exchange = matches!(
        kind,
        SuiteKind::Dhe
            | SuiteKind::Ecdhe
            | SuiteKind::StaticRsa
            | SuiteKind::Anonymous
            | SuiteKind::ForwardSecret
    );
    !exchange
        || ![SuiteKind::Null, SuiteKind::Rc4, SuiteKind::Export, SuiteKind::TripleDes]
            .iter()
            .any(|weak| suite.kinds.contains(weak))
}
