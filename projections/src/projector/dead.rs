//! Events that cannot be processed: parked with their reason, told once, and retried when
//! somebody mended the cause.

use super::apply::{Batch, Effect, apply_to};
use super::checkpoints::{Place, active_places, lock_lane};
use crate::error::ProjectionError;
use crate::model::{self, ReadModel, to_i64, to_u64};
use crate::opened::Opened;
use crate::source::{EventSource, StoreSource};
use ael_events::ids::{EventId, Lane, WorkspaceId};
use ael_events::order::Order;
use ael_events::query::DeadLetter;
use ael_events::subjects;
use ael_events::values::AggregateKind;
use ael_seal::MasterKeyring;
use sqlx::{Connection as _, PgConnection, PgPool, Row as _};
use std::sync::Arc;
use uuid::Uuid;

/// How many events of an aggregate are retried at once.
const CHUNK: usize = 500;

/// Parks an event in the batch's own transaction. Nothing if its aggregate waits already.
pub(crate) async fn park(
    connection: &mut PgConnection,
    place: &Place,
    opened: &Opened,
    reason: String,
) -> Result<Option<DeadLetter>, ProjectionError> {
    let facts = &opened.facts;
    let row = sqlx::query(
        "INSERT INTO read.parked (projection, version, workspace, aggregate, aggregate_id, lane, \
             sequence, event_id, event_type, reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT DO NOTHING RETURNING parked_at",
    )
    .bind(place.model.name())
    .bind(place.version)
    .bind(facts.workspace.uuid())
    .bind(facts.aggregate.as_str())
    .bind(facts.aggregate_id)
    .bind(i16::from(facts.lane.number()))
    .bind(to_i64(facts.sequence))
    .bind(facts.event_id.uuid())
    .bind(&facts.event_type)
    .bind(&reason)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(DeadLetter {
        projection: place.model.name().to_owned(),
        aggregate: facts.subject(),
        sequence: facts.sequence,
        event_id: facts.event_id,
        event_type: facts.event_type.clone(),
        reason,
        parked_at: row.try_get("parked_at")?,
    }))
}

/// Tells about parked events, once each: an error in the log, a number, and a message in `DEAD`.
/// The rows in `read.parked` are what counts; a message that gets lost costs nothing.
pub(crate) async fn announce(
    bus: Option<&ael_bus::Bus>,
    lane: Lane,
    letters: &[(WorkspaceId, DeadLetter)],
) {
    for (workspace, letter) in letters {
        metrics::counter!("ael_projector_dead_total", "projection" => letter.projection.clone())
            .increment(1);
        tracing::error!(
            projection = letter.projection,
            %workspace,
            aggregate = letter.aggregate,
            sequence = letter.sequence,
            event_type = letter.event_type,
            reason = letter.reason,
            "an event could not be processed: later events of its aggregate wait"
        );
        let Some(bus) = bus else { continue };
        let Ok(body) = serde_json::to_vec(letter) else { continue };
        if let Err(error) = bus.publish(&subjects::dead(&subjects::projector(lane)), body).await {
            tracing::warn!(%error, "a dead letter could not be sent; it stays in the database");
        }
    }
}

/// What came of retrying.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Retried {
    /// In how many read models the aggregate does not wait any more.
    pub freed: usize,
    /// What still cannot be processed.
    pub dead: Vec<DeadLetter>,
}

/// Tries a parked event again, in every read model in which it waits, and what waits behind it.
/// Gives how many read models have taken it.
///
/// # Errors
/// When PostgreSQL or the store fails; what waits goes on waiting then.
pub async fn retry(
    pool: &PgPool,
    keyring: Arc<MasterKeyring>,
    workspace: WorkspaceId,
    event: EventId,
) -> Result<usize, ProjectionError> {
    let row = sqlx::query(
        "SELECT aggregate, aggregate_id FROM read.dead_letters \
         WHERE workspace = $1 AND event_id = $2 LIMIT 1",
    )
    .bind(workspace.uuid())
    .bind(event.uuid())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(0) };
    let aggregate = crate::words::word(&row, "aggregate")?;
    let id = row.try_get("aggregate_id")?;
    let source = StoreSource::new(pool, keyring);
    let retried = retry_aggregate(pool, &source, &model::all(), workspace, aggregate, id).await?;
    Ok(retried.freed)
}

