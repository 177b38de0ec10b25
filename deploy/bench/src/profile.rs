//! Who took the processor's time, as the kernel counts it, and which statements took PostgreSQL's,
//! as it counts them itself.

use crate::house::House;
use crate::process::{Usage, usage_of_family};
use crate::report::Report;
use sqlx::PgPool;
use std::time::Duration;

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
pub(crate) struct Profile(Option<Begun>);

/// How the process that makes the load is called.
const LOAD: &str = "load generator";

#[derive(Debug)]
struct Begun {
    pool: PgPool,
    processes: Vec<(String, i32)>,
    before: Vec<Duration>,
}

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
        let mut processes = house.processes();
        processes.push((LOAD.to_owned(), i32::try_from(std::process::id())?));
        processes.sort();
        let before = used(&processes);
        Ok(Self(Some(Begun { pool, processes, before })))
    }

    /// Says what was counted of so many operations. Statements inside a function count in the
    /// function's own time too.
    pub(crate) async fn tell(&self, operations: usize, report: &Report) -> anyhow::Result<()> {
        let Some(Begun { pool, processes, before }) = &self.0 else { return Ok(()) };
        let mut all = 0.0;
        for (((name, _), before), after) in processes.iter().zip(before).zip(used(processes)) {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            let each_us = after.saturating_sub(*before).as_secs_f64() * 1e6 / operations as f64;
            all += each_us;
            report.say(&format!("{name:<15} {each_us:>8.1} µs of the processor for each"));
        }
        report.say(&format!("{:<15} {all:>8.1} µs of the processor for each", "all"));
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

/// What each has used so far. The load generator is the parent of all the others: of it alone.
fn used(processes: &[(String, i32)]) -> Vec<Duration> {
    let of = |(name, pid): &(String, i32)| match name.as_str() {
        LOAD => Usage::of(*pid).unwrap_or_default().processor,
        _ => usage_of_family(*pid).processor,
    };
    processes.iter().map(of).collect()
}
