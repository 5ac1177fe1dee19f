//! The program while it is attacked: what it costs, and what it says.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use waxseal_model::record::{CaseRecord, Record};
use waxseal_model::verdict::Verdict;

/// Octets of memory that no attack may cost.
const MEMORY: u64 = 300 << 20;
/// Octets of output, and of disk, that no attack may cost.
const OUTPUT: u64 = 100 << 20;

/// One call of the program.
pub struct Measured {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub out: String,
    /// What it said beside that.
    pub err: String,
    memory: u64,
    time: Duration,
    disk: u64,
    left: Vec<PathBuf>,
}

impl Measured {
    /// Runs the program with its own directory for temporary files; ended where it costs too much.
    pub fn run(arguments: &[&str], most: Duration) -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let (out, err, files) =
            (dir.path().join("out"), dir.path().join("err"), dir.path().join("tmp"));
        std::fs::create_dir(&files).expect("a folder can be made");
        let to = |path: &Path| Stdio::from(File::create(path).expect("a file can be made"));
        #[expect(clippy::zombie_processes, reason = "`ended` waits for it, and for what it used")]
        let child = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(arguments)
            .env("TMPDIR", &files)
            .stdin(Stdio::null())
            .stdout(to(&out))
            .stderr(to(&err))
            .spawn()
            .expect("the program can be run");
        let begun = Instant::now();
        let mut disk = 0;
        let (status, memory) = loop {
            if let Some(ended) = ended(child.id()) {
                break ended;
            }
            disk = disk.max(size(&files));
            let printed = length(&out) + length(&err);
            let over = begun.elapsed() > most || disk > OUTPUT || printed > OUTPUT;
            if over || resident(child.id()) > 2 * MEMORY {
                // SAFETY: no pointers; the child is not yet waited for.
                unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGKILL) };
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = |path: &Path| {
            let bytes = std::fs::read(path).expect("the output can be read");
            assert!(bytes.len() as u64 <= OUTPUT, "{arguments:?} printed {} octets", bytes.len());
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let left = std::fs::read_dir(&files).expect("the folder is there");
        let left = left.filter_map(Result::ok).map(|entry| entry.path()).collect();
        let (out, err) = (text(&out), text(&err));
        Self { status, out, err, memory, time: begun.elapsed(), disk, left }
    }

    /// Stayed within all bounds, and left nothing behind.
    pub fn bounded(self) -> Self {
        let Self { status, memory, time, disk, left, err, .. } = &self;
        let printed = (self.out.len() + err.len()) >> 10;
        println!(
            "  {status}, {} MB, {} s, {printed} KB printed, {} KB of disk",
            memory >> 20,
            time.as_secs(),
            disk >> 10
        );
        assert_eq!(status.signal(), None, "it cost too much and was ended: {}", shown(err));
        assert!(*memory <= MEMORY, "{} MB of memory", memory >> 20);
        assert!(left.is_empty(), "left behind: {left:?}");
        assert!(!err.contains("panicked"), "{}", shown(err));
        self
    }

    /// Nothing that a terminal or a log of a CI system obeys is printed.
    pub fn harmless(self) -> Self {
        for line in self.out.split('\n').chain(self.err.split('\n')) {
            let obeyed = |c: char| c.is_control() || "\u{2028}\u{2029}\u{202e}\u{2066}".contains(c);
            assert!(!line.contains(obeyed), "{line:?}");
            assert!(!line.trim_start().starts_with("::"), "{line:?}");
            assert!(!line.contains("##vso["), "{line:?}");
        }
        self
    }

    /// The cases of the record that it printed.
    pub fn cases(&self) -> Vec<CaseRecord> {
        let record: Result<Record, _> = serde_json::from_str(&self.out);
        record.unwrap_or_else(|error| panic!("{error}: {}", shown(&self.err))).cases
    }

    /// Each of its cases is undecided.
    pub fn undecided(self) -> Self {
        for case in self.cases() {
            let open = matches!(case.verdict, Verdict::Inconclusive | Verdict::Error);
            assert!(open, "{} {}: {}", case.verdict, case.id, case.reason);
        }
        self
    }

    /// Some case says so.
    pub fn says(self, words: &str) -> Self {
        let cases = self.cases();
        let said = cases.iter().any(|case| case.reason.contains(words));
        let reasons: Vec<_> = cases.iter().map(|case| &case.reason).collect();
        assert!(said, "nobody says `{words}`: {reasons:#?}");
        self
    }
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// How a child of ours ended, and the most memory that it and those it waited for had.
fn ended(id: u32) -> Option<(ExitStatus, u64)> {
    let mut status = 0;
    // SAFETY: plain C structures that outlive the call.
    let (done, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(id as libc::pid_t, &mut status, libc::WNOHANG, &mut usage), usage)
    };
    let kilobytes = u64::try_from(usage.ru_maxrss).unwrap_or_default();
    (done > 0).then(|| (ExitStatus::from_raw(status), kilobytes << 10))
}

/// The memory that a process has now.
fn resident(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    let pages: u64 =
        text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4096
}

fn length(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |file| file.len())
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let entries = entries.filter_map(Result::ok).map(|entry| entry.path());
    entries
        .map(|path| if path.is_dir() && !path.is_symlink() { size(&path) } else { length(&path) })
        .sum()
}
