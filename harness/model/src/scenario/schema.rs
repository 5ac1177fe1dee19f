//! The JSON Schema of scenario files, one for each direction: the form of [`raw::File`] with the words of
//! [`groups`].

use serde_json::{Map, Value, json};

use super::choices::DnsRecord;
use super::directions;
use super::vocabulary::{Entry, groups};
use crate::raw;
use crate::script::Direction;

/// What a matrix fills in.
const FILLED: &str = "#/$defs/Filled";

/// The JSON Schema (draft 2020-12) of a scenario file of this direction; `waxseal schema --scenario
/// DIRECTION` prints it. Editors read it for completion. What a file says of another of its parts, and
/// what the catalogue has to know, is checked by `waxseal check` alone.
pub fn schema(direction: Direction) -> String {
    let mut root = form();
    if let Some(root) = root.as_object_mut() {
        root.insert("title".into(), format!("A scenario ({direction})").into());
        root["$defs"]["Filled"] = json!({
            "description": "A value of the matrix, filled in.",
            "type": "string",
            "pattern": "[{].+[}]",
        });
    }
    put_words(&mut root, direction);
    for (table, key, only) in directions::keys_of_one_direction() {
        if let (true, Some(properties)) = (only != direction, properties(&mut root, table)) {
            properties.remove(key);
        }
    }
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

/// Every key of a scenario file: its table, its name, what it says, and the only direction in which it
/// has a meaning.
pub fn keys() -> Vec<(String, Entry)> {
    let mut root = form();
    let of_keys = directions::keys_of_one_direction();
    let mut found = Vec::new();
    for table in tables(&root) {
        let whole = of_table(&root, &table, &of_keys);
        for (key, value) in properties(&mut root, &table).into_iter().flatten() {
            let about = value["description"].as_str().unwrap_or_default().to_owned();
            let only = of_keys.iter().find(|(of, name, _)| *of == table && name == key);
            let only = whole.or(only.map(|(_, _, direction)| *direction));
            found.push((table.clone(), Entry { word: key.clone(), about, only }));
        }
    }
    found
}

/// The only direction of a table: that of the one key which leads to it.
fn of_table(
    root: &Value,
    table: &str,
    of_keys: &[(&'static str, &'static str, Direction)],
) -> Option<Direction> {
    let leads = |value: &Value| value.to_string().contains(&format!("\"#/$defs/{table}\""));
    let of_key = |(of, key, _): &&(&str, &str, Direction)| {
        let of = if *of == "File" { root } else { &root["$defs"][*of] };
        leads(&of["properties"][*key])
    };
    of_keys.iter().find(of_key).map(|(_, _, direction)| *direction)
}

/// The schema of the raw form: both directions, and a text where a word is due.
fn form() -> Value {
    let mut root = schemars::schema_for!(raw::File).to_value();
    without_null(&mut root);
    if let Some(peer) = properties(&mut root, "Peer") {
        let fault = peer.get("fault").cloned().unwrap_or_default();
        peer.insert("faults".into(), fault);
    }
    root
}

/// The tables of a scenario file, that of the file itself first.
fn tables(root: &Value) -> Vec<String> {
    let below = root["$defs"].as_object().into_iter().flatten();
    let below = below.filter(|(_, def)| def.get("properties").is_some());
    std::iter::once("File".to_owned()).chain(below.map(|(name, _)| name.clone())).collect()
}

fn properties<'a>(root: &'a mut Value, table: &str) -> Option<&'a mut Map<String, Value>> {
    let table = if table == "File" { root } else { root.get_mut("$defs")?.get_mut(table)? };
    table.get_mut("properties")?.as_object_mut()
}

/// Puts the lists of words in place of the texts.
fn put_words(root: &mut Value, direction: Direction) {
    let groups = groups();
    for group in &groups {
        let words = group.words.iter();
        let words = words.filter(|word| word.only.is_none_or(|only| only == direction));
        let words: Vec<Value> =
            words.map(|word| json!({ "description": word.about, "const": word.word })).collect();
        let of_a_text = group.open && group.keys.is_empty();
        if !of_a_text && !words.is_empty() {
            root["$defs"][group.list] = json!({ "description": group.about, "oneOf": words });
        }
    }
    let known = |root: &Value, list: &str| root["$defs"].get(list).is_some();
    let refer = |list: &str| json!({ "$ref": format!("#/$defs/{list}") });
    let mut keys: Vec<(&str, &str)> = groups.iter().flat_map(|group| group.keys).copied().collect();
    keys.push(("Peer", "faults"));
    keys.sort_unstable();
    keys.dedup();
    // Words are keys of the one, and stand below a key of the other.
    keys.retain(|key| !matches!(key, ("File", "dns" | "matrix")));
    for (table, key) in keys {
        let real = if key == "faults" { "fault" } else { key };
        let here = groups.iter().filter(|group| group.keys.contains(&(table, real)));
        let open = here.clone().any(|group| group.open);
        let lists = here.filter(|group| known(root, group.list));
        let mut any: Vec<Value> = lists.map(|group| refer(group.list)).collect();
        any.push(if open { json!({ "type": "string" }) } else { json!({ "$ref": FILLED }) });
        if let Some(value) = properties(root, table).and_then(|keys| keys.get_mut(key)) {
            in_place_of_text(value, &json!({ "anyOf": any }));
        }
    }
    let fault = json!({ "anyOf": [refer("DnsFaultKind"), { "$ref": FILLED }] });
    let mut dns: Map<String, Value> = DnsRecord::ALL
        .map(|record| (record.name().to_owned(), fault.clone()))
        .into_iter()
        .collect();
    dns.insert("alias".into(), json!({ "anyOf": [refer("Alias"), { "$ref": FILLED }] }));
    if let Some(file) = properties(root, "File") {
        let rules = [refer("ConnectorGroup"), refer("Connector"), json!({ "$ref": FILLED })];
        in_place_of_text(
            &mut file["matrix"]["properties"]["connector"],
            &json!({ "anyOf": rules }),
        );
        let about = file["dns"]["description"].clone();
        file["dns"] = json!({
            "description": about,
            "type": "object",
            "properties": dns,
            "additionalProperties": false,
        });
    }
}

