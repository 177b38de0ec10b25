//! Entering the database: each service in its own role, with limits that keep the horizon moving.

use crate::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor as _, PgPool};
use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

/// A role of the database; each service has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DbRole {
    /// Owns the tables: migrations, audits, key rotation.
    Owner,
    /// The one writer.
    Commands,
    /// Reads the settled order, extends the hash chain.
    Relay,
    /// Reads the read models.
    Queries,
    /// Writes the read models.
    Projections,
}

impl DbRole {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Commands, Self::Relay, Self::Queries, Self::Projections];

    /// Its name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "ael_owner",
            Self::Commands => "ael_commands",
            Self::Relay => "ael_relay",
            Self::Queries => "ael_queries",
            Self::Projections => "ael_projections",
        }
    }

    /// The limits of its sessions, in milliseconds. A transaction that has written holds back the
    /// settled order of everybody, and so none of ours may idle or wait long; 0 is no limit.
    pub(crate) const fn limits(self) -> Limits {
        match self {
            Self::Owner => Limits { statement_ms: 0, lock_ms: 2_000, idle_ms: 60_000 },
            Self::Commands => Limits { statement_ms: 5_000, lock_ms: 100, idle_ms: 200 },
            Self::Relay => Limits { statement_ms: 10_000, lock_ms: 100, idle_ms: 200 },
            Self::Queries => Limits { statement_ms: 10_000, lock_ms: 1_000, idle_ms: 10_000 },
            Self::Projections => Limits { statement_ms: 10_000, lock_ms: 1_000, idle_ms: 2_000 },
        }
    }

    /// How its statements are planned. The writer and the projector find everything by its key: a
    /// plan that was made while a table was empty must not read all of it for ever, and planning
    /// anew for each group would cost as much as the work.
    pub(crate) const fn planning(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Commands | Self::Projections => &[
                ("plan_cache_mode", "force_generic_plan"),
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ],
            // The settled order is read by its index, in one way whatever the numbers.
            Self::Relay => &[("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")],
            // A page is small work: more processes and compiled plans only take longer to start.
            Self::Queries => &[("jit", "off"), ("max_parallel_workers_per_gather", "0")],
            Self::Owner => &[],
        }
    }
}

impl fmt::Display for DbRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) statement_ms: u32,
    pub(crate) lock_ms: u32,
    pub(crate) idle_ms: u32,
}

/// How a service holds its connections.
#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// The name under which `pg_stat_activity` shows the service.
    pub application: String,
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a free one, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// Another limit for statements than the role's, in milliseconds.
    pub statement_timeout_ms: Option<u32>,
    /// Whether a connection is tried before it is used: for pools that are used so rarely that a
    /// restarted database is met by one connection after the other.
    pub tried: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            application: "ael".to_owned(),
            max_connections: 8,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: None,
            tried: false,
        }
    }
}

/// Opens a pool of connections in a role. The writer's connections first make sure which life of
/// the database this is: after a restore the first of them starts the next incarnation.
///
/// # Errors
/// [`StoreError::Address`] when the address is none; [`StoreError::Database`] when nobody answers
/// there.
pub async fn connect(url: &str, role: DbRole, options: &PoolOptions) -> Result<PgPool, StoreError> {
    let limits = role.limits();
    let statement_ms = options.statement_timeout_ms.unwrap_or(limits.statement_ms);
    let entry = PgConnectOptions::from_str(url)
        .map_err(StoreError::Address)?
        .application_name(&options.application)
        .options([
            ("statement_timeout", statement_ms.to_string()),
            ("lock_timeout", limits.lock_ms.to_string()),
            ("idle_in_transaction_session_timeout", limits.idle_ms.to_string()),
        ])
        .options(role.planning().iter().copied());
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(Duration::from_millis(options.acquire_timeout_ms))
        .test_before_acquire(options.tried)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if role == DbRole::Commands {
                    connection.execute("SELECT write.ensure_incarnation()").await?;
                }
                Ok(())
            })
        })
        .connect_with(entry)
        .await?;
    Ok(pool)
}
