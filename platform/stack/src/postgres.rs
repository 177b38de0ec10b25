//! The private PostgreSQL: found, given a data folder and a port of its own, started and mended.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::process::Command;

use crate::home::{DATABASE, PostgresState};
use crate::secrets::SUPERUSER;
use crate::stack::POSTGRES;
use crate::supervisor::{Ready, ServiceSpec, Tier};
use crate::{Account, ClaimedHome, Home, StackError, files, leftovers, ports};

const OLDEST_MAJOR: u32 = 15;

/// How the server is run; what is not said here is the server's default.
const SETTINGS: [(&str, &str); 21] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "300"),
    ("shared_buffers", "128MB"),
    ("effective_cache_size", "1GB"),
    ("random_page_cost", "1.1"),
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("wal_compression", "on"),
    ("max_wal_size", "2GB"),
    ("jit", "off"),
    ("track_commit_timestamp", "off"),
    // A transaction of ours that stays open holds up the settled order for everybody.
    ("idle_in_transaction_session_timeout", "10s"),
    ("autovacuum_naptime", "15s"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_line_prefix", "%m [%p] %u "),
    // Details of errors quote rows, and rows may hold people.
    ("log_error_verbosity", "terse"),
    // A refused append is an everyday answer: one line says it, without all that was asked.
    ("log_min_error_statement", "fatal"),
    ("log_checkpoints", "off"),
    ("cluster_name", "ael"),
];

/// What a caller may choose about the private PostgreSQL.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// The folder of its programs; none to look for the newest installed one.
    pub programs: Option<PathBuf>,
    /// More settings, or others than ours, as `postgres -c name=value` takes them.
    pub settings: Vec<(String, String)>,
}

/// A private PostgreSQL with its data folder made, ready to be supervised.
#[derive(Debug, Clone)]
pub struct Postgres {
    programs: PathBuf,
    account: Option<Account>,
    state: PostgresState,
    settings: Vec<(String, String)>,
    superuser: PgConnectOptions,
}

impl Postgres {
    /// Finds the programs and makes the data folder on the first start.
    ///
    /// # Errors
    /// When no PostgreSQL ≥ 15 is installed, or none that can read the data; when `initdb` fails.
    pub async fn prepare(
        claimed: &ClaimedHome,
        options: &PostgresOptions,
    ) -> Result<Self, StackError> {
        let account = Account::unprivileged()?;
        let remembered = claimed.before().postgres.clone();
        let data = choose_data(claimed.home(), account.as_ref())?;
        let made_by = files::read_if_there(&data.join("PG_VERSION"))?;
        let made_by = made_by.and_then(|text| text.trim().parse().ok());
        let programs = find_programs(options.programs.as_deref(), made_by).await?;
        let password = claimed.secrets().role_password(SUPERUSER).ok_or(StackError::Damaged {
            path: claimed.home().path().join("secrets.env"),
            detail: "the superuser's password is missing".to_owned(),
        })?;
        let port = ports::choose(remembered.map(|state| state.port))?;
        let superuser = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(SUPERUSER)
            .password(password.expose_secret())
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging();
        let settings = options.settings.clone();
        let state = PostgresState { port, data };
        let postgres = Self { programs, account, state, settings, superuser };
        if made_by.is_none() {
            postgres.make_data(password.expose_secret()).await?;
        }
        Ok(postgres)
    }

    /// Where it is.
    pub fn state(&self) -> &PostgresState {
        &self.state
    }

    /// The folder of its programs (`pg_dump`, `psql` …).
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// How to supervise it: it clears away what a kill -9 left before each start, is ready when it
    /// answers a query, and is stopped by a fast shutdown.
    pub fn spec(&self) -> ServiceSpec {
        let defaults = SETTINGS.iter().map(|(name, value)| format!("{name}={value}"));
        let chosen = self.settings.iter().map(|(name, value)| format!("{name}={value}"));
        let settings = defaults.chain(chosen).flat_map(|setting| ["-c".to_owned(), setting]);
        let mut args: Vec<OsString> = vec!["-D".into(), self.state.data.clone().into()];
        args.extend(["-p".into(), self.state.port.to_string().into()]);
        args.extend(settings.map(OsString::from));
        let superuser = self.superuser.clone();
        let ready = Ready::probe(move || answers(superuser.clone()));
        let data = self.state.data.clone();
        ServiceSpec {
            tier: Tier::Database,
            account: self.account.clone(),
            stop_signal: Signal::SIGINT,
            stop_within: Duration::from_secs(60),
            ready_within: Duration::from_secs(300), // recovery after a crash may take its time
            before_start: Some(Arc::new(move || Box::pin(clear_leftovers(data.clone())))),
            ..ServiceSpec::service(POSTGRES, self.programs.join("postgres"), args).ready(ready)
        }
    }

