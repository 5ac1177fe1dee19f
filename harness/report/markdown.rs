//! The report that is kept and compared: no times, ports or addresses.

use waxseal_model::record::{CaseRecord, Record, Status, Summary};
use waxseal_model::requirement::Catalogue;

use super::Pillar;

/// The record as Markdown, the same for the same verdicts.
pub fn markdown(record: &Record, catalogue: &Catalogue) -> String {
    let mut text = format!(
        "# {} {}\n\nProfile {}.\n\n",
        record.relay.name, record.relay.version, record.profile
    );
    if !record.domains.is_empty() {
        text.push_str("## Domains\n\n");
        for domain in &record.domains {
            text.push_str(&format!("- {domain}\n"));
        }
        text.push_str("\n## Pillars\n\n");
    }
    text.push_str("| pillar | pass | fail | observed | inconclusive | skipped | error |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for pillar in Pillar::ALL {
        let of = |case: &&CaseRecord| Pillar::of(&case.scenario, case.connector) == pillar;
        let part = Summary::of(record.cases.iter().filter(of).map(|case| &case.verdict));
        text.push_str(&row(pillar.title(), &part));
    }
    text.push_str(&row("all", &record.summary));
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
        text.push_str(&format!(
            "| {} | {} | {} | {outcome} | {} |\n",
            case.id,
            case.level,
            case.verdict,
            cell(&case.reason)
        ));
    }
    text
}

fn row(title: &str, part: &Summary) -> String {
    format!(
        "| {title} | {} | {} | {} | {} | {} | {} |\n",
        part.pass, part.fail, part.observed, part.inconclusive, part.skipped, part.error
    )
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
