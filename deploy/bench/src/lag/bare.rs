//! The bare pipeline: insert a row, publish it, consume it, insert it again. One message at a time,
//! sixteen hands, no domain, no order, no seal.

use super::Lags;
use crate::house::{BENCH, BENCH_STREAM, BENCH_SUBJECT, House};
use crate::load::paced;
use ael_bus::{Bus, Consumer, Headers};
use bytes::Bytes;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// As many as the house has lanes.
const HANDS: usize = 16;
const AT_ONCE: usize = 512;
const PATIENCE: Duration = Duration::from_secs(120);

const TABLES: &str = "CREATE SCHEMA IF NOT EXISTS bench;
    CREATE TABLE bench.sent (id uuid PRIMARY KEY, payload json NOT NULL);
    CREATE TABLE bench.seen (id uuid PRIMARY KEY, payload json NOT NULL)";

/// The pipeline, running.
#[derive(Debug)]
pub(super) struct Bare {
    pool: PgPool,
    bus: Bus,
    payload: String,
    // Ends with it.
    _hands: JoinSet<anyhow::Result<()>>,
}

impl Bare {
    /// Starts the consuming side; the bytes are those of an event of the house.
    pub(super) async fn start(house: &House) -> anyhow::Result<Self> {
        let pool = house.superuser(32).await?;
        sqlx::raw_sql(TABLES).execute(&pool).await?;
        let payload: String = sqlx::query_scalar(
            "SELECT json_build_object('data', payload, 'metadata', metadata)::text
             FROM write.events ORDER BY position DESC LIMIT 1",
        )
        .fetch_one(&pool)
        .await?;
        let bus = house.bus(BENCH).await?;
        let mut hands = JoinSet::new();
        for _ in 0..HANDS {
            let consumer = bus.consumer(BENCH_STREAM, BENCH).await?;
            hands.spawn(consume(consumer, pool.clone()));
        }
        Ok(Self { pool, bus, payload, _hands: hands })
    }

    /// A round of the same load, and when each arrived.
    pub(super) async fn round(&self, rate: f64, time: Duration) -> anyhow::Result<Lags> {
        sqlx::raw_sql("TRUNCATE bench.sent; TRUNCATE bench.seen").execute(&self.pool).await?;
        let (pool, bus, payload) = (self.pool.clone(), self.bus.clone(), self.payload.clone());
        paced(rate, time, AT_ONCE, move |_| {
            let (pool, bus, payload) = (pool.clone(), bus.clone(), payload.clone());
            async move { send(&pool, &bus, payload).await }
        })
        .await?;
        self.arrived().await?;
        let lags: Vec<Option<f64>> = sqlx::query_scalar(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp(seen.xmin)
                    - pg_xact_commit_timestamp(sent.xmin)) * 1000)::float8
             FROM bench.sent LEFT JOIN bench.seen USING (id)",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Lags::of(lags))
    }

    /// Waits until all have arrived, or the patience is over.
    async fn arrived(&self) -> anyhow::Result<()> {
        const LEFT: &str =
            "SELECT (SELECT count(*) FROM bench.sent) - (SELECT count(*) FROM bench.seen)";
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let left: i64 = sqlx::query_scalar(LEFT).fetch_one(&self.pool).await?;
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// The message carries its id in front of the payload.
async fn send(pool: &PgPool, bus: &Bus, payload: String) -> anyhow::Result<()> {
    let id = Uuid::now_v7();
    sqlx::query("INSERT INTO bench.sent VALUES ($1, $2::json)")
        .bind(id)
        .bind(&payload)
        .execute(pool)
        .await?;
    let mut message = id.into_bytes().to_vec();
    message.extend_from_slice(payload.as_bytes());
    bus.publish_kept(BENCH_SUBJECT, Headers::new(), Bytes::from(message)).await?;
    Ok(())
}

async fn consume(mut consumer: Consumer, pool: PgPool) -> anyhow::Result<()> {
    loop {
        for message in consumer.next_batch(1, Duration::from_secs(5)).await? {
            let Some((id, payload)) = message.payload.split_at_checked(16) else { continue };
            sqlx::query("INSERT INTO bench.seen VALUES ($1, $2::json) ON CONFLICT DO NOTHING")
                .bind(Uuid::from_slice(id)?)
                .bind(std::str::from_utf8(payload)?)
                .execute(&pool)
                .await?;
            message.ack().await?;
        }
    }
}
