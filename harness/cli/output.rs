//! What the program writes: standard output, messages, and files that are whole or not there.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something could not be written to standard output. One flag for the whole process, as
/// there is one standard output: it decides the exit code at the end.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A reader that has gone away is no error; anything else that keeps the
/// text from being written is told once, and the exit code will be 2.
pub(super) fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let Err(error) = written else { return };
    if error.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) {
        refuse(&format!("could not write to standard output: {error}"));
    }
}

/// The exit code of the program: 2 where its output was lost, whatever was found.
pub(super) fn at_the_end(code: ExitCode) -> ExitCode {
    if LOST.load(Ordering::Relaxed) { ExitCode::from(2) } else { code }
}

/// One clear sentence and exit code 2.
pub(super) fn refuse(text: &str) -> ExitCode {
    say(&format!("waxseal: {text}"));
    ExitCode::from(2)
}

/// A line on standard error.
pub(super) fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// The folder of `--out`, made and tried before anything is played.
#[derive(Debug)]
pub(super) struct OutDir(PathBuf);

impl OutDir {
    /// Makes the folder and writes a file into it, which is removed again.
    ///
    /// # Errors
    /// One sentence: files cannot be written there.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let dir = Self(path.to_owned());
        let probe = path.join(format!(".waxseal-{}", std::process::id()));
        std::fs::create_dir_all(path)
            .and_then(|()| std::fs::write(&probe, b"\n"))
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| dir.failed(&error))?;
        Ok(dir)
    }

    /// Writes a file under a temporary name and renames it: whoever finds it finds it whole.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let whole = self.0.join(name);
        let part = self.0.join(format!(".{name}.{}", std::process::id()));
        let written = std::fs::File::create(&part).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&part, &whole)
        });
        written.map_err(|error| {
            let _ = std::fs::remove_file(&part);
            self.failed(&error)
        })
    }

    fn failed(&self, error: &std::io::Error) -> String {
        format!("could not write into {}: {error}", self.0.display())
    }
}
