//! Lists of cases and of requirements.

use waxseal_model::coverage::Claim;
use waxseal_model::record::cases;
use waxseal_model::requirement;
use waxseal_model::scenario::Scenario;
use waxseal_model::wording::counted;

/// Every case, a line each, with the claim of its scenario above.
pub fn list_cases(scenarios: &[Scenario]) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        text.push_str(&format!("{}\n", scenario.claim));
        for case in &scenario.cases {
            text.push_str(&format!("  {}\n", case.id));
        }
    }
    let cases: usize = scenarios.iter().map(|scenario| scenario.cases.len()).sum();
    let scenarios = counted(scenarios.len(), "scenario");
    text.push_str(&format!("{scenarios}, {}\n", counted(cases, "case")));
    text
}

/// Every requirement with the number of cases that cite it, and what of it no case plays.
pub fn list_requirements(catalogue: &requirement::Catalogue, scenarios: &[Scenario]) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for (id, row) in catalogue {
        let citing = || scenarios.iter().filter(|scenario| scenario.cites.contains(id));
        let count: usize = citing().map(|scenario| scenario.cases.len()).sum();
        let plays = |claim: &Claim| {
            citing()
                .flat_map(|scenario| &scenario.cases)
                .any(|case| row.is_played(claim, case.direction, &case.scenario))
        };
        let missing: Vec<Claim> = row.claims().into_iter().filter(|claim| !plays(claim)).collect();
        covered += usize::from(missing.is_empty());
        let mut notes: Vec<String> = Vec::new();
        if count > 0 {
            notes.push(cases(count));
        }
        match (missing.first(), count) {
            (Some(claim), 0) => {
                let why = row.untested.reason(claim).unwrap_or("no case cites it");
                notes.push(format!("not covered: {why}"));
            }
            _ => notes.extend(missing.iter().map(|claim| {
                let why = row.untested.reason(claim).unwrap_or("no case cites it");
                format!("{claim} not covered: {why}")
            })),
        }
        text.push_str(&format!("{id:<36} {:<6} {}\n", row.level, notes.join("; ")));
    }
    let all = counted(catalogue.len(), "requirement");
    let verb = if covered == 1 { "is" } else { "are" };
    text.push_str(&format!("{covered} of {all} {verb} covered, each direction and part of them\n"));
    text
}