/// Applies what waits of an aggregate, from the parked event on, to every read model in which it
/// waits.
///
/// # Errors
/// When PostgreSQL or the store fails; what waits goes on waiting then.
pub async fn retry_aggregate(
    pool: &PgPool,
    source: &dyn EventSource,
    models: &[Arc<dyn ReadModel>],
    workspace: WorkspaceId,
    aggregate: AggregateKind,
    aggregate_id: Uuid,
) -> Result<Retried, ProjectionError> {
    let lanes: Vec<i16> = sqlx::query_scalar(
        "SELECT DISTINCT lane FROM read.parked \
         WHERE workspace = $1 AND aggregate = $2 AND aggregate_id = $3",
    )
    .bind(workspace.uuid())
    .bind(aggregate.as_str())
    .bind(aggregate_id)
    .fetch_all(pool)
    .await?;
    let mut retried = Retried::default();
    for lane in lanes {
        let Some(lane) = u8::try_from(lane).ok().and_then(|lane| Lane::try_from(lane).ok()) else {
            continue;
        };
        let mut connection = pool.acquire().await?;
        let mut tx = connection.begin().await?;
        lock_lane(&mut tx, lane).await?;
        for place in active_places(&mut tx, models, &[lane]).await? {
            let waiting = (workspace.uuid(), aggregate, aggregate_id);
            if !place.parked.contains(&waiting) {
                continue;
            }
            let dead = retry_in(&mut tx, source, place, workspace, aggregate, aggregate_id).await?;
            if dead.is_empty() {
                retried.freed += 1;
            }
            retried.dead.extend(dead);
        }
        tx.commit().await?;
    }
    Ok(retried)
}

async fn retry_in(
    connection: &mut PgConnection,
    source: &dyn EventSource,
    mut place: Place,
    workspace: WorkspaceId,
    aggregate: AggregateKind,
    aggregate_id: Uuid,
) -> Result<Vec<DeadLetter>, ProjectionError> {
    let from: i64 = sqlx::query_scalar(
        "DELETE FROM read.parked WHERE projection = $1 AND version = $2 AND workspace = $3 \
           AND aggregate = $4 AND aggregate_id = $5 RETURNING sequence",
    )
    .bind(place.model.name())
    .bind(place.version)
    .bind(workspace.uuid())
    .bind(aggregate.as_str())
    .bind(aggregate_id)
    .fetch_one(&mut *connection)
    .await?;
    place.parked.remove(&(workspace.uuid(), aggregate, aggregate_id));
    let upto = place.at;
    // What is applied here lies before the checkpoint, which stays where it is.
    place.at = Order::START;
    let mut after = to_u64(from).saturating_sub(1);
    let mut effects = [Effect::default()];
    loop {
        let recorded =
            source.aggregate_after(workspace, aggregate, aggregate_id, after, CHUNK).await?;
        let due: Vec<_> = recorded.iter().filter(|event| event.order <= upto).cloned().collect();
        let Some(last) = due.last() else { break };
        after = last.sequence;
        let opened = source.open(&due).await?;
        let lane = last.lane;
        let batch = Batch { lane, previous: Order::START, events: &opened };
        apply_to(connection, &[&place], &[batch], &[], &mut effects).await?;
        if effects.iter().any(|effect| !effect.dead.is_empty()) || due.len() < CHUNK {
            break;
        }
    }
    let [effect] = effects;
    Ok(effect.dead.into_iter().map(|(_, letter)| letter).collect())
}

/// What waits in a workspace, oldest first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn list(
    pool: &PgPool,
    workspace: WorkspaceId,
) -> Result<Vec<DeadLetter>, ProjectionError> {
    let rows = sqlx::query(
        "SELECT * FROM read.dead_letters WHERE workspace = $1 ORDER BY parked_at, event_id",
    )
    .bind(workspace.uuid())
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.try_get("aggregate")?;
            let id: Uuid = row.try_get("aggregate_id")?;
            Ok(DeadLetter {
                projection: row.try_get("projection")?,
                aggregate: format!("{kind}/{id}"),
                sequence: to_u64(row.try_get("sequence")?),
                event_id: EventId::from_uuid(row.try_get("event_id")?),
                event_type: row.try_get("event_type")?,
                reason: row.try_get("reason")?,
                parked_at: row.try_get("parked_at")?,
            })
        })
        .collect()
}
