//! Scenarios with rows: what an author is told of mistakes, and rows in a folder of the user's own.
//! `INSTA_UPDATE=always cargo test --test suite rows` writes the texts anew.

use std::fs;
use std::process::Command;

use waxseal::internals::catalogue::{Catalogue, Source};

/// A good file but for what is put in place of the dots: something for the head, and the rows.
fn file(head: &str, rows: &str) -> String {
    format!(
        "claim = \"The relay keeps the message when the next hop {{row.does}}.\"\n{head}\
         [peer.mx]\nfault = \"{{row.fault}}\"\n\n[expect]\noutcome = \"withheld\"\n{rows}"
    )
}

const CLOSES: &str = "\n[[row]]\nname = \"close\"\ndoes = \"closes the connection\"\n\
                      fault = \"close-after-client-hello\"\ncites = [\"rfc7435-policy-floor\"]\n";
const RESETS: &str = "\n[[row]]\nname = \"reset\"\ndoes = \"resets the connection\"\n\
                      fault = \"reset-after-client-hello\"\ncites = [\"rfc7435-policy-floor\"]\n";

fn wrong() -> Vec<(&'static str, String)> {
    let changed = |from: &str, to: &str| file("", &format!("{CLOSES}{}", RESETS.replace(from, to)));
    let forced = "cites = [\"rfc7435-policy-floor\"]";
    vec![
        ("a row without a name", changed("name = \"reset\"\n", "")),
        ("two rows of one name", changed("name = \"reset\"", "name = \"close\"")),
        ("a name that is no part of an id", changed("name = \"reset\"", "name = \"reset, twice\"")),
        ("a word that one row lacks", changed("does = \"resets the connection\"\n", "")),
        ("a word that no row has", file("", CLOSES).replace("{row.does}", "{row.deos}")),
        ("rows that are not there", file("cites = [\"rfc7435-policy-floor\"]\n", "")),
        ("a word that nothing uses", changed("does =", "sends = \"nothing\"\ndoes =")),
        ("a key that is nearly one", changed(forced, "cite = \"rfc7435-policy-floor\"")),
        ("a value that is no word", changed("does =", "sends = 3\ndoes =")),
        ("an unknown value in a row", changed("reset-after-client", "rset-after-client")),
        ("a row that cites nothing", changed(forced, "")),
        ("a row that cites what the file cites", file(&format!("{forced}\n"), CLOSES)),
        ("an unknown requirement of a row", changed("policy-floor", "policy-flor")),
        (
            "a requirement that binds the other way",
            changed(forced, "cites = [\"exo-inbound-requiretls\"]"),
        ),
        ("an unknown group", file("matrix.connector = \"forcd\"\n", CLOSES)),
        ("a group of the other direction", file("matrix.connector = [\"all-inbound\"]\n", CLOSES)),
        (
            "a connector beside its group",
            file("matrix.connector = [\"mutual\", \"forced\"]\n", CLOSES),
        ),
        (
            "a group that the matrix does not have",
            file(
                "matrix.connector = [\"opportunistic\"]\n\
                 cites-for.connector.forced = [\"exo-outbound-encryption-only\"]\n",
                CLOSES,
            ),
        ),
    ]
}

/// A folder of one's own with this file as `outbound/x.toml`.
fn own(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir(dir.path().join("outbound")).expect("a folder can be made");
    fs::write(dir.path().join("outbound/x.toml"), text).expect("a file can be written");
    dir
}

#[test]
fn mistakes_in_rows_and_groups_are_told_with_their_place() {
    let mut told = String::new();
    for (name, text) in wrong() {
        told.push_str(&format!("== {name}\n"));
        let dir = own(&text);
        let source = Source::folder(dir.path()).expect("the folder can be read");
        let wrong = Catalogue::with(source).expect_err(name);
        for wrong in wrong {
            let shown = wrong.to_string();
            told.push_str(&shown.replace(&format!("{}/", dir.path().display()), ""));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("diagnostics-rows", told);
    });
}

/// Rows are chosen by the file, the row or the case, and each is a scenario of its own.
#[test]
fn rows_of_ones_own_are_listed_explained_and_played() {
    let dir = own(&file("matrix.connector = \"validating\"\n", &format!("{CLOSES}{RESETS}")));
    let waxseal = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(arguments).arg("--scenarios").arg(dir.path());
        let output = command.output().expect("the program can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let listed = waxseal(&["list"]);
    let expected = "The relay keeps the message when the next hop resets the connection.\n  \
                    outbound/x#reset,certificate-validation\n  \
                    outbound/x#reset,domain-validation\n";
    assert!(listed.contains(expected), "{listed}");
    for (id, cases) in
        [("outbound/x", 4), ("outbound/x#reset", 2), ("outbound/x#reset,domain-validation", 1)]
    {
        let explained = waxseal(&["explain", id]);
        assert_eq!(explained.matches("outbound/x#").count(), cases, "{explained}");
        let played = waxseal(&["run", "--case", id, "--format", "json"]);
        let record: serde_json::Value = serde_json::from_str(&played).expect("a record");
        let ids = record["cases"].as_array().expect("cases").iter();
        let ids =
            ids.filter(|case| case["id"].as_str().is_some_and(|id| id.starts_with("outbound/x#")));
        assert!(ids.clone().all(|case| case["verdict"] == "pass"), "{played}");
        assert_eq!(ids.count(), cases, "{id}");
    }
}