/// Replaces every schema of a text by that of words.
fn in_place_of_text(schema: &mut Value, words: &Value) {
    match schema {
        Value::Object(rules) if rules.get("type") == Some(&"string".into()) => {
            rules.remove("type");
            rules.extend(words.as_object().cloned().unwrap_or_default());
        }
        Value::Object(rules) => rules.values_mut().for_each(|rule| in_place_of_text(rule, words)),
        Value::Array(list) => list.iter_mut().for_each(|rule| in_place_of_text(rule, words)),
        _ => {}
    }
}

/// Takes `null` out of the schema of a key that may be left out: TOML has none. Defaults go too.
fn without_null(schema: &mut Value) {
    let null = json!({ "type": "null" });
    match schema {
        Value::Object(rules) => {
            rules.remove("default");
            if let Some(Value::Array(types)) = rules.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    rules.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(any)) = rules.get_mut("anyOf") {
                any.retain(|one| *one != null);
                if let [Value::Object(only)] = &any[..] {
                    let only = only.clone();
                    rules.remove("anyOf");
                    rules.extend(only);
                }
            }
            rules.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of a scenario file whose text is free, or of which no list says all.
    const FREE: &[(&str, &[&str])] = &[
        ("File", &["claim", "why", "cites", "cites-for", "cites-never", "control"]),
        ("Case", &["cites", "control"]),
        ("Row", &["name", "why", "cites", "cites-for"]),
        ("Peer", &["offer", "names", "address-of", "script", "sni"]),
        ("Hello", &["octets"]),
        ("Records", &["version", "octets"]),
        ("Message", &["headers", "parameters", "octets"]),
        ("OfferTable", &["groups", "schemes", "dh-bits"]),
        ("Expect", &["reply", "visited", "accepted-by"]),
        ("TlsTable", &["version", "group", "sni", "client-name", "dh-bits", "alpn"]),
        ("AnswerTable", &["version", "extensions", "groups", "alpn"]),
        ("Ticket", &["seconds"]),
        ("Certificate", &["rsa-bits", "sent"]),
        ("ReplyTable", &["before", "code", "enhanced", "lists", "lacks"]),
        ("Offered", &["groups", "schemes", "extensions", "sni"]),
        ("Dsn", &["status"]),
    ];

    fn takes_text(schema: &Value) -> bool {
        match schema {
            Value::Object(rules) => {
                rules.get("type") == Some(&"string".into()) || rules.values().any(takes_text)
            }
            Value::Array(list) => list.iter().any(takes_text),
            _ => false,
        }
    }

    #[test]
    fn every_key_that_takes_a_text_has_its_words_or_is_free() {
        let mut root = form();
        let groups = groups();
        let mut texts = Vec::new();
        for table in tables(&root) {
            for (key, value) in properties(&mut root, &table).unwrap() {
                if takes_text(value) {
                    texts.push((table.clone(), key.clone()));
                }
            }
        }
        for (table, key) in &texts {
            let real = if key == "faults" { "fault" } else { key };
            let listed = groups.iter().any(|group| group.keys.contains(&(table, real)));
            let free = FREE.iter().any(|(of, keys)| of == table && keys.contains(&real));
            assert!(listed != free, "{table}.{key}: words {listed}, free {free}");
        }
        let known = |(table, key): (&str, &str)| texts.contains(&(table.into(), key.into()));
        let named = groups.iter().flat_map(|group| group.keys).copied();
        let free = FREE.iter().flat_map(|(of, keys)| keys.iter().map(|key| (*of, *key)));
        let gone: Vec<_> = named.chain(free).filter(|key| !known(*key)).collect();
        assert!(gone.is_empty(), "{gone:?}");
    }

    #[test]
    fn every_key_says_what_it_is() {
        for (table, key) in keys() {
            assert!(key.about.ends_with('.'), "{table}.{}: {}", key.word, key.about);
        }
    }
}
