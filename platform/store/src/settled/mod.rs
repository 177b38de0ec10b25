//! The settled order: what happened, in the one order in which nothing can appear any more between
//! two events.
//!
//! # Invariants
//!
//! - **Nothing appears before what was read.** An event is settled when its transaction is older
//!   than every transaction that still runs (`xid < pg_snapshot_xmin(pg_current_snapshot())`), or
//!   of an earlier life of the database. A reader who goes on from the last event that it was given
//!   misses none: whatever commits later has a greater xid.
//! - **A tail on the serial alone loses events.** A position is drawn before its transaction
//!   commits, so a later position may be seen first; whoever goes on from it never sees the earlier
//!   one.
//! - **Order is compared as numbers**: incarnation, then xid as `xid8`, then position.

mod horizon;
mod row;
mod snapshot;

pub use horizon::{Holder, Horizon};
pub(crate) use row::EventRow;
pub use snapshot::{ReadEvent, ReadSnapshot};

use crate::StoreError;
use crate::answers::lane;
use crate::chain::Digest;
use ael_events::event::Recorded;
use ael_events::ids::{Lane, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use sqlx::PgPool;
use uuid::Uuid;

/// An event of the settled order, with the digest by which the hash chain knows it.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The event.
    pub event: Recorded,
    /// The digest of the very row that was read.
    pub digest: Digest,
}

/// Reads the settled order: for the relay, the projections and audits. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SettledReader(PgPool);

macro_rules! columns {
    () => {
        "SELECT e.workspace, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type,
            e.event_version, e.payload::text AS payload, e.metadata::text AS metadata,
            e.\"timestamp\" AS at, e.event_id, e.lane, e.incarnation, e.xid::text::bigint AS xid,
            e.position
         FROM write.events AS e "
    };
}
// An upper bound of the index, not a filter: however long somebody holds back the horizon, what
// waits behind it is not looked at again and again.
macro_rules! settled {
    () => {
        " (e.incarnation, e.xid) < ((SELECT max(number) FROM write.incarnations),
                                   pg_snapshot_xmin(pg_current_snapshot())) "
    };
}
pub(crate) use columns;

