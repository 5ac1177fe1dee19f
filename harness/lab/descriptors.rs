//! How many files this process may have open: each connection is one.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// As many as a run of any size needs.
const ENOUGH: libc::rlim_t = 8192;

/// The soft limit that our caller gave us, once it was raised.
static GIVEN: OnceLock<libc::rlim_t> = OnceLock::new();

/// After a connection that could not be taken. It stays in the queue of the listener: without a pause
/// the loop would spin.
const PAUSE: Duration = Duration::from_millis(50);

/// Raises the soft limit of open files as far as it may be. What stands in the way is named where the
/// limit is met, see [`accept`].
pub fn raise() {
    let mut limit = limits();
    let wanted = limit.rlim_max.min(ENOUGH);
    if limit.rlim_cur < wanted {
        let _ = GIVEN.set(limit.rlim_cur);
        limit.rlim_cur = wanted;
        // SAFETY: a plain C structure that outlives the call.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    }
}

/// Gives a child the soft limit that our caller gave us: what we raise is for ourselves, and some
/// programs try every number below it. System calls only, so that it can stand between fork and exec.
pub(super) fn set_back() {
    if let Some(given) = GIVEN.get() {
        let limit = libc::rlimit { rlim_cur: *given, rlim_max: limits().rlim_max };
        // SAFETY: a plain C structure that outlives the call.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    }
}

/// Makes a command have the soft limit that our caller gave us.
pub(super) fn give_back(command: &mut Command) {
    let set_back = || {
        set_back();
        Ok(())
    };
    // SAFETY: system calls on the child's own stack.
    unsafe { command.pre_exec(set_back) };
}

/// As many files as this process may have open.
pub fn allowed() -> usize {
    usize::try_from(limits().rlim_cur).unwrap_or(usize::MAX)
}

/// Takes the next connection.
///
/// # Errors
/// Why one could not be taken, as a fragment; this took a moment, so that a caller may ask again at
/// once.
pub async fn accept(listener: &TcpListener) -> Result<TcpStream, String> {
    match listener.accept().await {
        Ok((stream, _)) => Ok(stream),
        Err(error) => {
            sleep(PAUSE).await;
            Err(words(&error))
        }
    }
}

/// What the system says, with the number where a limit of ours is meant.
pub fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EMFILE) => {
            let files = limits().rlim_cur;
            format!("this process may have only {files} files open; raise it with `ulimit -n`")
        }
        _ => error.to_string(),
    }
}

/// Whether a connection was not taken because the other side had left it: no trouble of ours.
pub fn is_limit(error: &str) -> bool {
    error.contains("files open")
}

fn limits() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a plain C structure that outlives the call.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    limit
}
