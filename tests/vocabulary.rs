//! The words that `waxseal list --words` shows are those that scenario files may use.

use std::collections::BTreeSet;
use std::fs;

use waxseal::internals::catalogue::Catalogue;
use waxseal_model::scenario::{Case, Group, Known, groups, keys, load};
use waxseal_model::script::{Direction, speakers};

use super::tidy::{files, root};

/// A line of a script with this word.
fn line_with(direction: Direction, word: &str) -> String {
    let (ours, theirs) = speakers(direction);
    match word {
        "negotiate TLS" => "C & S: <negotiate TLS>".to_owned(),
        "message" => format!("{theirs}: <message>"),
        "next connection" => "<next connection>".to_owned(),
        "LF" | "CR" | "no ending" => format!("{ours}: x<{word}>"),
        "silent" => format!("{ours}: <silent 1s>"),
        "bytes" => format!("{ours}: <bytes 16>"),
        word => format!("{ours}: <{word}>"),
    }
}

/// What is wrong with a scenario that has `word` at this key.
fn wrong(direction: Direction, group: &Group, table: &str, key: &str, word: &str) -> Vec<String> {
    let peer = if direction == Direction::Inbound { "client" } else { "mx" };
    let list = if matches!(key, "versions" | "suites" | "form") {
        format!("[\"{word}\"]")
    } else {
        format!("\"{word}\"")
    };
    let (mut claim, mut head, mut body) = ("It does.".to_owned(), String::new(), String::new());
    let expects = |what: String| format!("[expect]\n{what}\n");
    match (group.list, table) {
        ("ConnectorGroup", _) => head = format!("matrix.connector = \"{word}\""),
        ("DnsRecord", _) => head = format!("dns.{word} = \"servfail\""),
        ("DnsFaultKind", _) => head = format!("dns.mx = \"{word}\""),
        ("Alias", _) => head = format!("dns.alias = \"{word}\""),
        ("Placeholder", _) => claim = format!("It says {{{word}}}."),
        ("Verb", _) => {
            let line = line_with(direction, word);
            body = format!("[peer.{peer}]\nscript = \'\'\'\n{line}\n\'\'\'\n");
        }
        (_, "File") => head = format!("{key} = {list}"),
        (_, "Case") => body = format!("[case.a]\n{key} = {list}\n"),
        (_, "Peer") => body = format!("[peer.{peer}]\n{key} = {list}\n"),
        (_, "Hello") if key == "version" => {
            body = format!("[peer.{peer}]\nhello = {{ version = {list} }}\n")
        }
        (_, "Hello") => {
            body = format!("[peer.{peer}]\nhello = {{ version = \"1.2\", {key} = {list} }}\n")
        }
        (_, "OfferTable") if key == "versions" => {
            body = format!("[peer.{peer}]\noffer = {{ versions = {list} }}\n")
        }
        (_, "OfferTable") => {
            body = format!("[peer.{peer}]\noffer = {{ versions = \"1.2\", {key} = {list} }}\n")
        }
        (_, "Message") => {
            let earlier = matches!(key, "connector" | "rule" | "outcome" | "host");
            let (first, last) = if earlier {
                (format!("{key} = {list}"), String::new())
            } else {
                (String::new(), format!("{key} = {list}"))
            };
            body = format!(
                "[peer.{peer}]\n[peer.sender]\n[[message]]\n{first}\n[[message]]\n{last}\n"
            );
        }
        (_, "Expect") => body = expects(format!("{key} = {list}")),
        (_, "Offered") if matches!(key, "versions" | "suites") => {
            body = expects(format!("offered = {{ {key}.always = {list} }}"));
        }
        (_, table) => {
            let of = match table {
                "TlsTable" => "tls",
                "AnswerTable" => "answer",
                "Ticket" => "ticket",
                "Certificate" => "certificate",
                "Offered" => "offered",
                "Dsn" => "dsn",
                table => panic!("how is {table} reached?"),
            };
            body = expects(format!("{of} = {{ {key} = {list} }}"));
        }
    }
    if !body.contains("[expect]") && !head.contains("observe") {
        body.push_str("[expect]\ntls = \"established\"\n");
    }
    let text = format!("claim = \"{claim}\"\ncites = [\"a\"]\n{head}\n{body}");
    let known = Known { requirements: ["a".to_owned()].into(), ..Known::default() };
    let loaded = load(&format!("{direction}/x"), "x.toml", &text, &known);
    let errors = loaded.err().unwrap_or_default();
    errors.iter().map(|error| error.message.clone()).collect()
}

