//! Files that hold secrets or state: written whole or not at all, readable by their owner alone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::StackError;

/// Makes a folder with the given mode unless it is there already.
pub(crate) fn ensure_folder(path: &Path, mode: u32) -> Result<(), StackError> {
    if path.is_dir() {
        return Ok(());
    }
    let built = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    // Again, because the process's umask may have taken some of the mode away.
    let built = built.and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)));
    built.map_err(StackError::file("create", path))
}

/// Replaces a file by a rename, so that a crash leaves the old or the new one, never a part.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), StackError> {
    let fresh = path.with_added_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(StackError::file("write", path))
}

/// Reads a file that may not exist yet.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, StackError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StackError::file("read", path)(error)),
    }
}

/// Removes a file or folder with all that is in it; fine if it is not there.
pub(crate) fn remove(path: &Path) -> Result<(), StackError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StackError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
