//! What a relay prints, kept on disk: the first part of it and the last.
//!
//! The file is opened once and never again by its name: whatever a relay puts in its place, a pipe, a
//! device or a link, is not read and not waited for.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use waxseal_model::foreign::Foreign;
use waxseal_model::limits;

/// As much of the log as a message shows.
const TAIL_LINES: usize = 20;

/// Between two looks at the size of the file, which a relay may write to by its name as well.
const LOOK: libc::c_int = 200;

/// The log of a relay. Clones read the same file.
#[derive(Clone, Debug)]
pub struct Log {
    file: Arc<File>,
    ended: Arc<AtomicBool>,
    /// Octets that are not kept.
    dropped: Arc<AtomicU64>,
}

/// Writes what comes from a pipe into the log until the pipe is closed or the relay has ended.
#[derive(Debug)]
pub struct Filling(JoinHandle<()>);

impl Log {
    /// Opens the file, or makes it; what is written to the pipe goes to its end. A relay may also append
    /// to it by its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<(Self, PipeWriter, Filling)> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .custom_flags(flags)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let (reader, writer) = io::pipe()?;
        let log = Self { file: Arc::new(file), ended: Arc::default(), dropped: Arc::default() };
        let filled = log.clone();
        let fill = move || filled.fill(reader);
        let thread = thread::Builder::new().name("relay log".into()).spawn(fill)?;
        Ok((log, writer, Filling(thread)))
    }

    /// The last lines of it until now.
    pub fn tail(&self) -> Foreign {
        let bytes = self.since(0, limits::LOG_TAIL);
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n").into()
    }

    /// Octets of it until now.
    pub fn end(&self) -> u64 {
        self.file.metadata().map_or(0, |file| file.len())
    }

    /// What has been added since it was so long, at most so much: the last of it. Where its first part
    /// alone was kept in between, what came after that.
    pub fn since(&self, begin: u64, most: u64) -> Vec<u8> {
        let end = self.end();
        let begin = if begin > end { limits::LOG_FIRST.min(end) } else { begin };
        let from = begin.max(end.saturating_sub(most));
        let mut bytes = vec![0; usize::try_from(end - from).unwrap_or(0)];
        let read = self.file.read_at(&mut bytes, from).unwrap_or(0);
        bytes.truncate(read);
        bytes
    }

    fn fill(&self, mut reader: PipeReader) {
        let mut chunk = vec![0; limits::LINE];
        loop {
            let ended = self.ended.load(Ordering::Acquire);
            match ready(&reader, if ended { 0 } else { LOOK }) {
                // Nothing more is there, and nobody is left to write.
                false if ended => return self.bound(),
                false => {}
                true => match reader.read(&mut chunk) {
                    Ok(read @ 1..) => {
                        // A full disk is no reason to hold the relay up.
                        let _ = (&*self.file).write_all(&chunk[..read]);
                    }
                    _ => return self.bound(),
                },
            }
            self.bound();
        }
    }

    /// Takes back what is over the bound, but for the first part.
    fn bound(&self) {
        let length = self.file.metadata().map_or(0, |file| file.len());
        if length <= limits::LOG || self.file.set_len(limits::LOG_FIRST).is_err() {
            return;
        }
        let more = length - limits::LOG_FIRST;
        let dropped = self.dropped.fetch_add(more, Ordering::Relaxed) + more;
        let _ = writeln!(&*self.file, "\nwaxseal: {dropped} octets of the log are not kept");
    }
}

impl Filling {
    /// Takes in what the relay, which has ended, had still written.
    pub fn finish(self, log: &Log) {
        log.ended.store(true, Ordering::Release);
        // It waits for nothing but a file.
        let _ = self.0.join();
    }
}

/// Whether there is something to read, within so many milliseconds.
fn ready(reader: &PipeReader, patience: libc::c_int) -> bool {
    let mut poll = libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, whose number is given.
    unsafe { libc::poll(&mut poll, 1, patience) > 0 }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn log() -> (tempfile::TempDir, Log, PipeWriter, Filling) {
        let dir = tempfile::tempdir().unwrap();
        let (log, writer, filling) = Log::create(&dir.path().join("relay.log")).unwrap();
        (dir, log, writer, filling)
    }

    #[test]
    fn the_file_stays_below_its_bound_and_the_tail_is_the_end() {
        let (dir, log, mut writer, filling) = log();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..2 * (limits::LOG >> 20) {
            writer.write_all(&piece).unwrap();
        }
        writer.write_all(b"\nfirst\nlast\n").unwrap();
        drop(writer);
        filling.finish(&log);
        let length = std::fs::metadata(dir.path().join("relay.log")).unwrap().len();
        assert!(length <= limits::LOG, "{length}");
        assert!(log.tail().raw().ends_with("first\nlast"));
        assert!(log.tail().raw().len() as u64 <= limits::LOG_TAIL);
    }

    #[test]
    fn what_was_added_since_a_point_is_read() {
        let (_dir, log, mut writer, filling) = log();
        writer.write_all(b"before\n").unwrap();
        drop(writer);
        filling.finish(&log);
        let begin = log.end();
        (&*log.file).write_all(b"one\ntwo\n").unwrap();
        assert_eq!(log.since(begin, 100), b"one\ntwo\n");
        assert_eq!(log.since(begin, 4), b"two\n");
        assert_eq!(log.since(begin + 100, 100), b"");
    }

    #[test]
    fn what_a_relay_puts_in_the_place_of_the_file_is_not_read() {
        let (dir, log, mut writer, filling) = log();
        writer.write_all(b"printed\n").unwrap();
        drop(writer);
        filling.finish(&log);
        let path = dir.path().join("relay.log");
        std::fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(log.tail().raw(), "printed");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(log.tail().raw(), "printed");
    }

    #[test]
    fn whoever_keeps_the_pipe_open_does_not_hold_the_end_up() {
        let (_dir, log, mut writer, filling) = log();
        writer.write_all(b"printed\n").unwrap();
        filling.finish(&log);
        assert_eq!(log.tail().raw(), "printed");
        drop(writer);
    }
}
