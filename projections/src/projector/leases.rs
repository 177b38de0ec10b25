//! The lanes shared out among the copies of the projector: each takes its fair share and takes
//! over what another let go.
//!
//! A lease only saves work. That two copies never apply the same event twice is the checkpoints'
//! doing.

use crate::error::ProjectionError;
use ael_events::ids::{LANES, Lane};
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// This copy's name among the holders of lanes.
#[derive(Debug, Clone)]
pub(crate) struct Leases {
    pool: PgPool,
    copy: Uuid,
    ttl: Duration,
}

/// How the lanes stand for this copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The lanes that it holds.
    pub held: BTreeSet<Lane>,
    /// How many of them are its fair share.
    pub share: usize,
}

impl Leases {
    pub(crate) fn new(pool: PgPool, ttl: Duration) -> Self {
        Self { pool, copy: Uuid::now_v7(), ttl }
    }

    /// Shows that this copy lives and keeps the lanes that it still holds.
    pub(crate) async fn renew(&self) -> Result<Standing, ProjectionError> {
        let copies: i64 = sqlx::query_scalar(
            "WITH gone AS (DELETE FROM read.projector_copies WHERE until < now() - $2), \
             me AS (INSERT INTO read.projector_copies (copy, until) VALUES ($1, now() + $2) \
                    ON CONFLICT (copy) DO UPDATE SET until = excluded.until) \
             SELECT count(*) FROM read.projector_copies WHERE until > now() AND copy <> $1",
        )
        .bind(self.copy)
        .bind(self.ttl)
        .fetch_one(&self.pool)
        .await?;
        let held: Vec<i16> = sqlx::query_scalar(
            "UPDATE read.lane_leases SET until = now() + $2 WHERE holder = $1 RETURNING lane",
        )
        .bind(self.copy)
        .bind(self.ttl)
        .fetch_all(&self.pool)
        .await?;
        let copies = usize::try_from(copies).unwrap_or(0) + 1;
        Ok(Standing { held: lanes(&held), share: usize::from(LANES).div_ceil(copies) })
    }

    /// Takes lanes that nobody holds any more, at most so many.
    pub(crate) async fn take(&self, most: usize) -> Result<BTreeSet<Lane>, ProjectionError> {
        let taken: Vec<i16> = sqlx::query_scalar(
            "UPDATE read.lane_leases SET holder = $1, until = now() + $2 \
             WHERE lane IN (SELECT lane FROM read.lane_leases \
                            WHERE holder IS NULL OR until < now() \
                            ORDER BY lane LIMIT $3 FOR UPDATE SKIP LOCKED) \
             RETURNING lane",
        )
        .bind(self.copy)
        .bind(self.ttl)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        Ok(lanes(&taken))
    }

    /// Lets lanes go: another copy may take them at once.
    pub(crate) async fn release(&self, lanes: &BTreeSet<Lane>) -> Result<(), ProjectionError> {
        let numbers: Vec<i16> = lanes.iter().map(|lane| i16::from(lane.number())).collect();
        sqlx::query(
            "UPDATE read.lane_leases SET holder = NULL, until = '-infinity' \
             WHERE holder = $1 AND lane = ANY($2)",
        )
        .bind(self.copy)
        .bind(numbers)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Leaves: every lane is free at once, and the others' shares grow.
    pub(crate) async fn leave(&self) -> Result<(), ProjectionError> {
        self.release(&Lane::all().collect()).await?;
        sqlx::query("DELETE FROM read.projector_copies WHERE copy = $1")
            .bind(self.copy)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn lanes(numbers: &[i16]) -> BTreeSet<Lane> {
    numbers.iter().filter_map(|number| Lane::try_from(u8::try_from(*number).ok()?).ok()).collect()
}
