//! One leader among many copies: a lock that a database session holds and that goes with it.

use crate::{DbRole, StoreError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Executor as _};
use std::str::FromStr as _;

/// A session-level advisory lock on a connection of its own, held outside any transaction (so that
/// it holds back nobody's horizon). It is given up when this value is dropped, when the process
/// dies, or when the connection breaks.
#[derive(Debug)]
pub struct AdvisoryLock {
    connection: PgConnection,
    key: i64,
}

impl AdvisoryLock {
    /// Takes the lock if nobody has it.
    ///
    /// # Errors
    /// [`StoreError::Address`] when the address is none; [`StoreError::Database`] when nobody
    /// answers there.
    pub async fn try_take(url: &str, role: DbRole, key: i64) -> Result<Option<Self>, StoreError> {
        let entry = PgConnectOptions::from_str(url)
            .map_err(StoreError::Address)?
            .application_name(&format!("{role} leader"));
        let mut connection = PgConnection::connect_with(&entry).await?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(key)
            .fetch_one(&mut connection)
            .await?;
        if taken {
            // A database that vanished without a word must not keep the lead for minutes.
            connection.execute("SET tcp_user_timeout = '10s'").await?;
            return Ok(Some(Self { connection, key }));
        }
        connection.close().await?;
        Ok(None)
    }

    /// Whether the session that holds the lock is still there.
    pub async fn is_held(&mut self) -> bool {
        let held = sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted \
             AND pid = pg_backend_pid() AND (classid::bigint << 32) | objid::bigint = $1)",
        )
        .bind(self.key)
        .fetch_one(&mut self.connection)
        .await;
        matches!(held, Ok(true))
    }
}
