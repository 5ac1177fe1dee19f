//! The overview of a configuration as tables: what each policy entry, route and listener came to.

use waxseal_model::domain::{DomainRecord, Protection};
use waxseal_model::grade::Gap;
use waxseal_model::listener::ListenerRecord;
use waxseal_model::overview::OverviewRow;
use waxseal_model::record::{Record, cases};
use waxseal_model::scenario::Connector;

/// A row of a table, in the order of its titles.
type Row = [String; 7];

/// One table: its heading, and its rows below their titles.
pub(super) struct Table {
    pub(super) heading: &'static str,
    pub(super) titles: [&'static str; 7],
    pub(super) rows: Vec<Row>,
}

const ENTRIES: [&str; 7] =
    ["entry", "next hop", "where", "level", "what happened", "grade", "settings"];

const LISTENERS: [&str; 7] =
    ["listener", "promises", "where", "level", "what happened", "grade", "settings"];

/// The tables that have a row, and the settings to change that they name by number.
pub(super) fn overview(record: &Record) -> (Vec<Table>, Vec<String>) {
    let mut settings: Vec<String> = Vec::new();
    let entries = record.overview.iter().map(|row| {
        let found = row.found(&record.domains);
        let advice = found.map(|found| found.advice.as_slice()).unwrap_or_default();
        cells(row, found, numbers(&mut settings, advice))
    });
    let entries = Table { heading: "Entries", titles: ENTRIES, rows: entries.collect() };
    let listeners = record.listeners.iter().map(|found| {
        let numbers = numbers(&mut settings, &found.advice);
        listener_cells(found, numbers)
    });
    let listeners = Table { heading: "Listeners", titles: LISTENERS, rows: listeners.collect() };
    let tables = [entries, listeners].into_iter().filter(|table| !table.rows.is_empty());
    (tables.collect(), settings)
}

/// The numbers of these settings, which are added to those that have one.
fn numbers(settings: &mut Vec<String>, advice: &[String]) -> String {
    let numbers = advice.iter().map(|text| {
        let at = settings.iter().position(|known| known == text).unwrap_or_else(|| {
            settings.push(text.clone());
            settings.len() - 1
        });
        (at + 1).to_string()
    });
    numbers.collect::<Vec<_>>().join(", ")
}

fn listener_cells(found: &ListenerRecord, settings: String) -> Row {
    let promises = found.connector.map_or("no TLS", Connector::name).to_owned();
    [
        found.port.to_string(),
        promises,
        found.place.to_string(),
        found.level.to_string(),
        found.happened(),
        found.grade(),
        settings,
    ]
}

fn cells(row: &OverviewRow, found: Option<&DomainRecord>, settings: String) -> Row {
    let entry = &row.entry;
    let domain = match entry.domain.raw() {
        "-" | "*" => "all others".to_owned(),
        _ => entry.domain.to_string(),
    };
    let hop = entry.hop.as_ref().map_or_else(|| "MX".to_owned(), ToString::to_string);
    let left_out = || row.left_out.clone().unwrap_or_else(|| "No case was played.".into());
    let (happened, grade) = match found {
        None => (left_out(), "not played".to_owned()),
        Some(found) => (happened(found), grade(found)),
    };
    [domain, hop, entry.place.to_string(), entry.level.to_string(), happened, grade, settings]
}

fn happened(found: &DomainRecord) -> String {
    let all = cases(found.cases);
    match found.status {
        Protection::Untested => found.untested.clone().unwrap_or_default(),
        _ if found.sent_in_plaintext > 0 => {
            format!("{} of {all} in plaintext", found.sent_in_plaintext)
        }
        _ if found.failed > 0 => format!("{} of {all} failed", found.failed),
        _ => format!("{} of {all} passed", found.passed),
    }
}

/// The grade in as few words as a column bears.
fn grade(found: &DomainRecord) -> String {
    let forces = found.connector.forces_tls();
    let shows = |gap| found.gaps.iter().any(|shown| shown.gap == gap);
    match found.status {
        Protection::Untested => "not played".into(),
        Protection::Undecided => "undecided".into(),
        Protection::Protected if forces => "forced".into(),
        Protection::Unprotected if forces => "NOT forced".into(),
        Protection::Protected => "as it has to be".into(),
        Protection::Unprotected => "NOT as it has to be".into(),
        Protection::Weak => {
            let parts = [
                (Gap::SenderHeader, "a header lifts that"),
                (Gap::UnprovenPeer, "an unproven peer would do"),
                (Gap::WeakTls, "weak TLS would do"),
                (Gap::Other, "other rules failed"),
            ];
            let shown = parts.into_iter().filter(|(gap, _)| shows(*gap));
            let shown: Vec<&str> = shown.map(|(_, words)| words).collect();
            let kept = if forces { "forced" } else { "as it has to be" };
            format!("{kept}, but {}", shown.join(", and "))
        }
    }
}

/// The tables for a terminal, and below them the settings.
pub(super) fn table(record: &Record) -> Vec<String> {
    let (tables, settings) = overview(record);
    let lines = tables.into_iter().flat_map(table_lines);
    let settings = settings.iter().enumerate();
    let settings = settings.map(|(at, text)| format!("  setting {}: {text}", at + 1));
    lines.chain(settings).collect()
}

fn table_lines(table: Table) -> Vec<String> {
    let titles = std::iter::once(table.titles.map(str::to_owned));
    let rows: Vec<Row> = titles.chain(table.rows).collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use waxseal_model::configuration::Entry;
    use waxseal_model::listener::ListenerGap;

    use super::*;

    fn row(domain: &str, connector: Option<Connector>, played_as: Option<&str>) -> OverviewRow {
        OverviewRow {
            entry: Entry {
                domain: domain.into(),
                connector,
                hop: None,
                place: "tls_policy:3".into(),
                level: "encrypt\u{1b}[2J".into(),
            },
            played_as: played_as.map(str::to_owned),
            left_out: played_as.is_none().then(|| "No connector of waxseal's is this.".into()),
        }
    }

    fn domain(domain: &str, status: Protection, failed: usize) -> DomainRecord {
        DomainRecord {
            domain: domain.into(),
            connector: Connector::EncryptionOnly,
            status,
            cases: 5,
            passed: 5 - failed,
            failed,
            sent_in_plaintext: if status == Protection::Unprotected { failed } else { 0 },
            gaps: Vec::new(),
            proof_demanded: None,
            untested: None,
            advice: if failed > 0 { vec!["Set x.".into()] } else { Vec::new() },
        }
    }

    #[test]
    fn each_entry_is_a_row_and_each_setting_is_told_once() {
        let encrypt = Some(Connector::EncryptionOnly);
        let domains = [
            domain("a.example", Protection::Protected, 0),
            domain("b.example", Protection::Unprotected, 2),
            domain("unlisted.example", Protection::Unprotected, 1),
        ];
        let rows = [
            row("a.example", encrypt, Some("a.example")),
            row("b.example", encrypt, Some("b.example")),
            row("c.example", None, None),
            row("-", encrypt, Some("unlisted.example")),
        ];
        let mut settings = Vec::new();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                let found = row.found(&domains);
                settings.extend(found.into_iter().flat_map(|found| found.advice.clone()));
                let [domain, hop, place, level, happened, grade, _] =
                    cells(row, found, String::new());
                assert_eq!((&*hop, &*place, &*level), ("MX", "tls_policy:3", r"encrypt\u{1b}[2J"));
                [domain, happened, grade].join(" | ")
            })
            .collect();
        let expected = [
            "a.example | 5 of 5 cases passed | forced",
            "b.example | 2 of 5 cases in plaintext | NOT forced",
            "c.example | No connector of waxseal's is this. | not played",
            "all others | 1 of 5 cases in plaintext | NOT forced",
        ];
        assert_eq!(shown, expected);
        assert_eq!(settings, ["Set x.", "Set x."]);
    }

    #[test]
    fn a_listener_is_a_row_with_its_grade_and_the_number_of_its_setting() {
        let found = ListenerRecord {
            port: 587,
            connector: Some(Connector::Opportunistic),
            place: "master.cf:12".into(),
            level: "submission/inet may".into(),
            status: Protection::Unprotected,
            cases: 9,
            passed: 7,
            failed: 2,
            gaps: vec![ListenerGap::Password],
            broken: vec!["inbound/starttls/auth-in-plaintext".into()],
            untested: None,
            advice: vec!["Set x.".into(), "Set y.".into()],
        };
        let mut settings = vec!["Set y.".to_owned()];
        let numbers = numbers(&mut settings, &found.advice);
        let shown = listener_cells(&found, numbers).join(" | ");
        let expected = "587 | opportunistic | master.cf:12 | submission/inet may | 2 of 9 cases \
                        failed (starttls/auth-in-plaintext) | TLS is offered, but a password would \
                        go in plaintext | 2, 1";
        assert_eq!(shown, expected);
    }
}
