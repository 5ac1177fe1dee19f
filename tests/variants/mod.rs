//! No false alarm: a relay that is right in another way than the reference relay fails nothing, and
//! leaves nothing open.
//!
//! `explained.toml` names for each variant the scenarios whose verdict it changes, each with the reason
//! why that is right: a recommendation that it does not follow, and says so. Variants that do not get in
//! each other's way are played together; what differs is then played for each of them alone.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::RelaySpec;
use waxseal::internals::relay::reference::Variant;
use waxseal::internals::run::{RunOptions, Silent, run};
use waxseal_model::record::{CaseRecord, Record};
use waxseal_model::requirement::Level;
use waxseal_model::verdict::Verdict;

/// Variants that can be one relay at the same time, and the cases that can tell them apart from the
/// reference relay.
const TOGETHER: [(&[Variant], &str); 6] = [
    (
        &[Variant::ServerHasAesGcmOnly, Variant::ServerListsWithBlank, Variant::ServerRefusesHelo],
        "inbound/*",
    ),
    (
        &[
            Variant::ServerInFipsMode,
            Variant::ServerListsInOtherCase,
            Variant::ServerEndsInPlaintext,
        ],
        "inbound/*",
    ),
    (&[Variant::ServerHasX25519Only, Variant::ServerTakesLogins], "inbound/*"),
    (
        &[
            Variant::ClientHasAesGcmOnly,
            Variant::ClientAsksUnlisted,
            Variant::ClientGreetsTwice,
            Variant::ClientReportsDelays,
            Variant::ClientComparesDomain,
            Variant::ClientHasTwoGroups,
        ],
        "outbound/*",
    ),
    (
        &[
            Variant::ClientInFipsMode,
            Variant::ClientSaysHeloInTls,
            Variant::ClientBeginsSlowly,
            Variant::ClientWritesLowerCase,
        ],
        "outbound/*",
    ),
    (&[Variant::ClientHasX25519Only, Variant::ClientTriesAgainLate], "outbound/*"),
];

/// The scenarios that a variant may change, each with its reason, by the variant's name.
type Explained = BTreeMap<String, BTreeMap<String, String>>;

fn explained() -> Explained {
    toml::from_str(include_str!("explained.toml")).expect("the table can be read")
}

fn play(catalogue: &Catalogue, variants: &[Variant], cases: Vec<String>) -> Record {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let options = RunOptions { jobs: Some(24), cases, ..RunOptions::default() };
    let spec = RelaySpec::variant(variants);
    runtime
        .block_on(run(catalogue, &spec, &options, &Silent, pending()))
        .expect("the lab can be built")
}

/// Whether a verdict says that something is wrong, or leaves it open.
fn differs(case: &&CaseRecord) -> bool {
    matches!(case.verdict, Verdict::Fail | Verdict::Inconclusive | Verdict::Error)
}

/// The reference relay in one or several of these ways, against the cases it may differ in.
struct Alarms {
    catalogue: Catalogue,
    /// By the sources themselves.
    levels: BTreeMap<String, Level>,
    explained: Explained,
}

impl Alarms {
    fn new() -> Self {
        let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
        let levels = catalogue.profiles["rfc"].levels(&catalogue.requirements);
        Self { catalogue, levels, explained: explained() }
    }

    /// Whether one of the variants explains a verdict. A failed must is explained by nothing: whoever
    /// breaks one is no variant.
    fn explains(&self, variants: &[Variant], case: &CaseRecord) -> bool {
        let must = case.requirements.iter().any(|id| self.levels.get(id) == Some(&Level::Must));
        let named = |variant: &Variant| {
            let changed = self.explained.get(variant.name());
            changed.is_some_and(|changed| changed.contains_key(&case.scenario))
        };
        !(must && case.verdict == Verdict::Fail) && variants.iter().any(named)
    }

    /// What is wrong or open and not explained.
    fn open(&self, variants: &[Variant], cases: Vec<String>) -> Vec<CaseRecord> {
        let record = play(&self.catalogue, variants, cases);
        let wrong = record.cases.into_iter().filter(|case| differs(&case));
        wrong.filter(|case| !self.explains(variants, case)).collect()
    }

    /// The alarms of each of these variants that are one relay together.
    fn of(&self, variants: &[Variant], cases: &str) -> Vec<String> {
        let open = self.open(variants, vec![cases.to_owned()]);
        let open: Vec<String> = open.into_iter().map(|case| case.id).collect();
        let alone = variants.iter().filter(|_| !open.is_empty()).flat_map(|variant| {
            let told = |case: CaseRecord| {
                let (verdict, level) = (case.verdict, case.level);
                format!("{}: {}: {verdict} ({level}), {}", variant.name(), case.id, case.reason)
            };
            self.open(&[*variant], open.clone()).into_iter().map(told).collect::<Vec<_>>()
        });
        let alone: Vec<String> = alone.collect();
        if open.is_empty() || !alone.is_empty() {
            return alone;
        }
        // Together and not alone: a matter of the variants if it is so again, else of the machine.
        let again = self.open(variants, open);
        again.iter().map(|case| format!("{variants:?}: {}: {}", case.id, case.reason)).collect()
    }
}

#[test]
fn a_relay_that_is_right_in_another_way_fails_nothing() {
    let alarms = Alarms::new();
    // One after the other: each run uses the whole machine.
    let play = |(variants, cases): &(&[Variant], &str)| alarms.of(variants, cases);
    let found: Vec<String> = TOGETHER.iter().flat_map(play).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_variant_is_played_and_every_explanation_is_of_one() {
    let played: BTreeSet<Variant> = TOGETHER.iter().flat_map(|(all, _)| *all).copied().collect();
    let all: BTreeSet<Variant> = Variant::ALL.iter().copied().collect();
    assert_eq!(played, all);
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let scenarios: BTreeSet<&str> =
        catalogue.scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    for (variant, changed) in explained() {
        assert!(Variant::ALL.iter().any(|known| known.name() == variant), "{variant}");
        for (scenario, reason) in changed {
            assert!(scenarios.contains(scenario.as_str()), "{scenario}");
            assert!(reason.ends_with('.'), "{scenario}: {reason}");
        }
    }
}