impl SettledReader {
    /// Over a pool in the role of the relay, the projections or the owner.
    #[must_use]
    pub const fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// The events after a place, of all lanes.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or a row is not of its form.
    pub async fn settled_after(
        &self,
        after: Order,
        limit: u32,
    ) -> Result<Vec<Settled>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(concat!(
            columns!(),
            "WHERE (e.incarnation, e.xid, e.position) > ($1, $2::text::xid8, $3) AND",
            settled!(),
            "ORDER BY e.incarnation, e.xid, e.position LIMIT $4"
        ))
        .bind(after.incarnation)
        .bind(after.xid.to_string())
        .bind(after.position)
        .bind(i64::from(limit))
        .fetch_all(&self.0)
        .await?;
        rows.into_iter().map(EventRow::settled).collect()
    }

    /// The events of a lane after a place.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or a row is not of its form.
    pub async fn lane_after(
        &self,
        lane: Lane,
        after: Order,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(concat!(
            columns!(),
            "WHERE e.lane = $1
               AND (e.incarnation, e.xid, e.position) > ($2, $3::text::xid8, $4) AND",
            settled!(),
            "ORDER BY e.incarnation, e.xid, e.position LIMIT $5"
        ))
        .bind(i16::from(lane.number()))
        .bind(after.incarnation)
        .bind(after.xid.to_string())
        .bind(after.position)
        .bind(i64::from(limit))
        .fetch_all(&self.0)
        .await?;
        rows.into_iter().map(EventRow::recorded).collect()
    }

    /// The place of the event before this place, in the same lane; nothing, when it is the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn lane_previous(
        &self,
        lane: Lane,
        order: Order,
    ) -> Result<Option<Order>, StoreError> {
        let row: Option<(i32, i64, i64)> = sqlx::query_as(
            "SELECT incarnation, xid::text::bigint, position FROM write.events
             WHERE lane = $1 AND (incarnation, xid, position) < ($2, $3::text::xid8, $4)
             ORDER BY incarnation DESC, xid DESC, position DESC LIMIT 1",
        )
        .bind(i16::from(lane.number()))
        .bind(order.incarnation)
        .bind(order.xid.to_string())
        .bind(order.position)
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map(order_of))
    }

    /// The event at a place.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row is not of its form.
    pub async fn event_at(&self, order: Order) -> Result<Option<Recorded>, StoreError> {
        let row: Option<EventRow> = sqlx::query_as(concat!(
            columns!(),
            "WHERE e.incarnation = $1 AND e.xid = $2::text::xid8 AND e.position = $3"
        ))
        .bind(order.incarnation)
        .bind(order.xid.to_string())
        .bind(order.position)
        .fetch_optional(&self.0)
        .await?;
        row.map(EventRow::recorded).transpose()
    }

    /// The settled events of an aggregate after a sequence.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or a row is not of its form.
    pub async fn aggregate_events(
        &self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        id: Uuid,
        after_sequence: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(concat!(
            columns!(),
            "WHERE e.workspace = $1 AND e.aggregate_type = $2 AND e.aggregate_id = $3
               AND e.sequence > $4 AND",
            settled!(),
            "ORDER BY e.sequence LIMIT $5"
        ))
        .bind(workspace.uuid())
        .bind(aggregate.as_str())
        .bind(id.to_string())
        .bind(after_sequence.cast_signed())
        .bind(i64::from(limit))
        .fetch_all(&self.0)
        .await?;
        rows.into_iter().map(EventRow::recorded).collect()
    }

    /// All workspaces in which something happened.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        // From one to the next by the index: no need to look at every event.
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "WITH RECURSIVE found (workspace) AS (
                 (SELECT workspace FROM write.events ORDER BY workspace LIMIT 1)
                 UNION ALL
                 SELECT (SELECT e.workspace FROM write.events AS e
                         WHERE e.workspace > found.workspace ORDER BY e.workspace LIMIT 1)
                 FROM found WHERE found.workspace IS NOT NULL)
             SELECT workspace FROM found WHERE workspace IS NOT NULL",
        )
        .fetch_all(&self.0)
        .await?;
        Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
    }

    /// The last settled place; [`Order::START`] when nothing has happened.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn head(&self) -> Result<Order, StoreError> {
        let row: Option<(i32, i64, i64)> = sqlx::query_as(concat!(
            "SELECT e.incarnation, e.xid::text::bigint, e.position FROM write.events AS e WHERE",
            settled!(),
            "ORDER BY e.incarnation DESC, e.xid DESC, e.position DESC LIMIT 1"
        ))
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map_or(Order::START, order_of))
    }

    /// The last settled place of a lane; [`Order::START`] when nothing has happened in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn lane_head(&self, lane: Lane) -> Result<Order, StoreError> {
        let row: Option<(i32, i64, i64)> = sqlx::query_as(concat!(
            "SELECT e.incarnation, e.xid::text::bigint, e.position FROM write.events AS e
             WHERE e.lane = $1 AND",
            settled!(),
            "ORDER BY e.incarnation DESC, e.xid DESC, e.position DESC LIMIT 1"
        ))
        .bind(i16::from(lane.number()))
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map_or(Order::START, order_of))
    }

    /// The last place of each lane in which something happened, settled or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn newest(&self) -> Result<Vec<(Lane, Order)>, StoreError> {
        let rows: Vec<(i16, i32, i64, i64)> = sqlx::query_as(
            "SELECT every.lane::smallint, e.incarnation, e.xid::text::bigint, e.position
             FROM generate_series(0, 15) AS every (lane)
             CROSS JOIN LATERAL (SELECT incarnation, xid, position FROM write.events
                 WHERE lane = every.lane::smallint
                 ORDER BY incarnation DESC, xid DESC, position DESC LIMIT 1) AS e",
        )
        .fetch_all(&self.0)
        .await?;
        let read = |(number, incarnation, xid, position)| {
            Ok((lane(number)?, order_of((incarnation, xid, position))))
        };
        rows.into_iter().map(read).collect()
    }

    /// How many events lie after a place, settled or not; counted up to 100,000.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn backlog(&self, after: Order) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT FROM write.events
                 WHERE (incarnation, xid, position) > ($1, $2::text::xid8, $3)
                 LIMIT 100000) AS waiting",
        )
        .bind(after.incarnation)
        .bind(after.xid.to_string())
        .bind(after.position)
        .fetch_one(&self.0)
        .await?;
        Ok(count.cast_unsigned())
    }

    /// Up to where the order is settled, and who holds it back.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn horizon(&self) -> Result<Horizon, StoreError> {
        horizon::read(&self.0).await
    }
}

pub(crate) fn order_of((incarnation, xid, position): (i32, i64, i64)) -> Order {
    Order { incarnation, xid: xid.cast_unsigned(), position }
}
