//! What the children say, one file each under `logs/`, kept from growing for ever.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::StackError;

const ROTATE_AT_BYTES: u64 = 8 * 1024 * 1024;
const KEPT: usize = 3;

/// Opens a child's log to append to; one that has grown large is put aside first.
pub(crate) fn open(path: &Path) -> Result<File, StackError> {
    if fs::metadata(path).is_ok_and(|log| log.len() > ROTATE_AT_BYTES) {
        for number in (1..KEPT).rev() {
            match fs::rename(numbered(path, number), numbered(path, number + 1)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                moved => moved.map_err(StackError::file("put aside", path))?,
            }
        }
        fs::rename(path, numbered(path, 1)).map_err(StackError::file("put aside", path))?;
    }
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map_err(StackError::file("open", path))
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    path.with_extension(format!("log.{number}"))
}

/// The last lines written since the log was `from` bytes long, for an error that a person sees.
pub(crate) fn tail(path: &Path, from: u64) -> String {
    const MOST: u64 = 4096;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(MOST)).min(length)))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok(text)
    };
    let text = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_that_has_grown_large_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.log");
        open(&path).unwrap().set_len(ROTATE_AT_BYTES + 1).unwrap();
        let mut log = open(&path).unwrap();
        assert_eq!(log.metadata().unwrap().len(), 0);
        assert!(folder.path().join("relay.log.1").exists());
        writeln!(log, "first\nsecond").unwrap();
        assert_eq!(tail(&path, 6), "second");
    }
}
