//! Laws of the rows of a scenario, and of groups of connectors.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::files::known;
use crate::scenario::{Case, Connector, ConnectorGroup, load};
use crate::script::Direction;

/// A file with one dialogue; what a row says is filled in.
const FILE: &str = r#"
claim = "{row}: the relay keeps the message when the next hop {row.does}, as {version}."
matrix.version = ["1.2", "1.3"]

[peer.mx]
offer = { versions = ["{version}"] }
script = '''
S: 220 {mx} {row.greeting}
C: EHLO *
'''

[expect]
outcome = "{row.outcome}"
"#;

/// What one row says, by key.
type Row = BTreeMap<&'static str, String>;

fn row() -> impl Strategy<Value = Row> {
    let text = "[a-zA-Z0-9 .;:+*{}]{0,12}[a-z]";
    let outcome = prop::sample::select(vec!["withheld", "delivered-tls", "bounced"]);
    (text, "[a-z0-9 ]{1,8}", outcome, text).prop_map(|(does, greeting, outcome, why)| {
        let plain = |text: String| text.replace(['{', '}'], "_");
        Row::from([
            ("does", plain(does)),
            ("greeting", greeting),
            ("outcome", outcome.to_owned()),
            ("why", plain(why)),
        ])
    })
}

fn with_rows(rows: &[Row]) -> String {
    let one = |(at, row): (usize, &Row)| {
        let words = row.iter().map(|(key, text)| format!("{key} = {text:?}\n"));
        format!("[[row]]\nname = \"r{at}\"\ncites = [\"one\"]\n{}", words.collect::<String>())
    };
    FILE.to_owned() + &rows.iter().enumerate().map(one).collect::<String>()
}

/// The file that one row stands for.
fn written_out(at: usize, row: &Row) -> String {
    let named = FILE.replace("{row}", &format!("r{at}"));
    let filled =
        row.iter().fold(named, |text, (key, word)| text.replace(&format!("{{row.{key}}}"), word));
    format!("why = {:?}\ncites = [\"one\"]\n{filled}", row["why"])
}

proptest! {
    #[test]
    fn a_row_is_the_file_with_its_words_written_out(rows in prop::collection::vec(row(), 1..5)) {
        let scenarios = load("outbound/x", "x.toml", &with_rows(&rows), &known());
        let scenarios = scenarios.map_err(|wrong| TestCaseError::fail(wrong[0].message.clone()))?;
        prop_assert_eq!(scenarios.len(), rows.len());
        for (at, (row, scenario)) in rows.iter().zip(scenarios).enumerate() {
            let alone = load("outbound/x", "x.toml", &written_out(at, row), &known());
            let alone = alone.map_err(|wrong| TestCaseError::fail(wrong[0].message.clone()))?;
            prop_assert_eq!(&scenario.claim, &alone[0].claim);
            let id = format!("outbound/x#r{at}");
            let named = alone[0].cases.iter().map(|case| Case {
                id: case.id.replacen("outbound/x#", &format!("{id},"), 1),
                scenario: id.clone(),
                ..case.clone()
            });
            prop_assert_eq!(&scenario.cases, &named.collect::<Vec<_>>());
            prop_assert_eq!((&scenario.id, scenario.file()), (&id, "outbound/x"));
        }
    }
}

#[test]
fn a_group_makes_the_cases_of_its_connectors() {
    let ids = |folder: Direction, connectors: &str, more: &str| -> Vec<String> {
        let text = format!(
            "claim = 'It holds.'\ncites = ['one']\nobserve = 'outcome'\n\
             matrix.connector = {connectors}\n{more}"
        );
        let loaded = load(&format!("{folder}/x"), "x.toml", &text, &known());
        let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(&text)));
        loaded[0].cases.iter().map(|case| case.id.clone()).collect()
    };
    for group in ConnectorGroup::ALL {
        for folder in Direction::ALL.into_iter().filter(|folder| group.exists(*folder)) {
            let connectors = group.connectors(folder).iter();
            let expected: Vec<String> =
                connectors.map(|connector| format!("{folder}/x#{connector}")).collect();
            assert_eq!(ids(folder, &format!("'{group}'"), ""), expected);
        }
    }
    let mixed = ids(Direction::Outbound, "['opportunistic', 'validating']", "");
    assert_eq!(mixed.len(), 3);
    let except = "matrix.except = [{ connector = 'validating' }]";
    let left = ids(Direction::Outbound, "'forced'", except);
    assert_eq!(left, ["outbound/x#encryption-only", "outbound/x#mutual"]);
}

#[test]
fn a_requirement_can_be_cited_for_a_group() {
    let text = "claim = 'It holds.'\nobserve = 'outcome'\nmatrix.connector = 'all-outbound'\n\
                cites = ['one']\ncites-for.connector.validating = ['two']\n";
    let mut known = known();
    known.requirements.insert("two".into());
    let loaded = load("outbound/x", "x.toml", text, &known);
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(text)));
    let cites_two = |case: &&Case| case.cites.iter().any(|id| id == "two");
    let found: Vec<Connector> =
        loaded[0].cases.iter().filter(cites_two).map(|case| case.connector).collect();
    assert_eq!(found, [Connector::CertificateValidation, Connector::DomainValidation]);
}
