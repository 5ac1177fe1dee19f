//! How many files and sockets this process may have open.

/// What is assumed where the system does not say.
const USUAL: usize = 256;

/// As many descriptors as the soft limit allows (`RLIMIT_NOFILE`).
pub fn allowed() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if asked != 0 {
        return USUAL;
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}
