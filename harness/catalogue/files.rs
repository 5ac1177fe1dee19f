//! Files that a user names, read up to a bound.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The bytes of a file, which may be a pipe.
///
/// # Errors
/// What the system says, or that it is larger than `most` octets: a device has no end.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    match bytes.len() as u64 > most {
        true => Err(format!("it is larger than {} MiB", most >> 20)),
        false => Ok(bytes),
    }
}

/// The same as text.
///
/// # Errors
/// Those of [`bytes`], or that it is no UTF-8.
pub fn text(path: &Path, most: u64) -> Result<String, String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| "it is not text in UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_told_and_not_read_to_its_end() {
        assert_eq!(text(Path::new("/dev/null"), 3), Ok(String::new()));
        let error = bytes(Path::new("/dev/zero"), 1 << 20);
        assert_eq!(error, Err("it is larger than 1 MiB".into()));
    }
}
