//! What the files of a relay take. A relay that fills its directory is ended.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use waxseal_model::limits;

/// Between two looks at the directory: what is written in it may be too much already.
const LOOK: Duration = Duration::from_millis(20);

/// What a file costs at the least, so that many that are empty are bounded as well.
const ENTRY: u64 = 4096;

/// The directory of a relay, and the log in it, which has a bound of its own.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    directory: PathBuf,
    log: PathBuf,
}

/// Looks at the directory until it is stopped.
#[derive(Debug)]
pub(super) struct Watching {
    disk: Disk,
    /// Dropped to end it.
    stop: Sender<()>,
    thread: JoinHandle<bool>,
}

impl Disk {
    /// The directory in which that log is.
    pub(super) fn of(log: &Path) -> Self {
        Self { directory: log.parent().unwrap_or(log).to_owned(), log: log.to_owned() }
    }

    /// Looks again and again, and calls `end` once the files take too much.
    ///
    /// # Errors
    /// There can be no thread for it.
    pub(super) fn watch(self, end: impl Fn() + Send + 'static) -> io::Result<Watching> {
        let (stop, stopped) = channel();
        let disk = self.clone();
        let look = move || {
            loop {
                if disk.is_full() {
                    end();
                    return true;
                }
                if stopped.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return false;
                }
            }
        };
        let thread = thread::Builder::new().name("relay files".into()).spawn(look)?;
        Ok(Watching { disk: self, stop, thread })
    }

    /// Whether its files take more than [`limits::FILES`]. Links count for themselves.
    fn is_full(&self) -> bool {
        let (mut taken, mut waiting) = (0, vec![self.directory.clone()]);
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let Ok(file) = entry.metadata() else { continue };
                let path = entry.path();
                if path == self.log {
                    continue;
                }
                taken += ENTRY.max(file.blocks().saturating_mul(512));
                if taken > limits::FILES {
                    return true;
                }
                if file.is_dir() {
                    waiting.push(path);
                }
            }
        }
        false
    }
}

impl Watching {
    /// Whether the files took too much, by a last look once the relay has ended: the limit of one file
    /// may have ended it before.
    pub(super) fn finish(self) -> bool {
        let Self { disk, stop, thread } = self;
        drop(stop);
        thread.join().unwrap_or(false) || disk.is_full()
    }
}

/// Bounds each file that this process and its children write, by [`limits::FILES`]. A system call only,
/// so that it can stand between fork and exec.
pub(super) fn bound_files() -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain C structures that outlive the calls.
    let done = unsafe {
        libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit);
        limit.rlim_max = limit.rlim_max.min(limits::FILES);
        limit.rlim_cur = limit.rlim_cur.min(limit.rlim_max);
        libc::setrlimit(libc::RLIMIT_FSIZE, &limit)
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> (tempfile::TempDir, Disk) {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::of(&dir.path().join("relay.log"));
        (dir, disk)
    }

    #[test]
    fn all_files_count_but_the_log_and_what_links_lead_to() {
        let (dir, disk) = disk();
        let more = vec![b'x'; usize::try_from(limits::FILES).unwrap() / 2 + 4096];
        fs::write(dir.path().join("relay.log"), [&more[..], &more].concat()).unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::write(dir.path().join("a/b/one"), &more).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("two"), &more).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("link")).unwrap();
        assert!(!disk.is_full());
        fs::write(dir.path().join("a/three"), &more).unwrap();
        assert!(disk.is_full());
    }

    #[test]
    fn many_empty_files_fill_it_as_well() {
        let (dir, disk) = disk();
        for number in 0..=limits::FILES / ENTRY {
            fs::write(dir.path().join(number.to_string()), "").unwrap();
        }
        let (told, called) = channel();
        let watching = disk.watch(move || told.send(()).unwrap_or_default()).unwrap();
        called.recv().unwrap();
        assert!(watching.finish());
    }
}
