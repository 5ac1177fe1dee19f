//! Each attack, and what has to hold under it.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use waxseal_model::scan::Scan;
use waxseal_model::verdict::Verdict;

use super::attacker::{self, OBEYED};
use super::measured::Measured;

/// Longer than any of them takes on a busy machine; far from what an attack without a bound takes.
const TIME: Duration = Duration::from_secs(240);

const INBOUND: &str = "inbound/starttls/*#opportunistic";
const OUTBOUND: &str = "outbound/starttls/*#encryption-only";

/// All of them.
pub fn all() -> Vec<Trial> {
    let trial = |name: &str, act: fn(&str)| {
        let attack = name.to_owned();
        Trial::test(format!("hostile::{name}"), move || {
            act(&attack);
            Ok(())
        })
    };
    let mut trials = Vec::new();
    let floods = ["greeting-fat", "greeting-endless", "ehlo-endless", "replies-fat"];
    trials.extend(floods.map(|name| trial(name, flooded)));
    trials.extend(["line-endless", "unasked"].map(|name| trial(name, noisy)));
    trials.extend(["hop-lines", "hop-short-lines", "dns-udp"].map(|name| trial(name, next_hop)));
    trials.extend(["hop-connections", "dns-tcp"].map(|name| trial(name, next_hop)));
    trials.push(trial("hop-content", leaked));
    trials.extend(["fifo", "device", "secret"].map(|name| trial(name, log_replaced)));
    trials.push(trial("prints", prints));
    trials.extend(["fills", "scatters"].map(|name| trial(name, filled)));
    trials.push(trial("fills-at-once", filled_contained));
    for command in ["yes", "yes >&2"] {
        trials.push(Trial::test(format!("queue::{command}"), move || {
            queue(command);
            Ok(())
        }));
    }
    trials.push(trial("silent", silent));
    trials.push(trial("last-words", last_words));
    let hosts = ["greeting-fat", "ehlo-endless", "replies-fat", "line-endless"];
    trials.extend(hosts.map(|name| {
        Trial::test(format!("scan::{name}"), move || {
            scanned(name);
            Ok(())
        })
    }));
    trials.push(trial("matrix", |_| matrix()));
    trials.push(trial("files", |_| files()));
    trials
}

/// Runs some cases against the attacker, with more arguments.
fn run(attack: &str, case: &str, more: &[&str]) -> Measured {
    run_with("", attack, case, more)
}

/// The same with more in the driver's contract.
fn run_with(contract: &str, attack: &str, case: &str, more: &[&str]) -> Measured {
    run_in(&["--no-sandbox"], contract, attack, case, more)
}

/// The same where the private network is, or with the way out of it.
fn run_in(place: &[&str], contract: &str, attack: &str, case: &str, more: &[&str]) -> Measured {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = std::env::current_exe().expect("this program has a path");
    let text = format!(
        "name = 'hostile'\ndirections = ['inbound', 'outbound']\n\
         connectors = ['opportunistic', 'encryption-only']\nconcurrency = 16\n\
         [process]\ncommand = ['{}', '--attack', '{attack}']\n{contract}",
        program.display()
    );
    std::fs::write(folder.path().join("relay.toml"), text).expect("a file can be written");
    let driver = folder.path().to_string_lossy().into_owned();
    let arguments = ["run", &driver, "--case", case];
    Measured::run(&[&arguments, place, more].concat(), TIME).bounded()
}

fn json(attack: &str, case: &str) -> Measured {
    run(attack, case, &["--format", "json"])
}

/// A reply that has no end is no reply: least of all one that offers no TLS.
fn flooded(attack: &str) {
    json(attack, INBOUND).undecided().harmless().says("That is a limit of waxseal");
}

/// What came when nothing was asked is no wrong answer.
fn noisy(attack: &str) {
    for case in json(attack, INBOUND).harmless().cases() {
        assert_ne!(case.verdict, Verdict::Fail, "{}: {}", case.id, case.reason);
    }
}

fn next_hop(attack: &str) {
    json(attack, OUTBOUND).undecided().harmless();
}

/// What was exposed is said, however much more there was.
fn leaked(attack: &str) {
    let cases = json(attack, "outbound/forced/refused#454,encryption-only").harmless().cases();
    let verdicts: Vec<_> = cases.iter().map(|case| case.verdict).collect();
    assert_eq!(verdicts, [Verdict::Fail], "{}", cases[0].reason);
}

/// What stands in the place of the log is neither waited for nor read nor shown.
fn log_replaced(attack: &str) {
    let run = json(attack, INBOUND).harmless().undecided().says("The relay ended by itself");
    assert!(!run.out.contains("root:x:") && !run.err.contains("root:x:"), "{}", run.err);
}

/// A relay that fills its directory is ended, and that is said.
fn filled(attack: &str) {
    let run = run_in(&["--no-sandbox"], "", attack, INBOUND, &["--format", "json"]);
    full(run);
}

/// In the private network its files are in memory, of which there is no more, however fast it is.
fn filled_contained(attack: &str) {
    let run = run_in(&[], "", attack, INBOUND, &["--format", "json"]);
    if run.err.contains("could not enter the private network") {
        return println!("  not played: {}", run.err);
    }
    full(run);
}

