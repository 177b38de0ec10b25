//! The home of one system: one folder that holds all its data, its secrets, its logs and the note
//! that says where the running system is. At most one process runs a home at a time.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::secrets::SUPERUSER;
use crate::{Secrets, StackError, files, leftovers, secrets};

/// The database of the house inside the private PostgreSQL.
pub(crate) const DATABASE: &str = "ael";

/// A folder that is or will be the home of a system; nothing is made before it is asked for.
///
/// ```text
/// secrets.env     passwords and keys (0600)      pg/      PostgreSQL's data
/// master.key      the master keyring (0600)      nats/    nats.conf, jetstream/
/// logs/           one file per process           run/     lock, stack.json, one note per process
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// The home in the given folder.
    ///
    /// # Errors
    /// When the path cannot be made absolute.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, StackError> {
        let path = path.as_ref();
        let path = std::path::absolute(path).map_err(StackError::file("find", path))?;
        Ok(Self { path })
    }

    /// The home named by `AEL_HOME`, else `./.ael`.
    ///
    /// # Errors
    /// When the path cannot be made absolute.
    pub fn from_env(env: &ael_service::Env) -> Result<Self, StackError> {
        Self::at(env.get("AEL_HOME").unwrap_or("./.ael"))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the logs are.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The log of a process.
    pub fn log(&self, process: &str) -> PathBuf {
        self.logs().join(format!("{process}.log"))
    }

    /// The file of the master keyring.
    pub fn master_key_file(&self) -> PathBuf {
        self.path.join("master.key")
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    pub(crate) fn nats(&self) -> PathBuf {
        self.path.join("nats")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.path.join("pg")
    }

    fn secrets_file(&self) -> PathBuf {
        self.path.join("secrets.env")
    }

    fn state_file(&self) -> PathBuf {
        self.run().join("stack.json")
    }

    /// The master keyring as text: read from `master.key`, which is made from `fresh` when it is
    /// not there. (`AEL_MASTER_KEY`, which overrides the file, is the caller's to look at first.)
    ///
    /// # Errors
    /// When the file cannot be read or made, `fresh` fails, or the file is gone and the data that
    /// it opens is not.
    pub fn master_key<E: From<StackError>>(
        &self,
        fresh: impl FnOnce() -> Result<SecretString, E>,
    ) -> Result<SecretString, E> {
        let path = self.master_key_file();
        if let Some(text) = files::read_if_there(&path)? {
            return Ok(text.trim().into());
        }
        self.has_no_data_without(&path)?;
        let fresh = fresh()?;
        self.replace_master_key(&fresh)?;
        Ok(fresh)
    }

    /// Whatever was made on the first start is not made again beside the data of earlier ones: a
    /// new key opens nothing that is there, and a new password lets nobody in.
    fn has_no_data_without(&self, file: &Path) -> Result<(), StackError> {
        if self.postgres().join("PG_VERSION").exists() {
            return Err(StackError::Lost { path: file.to_owned(), data: self.postgres() });
        }
        Ok(())
    }

    /// Writes a new master keyring (after a rotation), whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace_master_key(&self, keyring: &SecretString) -> Result<(), StackError> {
        files::ensure_folder(&self.path, 0o711)?;
        files::write_private(&self.master_key_file(), keyring.expose_secret())
    }

    /// 32 random bytes in base64: a key for whoever needs one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random_key() -> Result<SecretString, StackError> {
        secrets::random_key()
    }

    /// Takes the home for this process: makes its folders and missing secrets, and stops whatever
    /// an earlier process left behind when it was killed.
    ///
    /// # Errors
    /// When a system runs here already, or the folder cannot be used.
    pub async fn claim(&self, nats_users: &[&str]) -> Result<ClaimedHome, StackError> {
        // Others may pass through (PostgreSQL runs as somebody else) but not look around.
        files::ensure_folder(&self.path, 0o711)?;
        for folder in [self.logs(), self.run(), self.nats()] {
            files::ensure_folder(&folder, 0o700)?;
        }
        let lock = self.lock().await?;
        let before = StackState { ready: false, ..self.state().unwrap_or_default() };
        // Before anything else: what a crash left may still say "ready", and we hold the lock now.
        self.note(&before)?;
        leftovers::stop_noted(&self.run()).await?;
        if Secrets::load(&self.secrets_file())?.role_password(SUPERUSER).is_none() {
            self.has_no_data_without(&self.secrets_file())?;
        }
        let secrets = Secrets::load_or_create(&self.secrets_file(), nats_users)?;
        Ok(ClaimedHome { home: self.clone(), secrets, before, _lock: lock })
    }

    fn note(&self, state: &StackState) -> Result<(), StackError> {
        let path = self.state_file();
        let text = serde_json::to_string_pretty(state);
        let text = text.map_err(|error| StackError::File {
            doing: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        files::write_private(&path, &text)
    }

    /// The lock dies with the process that holds it, even by kill -9. Whoever merely asks whether
    /// a system runs holds it shared for an instant, so a refusal is asked again shortly.
    async fn lock(&self) -> Result<File, StackError> {
        let path = self.run().join("lock");
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = opened.open(&path).map_err(StackError::file("open", &path))?;
        let deadline = Instant::now() + Duration::from_millis(300);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let pid = self.state().map_or("?".to_owned(), |state| state.pid.to_string());
                    return Err(StackError::AlreadyRunning { home: self.path.clone(), pid });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(StackError::File { doing: "lock", path, source });
                }
            }
        }
    }

    /// The system that runs in this home now.
    ///
    /// # Errors
    /// [`StackError::NotRunning`] or [`StackError::StillStarting`], or its notes are unreadable.
    pub fn running(&self) -> Result<Running, StackError> {
        let not_running = || StackError::NotRunning { home: self.path.clone() };
        let lock = File::open(self.run().join("lock")).map_err(|_| not_running())?;
        if lock.try_lock_shared().is_ok() {
            return Err(not_running());
        }
        // The note may still be that of a process that was killed, while a new one holds the lock.
        let state = self.state().filter(|state| state.ready && lives(state.pid));
        let state = state.ok_or(StackError::StillStarting { home: self.path.clone() })?;
        Ok(Running { home: self.clone(), state, secrets: Secrets::load(&self.secrets_file())? })
    }

    fn state(&self) -> Option<StackState> {
        let text = std::fs::read_to_string(self.state_file()).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// Whether there is a process of this number, whoever it belongs to.
fn lives(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) {
        Ok(()) => true,
        Err(errno) => errno == nix::errno::Errno::EPERM,
    }
}

