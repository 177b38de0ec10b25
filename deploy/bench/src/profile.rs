//! Which statements took the time of PostgreSQL, as it counts them itself.

use crate::house::House;
use crate::report::Report;
use sqlx::PgPool;

/// What has to be switched on for it.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track", "all"),
    ("pg_stat_statements.track_planning", "on"),
    ("track_io_timing", "on"),
    ("track_wal_io_timing", "on"),
];
/// How many statements are shown.
const SHOWN: i64 = 25;

/// Counts since [`Profile::begin`].
#[derive(Debug)]
pub(crate) struct Profile(Option<PgPool>);

type Counted = (String, i64, f64, f64, f64, i64, String);

impl Profile {
    /// Begins to count, if that was asked for.
    pub(crate) async fn begin(house: &House, asked: bool) -> anyhow::Result<Self> {
        if !asked {
            return Ok(Self(None));
        }
        let pool = house.superuser(1).await?;
        sqlx::raw_sql(
            "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
             SELECT pg_stat_statements_reset(); SELECT pg_stat_reset_shared('wal')",
        )
        .execute(&pool)
        .await?;
        Ok(Self(Some(pool)))
    }

    /// Says what was counted. Statements inside a function count in the function's own time too.
    pub(crate) async fn tell(&self, report: &Report) -> anyhow::Result<()> {
        let Some(pool) = &self.0 else { return Ok(()) };
        let counted: Vec<Counted> = sqlx::query_as(
            "SELECT r.rolname::text, s.calls, s.total_plan_time, s.total_exec_time,
                    (s.total_plan_time + s.total_exec_time) / s.calls,
                    s.wal_bytes::bigint / s.calls,
                    left(regexp_replace(s.query, '\\s+', ' ', 'g'), 90)
             FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
             WHERE s.calls > 0 ORDER BY s.total_plan_time + s.total_exec_time DESC LIMIT $1",
        )
        .bind(SHOWN)
        .fetch_all(pool)
        .await?;
        report.say("role             calls  plan ms  exec ms  ms each  WAL each  statement");
        for (role, calls, plan, exec, each, wal, query) in counted {
            report.say(&format!(
                "{role:<15} {calls:>6} {plan:>8.0} {exec:>8.0} {each:>8.3} {wal:>9}  {query}"
            ));
        }
        let (records, images, bytes, writes, syncs, sync_ms): (i64, i64, i64, i64, i64, f64) =
            sqlx::query_as(
                "SELECT wal_records, wal_fpi, wal_bytes::bigint, wal_write, wal_sync, wal_sync_time
                 FROM pg_stat_wal",
            )
            .fetch_one(pool)
            .await?;
        report.say(&format!(
            "WAL: {records} records, {images} page images, {bytes} bytes, {writes} writes, {syncs} \
             syncs of {sync_ms:.0} ms together"
        ));
        Ok(())
    }
}