fn full(run: Measured) {
    let words = "The relay wrote more than 64 MiB of files and was ended";
    for case in run.harmless().says(words).cases() {
        // That its connections end with it is no failure.
        assert_ne!(case.verdict, Verdict::Fail, "{}: {}", case.id, case.reason);
    }
}

/// A command of the driver that prints without end.
fn queue(command: &str) {
    let contract = format!("[queue]\ncommand = ['sh', '-c', '{command}']\n");
    let case = "outbound/forced/refused#454,encryption-only";
    run_with(&contract, "hop-once", case, &["--format", "json"]).harmless().undecided();
}

fn prints(attack: &str) {
    json(attack, "inbound/starttls/offered#opportunistic").harmless();
}

/// The same silence is not paid for again and again.
fn silent(attack: &str) {
    let run = run(attack, INBOUND, &["--format", "json", "--jobs", "1"]).undecided();
    let cases = run.cases();
    assert!(cases.len() > 5);
    for case in cases {
        assert!(
            case.reason.contains("so this case was not played"),
            "{}: {}",
            case.id,
            case.reason
        );
    }
}

/// A relay's last words are shown, and nobody obeys them.
fn last_words(attack: &str) {
    for format in ["human", "markdown"] {
        let run = run(attack, INBOUND, &["--format", format, "-v"]).harmless();
        let shown = format!("{}{}", run.out, run.err);
        assert!(shown.contains("turned"), "{shown}");
        if format == "markdown" {
            assert!(!run.out.contains("![i]") && !run.out.contains("@name"), "{}", run.out);
        }
    }
    assert!(OBEYED.contains("turned"));
}

/// A host is asked for all there is to know, and answers with a flood.
fn scanned(attack: &'static str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            thread::spawn(move || attacker::host(stream, attack));
        }
    });
    let run = Measured::run(&["scan", &address, "--format", "json", "--time", "20"], TIME);
    let run = run.bounded().harmless();
    let scan: Scan = serde_json::from_str(&run.out).expect("a scan is one line of JSON");
    for found in &scan.findings {
        assert_ne!(found.verdict, Verdict::Fail, "{}: {}", found.requirement, found.text);
    }
    for case in scan.checks.known().into_iter().flatten() {
        assert_ne!(case.verdict, Verdict::Fail, "{}: {}", case.id, case.reason);
    }
    assert_eq!(run.status.code(), Some(3), "{}", run.err);
}

/// A scenario whose matrix no machine holds.
fn matrix() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("outbound/x.toml");
    std::fs::create_dir(folder.path().join("outbound")).expect("a folder can be made");
    let values: Vec<String> = (0..100).map(|value| format!("'{value}'")).collect();
    let axis = |name: &str| format!("{name} = [{}]\n", values.join(", "));
    let text = format!(
        "claim = 'x'\ncites = ['no-export']\n[matrix]\n{}{}{}[expect]\noutcome = 'deferred'\n",
        axis("a"),
        axis("b"),
        axis("c")
    );
    std::fs::write(&path, text).expect("a file can be written");
    let run = Measured::run(&["check", &path.to_string_lossy()], TIME).bounded();
    assert_eq!(run.status.code(), Some(2), "{}", run.err);
    assert!(run.out.contains("makes more than 2000 cases"), "{}", run.out);
}

/// Files that have no end, and a record that somebody else wrote.
fn files() {
    for arguments in [
        &["scan", "--targets", "/dev/zero"][..],
        &["scan", "--expect", "/dev/zero", "127.0.0.1:9"],
        &["run", "--baseline", "/dev/zero"],
        &["explain", "inbound/control", "--results", "/dev/zero"],
    ] {
        let run = Measured::run(arguments, TIME);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains("larger than"), "{arguments:?}: {}", run.err);
        if !arguments.contains(&"--results") {
            run.bounded();
        }
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let scenario = folder.path().join("outbound/endless.toml");
    std::fs::create_dir(folder.path().join("outbound")).expect("a folder can be made");
    std::os::unix::fs::symlink("/dev/zero", &scenario).expect("a link can be made");
    let device = Measured::run(&["check", &scenario.to_string_lossy()], TIME).bounded();
    assert_eq!(device.status.code(), Some(2), "{}", device.err);
    assert!(device.err.contains("no ordinary file"), "{}", device.err);
    std::fs::remove_file(&scenario).expect("a link can be removed");
    let sparse = std::fs::File::create(&scenario).expect("a file can be made");
    sparse.set_len(1 << 40).expect("a file can have a hole");
    let large = Measured::run(&["check", &scenario.to_string_lossy()], TIME).bounded();
    assert_eq!(large.status.code(), Some(2), "{}", large.err);
    assert!(large.err.contains("larger than"), "{}", large.err);
    let path = folder.path().join("results.json");
    let text = serde_json::json!({ "schema": 1, OBEYED: OBEYED }).to_string();
    std::fs::write(&path, text).expect("a file can be written");
    let path = path.to_string_lossy();
    let run = Measured::run(&["explain", "inbound/control", "--results", &path], TIME);
    run.bounded().harmless();
}
