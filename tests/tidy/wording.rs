//! One word for one thing: what was replaced by the field's term does not come back.

use std::fs;

use super::{files, root};

/// What was written once, and what is written now.
const REPLACED: [(&str, &str); 17] = [
    ("clear text", "plaintext"),
    ("downgrade mark", "downgrade sentinel"),
    ("fallback signal", "TLS_FALLBACK_SCSV"),
    ("forgery", "tampering"),
    ("given back", "bounced"),
    ("goes along with", "accepts"),
    ("handed in", "submitted"),
    ("honest client", "correct client"),
    ("in clear", "in plaintext"),
    ("lying heartbeat", "Heartbleed probe"),
    ("moot", "not applicable"),
    ("nothing can be said", "why the case is not judged"),
    ("quirk", "variant"),
    ("tied to nothing", "insecure renegotiation"),
    ("twin", "control"),
    ("well-behaved", "correct"),
    ("went along", "accepted"),
];

/// Whether the text holds the phrase as words of its own.
fn holds(text: &str, phrase: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(phrase).any(|(at, _)| {
        let after = text.get(at + phrase.len()..).and_then(|rest| rest.chars().next());
        !letter(text.get(..at).and_then(|before| before.chars().next_back())) && !letter(after)
    })
}

#[test]
fn replaced_words_stay_replaced() {
    let mut wrong = Vec::new();
    let folders = ["harness", "certs", "scenarios", "relays", "examples", "tests"];
    let of_folders = folders.into_iter().flat_map(|folder| {
        ["rs", "toml", "md", "sh", "tmpl"].map(|ending| files(&root().join(folder), ending))
    });
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    let pages = pages.map(|page| root().join(page));
    for path in of_folders.flatten().chain(pages) {
        if path.ends_with("tests/tidy/wording.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file of the project can be read");
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            for (old, new) in REPLACED.iter().filter(|(old, _)| holds(&line, old)) {
                let at = format!("{}:{}", path.display(), number + 1);
                wrong.push(format!("{at}: `{old}` is {new}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_line_of_a_page_has_at_most_100_columns() {
    let mut wrong = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = fs::read_to_string(root().join(page)).expect("a page can be read");
        let mut code = false;
        for (number, line) in text.lines().enumerate() {
            code ^= line.starts_with("```");
            // Only the README keeps its tables and examples narrow.
            let wide = page != "README.md" && (code || line.starts_with(['|', ' ']));
            if line.chars().count() > 100 && !wide {
                wrong.push(format!("{page}:{}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_phrase_is_found_as_words_only() {
    assert!(holds("sent in clear, and read", "in clear"));
    assert!(!holds("remoot", "moot"));
    assert!(!holds("smooth", "moot"));
    assert!(!holds("twins", "twin"));
}
