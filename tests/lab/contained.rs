//! What a relay can see and do: its own files, its own environment, and no more rights than needed.

use std::fs;
use std::path::Path;

use waxseal::internals::lab::{Afterwards, Files, Isolation, Launch, RunDir, Supervised};

/// Runs a script as a relay that may write to `dir`, and gives what it said.
async fn said(dir: &Path, script: &str, isolation: Isolation) -> String {
    let relay = Supervised::spawn(Launch {
        command: ["sh", "-c", script].map(Into::into).to_vec(),
        environment: vec![("WAXSEAL_DIR".into(), dir.into())],
        directory: dir.to_owned(),
        log: dir.join("relay.log"),
        isolation,
        files: Files::ReadOnlyBut(vec![dir.to_owned()]),
    });
    relay.unwrap().exited().await.tail.raw().to_owned()
}

/// Whether mounts can be made here; said where not.
fn has_mounts() -> bool {
    let has = Isolation::best() == Isolation::ProcessNamespace;
    if !has {
        eprintln!("no mounts of a relay's own are possible here");
    }
    has
}

#[tokio::test]
async fn its_environment_holds_nothing_of_ours_but_what_programs_need() {
    for isolation in super::process::isolations() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        let names = said(dir.path(), "env | sed 's/=.*//' | sort | tr '\\n' ' '", isolation).await;
        let known = ["HOME", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "WAXSEAL_DIR"];
        // Cargo gives its tests many variables; none of them is the relay's.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(names.split_whitespace().all(|name| known.contains(&name)), "{names}");
        assert!(names.contains("WAXSEAL_DIR") && names.contains("PATH"), "{names}");
    }
}

#[tokio::test]
async fn it_writes_to_its_own_files_only_and_sees_no_sockets_of_the_machine() {
    if !has_mounts() {
        return;
    }
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let script = r#"touch "$WAXSEAL_DIR/mine" relative && echo own
        for place in / /etc /usr /var/tmp "$HOME"; do
            (: >"$place/waxseal-was-here") 2>/dev/null && echo "wrote to $place"
        done
        : >/tmp/waxseal-was-here && : >/dev/shm/waxseal-was-here && echo scratch
        ls /run | grep -v '^waxseal$'; [ -e /proc/self/exe ] && [ ! -e /proc/999999 ] && echo end"#;
    let heard = said(dir.path(), script, Isolation::ProcessNamespace).await;
    assert_eq!(heard, "own\nscratch\nend");
    assert!(dir.path().join("mine").exists() && dir.path().join("relative").exists());
    for place in ["/", "/etc", "/tmp", "/run", "/dev/shm"] {
        assert!(!Path::new(place).join("waxseal-was-here").exists(), "{place}");
    }
}

#[tokio::test]
async fn it_has_the_rights_that_relays_need_and_no_more() {
    if !has_mounts() {
        return;
    }
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    // Sets of capabilities as the kernel shows them: to make devices, to load modules, to set the
    // clock, to trace others, to open files by their number.
    let heard = said(dir.path(), "grep ^Cap /proc/self/status", Isolation::ProcessNamespace).await;
    let gone: u64 = 1 << 27 | 1 << 16 | 1 << 25 | 1 << 19 | 1 << 2 | 1 << 12 | 1 << 13;
    let sets: Vec<u64> = heard
        .lines()
        .map(|line| u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap())
        .collect();
    assert_eq!(sets.len(), 5, "{heard}");
    assert!(sets.iter().all(|set| set & gone == 0), "{heard}");
    // And what drivers do with the rest.
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let script = r#"mkdir root && mount -t tmpfs none root && : >root/null &&
        mount --bind /dev/null root/null && echo gone >root/null && chown 4711 root && echo mounted"#;
    // The log goes on where it was.
    let heard = said(dir.path(), script, Isolation::ProcessNamespace).await;
    assert_eq!(heard.lines().last(), Some("mounted"), "{heard}");
    assert_eq!(fs::read_dir(dir.path().join("root")).unwrap().count(), 0);
}
