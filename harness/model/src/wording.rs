//! Numbers and names in texts.

use std::collections::BTreeMap;

/// A number and what it counts: `1 case`, `2 cases`. `noun` is a singular that takes an `s`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The text with every `{name}` filled in that has a value; others stay.
pub fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    values
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular_and_nothing_is_plural() {
        let check = |count, expected| assert_eq!(counted(count, "file"), expected);
        check(0, "0 files");
        check(1, "1 file");
        check(2, "2 files");
    }
}
