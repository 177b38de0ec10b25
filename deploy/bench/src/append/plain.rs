//! The plainest way to keep the same bytes: one INSERT a row, each its own commit, in a table with
//! nothing but a primary key.

use super::Kind;
use crate::house::House;
use crate::load::closed;
use crate::measure::Run;
use crate::report::Report;
use anyhow::Context as _;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The client counts that are tried.
const CLIENTS: [u32; 4] = [8, 16, 32, 64];
/// How many different rows of each kind are inserted over and over.
const SAMPLES: i64 = 200;

const TABLE: &str = "CREATE SCHEMA bench; CREATE TABLE bench.plain (
    workspace uuid NOT NULL, aggregate_type text NOT NULL, aggregate_id text NOT NULL,
    sequence bigint NOT NULL, event_type text NOT NULL, event_version text NOT NULL,
    payload json NOT NULL, metadata json NOT NULL, \"timestamp\" timestamptz NOT NULL,
    PRIMARY KEY (workspace, aggregate_type, aggregate_id, sequence))";

const INSERT: &str = "INSERT INTO bench.plain (workspace, aggregate_type, aggregate_id, sequence, \
    event_type, event_version, payload, metadata, \"timestamp\") \
    VALUES ($1, 'lead', $2, 1, $3, $4, $5::json, $6::json, now())";

type Row = (Uuid, String, String, String, String);

/// Connections, and rows as the house wrote them.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    pool: PgPool,
    created: Arc<Vec<Row>>,
    logged: Arc<Vec<Row>>,
}

impl Plain {
    /// Takes what the house has written as a sample of the bytes.
    pub(crate) async fn prepare(house: &House) -> anyhow::Result<Self> {
        let pool = house.superuser(64).await?;
        sqlx::raw_sql(TABLE).execute(&pool).await?;
        let created = sample(&pool, "lead.created.%").await?;
        let logged = sample(&pool, "lead.message_logged.%").await?;
        Ok(Self { pool, created, logged })
    }

    /// Tries how many clients at once insert the most.
    pub(crate) async fn best_client_count(
        &self,
        time: Duration,
        report: &Report,
    ) -> anyhow::Result<u32> {
        let (mut best, mut most) = (CLIENTS[0], 0.0);
        for clients in CLIENTS {
            let rate = self.load(Kind::Mix, clients, time).await?.rate();
            report.say(&format!("append: plain INSERT with {clients} clients: {rate:.0} rows/s"));
            if rate > most {
                (best, most) = (clients, rate);
            }
        }
        Ok(best)
    }

    /// Inserts, so many clients at once, for a while.
    pub(crate) async fn load(
        &self,
        kind: Kind,
        clients: u32,
        time: Duration,
    ) -> anyhow::Result<Run> {
        let plain = self.clone();
        closed(usize::try_from(clients)?, time, move |number| {
            let plain = plain.clone();
            async move { plain.one(kind, number).await }
        })
        .await
    }

    async fn one(&self, kind: Kind, number: u64) -> anyhow::Result<()> {
        let rows = if kind.creates(number) { &self.created } else { &self.logged };
        let place = usize::try_from(number)? % rows.len().max(1);
        let (workspace, event_type, version, payload, metadata) =
            rows.get(place).context("the house wrote nothing to take as a sample")?;
        sqlx::query(INSERT)
            .bind(workspace)
            .bind(Uuid::now_v7().to_string())
            .bind(event_type)
            .bind(version)
            .bind(payload)
            .bind(metadata)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn sample(pool: &PgPool, event_type: &str) -> anyhow::Result<Arc<Vec<Row>>> {
    let rows = sqlx::query_as(
        "SELECT workspace, event_type, event_version, payload::text, metadata::text
         FROM write.events WHERE event_type LIKE $1 ORDER BY position DESC LIMIT $2",
    )
    .bind(event_type)
    .bind(SAMPLES)
    .fetch_all(pool)
    .await?;
    Ok(Arc::new(rows))
}
