//! The overview of a configuration as a table: what each policy entry and route came to.

use waxseal_model::domain::{DomainRecord, Protection};
use waxseal_model::grade::Gap;
use waxseal_model::overview::OverviewRow;
use waxseal_model::record::{Record, cases};

/// The columns, in the order of [`Row::cells`].
pub(super) const TITLES: [&str; 7] =
    ["entry", "next hop", "where", "level", "what happened", "grade", "settings"];

/// The table's rows, and the settings to change that they name by number.
pub(super) fn overview(record: &Record) -> (Vec<[String; 7]>, Vec<String>) {
    let mut settings: Vec<String> = Vec::new();
    let rows = record.overview.iter().map(|row| {
        let found = row.found(&record.domains);
        let advice = found.map(|found| found.advice.as_slice()).unwrap_or_default();
        let numbers: Vec<String> = advice
            .iter()
            .map(|text| {
                let at = settings.iter().position(|known| known == text).unwrap_or_else(|| {
                    settings.push(text.clone());
                    settings.len() - 1
                });
                (at + 1).to_string()
            })
            .collect();
        cells(row, found, numbers.join(", "))
    });
    let rows = rows.collect();
    (rows, settings)
}

fn cells(row: &OverviewRow, found: Option<&DomainRecord>, settings: String) -> [String; 7] {
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
                (Gap::SenderHeader, "unless a header lifts it"),
                (Gap::UnprovenPeer, "unproven peers would do"),
                (Gap::WeakTls, "weak TLS would do"),
                (Gap::Other, "other rules failed"),
            ];
            let shown = parts.into_iter().filter(|(gap, _)| shows(*gap));
            let shown: Vec<&str> = shown.map(|(_, words)| words).collect();
            format!("forced, but {}", shown.join(", "))
        }
    }
}

/// The table for a terminal, and below it the settings.
pub(super) fn table(record: &Record) -> Vec<String> {
    let (rows, settings) = overview(record);
    if rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<[String; 7]> = std::iter::once(TITLES.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    let settings = settings.iter().enumerate();
    let settings = settings.map(|(at, text)| format!("  setting {}: {text}", at + 1));
    lines.chain(settings).collect()
}

#[cfg(test)]
mod tests {
    use waxseal_model::configuration::Entry;
    use waxseal_model::scenario::Connector;

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
}
