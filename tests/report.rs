//! The reports that are kept: regenerate them with
//! `WAXSEAL_REPORTS=installed INSTA_UPDATE=always cargo test --test suite report`.
//!
//! The reference relay's is compared whole. Those of products are compared case by case, and a case
//! that a kept report lacks is none of its business: a new scenario does not ask its author for root
//! and eight products.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use waxseal::internals::relay::Driver;

/// The Markdown report of a whole run, without times, ports and addresses.
fn report(relay: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["run", relay, "--format", "markdown"])
        .env("WAXSEAL_TODAY", super::cli::TODAY)
        .output()
        .expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{relay}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn compare(relay: &str) {
    let report = report(relay);
    // Whether a relay reads together what comes behind a reply is a race: it may go on or break off,
    // and both are right.
    let race = [
        (r"(injection/(?:two-segments|ehlo-reply).*\| pass \|) [a-z-]+ \|", "$1 either |"),
        // Whether a machine lets us enter a network of our own is no property of a relay.
        (r"Played outside a private network, on high ports\.\n\n", ""),
    ];
    insta::with_settings!({
        prepend_module_to_snapshot => false, omit_expression => true, filters => race
    }, {
        insta::assert_snapshot!(relay.replace('@', "-"), report);
    });
}

/// The rows of the table of cases, by id. Whether a relay reads together what comes behind a reply is
/// left open here as above.
fn cases(report: &str) -> BTreeMap<&str, String> {
    let table = report.split("\n## Cases\n").nth(1).unwrap_or_default();
    let rows = table.lines().take_while(|line| !line.starts_with('#'));
    let rows = rows.filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (id, race) = (*cells.first()?, ["injection/two-segments", "injection/ehlo-reply"]);
        let open = race.iter().any(|name| id.contains(name)) && cells.get(2) == Some(&"pass");
        let told = |(at, cell): (usize, &&str)| {
            if open && at == 3 { "either".to_owned() } else { (*cell).to_owned() }
        };
        let row: Vec<String> = cells.iter().enumerate().map(told).collect();
        id.contains('/').then(|| (id, row.join(" | ")))
    });
    rows.collect()
}

/// What differs between a kept report and one of today, a line for each case.
fn differences(kept: &str, today: &str) -> Vec<String> {
    let (kept, today) = (cases(kept), cases(today));
    let differs = |(id, row): (&&str, &String)| match today.get(id) {
        None => Some(format!("{id} is gone")),
        Some(now) => (now != row).then(|| format!("kept:  {row}\n  today: {now}")),
    };
    kept.iter().filter_map(differs).collect()
}

/// A product's report against the kept one; written anew where that is asked for.
fn compare_cases(relay: &str) {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        return compare(relay);
    }
    let name = format!("tests/snapshots/{}.snap", relay.replace('@', "-"));
    let kept = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    let kept = kept.expect("a report of the product is kept");
    assert!(!cases(&kept).is_empty(), "the kept report of {relay} has no cases");
    // What a relay does once and not again, on a machine that plays other tests beside it, is no change.
    let today = || differences(&kept, &report(relay));
    let mut differences = today();
    if !differences.is_empty() {
        differences = today();
    }
    assert!(differences.is_empty(), "{relay}:\n{}", differences.join("\n"));
}

#[test]
fn a_kept_report_is_compared_case_by_case() {
    let report = |rows: &str| {
        format!("# x\n\n## Cases\n\n| case | level | verdict | outcome | reason |\n|---|\n{rows}")
    };
    let kept =
        report("| a/b | must | pass | deferred | So. |\n| a/c | must | pass | lost | So. |\n");
    let check = |rows: &str, expected: &[&str]| {
        assert_eq!(differences(&kept, &report(rows)), expected, "{rows}");
    };
    let same = "| a/b | must | pass | deferred | So. |\n| a/c | must | pass | lost | So. |\n";
    check(same, &[]);
    check(&format!("| a/a | must | fail | lost | New. |\n{same}"), &[]);
    check("| a/b | must | pass | deferred | So. |\n", &["a/c is gone"]);
    check(
        &same.replace("pass | lost", "fail | lost"),
        &["kept:  a/c | must | pass | lost | So.\n  today: a/c | must | fail | lost | So."],
    );
    let race = |outcome| {
        report(&format!("| x/injection/two-segments#a | must | pass | {outcome} | So. |\n"))
    };
    assert!(differences(&race("either"), &race("rejected")).is_empty());
}

#[test]
fn the_reference_relay() {
    compare("reference");
}

/// The products whose reports are compared: those that `WAXSEAL_REPORTS` names, with blanks between,
/// or `installed` for all that are.
fn asked_for() -> Vec<String> {
    let asked = std::env::var("WAXSEAL_REPORTS").unwrap_or_else(|_| "postfix".into());
    match asked.as_str() {
        "installed" => Driver::names().map(str::to_owned).collect(),
        names => names.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Compared wherever a product is installed and may be run; said where it is not.
#[test]
fn installed_relays() {
    for name in asked_for() {
        let driver = Driver::find(&name).expect("an embedded driver has a good contract");
        let installed = driver.root.as_ref().is_none_or(|root| root.version().is_some());
        // SAFETY: no preconditions.
        let root = unsafe { libc::geteuid() } == 0;
        if installed && root {
            compare_cases(&name);
        } else {
            let why = if installed { "it needs root" } else { "it is not installed" };
            eprintln!("no report of {name} compared: {why}");
        }
    }
}
