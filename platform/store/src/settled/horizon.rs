//! Up to where the order is settled, and who holds it back.

use crate::StoreError;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// The edge of the settled order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// The oldest transaction that still runs; everything older is settled.
    pub xmin: u64,
    /// For how long it has been running, in milliseconds; 0 when no writing transaction runs.
    pub age_ms: u64,
    /// Whose transaction that is, as far as we may see.
    pub holder: Option<Holder>,
}

/// The session whose transaction holds back the settled order of everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The server's process; nothing for a prepared transaction, which has none.
    pub pid: Option<i32>,
    /// The name that the client gave.
    pub application: String,
    /// The role.
    pub role: String,
    /// The database; any database of the server can hold it back.
    pub database: String,
    /// Since when the transaction runs.
    pub since: Option<DateTime<Utc>>,
    /// What it does, or did last, as far as we may see.
    pub query: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    xmin: i64,
    age_ms: i64,
    held: bool,
    pid: Option<i32>,
    application: Option<String>,
    role: Option<String>,
    database: Option<String>,
    since: Option<DateTime<Utc>>,
    query: Option<String>,
}

// A session's transaction id is shown in its short form of 32 bits.
const HORIZON: &str = "
WITH edge AS (
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin
), held AS (
    SELECT a.pid, a.application_name AS application, a.usename::text AS role,
           a.datname::text AS database, a.xact_start AS since, left(a.query, 200) AS query
    FROM pg_stat_activity AS a, edge
    WHERE a.backend_xid::text::bigint = edge.xmin & 4294967295
    UNION ALL
    SELECT NULL, 'prepared transaction ' || p.gid, p.owner::text, p.database::text, p.prepared, ''
    FROM pg_prepared_xacts AS p, edge
    WHERE p.transaction::text::bigint = edge.xmin & 4294967295
)
SELECT edge.xmin,
       coalesce((extract(epoch FROM clock_timestamp() - held.since) * 1000)::bigint, 0) AS age_ms,
       held.role IS NOT NULL OR held.pid IS NOT NULL AS held,
       held.pid, held.application, held.role, held.database, held.since, held.query
FROM edge LEFT JOIN held ON true LIMIT 1";

pub(super) async fn read(pool: &PgPool) -> Result<Horizon, StoreError> {
    let row: Row = sqlx::query_as(HORIZON).fetch_one(pool).await?;
    let holder = row.held.then(|| Holder {
        pid: row.pid,
        application: row.application.unwrap_or_default(),
        role: row.role.unwrap_or_default(),
        database: row.database.unwrap_or_default(),
        since: row.since,
        query: row.query.unwrap_or_default(),
    });
    Ok(Horizon {
        xmin: row.xmin.cast_unsigned(),
        age_ms: u64::try_from(row.age_ms).unwrap_or(0),
        holder,
    })
}
