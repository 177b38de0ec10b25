//! How far each read model has come in a lane, and which of its aggregates wait.

use crate::error::ProjectionError;
use crate::model::ReadModel;
use crate::opened::Opened;
use crate::tables::{LANE_LOCK, REGISTRY_LOCK};
use ael_events::ids::Lane;
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// An aggregate whose events wait: workspace, kind, id.
pub(crate) type Waiting = (Uuid, AggregateKind, Uuid);

/// A version of a read model in a lane: where it stands, and who waits in it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub model: Arc<dyn ReadModel>,
    pub version: i32,
    pub at: Order,
    pub parked: BTreeSet<Waiting>,
}

impl Place {
    pub(crate) fn waits(&self, opened: &Opened) -> bool {
        let facts = &opened.facts;
        let key = (facts.workspace.uuid(), facts.aggregate, facts.aggregate_id);
        self.parked.contains(&key)
    }
}

/// Keeps everybody else out of the lane, and swaps of versions out of the transaction. Takes no
/// transaction id: waiting here stalls nobody's horizon.
pub(crate) async fn lock_lane(
    connection: &mut PgConnection,
    lane: Lane,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2), \
         set_config('plan_cache_mode', 'force_custom_plan', true), \
         set_config('enable_seqscan', 'off', true)",
    )
    .bind(REGISTRY_LOCK)
    .bind(LANE_LOCK + i64::from(lane.number()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows are looked up by their keys: a plan made when a table was empty would read all of it for
/// ever. [`lock_lane`] says so too. And a rebuild is patient with itself: it waits for nobody, but
/// on a busy machine its own work may keep its transaction waiting.
pub(crate) async fn plan_for_growth(connection: &mut PgConnection) -> Result<(), ProjectionError> {
    sqlx::query(
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), \
         set_config('enable_seqscan', 'off', true), \
         set_config('idle_in_transaction_session_timeout', '20s', true)",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The places of the versions that are read. A version of another shape than this program's is
/// left alone until it is rebuilt.
pub(crate) async fn active_places(
    connection: &mut PgConnection,
    models: &[Arc<dyn ReadModel>],
    lane: Lane,
) -> Result<Vec<Place>, ProjectionError> {
    let rows = sqlx::query(
        "SELECT p.name, p.version, p.shape, c.incarnation, c.xid, c.position \
         FROM read.projections p \
         JOIN read.checkpoints c ON c.projection = p.name AND c.version = p.version \
         WHERE c.lane = $1",
    )
    .bind(i16::from(lane.number()))
    .fetch_all(&mut *connection)
    .await?;
    let mut places = Vec::new();
    for model in models {
        let row = rows.iter().find(|row| {
            row.try_get::<&str, _>("name").is_ok_and(|name| name == model.name())
                && row.try_get::<i32, _>("shape").is_ok_and(|shape| shape == model.shape())
        });
        if let Some(row) = row {
            let version = row.try_get("version")?;
            let at = read_order(row)?;
            places.push(Place { model: model.clone(), version, at, parked: BTreeSet::new() });
        }
    }
    note_parked(connection, &mut places, lane).await?;
    Ok(places)
}

/// The place of one version, read or not.
pub(crate) async fn place_of(
    connection: &mut PgConnection,
    model: &Arc<dyn ReadModel>,
    version: i32,
    lane: Lane,
) -> Result<Place, ProjectionError> {
    let row = sqlx::query(
        "SELECT incarnation, xid, position FROM read.checkpoints \
         WHERE projection = $1 AND version = $2 AND lane = $3",
    )
    .bind(model.name())
    .bind(version)
    .bind(i16::from(lane.number()))
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(ProjectionError::LostRace)?;
    let at = read_order(&row)?;
    let mut places = [Place { model: model.clone(), version, at, parked: BTreeSet::new() }];
    note_parked(connection, &mut places, lane).await?;
    let [place] = places;
    Ok(place)
}

async fn note_parked(
    connection: &mut PgConnection,
    places: &mut [Place],
    lane: Lane,
) -> Result<(), ProjectionError> {
    let rows = sqlx::query(
        "SELECT projection, version, workspace, aggregate, aggregate_id \
         FROM read.parked WHERE lane = $1",
    )
    .bind(i16::from(lane.number()))
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (name, version): (String, i32) = (row.try_get("projection")?, row.try_get("version")?);
        let kind: AggregateKind = crate::words::word(&row, "aggregate")?;
        let waiting = (row.try_get("workspace")?, kind, row.try_get("aggregate_id")?);
        for place in places.iter_mut() {
            if place.model.name() == name && place.version == version {
                place.parked.insert(waiting);
            }
        }
    }
    Ok(())
}

/// Moves the checkpoints from where they stood, in one statement.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    moved: &[&Place],
    lane: Lane,
    to: Order,
) -> Result<(), ProjectionError> {
    let updated = sqlx::query(
        "UPDATE read.checkpoints c \
         SET incarnation = $7, xid = $8, position = $9, updated_at = now() \
         FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bigint[]) \
             AS old (projection, version, incarnation, xid, position) \
         WHERE c.projection = old.projection AND c.version = old.version AND c.lane = $6 \
           AND (c.incarnation, c.xid, c.position) = (old.incarnation, old.xid, old.position)",
    )
    .bind(moved.iter().map(|place| place.model.name()).collect::<Vec<_>>())
    .bind(moved.iter().map(|place| place.version).collect::<Vec<_>>())
    .bind(moved.iter().map(|place| place.at.incarnation).collect::<Vec<_>>())
    .bind(moved.iter().map(|place| to_xid(place.at)).collect::<Vec<_>>())
    .bind(moved.iter().map(|place| place.at.position).collect::<Vec<_>>())
    .bind(i16::from(lane.number()))
    .bind(to.incarnation)
    .bind(to_xid(to))
    .bind(to.position)
    .execute(connection)
    .await?
    .rows_affected();
    if updated == moved.len() as u64 { Ok(()) } else { Err(ProjectionError::LostRace) }
}

pub(crate) fn read_order(row: &PgRow) -> Result<Order, sqlx::Error> {
    let xid: i64 = row.try_get("xid")?;
    Ok(Order {
        incarnation: row.try_get("incarnation")?,
        xid: u64::try_from(xid).unwrap_or(0),
        position: row.try_get("position")?,
    })
}

/// A transaction id as PostgreSQL keeps it in a bigint: it never reaches 2^63.
fn to_xid(order: Order) -> i64 {
    i64::try_from(order.xid).unwrap_or(i64::MAX)
}
