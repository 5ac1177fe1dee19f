//! The system calls behind the sandbox. Linux only.

use std::ffi::CString;
use std::fs;
use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libc::{c_int, c_ulong};
use waxseal_model::limits;

use super::ipv6;
use super::sandbox::{Sandbox, SandboxError, SystemResolver, Users};

const RESOLV_CONF: &str = "nameserver 127.0.0.53\noptions edns0 trust-ad timeout:2 attempts:2\n";

const HOST: &str = "relay.waxseal.test";

const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 relay.waxseal.test relay\n";

/// Sockets by which the C library asks a daemon outside, past our resolv.conf.
const DAEMONS: [&str; 2] = ["/run/nscd", "/var/run/nscd"];

/// Where files are kept that are gone with us: below a directory that every Linux has, and that
/// holds nothing but what is of this boot.
const RUN: &str = "/run";
const PRIVATE: &str = "/run/waxseal";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Unshare = 1,
    Map,
    Mount,
    Network,
    Private,
    Files,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::Unshare, Self::Map, Self::Mount, Self::Network, Self::Private, Self::Files];
}

struct Failure {
    step: Step,
    cause: io::Error,
}

pub(super) fn enter() -> Result<Sandbox, SandboxError> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(SandboxError::Threads { threads });
    }
    // SAFETY: no preconditions.
    let root = unsafe { libc::geteuid() } == 0;
    let mut users = if root && all_users() { Users::All } else { Users::OnlyOurselves };
    let mut tried = rehearse(users);
    if root && tried.is_err() {
        if users == Users::All {
            // Root of a container may lack the right and still be allowed a user namespace.
            users = Users::OnlyOurselves;
            tried = rehearse(users).map_err(|_| ()).or(tried);
        } else if let Err(lacking) = rehearse(Users::All) {
            // That root lacks the right says more than that it is allowed no user namespace.
            tried = Err(lacking);
        }
    }
    tried.and_then(|()| go(users)).map_err(explain)
}

/// Whether there are more users here than one: root of a user namespace may be all there is
/// (user_namespaces(7)).
fn all_users() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let numbers = map.split_whitespace().skip(2).step_by(3);
    numbers.filter_map(|count| count.parse::<u64>().ok()).sum::<u64>() != 1
}

/// Does all of it in a child that ends, so that a failure half-way leaves no trace.
fn rehearse(users: Users) -> Result<(), Failure> {
    let (mut told, mut tell) = io::pipe().map_err(at(Step::Unshare))?;
    // SAFETY: there is one thread (checked), so the child may do what it likes.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(at(Step::Unshare)(io::Error::last_os_error()));
    }
    if child == 0 {
        if let Err(Failure { step, cause }) = go(users) {
            let errno = cause.raw_os_error().unwrap_or(libc::EIO);
            let _ = tell.write_all(&[&[step as u8][..], &errno.to_ne_bytes()].concat());
        }
        // SAFETY: ends the child without running what the parent registered for its own end.
        unsafe { libc::_exit(0) };
    }
    drop(tell);
    // Empty: nothing failed.
    let mut failure = Vec::new();
    let read = told.read_to_end(&mut failure);
    let mut status = 0;
    // SAFETY: `child` is ours and `status` outlives the call.
    while unsafe { libc::waitpid(child, &mut status, 0) } < 0 {
        let cause = io::Error::last_os_error();
        if cause.kind() != io::ErrorKind::Interrupted {
            return Err(at(Step::Unshare)(cause));
        }
    }
    read.map_err(at(Step::Unshare))?;
    match failure[..] {
        [] if libc::WIFEXITED(status) => Ok(()),
        [step, a, b, c, d] => {
            let step = Step::ALL.into_iter().find(|known| *known as u8 == step);
            let cause = io::Error::from_raw_os_error(c_int::from_ne_bytes([a, b, c, d]));
            Err(Failure { step: step.unwrap_or(Step::Unshare), cause })
        }
        // A filter of system calls may also kill.
        _ => Err(at(Step::Unshare)(io::Error::from_raw_os_error(libc::EPERM))),
    }
}

