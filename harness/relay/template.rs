//! Templates: text in which `{{dotted.path}}` stands for a value of `lab.json`. Nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use waxseal_model::diagnostic::line_of;

use super::error::RelayError;

/// Fills in the text; `path` is for messages.
///
/// # Errors
/// [`RelayError::Mistake`] for an unknown name or braces that do not close.
pub(super) fn render(
    path: &Path,
    text: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, RelayError> {
    let mistake = |rest: &str, mistake| RelayError::Mistake {
        path: path.to_owned(),
        line: line_of(text, text.len() - rest.len()),
        mistake,
    };
    let (mut done, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            return Err(mistake(after, "braces that do not close".into()));
        };
        let value = values
            .get(name.trim())
            .ok_or_else(|| mistake(after, format!("the lab has no value {:?}", name.trim())))?;
        done += before;
        done += value;
        rest = behind;
    }
    Ok(done + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_unknown_ones_are_told_with_their_line() {
        let values = BTreeMap::from([("dns.port".to_owned(), "53".to_owned())]);
        let check = |text| render(Path::new("a.tmpl"), text, &values).map_err(|e| e.to_string());
        assert_eq!(check("a {{dns.port}} {{ dns.port }}${x}").unwrap(), "a 53 53${x}");
        let error = check("one\n{{dns.prot}}").unwrap_err();
        assert_eq!(error, "use a.tmpl:2: the lab has no value \"dns.prot\"");
        assert!(check("{{dns.port").is_err());
    }
}