    /// Makes the database of the house inside the running server, if it is not there yet.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ensure_database(&self) -> Result<(), StackError> {
        let mut connection = self.superuser.clone().database(SUPERUSER).connect().await?;
        let found = sqlx::query("select 1 from pg_database where datname = $1")
            .bind(DATABASE)
            .fetch_optional(&mut connection)
            .await?;
        if found.is_none() {
            sqlx::raw_sql("create database ael").execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Runs `initdb` beside the final folder and renames it when all is done, so that a crash
    /// half-way leaves nothing that looks like data.
    async fn make_data(&self, password: &str) -> Result<(), StackError> {
        let data = &self.state.data;
        let fresh = data.with_file_name("pg.new");
        let password_file = data.with_file_name("pg.password");
        tracing::info!(data = %data.display(), "making the data folder of PostgreSQL");
        files::remove(&fresh)?;
        files::ensure_folder(&fresh, 0o700)?;
        files::write_private(&password_file, password)?;
        let mut command = Command::new(self.programs.join("initdb"));
        command.arg("-D").arg(&fresh).arg(format!("--pwfile={}", password_file.display()));
        command.args(["-U", SUPERUSER, "--auth=scram-sha-256", "--data-checksums"]);
        command.args(["--encoding=UTF8", "--locale=C.UTF-8"]);
        command.env_remove("PGDATA").kill_on_drop(true);
        if let Some(account) = &self.account {
            account.own(&fresh)?;
            account.own(&password_file)?;
            command.uid(account.uid).gid(account.gid).current_dir("/");
        }
        let done = run(command, "initdb").await;
        files::remove(&password_file)?;
        done?;
        std::fs::rename(&fresh, data).map_err(StackError::file("put in place", data))
    }
}

/// Where the data is, or will be: `pg` of the home, which is a link to a folder elsewhere when
/// PostgreSQL's own account cannot get to the home.
fn choose_data(home: &Home, account: Option<&Account>) -> Result<PathBuf, StackError> {
    let usual = home.postgres();
    if let Ok(elsewhere) = std::fs::read_link(&usual) {
        return Ok(elsewhere);
    }
    let Some(account) = account.filter(|_| !usual.exists()) else { return Ok(usual) };
    let Some(barrier) = account.barred_by(home.path()) else { return Ok(usual) };
    let common = Path::new("/var/lib/ael");
    files::ensure_folder(common, 0o711)?;
    let name = home.path().to_string_lossy().trim_matches('/').replace('/', "-");
    let made = tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in(common);
    let data = made.map_err(StackError::file("make a folder in", common))?.keep().join("pg");
    symlink(&data, &usual).map_err(StackError::file("link", &usual))?;
    tracing::warn!(
        barrier = %barrier.display(), account = account.name, data = %data.display(),
        "PostgreSQL's data goes elsewhere: its account cannot get through to the home"
    );
    Ok(data)
}

/// The folder with `postgres` and `initdb`: the newest installed, or the one that made the data.
async fn find_programs(chosen: Option<&Path>, made_by: Option<u32>) -> Result<PathBuf, StackError> {
    let mut newest: Option<(u32, PathBuf)> = None;
    for folder in chosen.map_or_else(candidates, |folder| vec![folder.to_owned()]) {
        let Some(major) = major_version(&folder).await else { continue };
        let fits = made_by.map_or(major >= OLDEST_MAJOR, |made_by| major == made_by);
        if fits && newest.as_ref().is_none_or(|(found, _)| major > *found) {
            newest = Some((major, folder));
        }
    }
    let needed = made_by.map_or(format!("{OLDEST_MAJOR} or newer"), |major| major.to_string());
    let advice = format!(
        "PostgreSQL {needed} is needed; install it (Debian: apt-get install postgresql) or use \
         another server by DATABASE_URL"
    );
    let missing = StackError::ProgramMissing { program: "PostgreSQL", advice };
    newest.map(|(_, folder)| folder).ok_or(missing)
}

/// Where distributions put the programs, then the `PATH`.
fn candidates() -> Vec<PathBuf> {
    let below = |parent: &str, prefix: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let named = entries.filter(|one| one.file_name().to_string_lossy().starts_with(prefix));
        named.map(|entry| entry.path().join("bin")).collect()
    };
    let mut folders = below("/usr/lib/postgresql", "");
    folders.extend(below("/usr", "pgsql-"));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.retain(|folder| ["postgres", "initdb"].iter().all(|it| folder.join(it).is_file()));
    folders
}

/// The major version of the programs in a folder: `postgres (PostgreSQL) 15.20 (Debian …)`.
async fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_ascii_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

async fn run(mut command: Command, program: &str) -> Result<(), StackError> {
    let failed = |outcome: String, said: String| StackError::ProgramFailed {
        program: program.to_owned(),
        outcome,
        said,
    };
    let output = command.output().await.map_err(|e| failed("not started".into(), e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(output.status.to_string(), said))
}

async fn answers(options: PgConnectOptions) -> bool {
    let ask = async {
        let mut connection = options.database(SUPERUSER).connect().await?;
        sqlx::query("select 1").execute(&mut connection).await?;
        connection.close().await
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), ask).await, Ok(Ok(())))
}

/// After a kill -9 of the server its children may still run, and after one of the supervisor the
/// server itself: neither may be there when it starts anew.
async fn clear_leftovers(data: PathBuf) {
    leftovers::stop_working_in(&data).await;
    if leftovers::working_in(&data).is_empty()
        && let Err(error) = files::remove(&data.join("postmaster.pid"))
    {
        tracing::warn!(%error, "a stale lock file of PostgreSQL stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_programs_that_made_the_data_are_asked_for_by_version() {
        let refusal = find_programs(None, Some(7)).await.unwrap_err().to_string();
        assert!(refusal.contains("PostgreSQL 7 is needed"), "{refusal}");
        let found = find_programs(None, None).await.unwrap();
        assert!(found.join("initdb").is_file());
    }
}
