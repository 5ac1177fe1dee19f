//! The report that is kept and compared: no times, ports or addresses.

use waxseal_model::record::{CaseRecord, Record, Status};
use waxseal_model::requirement::Catalogue;

use super::Pillar;
use super::ending::{self, Counts};

/// The record as Markdown, the same for the same verdicts.
pub fn markdown(record: &Record, catalogue: &Catalogue) -> String {
    let mut text = format!(
        "# {} {}\n\nProfile {}.\n\n",
        record.relay.name, record.relay.version, record.profile
    );
    let played = ending::conditions(record);
    if !played.is_empty() {
        text.push_str(&format!("{}\n\n", cell(&played.join(" "))));
    }
    if let Some(gate) = ending::gate(record) {
        text.push_str(&format!("{}\n\n", cell(&gate)));
    }
    if !record.domains.is_empty() {
        text.push_str("## Domains\n\n");
        for domain in &record.domains {
            text.push_str(&format!("- {domain}\n"));
        }
        text.push_str("\n## Pillars\n\n");
    }
    text.push_str(&format!("| pillar | {} |\n", Counts::TITLES.join(" | ")));
    text.push_str(&format!("|---|{}\n", "---|".repeat(Counts::TITLES.len())));
    for pillar in Pillar::ALL {
        let of = |case: &&CaseRecord| Pillar::of(&case.scenario, case.connector) == pillar;
        let part = Counts::of(record.cases.iter().filter(of));
        text.push_str(&row(pillar.title(), &part));
    }
    text.push_str(&row("all", &Counts::of(&record.cases)));
    text.push('\n');
    let lines = ending::requirements(record).into_iter();
    let lines = lines.chain(std::iter::once(ending::must_cases(record)));
    let lines = lines.chain(ending::unjudged(record)).chain(ending::cautions(record));
    lines.for_each(|line| text.push_str(&format!("- {}\n", cell(&line))));
    for finding in record.gate.iter().flat_map(|gate| &gate.findings) {
        text.push_str(&format!("- gate: {}\n", cell(&finding.to_string())));
    }
    let broken: Vec<_> =
        record.requirements.iter().filter(|r| r.status == Status::Broken).collect();
    if !broken.is_empty() {
        text.push_str(
            "\n## Broken requirements\n\n| requirement | level | source |\n|---|---|---|\n",
        );
        for requirement in broken {
            let source = catalogue.get(&requirement.id).map_or("", |known| known.source.as_str());
            text.push_str(&format!("| {} | {} | {source} |\n", requirement.id, requirement.level));
        }
    }
    text.push_str(
        "\n## Cases\n\n| case | level | verdict | outcome | reason |\n|---|---|---|---|---|\n",
    );
    for case in &record.cases {
        let outcome = case.outcome.map_or("", |outcome| outcome.name());
        let verdict = match &case.waiver {
            None => case.verdict.to_string(),
            Some(_) => format!("{}, waived", case.verdict),
        };
        let reason = match &case.waiver {
            None => cell(&case.reason),
            Some(waiver) => format!("{} Waived: {}", cell(&case.reason), cell(waiver)),
        };
        text.push_str(&format!(
            "| {} | {} | {verdict} | {outcome} | {reason} |\n",
            case.id, case.level
        ));
    }
    text
}

fn row(title: &str, part: &Counts) -> String {
    let cells = part.columns().map(|count| count.to_string());
    format!("| {title} | {} |\n", cells.join(" | "))
}

/// Text of a relay stands in reasons: nothing of it may end the cell or begin markup.
fn cell(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '|' | '<' | '>' | '\\' | '`' => vec!['\\', c],
            c if c.is_control() => vec![' '],
            c => vec![c],
        })
        .collect()
}
