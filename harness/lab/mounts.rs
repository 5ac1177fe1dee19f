//! What a relay sees of this machine's files, and what it may do. Linux only.

use std::ffi::CString;
use std::io;
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

use libc::{c_int, c_long, c_uint};

/// Hidden from relays: sockets of the machine's daemons and names of its namespaces, and memory that
/// others share.
const HIDDEN: [&str; 2] = ["/run", "/dev/shm"];

/// Which of these directories a path is below.
fn hidden_by(path: &Path) -> Option<&'static Path> {
    HIDDEN.map(Path::new).into_iter().find(|hidden| path.starts_with(hidden) && path != *hidden)
}

/// Where programs are, on systems that keep them there, and the resolver's file, where /etc has
/// only a link to it.
const SHOWN: [&str; 5] = [
    "/run/current-system",
    "/run/wrappers",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
];

/// All capabilities that a relay keeps (capability.h): to change its user and its files' owners, to
/// use low ports, limits and chroot, to end its children, and to mount what its root needs.
const KEPT: [u32; 15] = [
    0,  // CAP_CHOWN
    1,  // CAP_DAC_OVERRIDE
    3,  // CAP_FOWNER
    4,  // CAP_FSETID
    5,  // CAP_KILL
    6,  // CAP_SETGID
    7,  // CAP_SETUID
    8,  // CAP_SETPCAP
    10, // CAP_NET_BIND_SERVICE
    14, // CAP_IPC_LOCK
    18, // CAP_SYS_CHROOT
    21, // CAP_SYS_ADMIN
    24, // CAP_SYS_RESOURCE
    29, // CAP_AUDIT_WRITE
    33, // CAP_MAC_ADMIN stays with those who have it: without it labels cannot be read.
];

/// Files as a relay is to see them: everything read-only, but for what is its own.
///
/// Made before the fork, because memory cannot be had between fork and exec.
#[derive(Debug)]
pub(super) struct View {
    directory: CString,
    trees: Vec<Tree>,
}

/// A file or directory that stays as it is, with all that is mounted below it.
#[derive(Debug)]
struct Tree {
    path: CString,
    /// To be made where the hidden directory was, outermost first.
    parents: Vec<CString>,
    directory: bool,
    hidden: bool,
}

/// As many trees as can be held between fork and exec.
const MOST_TREES: usize = 16;

impl View {
    /// A process that begins in `directory` and may write below `writable`.
    ///
    /// # Errors
    /// A path with a zero octet, or one that is not there.
    pub(super) fn new(directory: &Path, writable: &[PathBuf]) -> io::Result<Self> {
        let mut trees = Vec::new();
        for path in writable {
            trees.push(Tree::new(&path.canonicalize()?)?);
        }
        // What is hidden otherwise; elsewhere all can be read.
        let shown = SHOWN.iter().map(Path::new).chain([directory]);
        for path in shown.filter_map(|path| path.canonicalize().ok()) {
            if hidden_by(&path).is_some() {
                trees.push(Tree::new(&path)?);
            }
        }
        for path in ["/run/current-system", "/run/wrappers"].map(Path::new) {
            if path.is_symlink() && path.is_dir() {
                trees.push(Tree::new(path)?);
            }
        }
        // The outer ones first.
        trees.sort_by_key(|tree| tree.path.as_bytes().len());
        trees.dedup_by(|one, other| one.path == other.path);
        trees.truncate(MOST_TREES);
        Ok(Self { directory: CString::new(directory.as_os_str().as_bytes())?, trees })
    }

    /// Makes mounts of this process' own that show just this, with the processes of its namespace
    /// in /proc.
    ///
    /// # Safety
    /// Only in a child between fork and exec.
    pub(super) unsafe fn enter(&self) -> io::Result<()> {
        let mut held: [c_int; MOST_TREES] = [-1; MOST_TREES];
        // SAFETY: system calls; strings and structures outlive them.
        unsafe {
            checked(libc::unshare(libc::CLONE_NEWNS).into())?;
            mount(c"none", c"/", c"none", libc::MS_REC | libc::MS_PRIVATE, c"")?;
            // Held apart, they keep their flags.
            for (tree, held) in self.trees.iter().zip(&mut held) {
                let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | AT_RECURSIVE;
                let path = tree.path.as_ptr();
                *held = checked(libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path, flags))?;
            }
            read_only()?;
            let plain = libc::MS_NOSUID | libc::MS_NODEV;
            mount(c"none", c"/run", c"tmpfs", plain, c"size=64m,mode=755")?;
            // Where there is none, there is nothing to hide.
            let _ = mount(c"none", c"/dev/shm", c"tmpfs", plain, c"size=64m,mode=1777");
            scratch();
            for (tree, held) in self.trees.iter().zip(held) {
                tree.attach(held)?;
            }
            // Containers forbid it where they hide parts of /proc; then the outer one has to do.
            let _ = mount(c"proc", c"/proc", c"proc", plain | libc::MS_NOEXEC, c"");
            // The old one is below the mounts made here.
            checked(libc::chdir(self.directory.as_ptr()).into()).map(drop)
        }
    }
}

