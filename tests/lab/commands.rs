//! A driver's commands: what they leave behind belongs to the relay, or to nobody.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use waxseal::internals::lab::commands::run_kept;
use waxseal::internals::lab::{
    Afterwards, Commands, Errand, Files, Isolation, Launch, RunDir, Supervised, Unfinished,
};

use super::process::{MARK, family, isolations, wait_until};
use super::second::{is_second, second_process};

/// Leaves a process in a session of its own that ignores all it can.
const LEAVES: &str = r#"
(trap '' HUP TERM INT; exec setsid sleep 7010) >/dev/null 2>&1 </dev/null &
"#;

fn relay(dir: &Path, isolation: Isolation) -> Supervised {
    Supervised::spawn(Launch {
        command: ["sleep", "7011"].map(Into::into).to_vec(),
        environment: Vec::new(),
        directory: dir.to_owned(),
        log: dir.join("relay.log"),
        isolation,
        files: Files::ReadOnlyBut(vec![dir.to_owned()]),
    })
    .unwrap()
}

fn errand<'a>(dir: &Path, script: &str, input: &'a [u8]) -> Errand<'a> {
    Errand {
        command: ["sh", "-c", script].map(Into::into).to_vec(),
        environment: vec![(MARK.into(), dir.to_string_lossy().into_owned())],
        directory: dir.to_owned(),
        input,
        patience: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn what_a_command_leaves_lives_as_long_as_the_relay() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let relay = relay(dir.path(), isolation);
        let commands = Commands::beside(&relay);
        let script = format!("{LEAVES} cat; pwd; echo complains >&2; exit 3");
        let output = commands.run(errand(dir.path(), &script, b"a message\n")).await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        let at = dir.path().display();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("a message\n{at}\n"));
        assert_eq!(output.stderr, b"complains\n");
        wait_until("the one left behind", || family(dir.path()) == 1);
        relay.stop().await;
        commands.end();
        assert_eq!(family(dir.path()), 0, "{isolation:?}");
    }
}

#[tokio::test]
async fn nothing_outlives_a_command_that_runs_alone() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let files = Files::ReadOnlyBut(vec![dir.path().to_owned()]);
        let commands = Commands::alone(isolation, files);
        let output = commands.run(errand(dir.path(), LEAVES, b"")).await.unwrap();
        assert!(output.status.success());
        wait_until("nobody", || family(dir.path()) == 0);
    }
}

#[tokio::test]
async fn a_command_that_hangs_or_prints_without_end_is_ended_with_what_it_started() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let relay = relay(dir.path(), isolation);
        let files = Files::ReadOnlyBut(vec![dir.path().to_owned()]);
        for commands in [Commands::beside(&relay), Commands::alone(isolation, files)] {
            let mut hangs = errand(dir.path(), "sleep 7012", b"");
            hangs.patience = Duration::from_millis(300);
            let why = commands.run(hangs).await.unwrap_err();
            assert!(matches!(why, Unfinished::TooLong), "{why:?}");
            for script in ["exec cat /dev/zero", "exec cat /dev/zero >&2"] {
                let why = commands.run(errand(dir.path(), script, b"")).await.unwrap_err();
                assert!(matches!(why, Unfinished::TooMuch), "{why:?}");
            }
        }
        drop(relay);
        wait_until("nobody", || family(dir.path()) == 0);
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_run_is_told() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let relay = relay(dir.path(), isolation);
        let mut absent = errand(dir.path(), "", b"");
        absent.command = vec!["./absent.sh".into()];
        let why = Commands::beside(&relay).run(absent).await.unwrap_err();
        assert!(matches!(why, Unfinished::Failed(_)), "{why:?}");
    }
}

#[tokio::test]
async fn the_relay_is_found_by_its_number() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let relay = relay(dir.path(), isolation);
        let script = "tr '\\0' ' ' <\"/proc/$WAXSEAL_RELAY_PID/task/$WAXSEAL_RELAY_PID/children\"; \
                      [ -e /proc/$WAXSEAL_RELAY_PID/ns/mnt ]";
        let output = Commands::beside(&relay).run(errand(dir.path(), script, b"")).await.unwrap();
        assert!(output.status.success(), "{isolation:?}: {output:?}");
        assert!(!output.stdout.is_empty(), "{isolation:?}: {output:?}");
    }
}

#[test]
fn what_an_install_starts_ends_with_it() {
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("{LEAVES} echo done; exit 4")]).env(MARK, dir.path());
    let output = run_kept(command.stdout(Stdio::piped())).unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(4), b"done\n".to_vec()));
    assert_eq!(family(dir.path()), 0);
}

const PART: &str = "lab::commands::part_of_the_killed";

#[test]
fn killing_us_with_signal_9_leaves_no_command_and_nothing_that_one_left() {
    for isolation in isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let mut us = second_process(PART)
            .env("WAXSEAL_TEST_DIR", dir.path())
            .env("WAXSEAL_TEST_ISOLATION", format!("{isolation:?}"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("one left behind and two that run", || family(dir.path()) >= 3);
        us.kill().unwrap();
        us.wait().unwrap();
        wait_until("nobody", || family(dir.path()) == 0);
    }
}

#[test]
fn part_of_the_killed() {
    if !is_second(PART) {
        return;
    }
    let dir = std::path::PathBuf::from(std::env::var_os("WAXSEAL_TEST_DIR").unwrap());
    let isolation = match std::env::var("WAXSEAL_TEST_ISOLATION").unwrap().as_str() {
        "ProcessNamespace" => Isolation::ProcessNamespace,
        _ => Isolation::Descendants,
    };
    let relay = relay(&dir, isolation);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (beside, alone) = (Commands::beside(&relay), Commands::alone(isolation, Files::AsOurs));
        beside.run(errand(&dir, LEAVES, b"")).await.unwrap();
        let mut hangs = errand(&dir, "sleep 7013", b"");
        hangs.patience = Duration::from_secs(1000);
        let _ = tokio::join!(beside.run(hangs.clone()), alone.run(hangs));
    });
}
