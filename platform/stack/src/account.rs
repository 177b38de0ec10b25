//! As whom PostgreSQL runs when we are root, which it refuses to be: an unprivileged account.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, geteuid};

use crate::StackError;

/// An account of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its primary group's id.
    pub gid: u32,
}

impl Account {
    /// The account to drop to: none when we are not root, else `postgres`, else `nobody`.
    ///
    /// # Errors
    /// When we are root and neither account exists.
    pub fn unprivileged() -> Result<Option<Self>, StackError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let found = ["postgres", "nobody"].into_iter().find_map(|name| {
            let user = User::from_name(name).ok().flatten()?;
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            (user.uid != Uid::from_raw(0)).then_some(Self { name: user.name, uid, gid })
        });
        found.map(Some).ok_or(StackError::ProgramMissing {
            program: "an unprivileged account",
            advice: "PostgreSQL refuses to run as root; make a user named postgres".to_owned(),
        })
    }

    /// The first folder on the way to `path` that this account may not pass through.
    pub(crate) fn barred_by(&self, path: &Path) -> Option<PathBuf> {
        let barred = |folder: &&Path| {
            folder.metadata().is_ok_and(|meta| {
                let wanted = match () {
                    () if meta.uid() == self.uid => 0o100,
                    () if meta.gid() == self.gid => 0o010,
                    () => 0o001,
                };
                meta.mode() & wanted == 0
            })
        };
        path.ancestors().find(barred).map(Path::to_owned)
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<(), StackError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(StackError::file("give away", path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir_all, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_lets_nobody_through_is_found() {
        let base = tempfile::tempdir().unwrap();
        let closed = base.path().join("closed");
        create_dir_all(closed.join("inner")).unwrap();
        set_permissions(base.path(), Permissions::from_mode(0o711)).unwrap();
        let stranger = Account { name: "stranger".into(), uid: 987_654, gid: 987_654 };
        set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(stranger.barred_by(&closed.join("inner")), Some(closed.clone()));
        set_permissions(&closed, Permissions::from_mode(0o711)).unwrap();
        assert_eq!(stranger.barred_by(&closed.join("inner")), None);
    }
}
