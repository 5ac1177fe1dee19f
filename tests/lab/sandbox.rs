//! Entering the sandbox, in a second process because there is no way back.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::{env, fs};

use waxseal::internals::lab::{
    Afterwards, Files, Isolation, Launch, RunDir, SandboxError, Supervised, SystemResolver, Users,
    sandbox,
};

use super::second::{is_second, second_process};

const PART: &str = "lab::sandbox::part_of_the_one_inside";

#[test]
fn inside_all_ports_are_free_and_nothing_leads_out() {
    check(second_process(PART));
}

#[test]
fn an_ordinary_user_can_enter_where_the_kernel_allows() {
    // SAFETY: no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return; // The test above was that user already.
    }
    // Others may not be able to reach the test binary where it was built.
    let copy = tempfile::Builder::new().prefix("waxseal-test-").tempdir_in("/tmp").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(copy.path(), mode).unwrap();
    let binary = copy.path().join("suite");
    fs::copy(env::current_exe().unwrap(), &binary).unwrap();
    let template = second_process(PART);
    let mut command = Command::new(binary);
    command.args(template.get_args());
    command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.uid(65534).gid(65534).current_dir("/");
    check(command);
}

fn check(mut command: Command) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{text}\n{}", String::from_utf8_lossy(&stderr));
    assert!(
        text.contains("was inside") || text.contains("making a private network failed"),
        "{text}"
    );
    eprintln!("{text}");
}

#[test]
fn part_of_the_one_inside() {
    if !is_second(PART) {
        return;
    }
    // The test has a thread of its own beside the main one; a fork of it has only that.
    // SAFETY: the main thread only waits, so it holds no lock that the child could want.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let played = std::panic::catch_unwind(play);
        // SAFETY: ends the child without going back to the test's runner.
        unsafe { libc::_exit(played.is_err().into()) };
    }
    let mut status = 0;
    // SAFETY: `child` is ours and `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed, see above");
}

fn play() {
    let before = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let inside = match sandbox::enter() {
        Ok(inside) => inside,
        Err(error @ SandboxError::Forbidden { .. }) => {
            // The process must be as it was.
            assert_eq!(fs::read_to_string("/etc/resolv.conf").unwrap_or_default(), before);
            TcpListener::bind("127.0.0.1:0").unwrap();
            println!("{error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let _smtp: Vec<_> = ["127.8.0.1:25", "127.8.0.2:25", "127.0.0.2:25"]
        .map(|address| TcpListener::bind(address).unwrap())
        .into();
    let _dns = UdpSocket::bind("127.0.0.53:53").unwrap();
    TcpStream::connect("127.8.0.2:25").unwrap();
    let error = TcpStream::connect("192.0.2.1:25").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENETUNREACH));
    if inside.resolver == SystemResolver::Lab {
        let text = fs::read_to_string("/etc/resolv.conf").unwrap();
        assert!(text.starts_with("nameserver 127.0.0.53\noptions edns0 trust-ad"), "{text}");
    }
    assert!(fs::read_to_string("/etc/hosts").unwrap().contains("relay.waxseal.test"));
    assert_eq!(Isolation::best(), Isolation::ProcessNamespace);
    let dir = RunDir::create(Afterwards::Remove, None).unwrap();
    let script = "echo $$; [ -e /proc/self/exe ] && [ ! -e /proc/99 ] && echo own proc";
    let relay = Supervised::spawn(Launch {
        command: ["sh", "-c", script].map(Into::into).to_vec(),
        environment: Vec::new(),
        directory: dir.path().to_owned(),
        log: dir.path().join("relay.log"),
        isolation: Isolation::ProcessNamespace,
        files: Files::ReadOnlyBut(vec![dir.path().to_owned()]),
    });
    let mut relay = relay.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ended = runtime.block_on(relay.exited());
    assert!(ended.tail.raw().starts_with("2\n"), "{ended:?}");
    println!("{}", ended.tail);
    println!("was inside, {:?}", if inside.users == Users::All { "all users" } else { "one user" });
}
