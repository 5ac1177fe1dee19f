//! A small process between us and a relay, which sees to it that nothing outlives us.
//!
//! It is a fork of ours that never runs another program, so that it keeps our user and with it
//! the signal of a parent's death, which the kernel takes from a program that changes its user
//! (prctl(2), `PR_SET_PDEATHSIG`). A parent that dies before that call sends none; so the keeper
//! watches us as well (`pidfd_open(2)`), for as long as it lives.
//!
//! In a process namespace it is process 1: with it the kernel ends all others. Elsewhere it is
//! the one to whom orphans fall (`PR_SET_CHILD_SUBREAPER`): it ends its children until it has
//! none left, and those of a child that ended are its children next.

use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use libc::{c_int, c_uint, pid_t};

use super::mounts::{View, drop_capabilities};
use super::process::Isolation;

/// What the kernel sends the keeper when we die, and we when the relay is to end.
pub(super) fn last_signal(isolation: Isolation) -> c_int {
    match isolation {
        Isolation::ProcessNamespace => libc::SIGKILL,
        Isolation::Descendants => libc::SIGTERM,
    }
}

/// Makes the command be started under a keeper. Without a view it sees and writes what we do.
pub(super) fn keep(command: &mut Command, isolation: Isolation, view: Option<View>) {
    let us = ourselves();
    // SAFETY: all that is called between fork and exec is a system call on our own stack.
    unsafe { command.pre_exec(move || split(isolation, view.as_ref(), raw(us.as_ref()))) };
}

/// Ourselves as something that can be read once we are dead; none on a Linux before 5.3.
fn ourselves() -> Option<OwnedFd> {
    // SAFETY: numbers only, and a descriptor that nobody else has.
    unsafe {
        let us = libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0 as c_uint);
        let us = RawFd::try_from(us).ok().filter(|us| *us >= 0)?;
        Some(OwnedFd::from_raw_fd(us))
    }
}

/// poll(2) passes over a negative one.
fn raw(fd: Option<&OwnedFd>) -> RawFd {
    fd.map_or(-1, AsRawFd::as_raw_fd)
}

/// Where a command belongs that is run to its end.
#[derive(Debug)]
pub(super) enum Belongs {
    /// In the relay's namespaces of processes and mounts: what it leaves behind ends with them.
    ToRelay { processes: OwnedFd, mounts: OwnedFd, directory: CString },
    /// Under a keeper of its own, which keeps what it leaves behind.
    Apart,
    /// Under a keeper of its own, which ends what it leaves behind. Without a view it sees and
    /// writes what we do.
    Alone { isolation: Isolation, view: Option<View> },
}

/// Makes the command be started where it belongs. How it ended is written to `told`, as wait(2) has
/// it.
pub(super) fn keep_command(command: &mut Command, belongs: Belongs, told: Option<OwnedFd>) {
    let us = ourselves();
    // SAFETY: as above.
    unsafe { command.pre_exec(move || go(&belongs, raw(us.as_ref()), raw(told.as_ref()))) };
}

/// Returns in the process that becomes the relay; the keeper stays in here.
fn split(isolation: Isolation, view: Option<&View>, us: RawFd) -> io::Result<()> {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        die_with_parent(last_signal(isolation));
        match (isolation, view) {
            (Isolation::ProcessNamespace, Some(view)) => view.enter()?,
            (Isolation::ProcessNamespace, None) => own_mounts()?,
            (Isolation::Descendants, _) => {
                libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
            }
        }
        if view.is_some() {
            drop_capabilities();
        }
        let signals = block_signals();
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                libc::sigprocmask(libc::SIG_UNBLOCK, &signals, ptr::null_mut());
                Ok(())
            }
            relay => watch(relay, &signals, us, -1, Afterwards::Ends),
        }
    }
}

