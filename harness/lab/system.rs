//! Starting, ending and waiting, as the system at hand can.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{best_isolation, start};
#[cfg(target_os = "linux")]
pub(super) use linux::{best_isolation, start};

use super::process::Isolation;

/// Ends the keeper, and with it the relay. The number must be one not yet waited for.
pub(super) fn end(id: u32, isolation: Isolation) {
    let Ok(id) = libc::pid_t::try_from(id) else { return };
    #[cfg(target_os = "linux")]
    let (id, signal) = (id, super::keeper::last_signal(isolation));
    #[cfg(not(target_os = "linux"))]
    let (id, signal, _) = (-id, libc::SIGKILL, isolation);
    // SAFETY: no pointers. Failure means that it is dead already.
    unsafe { libc::kill(id, signal) };
}

/// Waits for a child's death and leaves its number taken.
pub(super) fn wait_until_dead(id: u32) {
    // SAFETY: a plain C structure that outlives the call.
    unsafe {
        let mut info = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOWAIT;
        while libc::waitid(libc::P_PID, id as libc::id_t, &mut info, flags) < 0
            && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
        {}
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, PipeWriter};
    use std::os::fd::OwnedFd;
    use std::process::{Child, Command};
    use std::thread;

    use crate::lab::keeper;
    use crate::lab::namespaces::unshare;
    use crate::lab::process::Isolation;

    pub(in crate::lab) fn best_isolation() -> Isolation {
        // Tried in a thread that ends: the unshared namespace is for its children, and has none.
        let allowed = thread::spawn(|| unshare(libc::CLONE_NEWPID).is_ok()).join();
        if allowed.unwrap_or(false) { Isolation::ProcessNamespace } else { Isolation::Descendants }
    }

    /// Must be called in a thread that starts nothing else and lives as long as the child.
    pub(in crate::lab) fn start(
        mut command: Command,
        isolation: Isolation,
    ) -> io::Result<(Child, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let reader = OwnedFd::from(reader);
        if isolation == Isolation::ProcessNamespace {
            unshare(libc::CLONE_NEWPID)?;
        }
        keeper::keep(&mut command, isolation, &reader);
        Ok((command.spawn()?, writer))
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use crate::lab::process::Isolation;

    pub(in crate::lab) fn best_isolation() -> Isolation {
        Isolation::Descendants
    }

    /// A group of processes: what leaves it is not ended, which only Linux can promise.
    pub(in crate::lab) fn start(
        mut command: Command,
        _isolation: Isolation,
    ) -> io::Result<(Child, ())> {
        Ok((command.process_group(0).spawn()?, ()))
    }
}
