//! The store as it is at one moment, whatever is committed meanwhile: for audits, which compare
//! what several tables say.

use super::EventRow;
use crate::StoreError;
use ael_events::event::Recorded;
use ael_events::ids::WorkspaceId;
use ael_events::values::AggregateKind;
use sqlx::{Executor as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

/// A transaction that only reads, and always the same moment. It takes no transaction id: however
/// long it is open, it holds back the settled order of nobody.
#[derive(Debug)]
pub struct ReadSnapshot(Transaction<'static, Postgres>);

/// An event that was read, or why its row cannot be.
#[derive(Debug)]
pub struct ReadEvent {
    /// Whose event it is.
    pub aggregate_id: Uuid,
    /// The event; the reason, without a word of what it says, where the row is not of its form.
    pub event: Result<Recorded, String>,
}

impl ReadSnapshot {
    /// Takes it now.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn begin(pool: &PgPool) -> Result<Self, StoreError> {
        let mut tx = pool.begin().await?;
        // Times as JSON are in UTC; ranges without an end are planned for what they are.
        tx.execute(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
             SET LOCAL TimeZone = 'UTC'; SET LOCAL plan_cache_mode = force_custom_plan",
        )
        .await?;
        Ok(Self(tx))
    }

    /// For what else is to be read of the same moment.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.0.rollback().await?)
    }

    /// A page of the aggregates of a kind, by id, each with the number of its events.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn aggregates(
        &mut self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT aggregate_id, count(*) FROM write.events
             WHERE workspace = $1 AND aggregate_type = $2 AND aggregate_id > $3
             GROUP BY aggregate_id ORDER BY aggregate_id LIMIT $4",
        )
        .bind(workspace.uuid())
        .bind(aggregate.as_str())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.0)
        .await?;
        let read = |(id, events): (String, i64)| {
            let id = Uuid::parse_str(&id);
            let id = id.map_err(|_| StoreError::bad_row("an aggregate id that is no UUID"))?;
            Ok((id, events.cast_unsigned()))
        };
        rows.into_iter().map(read).collect()
    }

    /// All events of some aggregates of a kind, settled or not; those of one aggregate in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn histories(
        &mut self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        ids: &[Uuid],
    ) -> Result<Vec<ReadEvent>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(concat!(
            super::columns!(),
            "WHERE e.workspace = $1 AND e.aggregate_type = $2 AND e.aggregate_id = ANY($3)
             ORDER BY e.aggregate_id, e.sequence"
        ))
        .bind(workspace.uuid())
        .bind(aggregate.as_str())
        .bind(ids.iter().map(Uuid::to_string).collect::<Vec<_>>())
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(EventRow::read).collect()
    }

    /// How many events a workspace has.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn count(&mut self, workspace: WorkspaceId) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM write.events WHERE workspace = $1")
                .bind(workspace.uuid())
                .fetch_one(&mut *self.0)
                .await?;
        Ok(count.cast_unsigned())
    }
}
