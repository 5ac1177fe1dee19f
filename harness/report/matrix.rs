//! Several relays beside each other: a row a scenario, a column a relay.

use waxseal_model::foreign::printable;
use waxseal_model::record::{CaseRecord, Record};
use waxseal_model::requirement::Level;
use waxseal_model::verdict::Verdict;

use super::Pillar;
use super::markdown::cell;

/// How the cases of one scenario ended on one relay.
struct Cell(String);

impl Cell {
    /// `known` is what a baseline accepts; `a of b` counts those of the cases played.
    fn of(cases: &[&CaseRecord]) -> Self {
        let played = cases.iter().filter(|case| case.verdict != Verdict::Skipped).count();
        let count =
            |wanted: &dyn Fn(&CaseRecord) -> bool| cases.iter().filter(|case| wanted(case)).count();
        let fails = count(&|case| case.verdict == Verdict::Fail && case.waiver.is_none());
        let known = count(&|case| case.waiver.is_some());
        let open = count(&|case| {
            matches!(case.verdict, Verdict::Inconclusive | Verdict::Error) && case.waiver.is_none()
        });
        let some = |word: &str, some: usize| {
            if some == played { word.to_owned() } else { format!("{word} {some}/{played}") }
        };
        Self(match (played, fails, open, known) {
            (0, ..) => "-".into(),
            (_, 1.., _, _) => some("fail", fails),
            (_, _, 1.., _) => some("open", open),
            (_, _, _, 1..) => some("known", known),
            _ => match cases.iter().find(|case| case.verdict == Verdict::Observed) {
                Some(_) => observed(cases),
                None => "pass".into(),
            },
        })
    }
}

/// What became of the messages, where that is one and the same thing.
fn observed(cases: &[&CaseRecord]) -> String {
    let mut outcomes = cases.iter().filter_map(|case| case.outcome);
    let first = outcomes.next();
    match first {
        Some(outcome) if outcomes.all(|other| other == outcome) => outcome.name().into(),
        _ => "observed".into(),
    }
}

/// A row of text.
type Row = Vec<String>;

/// Rows by pillar: the scenario's id, then a cell for each relay.
fn rows(records: &[Record]) -> Vec<(Pillar, Vec<Row>)> {
    let mut scenarios: Vec<&str> = Vec::new();
    for case in records.iter().flat_map(|record| &record.cases) {
        if !scenarios.contains(&case.scenario.as_str()) {
            scenarios.push(&case.scenario);
        }
    }
    let pillar = |scenario: &str| {
        let first = records.iter().flat_map(|record| &record.cases);
        first
            .into_iter()
            .find(|case| case.scenario == scenario)
            .map(|case| Pillar::of(scenario, case.connector))
    };
    let row = |scenario: &str| {
        let cells = records.iter().map(|record| {
            let cases: Vec<_> =
                record.cases.iter().filter(|case| case.scenario == scenario).collect();
            Cell::of(&cases).0
        });
        std::iter::once(printable(scenario).into_owned()).chain(cells).collect()
    };
    Pillar::ALL
        .into_iter()
        .map(|each| {
            let of = scenarios.iter().filter(|scenario| pillar(scenario) == Some(each));
            (each, of.map(|scenario| row(scenario)).collect::<Vec<Row>>())
        })
        .filter(|(_, rows)| !rows.is_empty())
        .collect()
}

/// The first row, and the last ones: what is counted over all cases.
fn head(records: &[Record]) -> Row {
    std::iter::once(String::new())
        .chain(records.iter().map(|record| printable(&record.relay.name).into_owned()))
        .collect()
}

fn totals(records: &[Record]) -> Vec<Row> {
    let row = |title: &str, count: &dyn Fn(&Record) -> String| {
        std::iter::once(title.to_owned()).chain(records.iter().map(count)).collect()
    };
    let broken = |record: &Record| {
        let must = |case: &&CaseRecord| case.level == Level::Must && case.verdict == Verdict::Fail;
        record.cases.iter().filter(must).count().to_string()
    };
    vec![
        row("version", &|record| printable(&record.relay.version).into_owned()),
        row("cases played", &|r| (r.summary.total() - r.summary.skipped).to_string()),
        row("pass", &|record| record.summary.pass.to_string()),
        row("fail", &|record| record.summary.fail.to_string()),
        row("fail, must", &broken),
        row("observed", &|record| record.summary.observed.to_string()),
        row("open", &|r| (r.summary.inconclusive + r.summary.error).to_string()),
    ]
}

/// The matrix for people, in columns.
pub fn matrix(records: &[Record]) -> String {
    let (head, groups, totals) = (head(records), rows(records), totals(records));
    let all =
        || groups.iter().flat_map(|(_, rows)| rows).chain(&totals).chain(std::iter::once(&head));
    let width = |at: usize| all().map(|row| row[at].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..=records.len()).map(width).collect();
    let line = |row: &Row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&head);
    for (pillar, rows) in &groups {
        text.push_str(&format!("\n{}\n", pillar.title()));
        rows.iter().for_each(|row| text.push_str(&line(row)));
    }
    text.push('\n');
    totals.iter().for_each(|row| text.push_str(&line(row)));
    text.push_str(
        "\nknown: fails or stays open, and its baseline says why; open: undecided; -: not declared by the driver\n",
    );
    text
}

/// The matrix as Markdown, the same for the same verdicts.
pub fn matrix_markdown(records: &[Record]) -> String {
    let line = |row: &Row| {
        let cells: Vec<_> = row.iter().map(|text| cell(text)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", "---|".repeat(records.len() + 1));
    let mut text = String::from("# Relays\n");
    for (pillar, rows) in rows(records) {
        text.push_str(&format!("\n## {}\n\n{}{rule}", pillar.title(), line(&head(records))));
        rows.iter().for_each(|row| text.push_str(&line(row)));
    }
    text.push_str(&format!("\n## All\n\n{}{rule}", line(&head(records))));
    totals(records).iter().for_each(|row| text.push_str(&line(row)));
    text
}
