//! Nothing a relay starts outlives it, nor us.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use waxseal::internals::lab::{
    Afterwards, Files, Isolation, LabError, Launch, RunDir, Supervised, wait_for_port,
};

use super::second::{is_second, second_process};

/// Starts a child and a child in a session of its own whose parent ends, then stays.
const FAMILY: &str = r"
sleep 7001 &
(setsid sh -c 'sleep 7001 & wait' &)
echo started
wait
sleep 7001
";

fn launch(dir: &RunDir, script: &str, isolation: Isolation) -> Launch {
    Launch {
        command: ["sh", "-c", script].map(Into::into).to_vec(),
        environment: vec![(MARK.into(), dir.path().into())],
        directory: dir.path().to_owned(),
        log: dir.path().join("relay.log"),
        isolation,
        files: Files::ReadOnlyBut(vec![dir.path().to_owned()]),
    }
}

/// In the environment of every process of one test.
pub(super) const MARK: &str = "WAXSEAL_TEST_FAMILY";

/// Members of the family that are alive; a zombie has no environment left.
pub(super) fn family(dir: &Path) -> usize {
    let mark = [MARK.as_bytes(), b"=", dir.as_os_str().as_encoded_bytes(), b"\0"].concat();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("environ")).ok())
        .filter(|environ| environ.windows(mark.len()).any(|window| window == mark))
        .count()
}

pub(super) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "not within 10 s: {what}");
        std::thread::yield_now();
    }
}

pub(super) fn isolations() -> impl Iterator<Item = Isolation> {
    // Where the namespace is forbidden there is one way only.
    [Isolation::best(), Isolation::Descendants].into_iter()
}

#[tokio::test]
async fn stopping_a_relay_stops_all_it_started() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let relay = Supervised::spawn(launch(&dir, FAMILY, isolation)).unwrap();
        wait_until("four sleepers and shells", || family(dir.path()) >= 4);
        assert_eq!(relay.poll(), None);
        assert_eq!(relay.stop().await, "started");
        assert_eq!(family(dir.path()), 0, "{isolation:?}");
    }
}

#[tokio::test]
async fn a_relay_that_ends_takes_its_children_with_it_and_leaves_its_last_words() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let script = "(setsid sleep 7002 &) ; echo fatal: no such table >&2; exit 75";
        let mut relay = Supervised::spawn(launch(&dir, script, isolation)).unwrap();
        let ended = relay.exited().await;
        assert_eq!(ended.status, "exit status: 75");
        assert_eq!(ended.tail, "fatal: no such table");
        assert_eq!(relay.id(), None);
        assert_eq!(family(dir.path()), 0, "{isolation:?}");
    }
}

#[test]
fn killing_us_with_signal_9_leaves_nothing() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let mut us = second_process("lab::process::part_of_the_killed")
            .env("WAXSEAL_TEST_DIR", dir.path())
            .env("WAXSEAL_TEST_ISOLATION", format!("{isolation:?}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(us.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("playing")));
        wait_until("four sleepers and shells", || family(dir.path()) >= 4);
        us.kill().unwrap();
        us.wait().unwrap();
        wait_until("no family", || family(dir.path()) == 0);
    }
}

#[test]
fn part_of_the_killed() {
    if !is_second("lab::process::part_of_the_killed") {
        return;
    }
    let path = std::env::var_os("WAXSEAL_TEST_DIR").unwrap();
    let isolation = match std::env::var("WAXSEAL_TEST_ISOLATION").unwrap().as_str() {
        "ProcessNamespace" => Isolation::ProcessNamespace,
        _ => Isolation::Descendants,
    };
    let launch = Launch {
        command: ["sh", "-c", FAMILY].map(Into::into).to_vec(),
        environment: vec![(MARK.into(), path.clone())],
        log: Path::new(&path).join("relay.log"),
        directory: path.clone().into(),
        isolation,
        files: Files::ReadOnlyBut(vec![path.into()]),
    };
    let _relay = Supervised::spawn(launch).unwrap();
    println!("playing");
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_at_once() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let mut launch = launch(&dir, "", isolation);
        launch.command = vec!["./start.sh".into()];
        let error = Supervised::spawn(launch).unwrap_err();
        assert!(matches!(error, LabError::Start { .. }), "{error}");
    }
}

#[tokio::test]
async fn readiness_is_an_open_port_and_an_early_end_is_told_with_the_log() {
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap();
    let shut = SocketAddr::from(([127, 9, 9, 9], 9));
    let patience = Duration::from_secs(10);
    let mut relay =
        Supervised::spawn(launch(&dir, "echo hello; sleep 7003", Isolation::best())).unwrap();
    wait_for_port(open, patience, &mut relay).await.unwrap();
    let short = Duration::from_millis(100);
    let error = wait_for_port(shut, short, &mut relay).await.unwrap_err();
    assert!(matches!(error, LabError::NotReady { .. }), "{error}");
    drop(relay);
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let mut relay =
        Supervised::spawn(launch(&dir, "echo bad config; exit 1", Isolation::best())).unwrap();
    let error = wait_for_port(shut, patience, &mut relay).await.unwrap_err();
    let expected = "start the relay: it ended with exit status: 1 before it listened everywhere; its last words:\n  | bad config";
    assert_eq!(error.to_string(), expected);
}
