//! Whether the read models have taken what was acknowledged before a moment.

use super::findings::Findings;
use super::page::{place, standings};
use crate::error::ProjectionError;
use crate::model::{ReadModel, to_u64};
use ael_events::ids::{Lane, WorkspaceId};
use ael_events::order::Order;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked again how far the read models have come.
const POLL: Duration = Duration::from_millis(100);

/// The last event of each lane at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    newest: Vec<(Lane, Order)>,
}

/// What a read model has not taken of a lane: after one place and up to another.
struct Gap {
    projection: &'static str,
    lane: Lane,
    after: Order,
    upto: Order,
}

impl Reach {
    pub(super) const fn of(newest: Vec<(Lane, Order)>) -> Self {
        Self { newest }
    }

    /// Waits until the read models have come that far; not longer than `patience` without any
    /// progress.
    pub(super) async fn wait(
        &self,
        pool: &PgPool,
        models: &[Arc<dyn ReadModel>],
        patience: Duration,
    ) -> Result<(), ProjectionError> {
        let mut before: Option<Vec<Order>> = None;
        let mut deadline = Instant::now() + patience;
        loop {
            let now = self.places_of_gaps(pool, models).await?;
            if before.as_ref() != Some(&now) {
                deadline = Instant::now() + patience;
            }
            if now.is_empty() || Instant::now() >= deadline {
                return Ok(());
            }
            before = Some(now);
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the read models have come that far, but no longer than that; whether they have.
    pub(super) async fn wait_until(
        &self,
        pool: &PgPool,
        models: &[Arc<dyn ReadModel>],
        deadline: Instant,
    ) -> Result<bool, ProjectionError> {
        loop {
            if self.places_of_gaps(pool, models).await?.is_empty() {
                return Ok(true);
            }
            if Instant::now() + POLL >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn places_of_gaps(
        &self,
        pool: &PgPool,
        models: &[Arc<dyn ReadModel>],
    ) -> Result<Vec<Order>, ProjectionError> {
        let mut connection = pool.acquire().await?;
        let gaps = self.gaps(&mut connection, models).await?;
        Ok(gaps.iter().map(|gap| gap.after).collect())
    }

    async fn gaps(
        &self,
        connection: &mut PgConnection,
        models: &[Arc<dyn ReadModel>],
    ) -> Result<Vec<Gap>, ProjectionError> {
        let standings = standings(connection, models).await?;
        let mut gaps = Vec::new();
        for (projection, standing) in standings {
            for (lane, upto) in &self.newest {
                let after = place(&standing.at, *lane);
                if after < *upto {
                    gaps.push(Gap { projection, lane: *lane, after, upto: *upto });
                }
            }
        }
        Ok(gaps)
    }

    /// Counts what of a workspace is still missing.
    pub(super) async fn behind(
        &self,
        pool: &PgPool,
        models: &[Arc<dyn ReadModel>],
        workspace: WorkspaceId,
        findings: &mut Findings,
    ) -> Result<(), ProjectionError> {
        let mut connection = pool.acquire().await?;
        let mut counts: BTreeMap<(Lane, Order), u64> = BTreeMap::new();
        for gap in self.gaps(&mut connection, models).await? {
            let key = (gap.lane, gap.after);
            if let std::collections::btree_map::Entry::Vacant(unknown) = counts.entry(key) {
                unknown.insert(count(&mut connection, workspace, &gap).await?);
            }
            let events = counts.get(&key).copied().unwrap_or(0);
            findings.tally(gap.projection).behind += events;
        }
        Ok(())
    }
}

async fn count(
    connection: &mut PgConnection,
    workspace: WorkspaceId,
    gap: &Gap,
) -> Result<u64, ProjectionError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM write.events WHERE lane = $1 AND workspace = $2 \
           AND (incarnation, xid, position) > ($3, $4::text::xid8, $5) \
           AND (incarnation, xid, position) <= ($6, $7::text::xid8, $8)",
    )
    .bind(i16::from(gap.lane.number()))
    .bind(workspace.uuid())
    .bind(gap.after.incarnation)
    .bind(gap.after.xid.to_string())
    .bind(gap.after.position)
    .bind(gap.upto.incarnation)
    .bind(gap.upto.xid.to_string())
    .bind(gap.upto.position)
    .fetch_one(connection)
    .await?;
    Ok(to_u64(count))
}
