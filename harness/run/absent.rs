//! Directions and connectors of which nothing was played: what a relay lacks is said, not skipped.

use std::collections::BTreeSet;

use waxseal_model::profile::Profile;
use waxseal_model::record::{Absent, CaseRecord};
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;
use waxseal_model::verdict::Verdict;

use crate::catalogue::Catalogue;
use crate::relay::Relay;

/// What was not played because the relay does not have it, although cases were selected for it or
/// the profile requires it; and what the relay has and no case of this version asks for.
pub(super) fn absent(
    whole: &Catalogue,
    profile: &Profile,
    relay: &dyn Relay,
    cases: &[CaseRecord],
) -> Vec<Absent> {
    let directions = [Direction::Inbound, Direction::Outbound];
    directions
        .into_iter()
        .flat_map(|direction| one_way(whole, profile, relay, cases, direction))
        .collect()
}

fn one_way(
    whole: &Catalogue,
    profile: &Profile,
    relay: &dyn Relay,
    cases: &[CaseRecord],
    direction: Direction,
) -> Vec<Absent> {
    let skipped = |connector: Option<Connector>| {
        let of = |case: &&CaseRecord| {
            case.direction == direction && connector.is_none_or(|wanted| case.connector == wanted)
        };
        let mut all = cases.iter().filter(of).peekable();
        let some = all.peek().is_some();
        let count = cases.iter().filter(of).count();
        (some && all.all(|case| case.verdict == Verdict::Skipped)).then_some(count)
    };
    let required: Vec<Connector> = profile.requires.get(&direction).cloned().unwrap_or_default();
    if let Some(reason) = relay.absent(direction) {
        let whole = skipped(None).map(|cases| Absent { direction, connector: None, cases, reason });
        return whole.into_iter().collect();
    }
    let with_cases: BTreeSet<Connector> =
        whole.cases().filter(|c| c.direction == direction).map(|case| case.connector).collect();
    let of = |connector: Connector| {
        let declared = relay.declares(direction, connector);
        let known = with_cases.contains(&connector);
        let reason = match (declared, required.contains(&connector), known) {
            (false, true, _) => "The profile requires it, and the relay does not declare it.",
            (true, _, false) => "The relay declares it, and this version has no case for it.",
            (false, false, true) => "The relay does not declare it.",
            _ => return None,
        };
        let cases = skipped(Some(connector)).unwrap_or_default();
        // Of a selection that does not ask for it nothing is missing.
        let missing = cases > 0 || declared || required.contains(&connector);
        missing.then(|| Absent {
            direction,
            connector: Some(connector),
            cases,
            reason: reason.into(),
        })
    };
    let existing = Connector::ALL.into_iter().filter(|connector| connector.exists(direction));
    existing.filter_map(of).collect()
}
