//! Every word that a scenario may use.

use std::collections::BTreeMap;

use serde_json::Value;
use waxseal_model::scenario::{Entry, groups, keys};
use waxseal_model::script::Direction;

/// The keys of each table and the words of each list, each with its sentence and with the direction, where
/// it has a meaning in one only.
pub fn list_words() -> String {
    let mut text = String::new();
    let mut tables: Vec<(String, Vec<Entry>)> = Vec::new();
    for (table, key) in keys() {
        match tables.last_mut().filter(|(of, _)| *of == table) {
            Some((_, keys)) => keys.push(key),
            None => tables.push((table, vec![key])),
        }
    }
    let places = places();
    let place = |table: &str| places.get(table).cloned().unwrap_or_default();
    for (table, keys) in &tables {
        let title = match place(table) {
            place if place.is_empty() => "keys of a scenario file".to_owned(),
            place => format!("keys of {place}"),
        };
        block(&mut text, &title, "", keys);
    }
    for mut group in groups() {
        let here = |(of, key): &(String, Entry)| group.keys.contains(&(of.as_str(), &key.word));
        let only: Vec<_> = keys().into_iter().filter(here).map(|(_, key)| key.only).collect();
        if let [first, rest @ ..] = &only[..]
            && rest.iter().all(|one| one == first)
        {
            group.words.iter_mut().for_each(|word| word.only = word.only.or(*first));
        }
        let keys = group.keys.iter().map(|(table, key)| match place(table) {
            place if place.is_empty() => (*key).to_owned(),
            place => format!("{place}.{key}"),
        });
        let keys: Vec<_> = keys.collect();
        let title = match group.list {
            "ConnectorGroup" => "matrix.connector".to_owned(),
            "DnsRecord" => "keys of dns".to_owned(),
            "DnsFaultKind" => "dns.mx, dns.a, dns.tlsa".to_owned(),
            "Alias" => "dns.alias".to_owned(),
            "Verb" => "script, between < and >".to_owned(),
            "Placeholder" => "texts, between { and }".to_owned(),
            _ => keys.join(", "),
        };
        let note =
            if group.open && !keys.is_empty() { " Other texts may stand there too." } else { "" };
        block(&mut text, &title, &format!("{}{note}", first_sentence(group.about)), &group.words);
    }
    let recipe = schemars::schema_for!(waxseal_certs::Recipe).to_value();
    block(
        &mut text,
        "keys of a recipe in certificates.toml",
        "",
        &described(&recipe["properties"]),
    );
    for (list, values) in recipe["$defs"].as_object().into_iter().flatten() {
        let title = format!("{} of a recipe", list.to_lowercase());
        block(&mut text, &title, "", &constants(&values["oneOf"]));
    }
    text
}

/// How a table is reached in a scenario file: what leads to it. The file itself is reached by nothing.
fn places() -> BTreeMap<&'static str, String> {
    [
        ("Case", "case.NAME"),
        ("Row", "row"),
        ("Peer", "peer.NAME"),
        ("Hello", "peer.NAME.hello"),
        ("Records", "peer.NAME.records"),
        ("OfferTable", "peer.NAME.offer"),
        ("Message", "message"),
        ("Expect", "expect"),
        ("TlsTable", "expect.tls"),
        ("AnswerTable", "expect.answer"),
        ("Ticket", "expect.ticket"),
        ("Certificate", "expect.certificate"),
        ("ReplyTable", "expect.reply"),
        ("Offered", "expect.offered"),
        ("Dsn", "expect.dsn"),
    ]
    .map(|(table, place)| (table, place.to_owned()))
    .into()
}

fn block(text: &mut String, title: &str, about: &str, words: &[Entry]) {
    let gap = if text.is_empty() { "" } else { "\n" };
    let about = if about.is_empty() { String::new() } else { format!(": {about}") };
    text.push_str(&format!("{gap}{title}{about}\n"));
    let width = words.iter().map(|entry| entry.word.len()).max().unwrap_or_default();
    for Entry { word, about, only } in words {
        let only = match only {
            Some(Direction::Inbound) => "in  ",
            Some(Direction::Outbound) => "out ",
            None => "    ",
        };
        text.push_str(&format!("  {only}{word:<width$}  {}\n", first_sentence(about)));
    }
}

/// What a reader of a list needs; the schema has the rest.
fn first_sentence(about: &str) -> &str {
    about.find(". ").map_or(about, |end| &about[..=end])
}

/// The keys of a table in a JSON Schema.
fn described(properties: &Value) -> Vec<Entry> {
    let entry = |(key, rules): (&String, &Value)| entry(key, rules);
    properties.as_object().into_iter().flatten().map(entry).collect()
}

/// The words of a list in a JSON Schema.
fn constants(list: &Value) -> Vec<Entry> {
    let words = list.as_array().into_iter().flatten();
    words.map(|rules| entry(rules["const"].as_str().unwrap_or_default(), rules)).collect()
}

fn entry(word: &str, rules: &Value) -> Entry {
    let about = rules["description"].as_str().unwrap_or_default().to_owned();
    Entry { word: word.to_owned(), about, only: None }
}