/// Returns in the process that becomes the command.
fn go(belongs: &Belongs, us: RawFd, told: RawFd) -> io::Result<()> {
    // SAFETY: system calls; strings outlive them, and every other pointer is to this stack.
    unsafe {
        let mut lasts = Afterwards::Waits;
        match belongs {
            Belongs::ToRelay { processes, mounts, directory } => {
                die_with_parent(libc::SIGKILL);
                checked(libc::setns(processes.as_raw_fd(), libc::CLONE_NEWPID))?;
                checked(libc::setns(mounts.as_raw_fd(), libc::CLONE_NEWNS))?;
                checked(libc::chdir(directory.as_ptr()))?;
            }
            Belongs::Apart => {
                die_with_parent(libc::SIGTERM);
                checked(libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1))?;
            }
            Belongs::Alone { isolation: Isolation::Descendants, .. } => {
                lasts = Afterwards::Ends;
                die_with_parent(libc::SIGTERM);
                checked(libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1))?;
            }
            Belongs::Alone { isolation: Isolation::ProcessNamespace, view } => {
                lasts = Afterwards::Ends;
                die_with_parent(libc::SIGKILL);
                checked(libc::unshare(libc::CLONE_NEWPID))?;
                become_first()?;
                match view {
                    Some(view) => view.enter()?,
                    None => own_mounts()?,
                }
            }
        }
        if !matches!(belongs, Belongs::Alone { view: None, .. }) {
            drop_capabilities();
        }
        let signals = block_signals();
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // Whoever waits for it is outside the namespace, and may be killed.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::setsid();
                libc::sigprocmask(libc::SIG_UNBLOCK, &signals, ptr::null_mut());
                Ok(())
            }
            command => watch(command, &signals, us, told, lasts),
        }
    }
}

/// Returns in process 1 of the namespace that was made; outside of it is waited until that ends.
///
/// # Safety
/// Only in a child between fork and exec.
unsafe fn become_first() -> io::Result<()> {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        let first = checked(libc::fork())?;
        if first == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            return Ok(());
        }
        close_from(0);
        let mut status = 0;
        while libc::waitpid(first, &mut status, 0) < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
        libc::_exit(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 })
    }
}

/// What a keeper does with orphans once the process that it watches has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Ends,
    Waits,
}

fn checked(returned: c_int) -> io::Result<c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// # Safety
/// Only in a child between fork and exec.
unsafe fn die_with_parent(signal: c_int) {
    // SAFETY: numbers only.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, signal);
        // A session of its own: Ctrl-C at our terminal is for us, who then end the relay.
        libc::setsid();
    }
}

/// Blocks what a keeper waits for before it forks, so that none is lost.
///
/// # Safety
/// As [`die_with_parent`].
unsafe fn block_signals() -> libc::sigset_t {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        let mut signals = mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGCHLD);
        libc::sigaddset(&mut signals, libc::SIGTERM);
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGTERM, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_BLOCK, &signals, ptr::null_mut());
        signals
    }
}

/// Mounts of this namespace's own, with its own processes in /proc.
///
/// # Safety
/// Only in a child between fork and exec.
unsafe fn own_mounts() -> io::Result<()> {
    let none = c"none".as_ptr();
    // SAFETY: literal strings.
    unsafe {
        if libc::unshare(libc::CLONE_NEWNS) < 0 {
            return Err(io::Error::last_os_error());
        }
        let private = libc::MS_REC | libc::MS_PRIVATE;
        if libc::mount(none, c"/".as_ptr(), none, private, ptr::null()) < 0 {
            return Err(io::Error::last_os_error());
        }
        // Containers forbid it where they hide parts of /proc; then the outer one has to do.
        let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), flags, ptr::null());
    }
    Ok(())
}

