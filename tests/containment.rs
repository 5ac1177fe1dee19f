//! Nothing that a run starts, writes or says gets out of it, and nothing of it is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ONE: &str = "outbound/forced/refused#454,encryption-only";
const CONTROL: &str = "outbound/control#opportunistic";

/// In the environment of every process of one test.
const MARK: &str = "WAXSEAL_TEST_STAGE";

/// A folder with a driver and a directory for temporary files, and those who have its mark.
struct Leaves(tempfile::TempDir);

impl Leaves {
    /// A relay that sends nothing. It and its commands leave processes behind that ignore what
    /// they can.
    fn new() -> Self {
        let leaves = Self(tempfile::tempdir().unwrap());
        fs::create_dir(leaves.temporary()).unwrap();
        let script = |then: &str| {
            let mark = leaves.0.path().display();
            format!(
                "#!/bin/sh\nexport {MARK}='{mark}'\n(trap '' HUP TERM INT; exec setsid sleep 7021) \
                 >/dev/null 2>&1 </dev/null &\n{then}\n"
            )
        };
        for (name, text) in [
            ("start.sh", script("exec sleep 7022")),
            ("submit.sh", script("cat >/dev/null; sleep 2; echo 550 no; exit 1")),
            ("queue.sh", script("")),
            (
                "relay.toml",
                "name = 'leaves'\ndirections = ['outbound']\nconnectors = { outbound = ['opportunistic'] }\n\
                 submit = ['./submit.sh']\nconcurrency = 2\n\
                 [process]\ncommand = ['./start.sh']\n[queue]\ncommand = ['./queue.sh']\n"
                    .to_owned(),
            ),
        ] {
            let path = leaves.driver().join(name);
            fs::create_dir_all(leaves.driver()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        leaves
    }

    fn driver(&self) -> PathBuf {
        self.0.path().join("leaves")
    }

    fn temporary(&self) -> PathBuf {
        self.0.path().join("tmp")
    }

    /// What stands in the directory for temporary files.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.temporary()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(arguments).env("TMPDIR", self.temporary()).env(MARK, self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// How many processes with the mark are alive; a zombie has no environment.
    fn alive(&self) -> usize {
        let path = self.0.path().as_os_str().as_encoded_bytes();
        let mark = [MARK.as_bytes(), b"=", path, b"\0"].concat();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| fs::read(process.path().join("environ")).ok())
            .filter(|environ| environ.windows(mark.len()).any(|window| window == mark))
            .count()
    }

    fn wait_until(&self, what: &str, mut is_so: impl FnMut(usize) -> bool) {
        let start = Instant::now();
        while !is_so(self.alive()) {
            let late = start.elapsed() > Duration::from_secs(60);
            assert!(!late, "not within 60 s: {what}, but {} processes", self.alive());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn signal(child: &Child, signal: libc::c_int) {
    // SAFETY: no pointers; the child is ours and not yet waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, signal) };
}

/// Whether runs are in a private network here; said where not.
fn contained(stderr: &[u8]) -> bool {
    let told = String::from_utf8_lossy(stderr);
    let contained = !told.contains("could not enter the private network");
    if !contained {
        eprintln!("not played: {told}");
    }
    contained
}

#[test]
fn what_commands_leave_behind_ends_with_the_run() {
    for more in [&[][..], &["--no-sandbox"]] {
        let leaves = Leaves::new();
        let driver = leaves.driver();
        let arguments = [&["run", driver.to_str().unwrap(), "--case", CONTROL][..], more].concat();
        let run = leaves.command(&arguments).output().unwrap();
        if !contained(&run.stderr) {
            continue;
        }
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(said.contains(CONTROL), "{said}{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(leaves.alive(), 0, "{more:?}");
        assert_eq!(leaves.left(), [""; 0], "{more:?}");
    }
}

#[test]
fn a_killed_run_leaves_neither_processes_nor_keys() {
    let leaves = Leaves::new();
    let driver = leaves.driver();
    let arguments = ["run", driver.to_str().unwrap(), "--case", CONTROL];
    let mut run = leaves.command(&arguments).spawn().unwrap();
    // The run, the relay and what both it and `submit` have left; or the end of the run.
    leaves.wait_until("a relay that runs", |alive| alive >= 4 || run.try_wait().unwrap().is_some());
    signal(&run, libc::SIGKILL);
    let ended = run.wait_with_output().unwrap();
    if !contained(&ended.stderr) {
        return;
    }
    leaves.wait_until("nobody", |alive| alive == 0);
    assert_eq!(leaves.left(), [""; 0]);
}

#[test]
fn what_a_killed_run_outside_left_goes_with_the_next_start() {
    let leaves = Leaves::new();
    let driver = leaves.driver();
    let arguments = ["run", driver.to_str().unwrap(), "--no-sandbox", "--case", CONTROL];
    let mut run = leaves.command(&arguments).spawn().unwrap();
    leaves.wait_until("a relay that runs", |alive| alive >= 4);
    let keys = leaves.left();
    assert!(keys.iter().any(|name| name.starts_with("waxseal-run-")), "{keys:?}");
    signal(&run, libc::SIGKILL);
    run.wait().unwrap();
    leaves.wait_until("nobody", |alive| alive == 0);
    leaves.command(&arguments).output().unwrap();
    assert_eq!(leaves.left(), [""; 0]);
}

#[test]
fn a_matrix_that_is_ended_ends_its_runs() {
    for end in [libc::SIGKILL, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let leaves = Leaves::new();
        let driver = leaves.driver();
        let arguments = ["matrix", driver.to_str().unwrap(), "--case", CONTROL];
        let mut matrix = leaves.command(&arguments).spawn().unwrap();
        // The matrix and the run at least.
        leaves.wait_until("a run", |alive| alive >= 2 || matrix.try_wait().unwrap().is_some());
        signal(&matrix, end);
        matrix.wait().unwrap();
        leaves.wait_until("nobody", |alive| alive == 0);
    }
}

/// No network namespace may be made.
const NO_NETWORK: &str = "echo 0 >/proc/sys/user/max_net_namespaces || exit 111; exec \"$@\"";

/// As in a container: root, without the right to make namespaces.
const NO_RIGHT: &str = "echo 0 >/proc/sys/user/max_user_namespaces || exit 111; \
                        exec setpriv --bounding-set -sys_admin \"$@\"";

/// The program where a script of these has forbidden namespaces.
fn without_namespaces(script: &str, arguments: &[&str]) -> Option<(Option<i32>, String)> {
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(env!("CARGO_BIN_EXE_waxseal"))
        .args(arguments)
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let missing = told.starts_with("unshare:") || told.contains("setpriv:");
    if matches!(output.status.code(), Some(111 | 127)) || missing {
        eprintln!("namespaces cannot be forbidden here: {told}");
        return None;
    }
    Some((output.status.code(), told))
}

#[test]
fn where_the_private_network_is_forbidden_a_relay_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let started = dir.path().join("started");
    let relay = format!("touch {}; sleep 100", started.display());
    let relay = format!("sh -c '{relay}'");
    let arguments = ["run", "--command", &relay, "--case", CONTROL];
    for (script, advice) in [
        (NO_NETWORK, "raise user.max_net_namespaces"),
        (NO_RIGHT, "give the container `--cap-add SYS_ADMIN "),
    ] {
        let Some((code, told)) = without_namespaces(script, &arguments) else { continue };
        assert_eq!(code, Some(2), "{told}");
        let cause = "could not enter the private network: making a private network failed";
        for words in [cause, advice, "`--no-sandbox`"] {
            assert!(told.contains(words), "no `{words}` in {told}");
        }
    }
    assert!(!started.exists());
}

#[test]
fn whoever_runs_outside_the_private_network_is_told() {
    // The embedded relay needs none, and says that it has none.
    if let Some((code, told)) = without_namespaces(NO_NETWORK, &["run", "--case", ONE]) {
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("no private network: the embedded relay uses high ports"), "{told}");
        assert!(told.contains("user.max_net_namespaces"), "{told}");
    }
    let run = ["run", "--no-sandbox", "--command", "exit 1", "--case", CONTROL];
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal")).args(run).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no private network: the relay runs in the open network"), "{told}");
    assert!(told.contains("`--no-sandbox` was given"), "{told}");
}

/// The way in to the products is for their owner only: they get no updates.
#[test]
fn the_folder_of_products_is_for_its_owner() {
    let data = tempfile::tempdir().unwrap();
    let driver = data.path().join("product");
    fs::create_dir(&driver).unwrap();
    let toml = "name = 'product'\ndirections = []\nconnectors = []\n\
                [process]\ncommand = ['true']\n[install]\ncommand = ['./install.sh']\n";
    fs::write(driver.join("relay.toml"), toml).unwrap();
    let script = "#!/bin/sh\necho 1 >\"$1/VERSION\"\nsetsid sleep 7023 >/dev/null 2>&1 &\n";
    fs::write(driver.join("install.sh"), script).unwrap();
    fs::set_permissions(driver.join("install.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let installed = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["relays", "install", driver.to_str().unwrap()])
        .env("XDG_DATA_HOME", data.path())
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let mode = fs::metadata(data.path().join("waxseal/relays")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// What the program raises for itself is not for those whom it starts.
#[test]
fn a_relay_has_the_limit_of_open_files_of_whoever_called() {
    let leaves = Leaves::new();
    for (name, script) in [
        ("start.sh", "echo relay $(ulimit -n); exec sleep 7024"),
        ("submit.sh", "cat >/dev/null; echo command $(ulimit -n) >&2; echo 550 no; exit 1"),
    ] {
        fs::write(leaves.driver().join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
    }
    // Few, and yet more than a run of one case needs.
    let limited = "ulimit -Sn 200; exec \"$@\"";
    let driver = leaves.driver();
    let run = Command::new("sh")
        .args(["-c", limited, "sh", env!("CARGO_BIN_EXE_waxseal")])
        .args(["run", driver.to_str().unwrap(), "--no-sandbox", "--keep", "--case", CONTROL])
        .env("TMPDIR", leaves.temporary())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    let kept = leaves.left();
    let log = kept.iter().map(|name| leaves.temporary().join(name).join("relay.log"));
    let log: String = log.filter_map(|path| fs::read_to_string(path).ok()).collect();
    for words in ["relay 200\n", "command 200\n"] {
        assert!(log.contains(words), "no `{words}` in {log}{told}");
    }
}
