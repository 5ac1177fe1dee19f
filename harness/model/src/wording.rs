//! Numbers and names in texts.

use std::collections::BTreeMap;

/// A number and what it counts: `1 case`, `2 cases`. `noun` is a singular that takes an `s`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The text with every `{name}` filled in that has a value; others stay. What is filled in is not looked
/// at again.
pub fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let named =
            behind.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after)));
        let (value, after) = named.map_or(("{", behind), |(value, after)| (value.as_str(), after));
        filled.push_str(value);
        rest = after;
    }
    filled + rest
}

/// The names that stand in braces in a text, in its order.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_nothing_is_plural() {
        let check = |count, expected| assert_eq!(counted(count, "file"), expected);
        check(0, "0 files");
        check(1, "1 file");
        check(2, "2 files");
    }

    #[test]
    fn what_has_a_value_is_filled_in_once() {
        let value = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let values = BTreeMap::from([("a", "{b}"), ("b", "x"), ("row.c", "y")].map(value));
        let check = |text, expected| assert_eq!(fill(text, &values), expected);
        check("{a} {b} {row.c}", "{b} x y");
        check("{{b}} {d} {b", "{x} {d} {b");
        check("", "");
    }
}
