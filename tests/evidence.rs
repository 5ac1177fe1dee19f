//! What a case may break: nothing that its expectation cannot disprove.

use waxseal::internals::catalogue::Catalogue;
use waxseal_model::coverage::Mode;
use waxseal_model::expect::{Expect, Never};
use waxseal_model::requirement::{Level, Requirement};
use waxseal_model::scenario::{Case, Connector};

/// Every case with each requirement that it cites.
fn cited(catalogue: &Catalogue) -> impl Iterator<Item = (&Case, &str, &Requirement)> {
    catalogue.cases().flat_map(move |case| {
        let cites = case.cites.iter();
        cites.map(move |id| (case, id.as_str(), &catalogue.requirements[id]))
    })
}

#[test]
fn a_must_is_judged_under_the_demands_that_its_source_is_about() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let about = |case: &Case, requirement: &Requirement| {
        let mode = match case.connector {
            Connector::Opportunistic => Mode::Opportunistic,
            _ => Mode::Forced,
        };
        let modes = &requirement.modes;
        modes.iter().any(|known| *known == Mode::Any || *known == mode)
            && requirement.direction.directions().contains(&case.direction)
    };
    let wrong: Vec<_> = cited(&catalogue)
        .filter(|(_, _, requirement)| requirement.level == Level::Must)
        .filter(|(case, _, requirement)| !about(case, requirement))
        .map(|(case, id, _)| format!("{}: {id}", case.id))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn more_tls_than_was_offered_breaks_no_must() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let profiles = catalogue.profiles.values();
    let levels: Vec<_> = profiles.map(|profile| profile.levels(&catalogue.requirements)).collect();
    for case in catalogue.cases() {
        if case.expect.never.contains(&Never::UnofferedStarttls) {
            let above = |id: &&String| levels.iter().any(|levels| levels[*id] > Level::Info);
            assert_eq!(case.cites.iter().find(above), None, "{}", case.id);
        }
    }
}

/// Whether nothing but the code of a reply is judged.
fn judges_a_code_alone(expect: &Expect) -> bool {
    let code = expect.reply.as_ref().is_some_and(|reply| {
        reply.lists.is_empty() && reply.lacks.is_empty() && reply.code.is_some()
    });
    code && expect.outcome.is_empty() && expect.never.is_empty() && expect.tls.is_none()
}

#[test]
fn the_code_of_a_reply_breaks_no_promise_about_mail() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let promises = ["no clear copy", "messages that come in plaintext", "forbids plaintext"];
    let wrong: Vec<_> = cited(&catalogue)
        .filter(|(case, ..)| judges_a_code_alone(&case.expect))
        .filter(|(_, _, row)| {
            promises.iter().any(|words| row.text.contains(words) || row.observe.contains(words))
        })
        .map(|(case, id, _)| format!("{}: {id}", case.id))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_status_of_a_report_breaks_no_demand_that_there_is_one() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    for (case, id, requirement) in cited(&catalogue) {
        let status = case.expect.dsn.as_ref().is_some_and(|dsn| !dsn.status.is_empty());
        assert!(!status || requirement.text.contains("code"), "{}: {id}", case.id);
    }
}

#[test]
fn what_only_never_can_disprove_has_something_that_is_never_to_be_heard() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    for case in catalogue.cases().filter(|case| !case.cites_never.is_empty()) {
        assert!(!case.expect.never.is_empty(), "{}", case.id);
        assert!(case.cites.len() > case.cites_never.len(), "{}", case.id);
    }
}
