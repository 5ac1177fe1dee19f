//! The reports that are kept: regenerate them with
//! `WAXSEAL_REPORTS=installed INSTA_UPDATE=always cargo test --test suite report`.

use std::process::Command;

use waxseal::relay::Driver;

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
            compare(&name);
        } else {
            let why = if installed { "it needs root" } else { "it is not installed" };
            eprintln!("no report of {name} compared: {why}");
        }
    }
}