/// What `run/stack.json` says about a system: where its parts are. It holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StackState {
    /// The process that runs the system.
    pub pid: u32,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// Whether every part takes work.
    pub ready: bool,
    /// The private PostgreSQL; none when `DATABASE_URL` names another.
    pub postgres: Option<PostgresState>,
    /// The private nats-server; none when `NATS_URL` names another.
    pub nats: Option<NatsState>,
    /// Whatever else is worth finding: `api` → `http://127.0.0.1:8080` …
    pub endpoints: BTreeMap<String, String>,
}

/// Where the private PostgreSQL is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresState {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Its data, usually `pg/` of the home.
    pub data: PathBuf,
}

/// Where the private nats-server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatsState {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// What it says its version is.
    pub version: String,
}

/// A home that this process alone may run a system in, until the value is dropped.
#[derive(Debug)]
pub struct ClaimedHome {
    home: Home,
    secrets: Secrets,
    before: StackState,
    _lock: File,
}

impl ClaimedHome {
    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Its passwords and keys.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What the note said that the last start left, for its ports.
    pub(crate) fn before(&self) -> &StackState {
        &self.before
    }

    /// Says where the system is, to everybody who asks for [`Home::running`].
    pub(crate) fn publish(&self, state: &StackState) -> Result<(), StackError> {
        self.home.note(state)
    }
}

/// A running system, as another process of the same person finds it.
#[derive(Debug, Clone)]
pub struct Running {
    home: Home,
    state: StackState,
    secrets: Secrets,
}

impl Running {
    pub(crate) fn new(home: Home, state: StackState, secrets: Secrets) -> Self {
        Self { home, state, secrets }
    }