/// Waits for the relay's end or ours, takes in orphans, ends with the relay's status. Where there is
/// a place to tell that status, it is told as soon as it is known.
///
/// # Safety
/// Only in a child between fork and exec that has nothing else to do.
unsafe fn watch(
    relay: pid_t,
    signals: &libc::sigset_t,
    us: RawFd,
    told: RawFd,
    afterwards: Afterwards,
) -> ! {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        // Those who read what the command says wait until nobody can write it. Among those closed
        // is the pipe on which the one who spawned us waits for exec.
        let signalled = libc::signalfd(-1, signals, libc::SFD_NONBLOCK);
        let mut told = keep_as(0, told);
        let us = keep_as(1, us);
        let signalled = keep_as(2, signalled);
        close_from(3);
        let wanted = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut status = None;
        loop {
            let mut polled = [wanted(us), wanted(signalled)];
            if libc::poll(polled.as_mut_ptr(), 2, -1) < 0 {
                continue;
            }
            if polled[0].revents != 0 || told_to_end(signalled) {
                break;
            }
            let (mut ended, mut pid) = (0, 1);
            while pid > 0 {
                pid = libc::waitpid(-1, &mut ended, libc::WNOHANG);
                if pid == relay {
                    status = Some(ended);
                }
            }
            let Some(ended) = status else { continue };
            if told >= 0 {
                libc::write(told, ptr::from_ref(&ended).cast(), mem::size_of::<c_int>());
                libc::close(told);
                told = -1;
            }
            // -1: there is no child left.
            if afterwards == Afterwards::Ends || pid < 0 {
                break;
            }
        }
        end_children(relay, status.is_some());
        libc::_exit(match status {
            Some(status) if libc::WIFEXITED(status) => libc::WEXITSTATUS(status),
            Some(status) => 128 + libc::WTERMSIG(status),
            None => 128 + libc::SIGTERM,
        })
    }
}

/// Gives a descriptor that number; where there is none, nothing has it.
///
/// # Safety
/// As [`watch`].
unsafe fn keep_as(number: RawFd, fd: RawFd) -> RawFd {
    // SAFETY: numbers only.
    unsafe {
        if fd < 0 {
            libc::close(number);
            return -1;
        }
        libc::dup2(fd, number)
    }
}

/// Takes all signals that have come; says whether one of them is the one to end.
///
/// # Safety
/// As [`watch`].
unsafe fn told_to_end(signalled: RawFd) -> bool {
    // SAFETY: a plain C structure whose length is given.
    unsafe {
        let mut come: libc::signalfd_siginfo = mem::zeroed();
        let length = mem::size_of_val(&come);
        let mut end = false;
        while libc::read(signalled, ptr::from_mut(&mut come).cast(), length) > 0 {
            end |= come.ssi_signo == libc::SIGTERM as u32;
        }
        end
    }
}

/// # Safety
/// As [`watch`].
unsafe fn close_from(first: c_int) {
    // SAFETY: numbers only.
    unsafe {
        let all = libc::syscall(libc::SYS_close_range, first as c_uint, c_uint::MAX, 0 as c_uint);
        if all < 0 {
            (first..4096).for_each(|fd| {
                libc::close(fd);
            });
        }
    }
}

/// Kills children until there are none; orphans of the killed become children meanwhile.
///
/// # Safety
/// As [`watch`].
unsafe fn end_children(relay: pid_t, gone: bool) {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        // As process 1 this reaches all. Elsewhere, never: -1 would be every process of the user.
        if libc::getpid() == 1 {
            libc::kill(-1, libc::SIGKILL);
        }
        // Its number may be another's once it was waited for.
        if !gone {
            libc::kill(relay, libc::SIGKILL);
        }
        loop {
            each_child(|child| {
                libc::kill(child, libc::SIGKILL);
            });
            // Ends with ECHILD. One that ends makes it look again.
            if libc::waitpid(-1, ptr::null_mut(), 0) < 0
                && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted
            {
                return;
            }
        }
    }
}

/// Reads the kernel's list, without memory of its own: other threads of ours may hold the
/// allocator's lock in this copy of the process for ever.
unsafe fn each_child(mut seen: impl FnMut(pid_t)) {
    // SAFETY: a literal path, and a buffer whose length is given.
    unsafe {
        let list = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY);
        let (mut buffer, mut number) = ([0_u8; 512], 0);
        loop {
            let length = libc::read(list, buffer.as_mut_ptr().cast(), buffer.len());
            let Ok(length @ 1..) = usize::try_from(length) else { break };
            for byte in &buffer[..length] {
                match byte {
                    b'0'..=b'9' => number = number * 10 + pid_t::from(byte - b'0'),
                    _ if number > 0 => seen(mem::take(&mut number)),
                    _ => {}
                }
            }
        }
        libc::close(list);
    }
}