/// What else a scenario lacks that has this word is another matter: its word is known.
#[test]
fn each_listed_word_is_known_where_it_is_written() {
    let mut mistakes = Vec::new();
    for group in groups() {
        let nowhere = group.keys.is_empty() || matches!(group.keys, [("File", "dns" | "matrix")]);
        let keys = if nowhere { &[("", "")][..] } else { group.keys };
        for (table, key) in keys {
            for entry in &group.words {
                for direction in [Direction::Inbound, Direction::Outbound] {
                    let errors = wrong(direction, &group, table, key, &entry.word);
                    let here = entry.only.is_none_or(|only| only == direction);
                    let unknown = |error: &String| {
                        let known = ["unknown ", "nothing fills in", "unknown field"];
                        known.iter().any(|known| error.starts_with(known))
                            || error.contains("is no act")
                    };
                    let only_there = keys_of(table, key).is_some_and(|only| only != direction);
                    let refused = errors.iter().any(unknown) || (!here && !errors.is_empty());
                    if here && !only_there && refused {
                        mistakes
                            .push(format!("{direction} {table}.{key} {}: {errors:?}", entry.word));
                    }
                    if !here && errors.is_empty() {
                        mistakes.push(format!("{direction} {table}.{key} {} is taken", entry.word));
                    }
                }
            }
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    let group = &groups()[0];
    let nonsense = wrong(Direction::Outbound, group, "File", "connector", "no-such-word");
    assert!(nonsense[0].starts_with("unknown connector"), "{nonsense:?}");
}

/// The only direction of a key.
fn keys_of(table: &str, key: &str) -> Option<Direction> {
    let found = keys().into_iter().find(|(of, entry)| of == table && entry.word == key);
    found.and_then(|(_, entry)| entry.only)
}

/// Lists of words that no scenario names: the direction is that of the folder, the engine is chosen.
const UNWRITTEN: [&str; 2] = ["Direction", "Engine"];

#[test]
fn every_list_of_words_is_listed() {
    let listed: BTreeSet<&str> = groups().iter().map(|group| group.list).collect();
    let mut lists = BTreeSet::new();
    for path in files(&root().join("harness/model/src"), "rs") {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        for block in text.split("\nwords! {").skip(1) {
            let name = block.split("pub enum ").nth(1).and_then(|rest| rest.split(' ').next());
            lists.insert(name.expect("a list has a name").to_owned());
        }
    }
    assert!(lists.len() > 30, "{lists:?}");
    let unlisted: Vec<_> = lists
        .iter()
        .map(String::as_str)
        .filter(|list| !listed.contains(list) && !UNWRITTEN.contains(list))
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

#[test]
fn every_word_has_a_sentence() {
    for group in groups() {
        for entry in &group.words {
            let sentence = entry.about.ends_with('.') && entry.about.len() > 4;
            assert!(sentence, "{} {}: {}", group.list, entry.word, entry.about);
        }
    }
}

#[test]
fn what_is_observed_is_asked_and_what_is_judged_is_claimed() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let asks = |case: &Case| case.claim.contains('?');
    let mixed: Vec<_> =
        catalogue.cases().filter(|case| asks(case) != case.observe).map(|case| &case.id).collect();
    assert!(mixed.is_empty(), "{mixed:#?}");
}
