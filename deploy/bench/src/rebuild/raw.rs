//! The least that any rebuild has to do: read the bytes of the events, and write the final rows.

use futures::TryStreamExt as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;

/// Reads every event's bytes without looking at them, and copies the rows that the scan by hand
/// made into empty tables of the same form. Gives the number of events.
pub(super) async fn read_and_copy(pool: &PgPool) -> anyhow::Result<usize> {
    let mut events = sqlx::query(
        "SELECT payload::text, metadata::text FROM write.events WHERE aggregate_type = 'lead'
         ORDER BY incarnation, xid, position",
    )
    .fetch(pool);
    let mut count = 0;
    while events.try_next().await?.is_some() {
        count += 1;
    }
    drop(events);
    for table in ["leads", "activity"] {
        let make = format!(
            "DROP TABLE IF EXISTS bench.{table}_copied;
             CREATE TABLE bench.{table}_copied (LIKE bench.{table} INCLUDING ALL)"
        );
        sqlx::raw_sql(&make).execute(pool).await?;
        let out = format!("COPY bench.{table} TO STDOUT (FORMAT binary)");
        let rows = pool.copy_out_raw(&out).await?;
        let into = format!("COPY bench.{table}_copied FROM STDIN (FORMAT binary)");
        let mut copy = pool.copy_in_raw(&into).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(bytes) = rows.try_next().await? {
            copy.send(bytes).await?;
        }
        copy.finish().await?;
    }
    Ok(count)
}
