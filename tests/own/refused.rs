//! What is refused before anything is started, and with which words.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::super::cli::{code, err, file, out, waxseal};
use super::folder;

const HEAD: &str = "claim = 'The relay keeps it.'\ncites = ['rfc3207-454-client-forced']\n";
const TAIL: &str = "[expect]\noutcome = 'delivered-tls'\n";

fn scenario(middle: &str) -> String {
    format!("{HEAD}{middle}{TAIL}")
}

/// Runs the folder that `make` fills, and wants exit code 2 and these words; `check` says the same.
fn check(make: impl FnOnce(&TempDir), words: &[&str]) {
    let dir = tempfile::tempdir().expect("a folder can be made");
    make(&dir);
    let path = dir.path().to_string_lossy();
    let run = waxseal(&["run", "--scenarios", &path]);
    let checked = waxseal(&["check", &path]);
    for (output, text) in [(&run, err(&run)), (&checked, out(&checked) + &err(&checked))] {
        assert_eq!(code(output), Some(2), "{words:?}: {text}");
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
    assert_eq!(out(&run), "", "nothing was played");
}

#[test]
fn a_name_that_is_built_in_is_refused_with_its_place() {
    check(
        |dir| drop(file(dir, "outbound/forced/refused.toml", &scenario(""))),
        &[
            "the scenario `outbound/forced/refused` stands in scenarios/outbound/forced/",
            "outbound/forced/refused.toml:1",
            "give this file another name",
        ],
    );
    check(
        |dir| drop(file(dir, "offers.toml", "# Ours.\n[modern]\nversions = ['1.2']\n")),
        &["the offer `modern` stands in scenarios/offers.toml as well", "offers.toml:2"],
    );
    check(
        |dir| drop(file(dir, "certificates.toml", "[trusted]\nabout = 'Ours.'\n")),
        &["the certificate recipe `trusted` stands in", "certificates.toml:1", "another name"],
    );
    let row = fs::read_to_string(folder().join("requirements/house.toml"));
    let row = row.expect("the rows of this test can be read");
    let row = row.replace("[house-no-expired-rsa]", "[rfc3207-454-client-forced]");
    check(
        |dir| drop(file(dir, "requirements/mine.toml", &row)),
        &["the requirement `rfc3207-454-client-forced` stands in", "mine.toml:1"],
    );
    check(
        |dir| {
            let text = fs::read_to_string(folder().join("profiles/house.toml"));
            let text = text.expect("the profile of this test can be read");
            file(dir, "profiles/rfc.toml", &text.replace("house-", "rfc3207-"));
        },
        &["the profile `rfc` stands in scenarios/profiles/rfc.toml as well", "rfc.toml:1"],
    );
}

#[test]
fn a_wrong_word_is_shown_with_a_caret() {
    let at = |path: &'static str, text: &'static str| {
        move |dir: &TempDir| {
            drop(file(dir, path, &text.replace("HEAD\n", HEAD).replace("TAIL\n", TAIL)))
        }
    };
    check(
        at("outbound/mine.toml", "HEAD\nconector = 'mutual'\nTAIL\n"),
        &["outbound/mine.toml:3", "^^^^^^^^", "did you mean `connector`?"],
    );
    check(
        at("outbound/mine.toml", "HEAD\ncontrol = 'outbound/contrl#opportunistic'\nTAIL\n"),
        &["there is no case `outbound/contrl#opportunistic`", "did you mean `outbound/control#"],
    );
    check(
        at("outbound/mine.toml", "HEAD\nconnector = 'dane'\n[expect]\noutcome = 'withheld'\n"),
        &["no case `outbound/control#dane` that could be the control", "name the case that is"],
    );
    check(
        at("inbound/mine.toml", "HEAD\nTAIL\n"),
        &["`rfc3207-454-client-forced` does not bind inbound mail", "inbound/mine.toml:2"],
    );
    check(
        at("certificates.toml", "[weak]\nabout = 'x'\nsignature = 'md5'\n"),
        &[
            "`weak` cannot be made: MD5 and RSA-PSS want an issuer with an RSA key",
            "certificates.toml:1",
        ],
    );
    check(
        at("requirements/mine.toml", "[mine]\nlevle = 'must'\n"),
        &["mine.toml:2", "did you mean `level`?"],
    );
    check(
        at(
            "profiles/mine.toml",
            "about='x'\nchecked=2026-11-27\nsource='x'\n[levels]\nrfc1='must'\n",
        ),
        &["no requirement fits `rfc1`", "mine.toml:5"],
    );
    check(
        at(
            "profiles/mine.toml",
            "about='x'\nchecked=2026-11-27\nsource='x'\nrequires.inbound=['dane']\n",
        ),
        &["there is no inbound connector `dane`", "mine.toml:4"],
    );
    check(at("outbond/mine.toml", "HEAD\nTAIL\n"), &["no file has the place `outbond/mine.toml`"]);
    check(at("outbound/a#b.toml", "HEAD\nTAIL\n"), &["write its name with letters, digits"]);
}

#[test]
fn a_folder_that_cannot_be_read_is_told_in_one_sentence() {
    check(|_| (), &["there is no scenario"]);
    check(
        |dir| {
            file(dir, "outbound/a.toml", "");
            fs::write(dir.path().join("outbound/mine.toml"), b"claim = '\xff'").expect("a file");
        },
        &["mine.toml: it is not text in UTF-8"],
    );
    check(
        |dir| {
            file(dir, "outbound/a.toml", "");
            symlink("..", dir.path().join("outbound/round")).expect("a link can be made");
        },
        &["round: a symbolic link leads to a folder that is read already"],
    );
    check(
        |dir| {
            file(dir, "outbound/a.toml", "");
            let path = dir.path().join("outbound/mine.toml");
            symlink("mine.toml", path).expect("a link can be made");
        },
        &["could not read", "outbound/mine.toml: Too many levels of symbolic links"],
    );
    check(
        |dir| {
            let path = dir.path().join("outbound/huge.toml");
            file(dir, "outbound/a.toml", "");
            // Sparse: it takes no room.
            let huge = fs::File::create(path).expect("a file can be made");
            huge.set_len(100 << 20).expect("a file can be made longer");
        },
        &["huge.toml: it is larger than 32 MiB"],
    );
    check(
        |dir| drop(file(dir, "outbound/mine.toml/x.toml", "")),
        &["mine.toml: it is a folder with the name of a file"],
    );
    check(
        |dir| {
            file(dir, "outbound/a.toml", "");
            let path = dir.path().join("outbound/pipe.toml");
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.is_ok_and(|status| status.success()), "a pipe can be made");
        },
        &["pipe.toml: it is no ordinary file"],
    );
    for (path, words) in [
        ("/nonexistent", "could not read /nonexistent: No such file"),
        ("/dev/null", "/dev/null is no folder; name the folder of your scenarios"),
    ] {
        let run = waxseal(&["run", "--scenarios", path]);
        assert_eq!(code(&run), Some(2));
        assert!(err(&run).contains(words), "{}", err(&run));
    }
}

