//! Laws of the files that people write.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::baseline::Baseline;
use crate::offer::Offer;
use crate::requirement::load_catalogue;
use crate::scenario::{Known, load, load_offers};

/// A scenario with a bit of everything.
const SCENARIO: &str = r#"
claim = "The relay answers {reply} with {version}."
why = "Somebody is harmed."
cites = ["one"]
matrix.reply = ["454", "500"]
matrix.version = { old = "1.0", new = "1.2" }
connector = "encryption-only"

[peer.mx]
offer = { versions = ["{version}"], suites = ["static-rsa", "ecdhe"], groups = ["x25519"] }
cert = "trusted"
fault = "close-after-client-hello"
client-certificate = "optional"
script = '''
S: 220 {mx} ESMTP
C: EHLO *
S: 250 STARTTLS
C: STARTTLS
S: {reply} 4.7.0 no<LF>
<next connection>
S: <bytes 16 03>
'''

[message]
submission = "tls"

[dns]
mx = "truncated"

[case.one]
expect = { outcome = "withheld", never = ["envelope-in-plaintext"], attempts = 2, visited = ["mx"] }
[case.two]
observe = "outcome"
expect = { tls = { version = ">=1.2", sni = "{mx}" }, offered.groups.never = ["p-256"] }
"#;

/// One with rows.
const ROWS: &str = r#"
claim = "The relay keeps the message when the next hop {row.does}."
why = "Somebody is harmed."
matrix.connector = ["mutual", "validating"]
matrix.except = [{ connector = "mutual" }]

[peer.mx]
script = '''
S: 220 {mx} ESMTP
C: EHLO *
S: 250 STARTTLS
C: STARTTLS
S: {row} {row.text}
'''

[expect]
outcome = "withheld"

[[row]]
name = "454"
does = "cannot begin now"
text = "4.7.0 no"
cites = ["one"]

[[row]]
name = "501"
does = "reads another word"
text = "5.5.4 what?"
why = "Others are harmed."
cites = ["one"]
"#;

/// What the scenarios of these tests may name.
pub(super) fn known() -> Known {
    Known {
        requirements: ["one".to_owned()].into(),
        recipes: ["trusted".to_owned()].into(),
        rsa_recipes: Default::default(),
        offers: BTreeMap::from([("modern".to_owned(), Offer::modern())]),
    }
}

const BASELINE: &str = "[[waiver]]\ncases = ['outbound/*', \"inbound/[ab]{c,d}\"]\n\
                        reason = 'x'\nlink = 'https://x.example'\nexpires = 2027-06-30\n";

const REQUIREMENT: &str = "[one]\nlevel = 'must'\ntext = 'It keeps it.'\nsource = 'RFC 3207'\n";

const OFFERS: &str = "[modern]\nversions = ['1.2', '1.3']\nsuites = 'ecdhe'\ndh-bits = 2048\n";

/// A text with one part of it exchanged for something else, or any text at all.
fn marred(text: &'static str) -> impl Strategy<Value = String> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let place = prop::sample::select(places);
    let length = prop_oneof![3 => 0_usize..12, 1 => 0_usize..400];
    let other = prop_oneof!["\\PC{0,12}", "[\\[\\]{}=\"'.,\n]{0,4}", "[a-z0-9<>+: -]{0,8}"];
    let marred = (place, length, other).prop_map(move |(start, length, other)| {
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}{other}{}", &text[..start], &text[end..])
    });
    prop_oneof![1 => "(?s).{0,200}", 6 => marred]
}

#[test]
fn the_examples_are_right() {
    for (text, expected) in [(SCENARIO, vec![8]), (ROWS, vec![2, 2])] {
        let scenarios = load("outbound/x", "x.toml", text, &known());
        let scenarios = scenarios.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(text)));
        let cases: Vec<usize> = scenarios.iter().map(|scenario| scenario.cases.len()).collect();
        assert_eq!(cases, expected);
    }
    Baseline::parse("x.toml", BASELINE).expect("the baseline is right");
    load_offers("x.toml", OFFERS).expect("the offers are right");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_scenario_is_right_or_says_where_it_is_wrong(
        text in prop_oneof![marred(SCENARIO), marred(ROWS)],
        id in prop_oneof![Just("inbound/x"), Just("outbound/x"), Just("x")],
    ) {
        if let Err(diagnostics) = load(id, "x.toml", &text, &known()) {
            prop_assert!(!diagnostics.is_empty());
            for diagnostic in diagnostics {
                prop_assert!(diagnostic.render(&text).contains("x.toml"));
                if let Some(span) = diagnostic.span {
                    prop_assert!(span.start <= span.end && span.end <= text.len(), "{:?}", span);
                }
            }
        }
    }

    #[test]
    fn other_files_are_right_or_say_where_they_are_wrong(
        baseline in marred(BASELINE),
        requirement in marred(REQUIREMENT),
        offers in marred(OFFERS),
    ) {
        if let Err(diagnostic) = Baseline::parse("x.toml", &baseline) {
            prop_assert!(diagnostic.render(&baseline).contains("x.toml"));
        }
        if let Err(diagnostic) = load_catalogue("x.toml", &requirement) {
            prop_assert!(diagnostic.render(&requirement).contains("x.toml"));
        }
        for diagnostic in load_offers("x.toml", &offers).err().into_iter().flatten() {
            prop_assert!(diagnostic.render(&offers).contains("x.toml"));
        }
    }
}
