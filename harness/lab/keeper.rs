//! A small process between us and a relay, which sees to it that nothing outlives us.
//!
//! It is a fork of ours that never runs another program, so that it keeps our user and with it
//! the signal of a parent's death, which the kernel takes from a program that changes its user
//! (prctl(2), `PR_SET_PDEATHSIG`).
//!
//! In a process namespace it is process 1: with it the kernel ends all others. Elsewhere it is
//! the one to whom orphans fall (`PR_SET_CHILD_SUBREAPER`): it ends its children until it has
//! none left, and those of a child that ended are its children next.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use libc::{c_int, c_uint, pid_t};

use super::process::Isolation;

/// What the kernel sends the keeper when we die, and we when the relay is to end.
pub(super) fn last_signal(isolation: Isolation) -> c_int {
    match isolation {
        Isolation::ProcessNamespace => libc::SIGKILL,
        Isolation::Descendants => libc::SIGTERM,
    }
}

/// Makes the command be started under a keeper. `alive` reads end-of-file once we are dead.
pub(super) fn keep(command: &mut Command, isolation: Isolation, alive: &OwnedFd) {
    let alive = alive.as_raw_fd();
    // SAFETY: all that is called between fork and exec is a system call on our own stack.
    unsafe { command.pre_exec(move || split(isolation, alive)) };
}

/// Returns in the process that becomes the relay; the keeper stays in here.
fn split(isolation: Isolation, alive: RawFd) -> io::Result<()> {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, last_signal(isolation));
        // We may have died before that call; then nobody will send the signal.
        let mut poll = libc::pollfd { fd: alive, events: 0, revents: 0 };
        if libc::poll(&mut poll, 1, 0) > 0 && poll.revents & libc::POLLHUP != 0 {
            libc::_exit(1);
        }
        // A session of its own: Ctrl-C at our terminal is for us, who then end the relay.
        libc::setsid();
        match isolation {
            Isolation::ProcessNamespace => own_mounts()?,
            Isolation::Descendants => {
                libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
            }
        }
        // Blocked before the fork, so that none is lost.
        let mut signals = mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGCHLD);
        libc::sigaddset(&mut signals, libc::SIGTERM);
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGTERM, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_BLOCK, &signals, ptr::null_mut());
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                libc::sigprocmask(libc::SIG_UNBLOCK, &signals, ptr::null_mut());
                Ok(())
            }
            relay => watch(relay, &signals),
        }
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

/// Waits for the relay or the end, takes in orphans, ends with the relay's status.
///
/// # Safety
/// Only in a child between fork and exec that has nothing else to do.
unsafe fn watch(relay: pid_t, signals: &libc::sigset_t) -> ! {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        // Among these is the pipe on which the one who spawned us waits for exec.
        if libc::syscall(libc::SYS_close_range, 3 as c_uint, c_uint::MAX, 0 as c_uint) < 0 {
            (3..4096).for_each(|fd| {
                libc::close(fd);
            });
        }
        let mut status = None;
        while status.is_none() {
            let mut signal = 0;
            libc::sigwait(signals, &mut signal);
            if signal == libc::SIGTERM {
                break;
            }
            let (mut ended, mut pid) = (0, 1);
            while pid > 0 {
                pid = libc::waitpid(-1, &mut ended, libc::WNOHANG);
                if pid == relay {
                    status = Some(ended);
                }
            }
        }
        end_children(relay);
        libc::_exit(match status {
            Some(status) if libc::WIFEXITED(status) => libc::WEXITSTATUS(status),
            Some(status) => 128 + libc::WTERMSIG(status),
            None => 128 + libc::SIGTERM,
        })
    }
}

/// Kills children until there are none; orphans of the killed become children meanwhile.
///
/// # Safety
/// As [`watch`].
unsafe fn end_children(relay: pid_t) {
    // SAFETY: system calls; every pointer is to the stack of this function.
    unsafe {
        // As process 1 this reaches all. Elsewhere, never: -1 would be every process of the user.
        if libc::getpid() == 1 {
            libc::kill(-1, libc::SIGKILL);
        }
        libc::kill(relay, libc::SIGKILL);
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