#[test]
fn a_profile_in_a_file_is_used_under_its_name_or_refused_with_the_reason() {
    let own = folder().to_string_lossy().into_owned();
    let profile = folder().join("profiles/house.toml").to_string_lossy().into_owned();
    let case = ["--case", "outbound/expired-rsa#domain-validation"];
    let run = waxseal(
        &[&["run", "--scenarios", &own, "--profile", &profile, "--format", "json"], &case[..]]
            .concat(),
    );
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    let record: waxseal_model::record::Record =
        serde_json::from_str(&out(&run)).expect("the output is a record");
    assert_eq!(record.profile, "house");
    let dir = tempfile::tempdir().expect("a folder can be made");
    let good = "about = 'x'\nchecked = 2026-11-27\nsource = 'x'\n";
    let named = file(&dir, "rfc.toml", good);
    let wrong = file(&dir, "wrong.toml", "abot = 'x'\n");
    for (command, path, words) in [
        ("scan", &*named, "there is another profile `rfc`; give the file another name"),
        ("matrix", &*wrong, "wrong.toml:1"),
        ("scan", "./nonexistent", "could not read the profile ./nonexistent: No such file"),
        ("run", &*profile, "no requirement fits `house-*`"),
    ] {
        let output = waxseal(&[command, "--profile", path]);
        assert_eq!(code(&output), Some(2), "{command} {path}");
        assert!(err(&output).contains(words), "{command} {path}: {}", err(&output));
    }
}

#[test]
fn lists_and_explanations_know_own_scenarios() {
    let own = folder().to_string_lossy().into_owned();
    let listed = out(&waxseal(&["list", "--scenarios", &own]));
    assert!(listed.contains("  outbound/expired-rsa#domain-validation\n"), "{listed}");
    let rows = out(&waxseal(&["list", "--requirements", "--scenarios", &own]));
    assert!(rows.contains("house-starttls-stays"), "{rows}");
    let explained = waxseal(&["explain", "inbound/starttls-after-refusal", "--scenarios", &own]);
    assert!(out(&explained).contains("Our mail policy, section 5"), "{}", err(&explained));
}

/// The folder of the project is a whole of its own, and a file is checked with what stands beside it.
#[test]
fn a_folder_is_checked_with_what_stands_beside_its_scenarios() {
    let root = env!("CARGO_MANIFEST_DIR");
    for (path, words) in [
        (format!("{root}/scenarios/outbound/control.toml"), "1 file with 5 cases, all good"),
        (format!("{root}/tests/own/scenarios"), "6 files with 3 cases, all good"),
        (format!("{root}/tests/own"), "6 files with 3 cases, all good"),
        (format!("{root}/tests/own/scenarios/inbound"), "1 file with 1 case, all good"),
        (format!("{root}/tests/own/scenarios/offers.toml"), "1 file with 0 cases, all good"),
    ] {
        let checked = waxseal(&["check", &path]);
        assert_eq!((code(&checked), &*out(&checked)), (Some(0), &*format!("{words}\n")), "{path}");
    }
}
