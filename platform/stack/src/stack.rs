//! The servers of a system, up and answering, and the supervisor that its services join.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ael_service::{ConfigError, Env};
use chrono::Utc;

use crate::{
    ClaimedHome, Nats, NatsOptions, Postgres, PostgresOptions, Running, StackError, StackState,
    Supervisor,
};

/// How the supervisor names the private PostgreSQL.
pub const POSTGRES: &str = "postgres";
/// How the supervisor names the private nats-server.
pub const NATS: &str = "nats";

/// Which servers to run; none of a kind means that another one, given by its address, is used.
#[derive(Debug, Clone, Default)]
pub struct StackOptions {
    /// The private PostgreSQL.
    pub postgres: Option<PostgresOptions>,
    /// The private nats-server.
    pub nats: Option<NatsOptions>,
}

impl StackOptions {
    /// Both servers, with what may enter the bus as its configuration's `authorization { … }`.
    pub fn embedded(authorization: impl Into<String>) -> Self {
        let nats = NatsOptions { authorization: authorization.into(), ..NatsOptions::default() };
        Self { postgres: Some(PostgresOptions::default()), nats: Some(nats) }
    }

    /// Those servers that `DATABASE_URL` and `NATS_URL` do not name, with the programs that
    /// `AEL_POSTGRES_PROGRAMS` (a folder) and `AEL_NATS_SERVER` choose.
    ///
    /// # Errors
    /// When one of the last two cannot be read.
    pub fn from_env(env: &Env, authorization: impl Into<String>) -> Result<Self, ConfigError> {
        let programs: Option<PathBuf> =
            env.optional("AEL_POSTGRES_PROGRAMS", "the folder that holds postgres and initdb")?;
        let program: Option<PathBuf> =
            env.optional("AEL_NATS_SERVER", "the path of a nats-server program")?;
        let postgres = PostgresOptions { programs, ..PostgresOptions::default() };
        let nats = NatsOptions { program, authorization: authorization.into() };
        Ok(Self {
            postgres: env.get("DATABASE_URL").is_none().then_some(postgres),
            nats: env.get("NATS_URL").is_none().then_some(nats),
        })
    }
}

/// The servers of a system, up and answering. Dropping it kills them; [`Stack::stop`] is kinder.
#[derive(Debug)]
pub struct Stack {
    // Before the claim: the servers are gone when the home is free again.
    supervisor: Supervisor,
    state: Mutex<StackState>,
    postgres: Option<Postgres>,
    nats: Option<Nats>,
    claimed: ClaimedHome,
}

impl Stack {
    /// Starts the servers side by side and returns when both answer. The home's note says "still
    /// starting" until [`Stack::publish_ready`]: schema, topology and services come first.
    ///
    /// # Errors
    /// When a server is missing or does not come up; whatever did is stopped again.
    pub async fn start(claimed: ClaimedHome, options: StackOptions) -> Result<Self, StackError> {
        let supervisor = Supervisor::new(claimed.home().clone());
        let servers = tokio::try_join!(
            start_postgres(&claimed, options.postgres.as_ref(), &supervisor),
            start_nats(&claimed, options.nats.as_ref(), &supervisor),
        );
        let (postgres, nats) = match servers {
            Ok(servers) => servers,
            Err(error) => {
                supervisor.stop_all().await;
                return Err(error);
            }
        };
        let state = StackState {
            pid: std::process::id(),
            started_at: Utc::now(),
            ready: false,
            postgres: postgres.as_ref().map(|postgres| postgres.state().clone()),
            nats: nats.as_ref().map(Nats::state),
            endpoints: std::collections::BTreeMap::new(),
        };
        claimed.publish(&state)?;
        Ok(Self { supervisor, state: Mutex::new(state), postgres, nats, claimed })
    }

    /// Where everything is, and the passwords: the same that others find by `Home::running`.
    pub fn running(&self) -> Running {
        let secrets = self.claimed.secrets().clone();
        Running::new(self.claimed.home().clone(), self.state().clone(), secrets)
    }

    /// Where services are started, and looked after.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// The private PostgreSQL, if it is ours.
    pub fn postgres(&self) -> Option<&Postgres> {
        self.postgres.as_ref()
    }

    /// The private nats-server, if it is ours.
    pub fn nats(&self) -> Option<&Nats> {
        self.nats.as_ref()
    }

    /// Says that the system takes work, and where (`api` → `http://…`).
    ///
    /// # Errors
    /// When the home's note cannot be written.
    pub fn publish_ready(
        &self,
        endpoints: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), StackError> {
        let mut state = self.state();
        state.ready = true;
        state.endpoints.extend(endpoints);
        self.claimed.publish(&state)
    }

    /// Stops services, bus and database, in this order, and gives the home back.
    ///
    /// # Errors
    /// When the home's note cannot be written; everything is stopped all the same.
    pub async fn stop(self) -> Result<(), StackError> {
        self.state().ready = false;
        let state = self.state().clone();
        let published = self.claimed.publish(&state);
        self.supervisor.stop_all().await;
        published
    }

    fn state(&self) -> std::sync::MutexGuard<'_, StackState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start_postgres(
    claimed: &ClaimedHome,
    options: Option<&PostgresOptions>,
    supervisor: &Supervisor,
) -> Result<Option<Postgres>, StackError> {
    let Some(options) = options else { return Ok(None) };
    let postgres = Postgres::prepare(claimed, options).await?;
    supervisor.start(postgres.spec()).await?;
    postgres.ensure_database().await?;
    Ok(Some(postgres))
}

async fn start_nats(
    claimed: &ClaimedHome,
    options: Option<&NatsOptions>,
    supervisor: &Supervisor,
) -> Result<Option<Nats>, StackError> {
    let Some(options) = options else { return Ok(None) };
    let nats = Nats::prepare(claimed, options).await?;
    supervisor.start(nats.spec()).await?;
    Ok(Some(nats))
}
