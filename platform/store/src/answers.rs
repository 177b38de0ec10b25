//! Answers that were given: asking twice, with the same command id, gives the first one again.

use crate::StoreError;
use crate::append::Prepared;
use ael_events::answer::{Accepted, CommandAnswer, Rejected};
use ael_events::ids::{CommandId, Lane, WorkspaceId};
use ael_events::order::{Order, PositionToken};
use sqlx::PgPool;
use uuid::Uuid;

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    /// The keyed hash of the body of the command that got it.
    pub fingerprint: [u8; 32],
    /// The answer: accepted (and marked as repeated) or rejected.
    pub answer: CommandAnswer,
}

impl StoredAnswer {
    /// Whether it was the same command: another body under the same id is refused.
    #[must_use]
    pub fn matches(&self, fingerprint: &[u8; 32]) -> bool {
        ael_seal::same(&self.fingerprint, fingerprint)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    o_fingerprint: Vec<u8>,
    o_aggregate: Option<Uuid>,
    o_version: Option<i64>,
    o_lane: Option<i16>,
    o_incarnation: Option<i32>,
    o_xid: Option<i64>,
    o_position: Option<i64>,
    o_rejection: Option<String>,
}

impl Row {
    fn read(self) -> Result<StoredAnswer, StoreError> {
        let fingerprint = self
            .o_fingerprint
            .try_into()
            .map_err(|_| StoreError::bad_row("a fingerprint of other than 32 bytes"))?;
        if let Some(rejection) = self.o_rejection {
            let rejected: Rejected = serde_json::from_str(&rejection)?;
            return Ok(StoredAnswer { fingerprint, answer: CommandAnswer::Rejected(rejected) });
        }
        let bad = || StoreError::bad_row("an accepted answer without an aggregate");
        let order = match (self.o_incarnation, self.o_xid, self.o_position) {
            (Some(incarnation), Some(xid), Some(position)) => {
                Some(Order { incarnation, xid: xid.cast_unsigned(), position })
            }
            _ => None,
        };
        let lane = self.o_lane.map(lane).transpose()?;
        let accepted = Accepted {
            aggregate_id: self.o_aggregate.ok_or_else(bad)?,
            version: self.o_version.ok_or_else(bad)?.cast_unsigned(),
            position: lane.zip(order).map(|(lane, order)| PositionToken { lane, order }),
            repeated: true,
        };
        Ok(StoredAnswer { fingerprint, answer: CommandAnswer::Accepted(accepted) })
    }
}

pub(crate) fn lane(number: i16) -> Result<Lane, StoreError> {
    let lane = u8::try_from(number).ok().and_then(|number| Lane::try_from(number).ok());
    lane.ok_or_else(|| StoreError::bad_row("a lane that does not exist"))
}

pub(crate) async fn find(
    pool: &PgPool,
    workspace: WorkspaceId,
    principal: &str,
    command: CommandId,
) -> Result<Option<StoredAnswer>, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM write.find_answer($1, $2, $3)")
        .bind(workspace.uuid())
        .bind(principal)
        .bind(command.uuid())
        .fetch_optional(pool)
        .await?;
    row.map(Row::read).transpose()
}

pub(crate) async fn forget_expired(
    pool: &PgPool,
    workspace: WorkspaceId,
    principal: &str,
    command: CommandId,
) -> Result<bool, StoreError> {
    let forgotten = sqlx::query_scalar("SELECT write.forget_expired($1, $2, $3)")
        .bind(workspace.uuid())
        .bind(principal)
        .bind(command.uuid())
        .fetch_one(pool)
        .await?;
    Ok(forgotten)
}

/// True when the rejection is now the answer, false when there was one before.
pub(crate) async fn record_rejection(
    pool: &PgPool,
    workspace: WorkspaceId,
    principal: &str,
    command: CommandId,
    fingerprint: &[u8; 32],
    rejected: &Rejected,
) -> Result<bool, StoreError> {
    let recorded = sqlx::query_scalar("SELECT write.record_rejection($1, $2, $3, $4, $5)")
        .bind(workspace.uuid())
        .bind(principal)
        .bind(command.uuid())
        .bind(fingerprint.as_slice())
        .bind(serde_json::to_string(rejected)?)
        .fetch_one(pool)
        .await?;
    Ok(recorded)
}

/// The order of those events of an append that are stored.
pub(crate) async fn orders_of(
    pool: &PgPool,
    prepared: &Prepared,
) -> Result<Vec<Order>, StoreError> {
    let (kinds, ids, sequences, event_ids) = prepared.event_names();
    let rows: Vec<(i32, i64, i64)> =
        sqlx::query_as("SELECT * FROM write.find_orders($1, $2, $3, $4, $5)")
            .bind(prepared.workspace.uuid())
            .bind(kinds)
            .bind(ids)
            .bind(sequences)
            .bind(event_ids)
            .fetch_all(pool)
            .await?;
    let orders = rows.into_iter().map(|(incarnation, xid, position)| Order {
        incarnation,
        xid: xid.cast_unsigned(),
        position,
    });
    Ok(orders.collect())
}
