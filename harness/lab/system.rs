//! Starting, ending and waiting, as the system at hand can.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{best_isolation, die_with_us, keep, start, start_command};
#[cfg(target_os = "linux")]
pub(super) use linux::{best_isolation, die_with_us, keep, start, start_command};

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
    use std::ffi::CString;
    use std::fs::{self, File};
    use std::io::{self, PipeReader};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Child, Command};
    use std::thread;

    use crate::lab::keeper::{self, Belongs};
    use crate::lab::mounts::View;
    use crate::lab::namespaces::unshare;
    use crate::lab::process::{Files, Isolation};

    pub(in crate::lab) fn best_isolation() -> Isolation {
        // Tried in a thread that ends: the unshared namespace is for its children, and has none.
        let allowed = thread::spawn(|| unshare(libc::CLONE_NEWPID).is_ok()).join();
        if allowed.unwrap_or(false) { Isolation::ProcessNamespace } else { Isolation::Descendants }
    }

    /// Must be called in a thread that starts nothing else and lives as long as the child.
    pub(in crate::lab) fn start(
        mut command: Command,
        isolation: Isolation,
        directory: &Path,
        files: &Files,
    ) -> io::Result<Child> {
        let view = view(directory, files)?;
        if isolation == Isolation::ProcessNamespace {
            unshare(libc::CLONE_NEWPID)?;
        }
        keeper::keep(&mut command, isolation, view);
        command.spawn()
    }

    /// Starts a command beside the relay under that keeper; without one, alone. How it ends can be
    /// read, as wait(2) has it; the child is the command's keeper.
    pub(in crate::lab) fn start_command(
        command: &mut Command,
        isolation: Isolation,
        relay: Option<u32>,
        directory: &Path,
        files: &Files,
    ) -> io::Result<(Child, PipeReader)> {
        let (ended, told) = io::pipe()?;
        let belongs = match (relay, isolation) {
            (None, _) => Belongs::Alone { isolation, view: view(directory, files)? },
            (Some(_), Isolation::Descendants) => Belongs::Apart,
            (Some(keeper), Isolation::ProcessNamespace) => {
                let space = |name| File::open(format!("/proc/{keeper}/ns/{name}"));
                let number = if sees_own_processes(keeper) { 1 } else { keeper };
                command.env("WAXSEAL_RELAY_PID", number.to_string());
                Belongs::ToRelay {
                    processes: space("pid")?.into(),
                    mounts: space("mnt")?.into(),
                    directory: CString::new(directory.as_os_str().as_bytes())?,
                }
            }
        };
        keeper::keep_command(command, belongs, Some(told.into()));
        Ok((command.spawn()?, ended))
    }

    /// Makes a command end together with all that it started, and that end with us.
    pub(in crate::lab) fn keep(command: &mut Command, isolation: Isolation) {
        keeper::keep_command(command, Belongs::Alone { isolation, view: None }, None);
    }

    fn view(directory: &Path, files: &Files) -> io::Result<Option<View>> {
        match files {
            Files::AsOurs => Ok(None),
            Files::ReadOnlyBut(writable) => View::new(directory, writable).map(Some),
        }
    }

    /// Whether /proc of the keeper's mounts is that of its own processes; ours are not in it.
    fn sees_own_processes(keeper: u32) -> bool {
        fs::read_link(format!("/proc/{keeper}/root/proc/self")).is_err()
    }

    /// The command is killed when the thread that starts it ends, and so when we do.
    pub(in crate::lab) fn die_with_us(command: &mut Command) {
        let us = std::process::id();
        // SAFETY: system calls without pointers.
        let last_will = move || unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            // We may have died before that call.
            if u32::try_from(libc::getppid()) != Ok(us) {
                libc::_exit(1);
            }
            Ok(())
        };
        // SAFETY: as said there.
        unsafe { command.pre_exec(last_will) };
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io::{self, PipeReader};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Child, Command};

    use crate::lab::process::{Files, Isolation};

    pub(in crate::lab) fn best_isolation() -> Isolation {
        Isolation::Descendants
    }

    /// A group of processes: what leaves it is not ended, which only Linux can promise.
    pub(in crate::lab) fn start(
        mut command: Command,
        _isolation: Isolation,
        _directory: &Path,
        _files: &Files,
    ) -> io::Result<Child> {
        command.process_group(0).spawn()
    }

    /// Not on this system: nothing could be promised of what the command leaves behind.
    pub(in crate::lab) fn start_command(
        _command: &mut Command,
        _isolation: Isolation,
        _relay: Option<u32>,
        _directory: &Path,
        _files: &Files,
    ) -> io::Result<(Child, PipeReader)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::lab) fn keep(command: &mut Command, _isolation: Isolation) {
        command.process_group(0);
    }

    pub(in crate::lab) fn die_with_us(_command: &mut Command) {}
}
