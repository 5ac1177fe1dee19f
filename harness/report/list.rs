//! Lists of cases and of requirements.

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

/// Every requirement with the number of cases that cite it, or why none does.
pub fn list_requirements(catalogue: &requirement::Catalogue, scenarios: &[Scenario]) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for (id, requirement) in catalogue {
        let cases: usize = scenarios
            .iter()
            .filter(|scenario| scenario.cites.contains(id))
            .map(|scenario| scenario.cases.len())
            .sum();
        covered += usize::from(cases > 0);
        let coverage = match (&requirement.untested, cases) {
            (_, 1..) => super::terminal::cases(cases),
            (Some(reason), 0) => format!("untested: {reason}"),
            (None, 0) => "untested".into(),
        };
        text.push_str(&format!("{id:<36} {:<6} {coverage}\n", requirement.level));
    }
    let all = counted(catalogue.len(), "requirement");
    let verb = if covered == 1 { "has" } else { "have" };
    text.push_str(&format!("{covered} of {all} {verb} a case\n"));
    text
}