fn go(users: Users) -> Result<Sandbox, Failure> {
    // SAFETY: no preconditions.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    let new = libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWUTS;
    match users {
        Users::All => unshare(new).map_err(at(Step::Unshare))?,
        Users::OnlyOurselves => {
            unshare(new | libc::CLONE_NEWUSER).map_err(at(Step::Unshare))?;
            map_ourselves_to_root(uid, gid).map_err(at(Step::Map))?;
        }
    }
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE).map_err(at(Step::Mount))?;
    raise_loopback().map_err(at(Step::Network))?;
    // A read-only /proc/sys forbids it; then only root may bind low ports, which most relays are.
    let _ = fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    // SAFETY: pointer and length belong together.
    let _ = unsafe { libc::sethostname(HOST.as_ptr().cast(), HOST.len()) };
    // Without them only cases about IPv6 are missing.
    let ipv6 = ipv6::route_to_ourselves().is_ok();
    let files = private_files().map_err(at(Step::Private))?;
    let resolver = replace_files(Path::new(files)).map_err(at(Step::Files))?;
    Ok(Sandbox { users, resolver, ipv6, files })
}

/// Makes a place in memory for keys and all else of a run. It is seen by us and by what we start,
/// and is gone with the last of us, whatever ends us.
///
/// /run is made anew in memory for it, with all that is there now at its place.
fn private_files() -> io::Result<&'static str> {
    let host = fs::File::open(RUN)?;
    let entries: Vec<_> = fs::read_dir(RUN)?.flatten().collect();
    let size = format!("size={},mode=755", limits::PRIVATE);
    mount_with(None, RUN, Some("tmpfs"), libc::MS_NOSUID | libc::MS_NODEV, &size)?;
    // What is there by our name is not ours.
    for entry in
        entries.iter().filter(|entry| Path::new(RUN).join(entry.file_name()) != Path::new(PRIVATE))
    {
        let to = Path::new(RUN).join(entry.file_name());
        // What cannot be shown here is missing here: nothing of ours needs it.
        let _ = show(Path::new("/proc/self/fd").join(host.as_raw_fd().to_string()), entry, &to);
    }
    fs::create_dir_all(PRIVATE)?;
    Ok(PRIVATE)
}

/// Shows an entry of the directory `below` at `to`.
fn show(below: PathBuf, entry: &fs::DirEntry, to: &Path) -> io::Result<()> {
    let from = below.join(entry.file_name());
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(&from)?, to);
    }
    if kind.is_dir() {
        fs::create_dir(to)?;
    } else {
        fs::File::create_new(to)?;
    }
    mount(Some(&from), &to.to_string_lossy(), None, libc::MS_BIND | libc::MS_REC)
}

fn map_ourselves_to_root(uid: u32, gid: u32) -> io::Result<()> {
    // user_namespaces(7): an ordinary user may map its group only after giving up setgroups.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

fn raise_loopback() -> io::Result<()> {
    // SAFETY: no pointers.
    let socket = checked(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0) })?;
    let raised = configure_loopback(socket);
    // SAFETY: ours, and not used again.
    unsafe { libc::close(socket) };
    raised
}

fn configure_loopback(socket: c_int) -> io::Result<()> {
    let mut request = interface("lo");
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: `request` is an ifreq, as both of these calls want, and outlives them.
    checked(unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &request) })?;
    // A second address is an alias for these calls; without a label there is only netlink.
    for (call, address) in [(libc::SIOCSIFADDR, [127, 0, 0, 2]), (libc::SIOCSIFNETMASK, [255; 4])] {
        let mut request = interface("lo:1");
        request.ifr_ifru.ifru_addr = socket_address(address);
        // SAFETY: as above. The suite itself works without it, so a refusal is no failure.
        let _ = unsafe { libc::ioctl(socket, call as _, &request) };
    }
    Ok(())
}

fn interface(name: &str) -> libc::ifreq {
    // SAFETY: a plain C structure, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as _;
    }
    request
}

fn socket_address(octets: [u8; 4]) -> libc::sockaddr {
    // SAFETY: a plain C structure, for which zeros are valid.
    let mut address: libc::sockaddr = unsafe { mem::zeroed() };
    address.sa_family = libc::AF_INET as _;
    // Two bytes of port, then the address.
    for (to, from) in address.sa_data[2..6].iter_mut().zip(octets) {
        *to = from as _;
    }
    address
}