impl Tree {
    fn new(path: &Path) -> io::Result<Self> {
        let string = |path: &Path| CString::new(path.as_os_str().as_bytes());
        let hidden = hidden_by(path).is_some();
        let mut parents = Vec::new();
        for parent in path.ancestors().skip(1) {
            if hidden_by(parent).is_some() {
                parents.insert(0, string(parent)?);
            }
        }
        Ok(Self { path: string(path)?, parents, directory: path.is_dir(), hidden })
    }

    /// # Safety
    /// As [`View::enter`].
    unsafe fn attach(&self, held: c_int) -> io::Result<()> {
        // SAFETY: system calls; the strings outlive them.
        unsafe {
            if self.hidden {
                for parent in &self.parents {
                    libc::mkdir(parent.as_ptr(), 0o755);
                }
                if self.directory {
                    libc::mkdir(self.path.as_ptr(), 0o755);
                } else {
                    libc::close(libc::open(
                        self.path.as_ptr(),
                        libc::O_CREAT | libc::O_RDONLY,
                        0o644,
                    ));
                }
            }
            checked(libc::syscall(
                libc::SYS_move_mount,
                held,
                c"".as_ptr(),
                libc::AT_FDCWD,
                self.path.as_ptr(),
                libc::MOVE_MOUNT_F_EMPTY_PATH,
            ))?;
            libc::close(held);
        }
        Ok(())
    }
}

/// Makes all mounts of this namespace read-only.
///
/// # Safety
/// As [`View::enter`].
unsafe fn read_only() -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let size = mem::size_of::<libc::mount_attr>();
    // SAFETY: a literal path, and a structure with its size.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            AT_RECURSIVE,
            ptr::from_ref(&attributes),
            size,
        )
    };
    checked(done).map(drop)
}

/// A /tmp that can be written: what is there is seen, what is written stays in memory. Where that
/// cannot be, it is read-only as all else.
///
/// # Safety
/// As [`View::enter`].
unsafe fn scratch() {
    // SAFETY: literal strings.
    unsafe {
        libc::mkdir(c"/run/.tmp".as_ptr(), 0o700);
        libc::mkdir(c"/run/.tmp/new".as_ptr(), 0o777);
        libc::chmod(c"/run/.tmp/new".as_ptr(), 0o1777);
        libc::mkdir(c"/run/.tmp/work".as_ptr(), 0o700);
        let options = c"lowerdir=/tmp,upperdir=/run/.tmp/new,workdir=/run/.tmp/work";
        let plain = libc::MS_NOSUID | libc::MS_NODEV;
        let _ = mount(c"none", c"/tmp", c"overlay", plain, options);
    }
}

/// Gives up what no relay needs, for good: neither a program nor a change of user brings it back.
///
/// # Safety
/// Only in a child between fork and exec.
pub(super) unsafe fn drop_capabilities() {
    let kept: u64 = KEPT.iter().fold(0, |kept, bit| kept | 1 << bit);
    // SAFETY: numbers, and structures as capset(2) has them.
    unsafe {
        for capability in (0..64).filter(|bit| kept & 1 << bit == 0) {
            // An error says that the kernel knows no such capability, or that we may not: then we
            // have none.
            if libc::prctl(libc::PR_CAPBSET_DROP, capability as libc::c_ulong, 0, 0, 0) < 0 {
                continue;
            }
        }
        let header = Header { version: 0x2008_0522, process: 0 };
        let mut sets = [Sets::default(); 2];
        if libc::syscall(libc::SYS_capget, &header, sets.as_mut_ptr()) < 0 {
            return;
        }
        for (at, set) in sets.iter_mut().enumerate() {
            let kept = (kept >> (32 * at)) as u32;
            (set.effective, set.permitted) = (set.effective & kept, set.permitted & kept);
            set.inheritable = 0;
        }
        libc::syscall(libc::SYS_capset, &header, sets.as_ptr());
    }
}

#[repr(C)]
struct Header {
    version: u32,
    process: c_int,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const AT_RECURSIVE: c_uint = libc::AT_RECURSIVE as c_uint;

/// # Safety
/// As [`View::enter`].
unsafe fn mount(
    from: &std::ffi::CStr,
    to: &std::ffi::CStr,
    kind: &std::ffi::CStr,
    flags: libc::c_ulong,
    data: &std::ffi::CStr,
) -> io::Result<()> {
    // SAFETY: strings that outlive the call.
    let done = unsafe {
        libc::mount(from.as_ptr(), to.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast())
    };
    checked(done.into()).map(drop)
}

fn checked(returned: c_long) -> io::Result<c_int> {
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    c_int::try_from(returned).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))
}
