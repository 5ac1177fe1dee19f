//! Several instances of the relay beside each other: the same verdicts, and nothing that stays.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use waxseal_model::expect::Outcome;
use waxseal_model::trace::Happening;
use waxseal_model::verdict::Verdict;

use super::{FOLDER, cannot, err, record, run, with};

/// The configuration with tables that need not be made first.
fn configuration() -> tempfile::TempDir {
    let dir = with("");
    let main = dir.path().join("main.cf");
    let text = fs::read_to_string(&main).expect("a file can be read");
    let text = text.replace("= hash:/etc/aliases", "=").replace(" hash:", " texthash:");
    fs::write(main, text).expect("a file can be written");
    dir
}

#[test]
fn several_instances_judge_as_one_does_and_say_no_more() {
    let configuration = configuration();
    let play = |instances: &str| {
        let arguments = [
            "--connector=whole.example=domain-validation",
            "--connector=slip.example=encryption-only",
            "--mx=slip.example=leaky.isp.example",
            "--case=outbound/forced/refused#*",
            "--case=outbound/forced/retry#*",
            "--case=outbound/certificates/name#wrong-name*",
            instances,
        ];
        run(configuration.path(), &arguments)
    };
    let alone = play("--instances=1");
    if cannot(&alone) {
        return;
    }
    let beside = play("--instances=5");
    let verdicts = |played| {
        let record = record(played);
        let cases = record.cases.into_iter();
        cases.map(|case| (case.id, (case.verdict, case.outcome))).collect::<BTreeMap<_, _>>()
    };
    let (one, several) = (verdicts(&alone), verdicts(&beside));
    assert!(one.values().any(|(verdict, _)| *verdict == Verdict::Pass), "{}", err(&alone));
    assert!(one.values().any(|(_, outcome)| *outcome == Some(Outcome::DeliveredPlaintext)));
    assert_eq!(one, several, "{}", err(&beside));
    // What is to be said of the configuration is said once.
    let lines = |told: &str| {
        let told = told.lines().filter(|line| line.contains(": ")).map(str::to_owned);
        told.collect::<Vec<_>>()
    };
    assert_eq!(lines(&err(&alone)), lines(&err(&beside)));
}

#[test]
fn what_the_relay_logs_of_a_message_that_it_gives_back_stands_in_the_trace() {
    let arguments = [
        "--connector=whole.example=domain-validation",
        "--case=outbound/forced/refused#454,*",
        "--instances=2",
    ];
    let configuration = configuration();
    let played = run(configuration.path(), &arguments);
    if cannot(&played) {
        return;
    }
    let record = record(&played);
    let case = record.cases.iter().find(|case| case.id.contains("refused")).expect("it is there");
    let logged = case.trace.events.iter().find_map(|event| match &event.kind {
        Happening::Logged { words } => Some(words.raw()),
        _ => None,
    });
    let logged = logged.unwrap_or_else(|| panic!("nothing of the log in {:?}", case.trace));
    assert!(logged.contains("454 4.7.0"), "{logged}");
}

/// The processes below this one, each with when it was started.
fn below(pid: u32) -> Vec<(u32, String)> {
    let mut all: BTreeMap<u32, Vec<(u32, String)>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("there is /proc").flatten() {
        let Some((pid, (parent, begun))) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(|pid| Some((pid, of(pid)?)))
        else {
            continue;
        };
        all.entry(parent).or_default().push((pid, begun));
    }
    let mut found = all.remove(&pid).unwrap_or_default();
    let mut at = 0;
    while let Some((pid, _)) = found.get(at) {
        found.extend(all.remove(pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// Its parent, and when it was started; `None`: it has ended.
fn of(pid: u32) -> Option<(u32, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything (proc_pid_stat(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (fields[0] != "Z").then(|| fields[1].parse().ok().zip(Some(fields[19].to_owned())))?
}

#[test]
fn nothing_stays_of_any_instance_when_the_run_is_killed_or_ended() {
    for (signal, grace) in [(libc::SIGKILL, 10), (libc::SIGTERM, 30)] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(["run", "postfix", "--config", FOLDER, "--instances=3"])
            .args(["--connector=whole.example=domain-validation"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be run");
        // Three relays: each is a process of its own name.
        let relays = |all: &[(u32, String)]| {
            let comm = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm"));
            all.iter().filter(|(pid, _)| comm(pid).is_ok_and(|name| name == "qmgr\n")).count()
        };
        let begun = Instant::now();
        let all = loop {
            let all = below(run.id());
            if relays(&all) == 3 {
                break all;
            }
            if run.try_wait().expect("it is ours").is_some() {
                // This machine cannot play it; the other tests say why.
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{} relays", relays(&all));
            std::thread::sleep(Duration::from_millis(50));
        };
        let pid = libc::pid_t::try_from(run.id()).expect("it is a process");
        // SAFETY: a child of ours that was not waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
        run.wait().expect("it has ended");
        let begun = Instant::now();
        let stays = || all.iter().filter(|(pid, at)| of(*pid).is_some_and(|now| now.1 == *at));
        while stays().next().is_some() {
            let left: Vec<_> = stays().collect();
            assert!(begun.elapsed() < Duration::from_secs(grace), "signal {signal}: {left:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