/// Puts our files over the system's, in this namespace only.
fn replace_files(below: &Path) -> io::Result<SystemResolver> {
    let dir = below.join("etc");
    fs::create_dir(&dir)?;
    // nsswitch.conf may send questions to a daemon outside (nss-resolve, mdns).
    let switch = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let kept = switch.lines().filter(|line| !line.trim_start().starts_with("hosts:"));
    let switch: String = kept.chain(["hosts: files dns"]).flat_map(|line| [line, "\n"]).collect();
    let files =
        [("nsswitch.conf", switch.as_str()), ("hosts", HOSTS), ("resolv.conf", RESOLV_CONF)];
    let mut resolver = SystemResolver::Missing;
    for (name, text) in files {
        let (ours, theirs) = (dir.join(name), format!("/etc/{name}"));
        if !Path::new(&theirs).exists() {
            continue;
        }
        if name == "resolv.conf" {
            resolver = SystemResolver::Lab;
        }
        // In a network inside another one of ours it says so already.
        if fs::read_to_string(&theirs).is_ok_and(|there| there == text) {
            continue;
        }
        fs::write(&ours, text)?;
        // Every user of the sandbox reads them, whatever the umask.
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o644))?;
        mount(Some(&ours), &theirs, None, libc::MS_BIND)?;
    }
    for dir in DAEMONS {
        if Path::new(dir).is_dir() {
            mount(None, dir, Some("tmpfs"), 0)?;
        }
    }
    // The mounts hold the files; their names are not needed.
    fs::remove_dir_all(&dir)?;
    Ok(resolver)
}

pub(super) fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: no pointers; the caller knows what leaves with the flags.
    checked(unsafe { libc::unshare(flags) }).map(drop)
}

fn mount(from: Option<&Path>, to: &str, kind: Option<&str>, flags: c_ulong) -> io::Result<()> {
    mount_with(from, to, kind, flags, "")
}

fn mount_with(
    from: Option<&Path>,
    to: &str,
    kind: Option<&str>,
    flags: c_ulong,
    data: &str,
) -> io::Result<()> {
    let from = CString::new(from.map_or(&b"none"[..], |path| path.as_os_str().as_bytes()))?;
    let (to, kind, data) =
        (CString::new(to)?, CString::new(kind.unwrap_or("none"))?, CString::new(data)?);
    // SAFETY: four strings that outlive the call.
    let done = unsafe {
        libc::mount(from.as_ptr(), to.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast())
    };
    checked(done).map(drop)
}

fn checked(returned: c_int) -> io::Result<c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

fn at(step: Step) -> impl Fn(io::Error) -> Failure {
    move |cause| Failure { step, cause }
}

fn explain(Failure { step, cause }: Failure) -> SandboxError {
    // ENOSPC of a namespace is a limit, not a disk (user_namespaces(7)).
    let limit = cause.raw_os_error() == Some(libc::ENOSPC);
    // SAFETY: no preconditions.
    let root = unsafe { libc::geteuid() == 0 };
    let (what, advice) = match step {
        Step::Unshare if limit => (
            "making a private network",
            "this machine allows no more namespaces: raise user.max_net_namespaces, \
             user.max_mnt_namespaces and user.max_user_namespaces",
        ),
        Step::Unshare if root => ("making a private network", CONTAINER),
        Step::Unshare => (
            "making a private network",
            "run as root, or allow user namespaces: kernel.unprivileged_userns_clone=1 and \
             user.max_user_namespaces above 0; in a container, give it \
             `--cap-add SYS_ADMIN --security-opt seccomp=unconfined`",
        ),
        Step::Map => (
            "becoming root inside a user namespace",
            "run as root, or set kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        Step::Mount if root => ("making mounts private", CONTAINER),
        Step::Mount => (
            "making mounts private",
            "run as root, or set kernel.apparmor_restrict_unprivileged_userns=0; in a container, \
             give it `--security-opt apparmor=unconfined`",
        ),
        Step::Network => ("bringing up loopback", "run as root"),
        Step::Private => (
            "making a directory in memory for private files below /run",
            "it has to be a directory that can be mounted over; in a container, give it \
             `--security-opt apparmor=unconfined`",
        ),
        Step::Files => (
            "putting our resolv.conf over the system's",
            "run as root; in a container, give it `--security-opt apparmor=unconfined`",
        ),
    };
    SandboxError::Forbidden { what, cause, advice }
}

/// What root of a container lacks.
const CONTAINER: &str = "root of a container needs more rights for it: give the container \
    `--cap-add SYS_ADMIN --security-opt apparmor=unconfined --security-opt seccomp=unconfined`, \
    or `--privileged`";
