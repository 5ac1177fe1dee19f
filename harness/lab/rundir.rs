//! The run's private directory.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::LabError;

/// A directory of mode 0700 that is removed when dropped, unless kept.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// `None`: the directory is left behind.
    held: Option<TempDir>,
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
    /// Makes one in the system's directory for temporary files.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn create(afterwards: Afterwards) -> Result<Self, LabError> {
        let parent = std::env::temp_dir();
        let held = tempfile::Builder::new()
            .prefix("waxseal-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(|cause| LabError::Write { path: parent, cause })?;
        Ok(match afterwards {
            Afterwards::Keep => Self { path: held.keep(), held: None },
            Afterwards::Remove => Self { path: held.path().to_owned(), held: Some(held) },
        })
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

    /// Lets other users walk through the directory, not list it: for a relay that starts as root
    /// and reads its files as a user of its own. Files keep their modes.
    ///
    /// # Errors
    /// [`LabError::Write`].
    pub fn let_others_through(&self) -> Result<(), LabError> {
        fs::set_permissions(&self.path, Permissions::from_mode(0o711))
            .map_err(|cause| LabError::Write { path: self.path.clone(), cause })
    }

    fn write_with(&self, name: &str, bytes: &[u8], mode: u32) -> Result<PathBuf, LabError> {
        let path = self.path.join(name);
        write_anew(&path, bytes, mode)
            .map_err(|cause| LabError::Write { path: path.clone(), cause })?;
        Ok(path)
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
        let dir = RunDir::create(Afterwards::Remove).unwrap();
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
        let gone = RunDir::create(Afterwards::Remove).unwrap().path().to_owned();
        assert!(!gone.exists());
        let kept = RunDir::create(Afterwards::Keep).unwrap().path().to_owned();
        assert!(kept.exists());
        fs::remove_dir_all(kept).unwrap();
    }
}