    /// Its home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Where its parts are.
    pub fn state(&self) -> &StackState {
        &self.state
    }

    /// Its passwords and keys.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The address of the house's database for a role; none when the database is not ours.
    pub fn role_url(&self, role: &str) -> Option<SecretString> {
        let port = self.state.postgres.as_ref()?.port;
        let password = self.secrets.role_password(role)?.expose_secret();
        Some(format!("postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}").into())
    }

    /// The same for the superuser, who makes the roles and takes dumps.
    pub fn superuser_url(&self) -> Option<SecretString> {
        self.role_url(SUPERUSER)
    }

    /// The address of the bus; none when the bus is not ours.
    pub fn nats_url(&self) -> Option<String> {
        Some(format!("nats://127.0.0.1:{}", self.state.nats.as_ref()?.port))
    }

    /// How a NATS user enters the bus; none when the bus is not ours or does not know the user.
    pub fn bus_config(&self, user: &str) -> Option<ael_service::BusConfig> {
        Some(ael_service::BusConfig {
            url: self.nats_url()?,
            user: user.to_owned(),
            password: self.secrets.nats_password(user)?.clone(),
            ca_file: None,
            allow_plaintext: false,
        })
    }

    /// How a role enters the database; none when the database is not ours.
    pub fn database_config(&self, role: &str) -> Option<ael_service::DatabaseConfig> {
        Some(ael_service::DatabaseConfig { url: self.role_url(role)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_home_has_one_system_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join(".ael")).unwrap();
        let message = home.running().unwrap_err().to_string();
        assert!(message.ends_with("/.ael; start one with `ael up`"), "{message}");
        let claimed = home.claim(&["cli"]).await.unwrap();
        assert!(matches!(home.running(), Err(StackError::StillStarting { .. })));
        let refusal = home.claim(&["cli"]).await.unwrap_err();
        assert!(matches!(refusal, StackError::AlreadyRunning { .. }));
        let nats = Some(NatsState { port: 4222, version: "2.9.10".into() });
        let state = StackState { pid: 7, ready: true, nats, ..StackState::default() };
        claimed.publish(&state).unwrap();
        let running = home.running().unwrap();
        assert_eq!(running.state(), &state);
        assert_eq!(running.nats_url().unwrap(), "nats://127.0.0.1:4222");
        assert!(running.bus_config("cli").is_some() && running.bus_config("eve").is_none());
        assert!(running.superuser_url().is_none());
        drop(claimed);
        assert!(matches!(home.running(), Err(StackError::NotRunning { .. })));
        home.claim(&["cli"]).await.unwrap();
    }

    #[test]
    fn the_master_key_is_made_once_and_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let key = |fresh: &str| home.master_key(|| Ok::<_, StackError>(fresh.into())).unwrap();
        assert_eq!(key("one").expose_secret(), "one");
        assert_eq!(key("two").expose_secret(), "one");
        home.replace_master_key(&"three".into()).unwrap();
        assert_eq!(key("four").expose_secret(), "three");
    }

    #[tokio::test]
    async fn what_was_lost_is_not_made_anew_beside_the_data_that_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        home.master_key(|| Ok::<_, StackError>("one".into())).unwrap();
        drop(home.claim(&["cli"]).await.unwrap());
        std::fs::create_dir(home.postgres()).unwrap();
        std::fs::write(home.postgres().join("PG_VERSION"), "15").unwrap();
        std::fs::remove_file(home.master_key_file()).unwrap();
        let refused = home.master_key(|| Ok::<_, StackError>("two".into()));
        assert!(
            matches!(refused, Err(StackError::Lost { .. })) && !home.master_key_file().exists()
        );
        drop(home.claim(&["cli"]).await.unwrap());
        for nothing in ["", "# nothing\n"] {
            std::fs::write(home.secrets_file(), nothing).unwrap();
            assert!(matches!(home.claim(&["cli"]).await, Err(StackError::Lost { .. })));
            assert_eq!(std::fs::read_to_string(home.secrets_file()).unwrap(), nothing);
        }
    }
}
