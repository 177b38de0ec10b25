//! The passwords and keys of a home: made on its first start, kept in files only their owner reads.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use crate::{StackError, files};

/// The superuser of the private PostgreSQL.
pub const SUPERUSER: &str = "postgres";

/// The database roles of the house, each with a password of its own.
pub const ROLES: [&str; 5] =
    ["ael_owner", "ael_commands", "ael_relay", "ael_queries", "ael_projections"];

const BUS_KEY: &str = "AEL_BUS_KEY";

/// What `secrets.env` holds: passwords of database roles and NATS users, and the bus key.
#[derive(Clone)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// Reads the file and adds whatever is missing in it: a first start makes them all, a new
    /// version that brings a new NATS user makes that one.
    pub(crate) fn load_or_create(path: &Path, nats_users: &[&str]) -> Result<Self, StackError> {
        let mut secrets = Self::load(path)?;
        let before = secrets.0.len();
        let roles = ROLES.iter().chain([&SUPERUSER]).map(|role| role_key(role));
        for key in roles.chain(nats_users.iter().map(|user| nats_key(user))) {
            if let Entry::Vacant(missing) = secrets.0.entry(key) {
                missing.insert(random_text::<24>(&URL_SAFE_NO_PAD)?);
            }
        }
        if let Entry::Vacant(missing) = secrets.0.entry(BUS_KEY.to_owned()) {
            missing.insert(random_key()?);
        }
        if secrets.0.len() > before {
            files::write_private(path, &secrets.to_file())?;
        }
        Ok(secrets)
    }

    /// Reads the file as it is; a missing file holds nothing.
    pub(crate) fn load(path: &Path) -> Result<Self, StackError> {
        let text = files::read_if_there(path)?.unwrap_or_default();
        let lines = text.lines().map(str::trim);
        let pairs = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), SecretString::from(value)))
        });
        let pairs: Option<BTreeMap<_, _>> = pairs.collect();
        let damaged = || StackError::Damaged {
            path: path.to_owned(),
            detail: "each line should be NAME=value".to_owned(),
        };
        pairs.map(Self).ok_or_else(damaged)
    }

    fn to_file(&self) -> String {
        let lines =
            self.0.iter().map(|(name, value)| format!("{name}={}\n", value.expose_secret()));
        let lines: String = lines.collect();
        format!("# Made by ael on its first start. Whoever reads this owns the system.\n{lines}")
    }

    /// The password of a database role or of the superuser.
    pub fn role_password(&self, role: &str) -> Option<&SecretString> {
        self.0.get(&role_key(role))
    }

    /// The password of a NATS user.
    pub fn nats_password(&self, user: &str) -> Option<&SecretString> {
        self.0.get(&nats_key(user))
    }

    /// The key that seals what lies on the bus outside the event log: 32 bytes in base64.
    pub fn bus_key(&self) -> Option<&SecretString> {
        self.0.get(BUS_KEY)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn role_key(role: &str) -> String {
    format!("AEL_DB_PASSWORD_{}", shouted(role))
}

fn nats_key(user: &str) -> String {
    format!("AEL_NATS_PASSWORD_{}", shouted(user))
}

fn shouted(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// A fresh key: 32 random bytes in base64.
pub(crate) fn random_key() -> Result<SecretString, StackError> {
    random_text::<32>(&STANDARD)
}

fn random_text<const BYTES: usize>(alphabet: &impl Engine) -> Result<SecretString, StackError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| StackError::System {
        what: "random bytes",
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(alphabet.encode(bytes).into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_a_new_user_gets_one_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.env");
        let first = Secrets::load_or_create(&path, &["commands"]).unwrap();
        let again = Secrets::load_or_create(&path, &["commands", "process-manager"]).unwrap();
        for role in ROLES.iter().chain([&SUPERUSER]) {
            let password = first.role_password(role).unwrap().expose_secret();
            assert_eq!(password, again.role_password(role).unwrap().expose_secret());
            assert_eq!(password.len(), 32);
        }
        assert_eq!(
            first.nats_password("commands").unwrap().expose_secret(),
            again.nats_password("commands").unwrap().expose_secret()
        );
        assert!(first.nats_password("process-manager").is_none());
        assert!(again.nats_password("process-manager").is_some());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::load_or_create(&folder.path().join("s"), &["relay"]).unwrap();
        let password = secrets.nats_password("relay").unwrap().expose_secret();
        assert!(!format!("{secrets:?}").contains(password));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.env");
        fs::write(&path, "no equals sign").unwrap();
        let refusal = Secrets::load_or_create(&path, &[]).unwrap_err();
        assert!(refusal.to_string().contains("secrets.env is damaged"));
    }
}
