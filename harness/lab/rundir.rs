//! The run's private directory.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::LabError;

/// A directory of mode 0700 that is removed when dropped, unless kept.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// `None`: the directory is left behind.
    held: Option<TempDir>,
    /// Its lock says that somebody still uses the directory.
    _lock: File,
}

/// What becomes of the directory at the end of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays, for a look at the relay's files.
    Keep,
    /// It is removed with all in it.
    Remove,
}

impl RunDir {
    /// Makes one in `parent`; without that, in the system's directory for temporary files. There
    /// it first removes what runs have left that were killed.
    ///
    /// A directory that is kept is always one of the system's.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn create(afterwards: Afterwards, parent: Option<&Path>) -> Result<Self, LabError> {
        let temporary = std::env::temp_dir();
        match (afterwards, parent) {
            (Afterwards::Keep, _) => Self::new(&temporary, KEPT),
            (Afterwards::Remove, Some(parent)) => Self::new(parent, REMOVED),
            (Afterwards::Remove, None) => {
                sweep(&temporary);
                Self::new(&temporary, REMOVED)
            }
        }
    }

    fn new(parent: &Path, prefix: &str) -> Result<Self, LabError> {
        let failed = |cause| LabError::Write { path: parent.to_owned(), cause };
        loop {
            let held = tempfile::Builder::new()
                .prefix(prefix)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)
                .map_err(failed)?;
            let lock = File::open(held.path()).map_err(failed)?;
            lock.lock().map_err(failed)?;
            // One that sweeps may have been quicker than our lock.
            if lock.metadata().map_err(failed)?.nlink() == 0 {
                continue;
            }
            return Ok(match prefix {
                KEPT => Self { path: held.keep(), held: None, _lock: lock },
                _ => Self { path: held.path().to_owned(), held: Some(held), _lock: lock },
            });
        }
    }

    /// Where it is; absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of mode 0600, such as a key, and gives its path. `name` may hold folders;
    /// they are made with mode 0700. A file of that name is replaced.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn write_private(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, LabError> {
        self.write_with(name, bytes, 0o600)
    }

    /// Writes a file that may be run, of mode 0700, and gives its path.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn write_program(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, LabError> {
        self.write_with(name, bytes, 0o700)
    }

    /// Lets other users read a file of the directory, and walk through the folders that it is in below
    /// this one. The directory itself stays closed to them: it is for files that are copied from here.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn let_others_read(&self, name: &Path) -> Result<(), LabError> {
        let folders = name.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        for (path, more) in std::iter::once((name, 0o044)).chain(folders.map(|at| (at, 0o055))) {
            let path = self.path.join(path);
            let failed = |cause| LabError::Write { path: path.clone(), cause };
            let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
            fs::set_permissions(&path, Permissions::from_mode(mode | more)).map_err(failed)?;
        }
        Ok(())
    }

    fn write_with(&self, name: &str, bytes: &[u8], mode: u32) -> Result<PathBuf, LabError> {
        let path = self.path.join(name);
        write_anew(&path, bytes, mode)
            .map_err(|cause| LabError::Write { path: path.clone(), cause })?;
        Ok(path)
    }
}

/// How the names of directories begin: of those that go with their run, and of those that stay.
const REMOVED: &str = "waxseal-run-";
const KEPT: &str = "waxseal-kept-";

/// Removes directories of runs that are no more: ours, of the name, and locked by nobody.
fn sweep(parent: &Path) {
    // SAFETY: no preconditions.
    let us = unsafe { libc::geteuid() };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let named = entry.file_name().to_string_lossy().starts_with(REMOVED);
        // Of the link itself, if it is one.
        let ours = || entry.metadata().is_ok_and(|of| of.is_dir() && of.uid() == us);
        if !named || !ours() {
            continue;
        }
        let open = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(entry.path());
        if let Ok(lock) = open
            && lock.try_lock().is_ok()
        {
            // What cannot be removed now can be at the next start.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // A file that cannot be removed, say one of another user, is no reason to stop.
        drop(self.held.take());
    }
}

fn write_anew(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    // The mode counts only for a new file, so an old one goes first.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_directory_and_its_keys_are_for_the_owner_only() {
        let dir = RunDir::create(Afterwards::Remove, None).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
        let key = dir.write_private("keys/relay.key", b"secret").unwrap();
        let key = dir.write_private("keys/relay.key", b"other").map(|again| (again == key, again));
        let (same, key) = key.unwrap();
        assert!(same);
        assert_eq!((mode(&key), mode(key.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read(key).unwrap(), b"other");
    }

    #[test]
    fn the_directory_goes_unless_kept() {
        let gone = RunDir::create(Afterwards::Remove, None).unwrap().path().to_owned();
        assert!(!gone.exists());
        let kept = RunDir::create(Afterwards::Keep, None).unwrap().path().to_owned();
        assert!(kept.exists());
        fs::remove_dir_all(kept).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_used_or_kept_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let used = RunDir::new(parent.path(), REMOVED).unwrap();
        let kept = RunDir::new(parent.path(), KEPT).unwrap().path().to_owned();
        let other = parent.path().join("waxseal-other");
        let left = parent.path().join("waxseal-run-left");
        let outside = tempfile::tempdir().unwrap();
        for dir in [&other, &left] {
            fs::create_dir(dir).unwrap();
            fs::write(dir.join("relay.key"), "secret").unwrap();
        }
        std::os::unix::fs::symlink(outside.path(), parent.path().join("waxseal-run-link")).unwrap();
        sweep(parent.path());
        assert!(!left.exists());
        assert!([used.path(), &kept, &other, outside.path()].iter().all(|path| path.exists()));
        drop(used);
    }
}
