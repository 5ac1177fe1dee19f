//! Text of others in every place of a record where text can stand.

use serde_json::Value;

/// What a terminal, a CI system, a reader of lines or Markdown obeys; the second is made of octets, as
/// the wire has them.
const OBEYED: [&str; 2] = [
    "::error::x \u{1b}[31m\r\n::warning::y\n \u{202e}turned\u{2066}\u{200f} \u{9b}2J\u{85}::z \u{2028}::u \
     ##vso[task.x] ##[add-mask]y ![i](http://x.test/i) @name",
    "\n::error::x \u{1b}[31m\u{1b}]0;t\u{7} \u{9b}2J \u{85}::z ##[add-mask]y\n\n  ::warning::y ![i](x) @name",
];

/// Gives the record once for each text in it, with what is obeyed in its place, where it can still be
/// read. Of long lists the beginning is enough.
pub fn each_text<T: serde::de::DeserializeOwned>(record: &Value, mut seen: impl FnMut(&str, T)) {
    let mut paths = Vec::new();
    texts(record, String::new(), &mut paths);
    assert!(paths.len() > 20, "{paths:?}");
    let mut read = 0;
    for path in paths {
        for obeyed in OBEYED {
            let mut changed = record.clone();
            if let Some(text) = changed.pointer_mut(&path) {
                *text = Value::String(obeyed.into());
            }
            if let Ok(record) = serde_json::from_value(changed) {
                read += 1;
                seen(&path, record);
            }
        }
    }
    assert!(read > 20);
}

fn texts(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path),
        Value::Array(list) => {
            let most = if list.iter().all(Value::is_string) { 2 } else { usize::MAX };
            for (at, value) in list.iter().enumerate().take(most) {
                texts(value, format!("{path}/{at}"), found);
            }
        }
        Value::Object(table) => {
            for (key, value) in table {
                texts(
                    value,
                    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        _ => {}
    }
}

/// Nothing in the text is obeyed by anyone who shows it.
#[track_caller]
pub fn harmless(path: &str, form: &str, text: &str) {
    for line in text.split('\n') {
        let obeyed = |c: char| c.is_control() || "\u{2028}\u{202e}\u{2066}\u{200f}".contains(c);
        assert!(!line.contains(obeyed), "{path} in {form}: {line:?}");
        assert!(!line.trim_start().starts_with("::"), "{path} in {form}: {line:?}");
        if form != "json" {
            let command = line.contains("##vso[") || line.contains("##[");
            assert!(!command, "{path} in {form}: {line:?}");
        }
        if form == "markdown" {
            assert!(!line.contains("![i]") && !line.contains("@name"), "{path}: {line:?}");
        }
    }
}
