//! How far each read model has come in a lane, and which of its aggregates wait.

use crate::error::ProjectionError;
use crate::model::ReadModel;
use crate::opened::Opened;
use crate::tables::{LANE_LOCK, REGISTRY_LOCK};
use crate::words::bad_column;
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
    pub lane: Lane,
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
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)")
        .bind(REGISTRY_LOCK)
        .bind(lock_of(lane))
        .execute(connection)
        .await?;
    Ok(())
}

/// The same for those of several lanes that nobody holds at the moment: none waits for another.
pub(crate) async fn lock_free_lanes(
    connection: &mut PgConnection,
    lanes: &[Lane],
) -> Result<Vec<Lane>, ProjectionError> {
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1)")
        .bind(REGISTRY_LOCK)
        .execute(&mut *connection)
        .await?;
    let locks: Vec<i64> = lanes.iter().map(|lane| lock_of(*lane)).collect();
    let locked: Vec<i64> = sqlx::query_scalar(
        "SELECT lane FROM unnest($1::bigint[]) AS lane WHERE pg_try_advisory_xact_lock(lane)",
    )
    .bind(locks)
    .fetch_all(connection)
    .await?;
    Ok(lanes.iter().copied().filter(|lane| locked.contains(&lock_of(*lane))).collect())
}

fn lock_of(lane: Lane) -> i64 {
    LANE_LOCK + i64::from(lane.number())
}

/// A rebuild is patient with itself: it waits for nobody, but on a busy machine its own work may
/// keep its transaction waiting.
pub(crate) async fn be_patient(connection: &mut PgConnection) -> Result<(), ProjectionError> {
    sqlx::query("SELECT set_config('idle_in_transaction_session_timeout', '20s', true)")
        .execute(connection)
        .await?;
    Ok(())
}

/// The places of the versions that are read, in each of these lanes. A version of another shape
/// than this program's is left alone until it is rebuilt.
pub(crate) async fn active_places(
    connection: &mut PgConnection,
    models: &[Arc<dyn ReadModel>],
    lanes: &[Lane],
) -> Result<Vec<Place>, ProjectionError> {
    let numbers = numbers(lanes);
    let rows = sqlx::query(
        "SELECT p.name, p.version, p.shape, c.lane, c.incarnation, c.xid, c.position, \
             EXISTS (SELECT FROM read.parked WHERE lane = ANY($1)) AS waiting \
         FROM read.projections p \
         JOIN read.checkpoints c ON c.projection = p.name AND c.version = p.version \
         WHERE c.lane = ANY($1)",
    )
    .bind(&numbers)
    .fetch_all(&mut *connection)
    .await?;
    let mut places = Vec::new();
    let mut waiting = false;
    for model in models {
        for row in &rows {
            let (name, shape): (&str, i32) = (row.try_get("name")?, row.try_get("shape")?);
            if name != model.name() || shape != model.shape() {
                continue;
            }
            waiting = waiting || row.try_get("waiting")?;
            places.push(Place {
                lane: lane_of(row)?,
                model: model.clone(),
                version: row.try_get("version")?,
                at: read_order(row)?,
                parked: BTreeSet::new(),
            });
        }
    }
    if waiting {
        note_parked(connection, &mut places, &numbers).await?;
    }
    Ok(places)
}

fn numbers(lanes: &[Lane]) -> Vec<i16> {
    lanes.iter().map(|lane| i16::from(lane.number())).collect()
}

fn lane_of(row: &PgRow) -> Result<Lane, sqlx::Error> {
    let number: i16 = row.try_get("lane")?;
    Lane::try_from(u8::try_from(number).unwrap_or(u8::MAX))
        .map_err(|error| bad_column("lane", error))
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
    let mut places = [Place { lane, model: model.clone(), version, at, parked: BTreeSet::new() }];
    note_parked(connection, &mut places, &numbers(&[lane])).await?;
    let [place] = places;
    Ok(place)
}

async fn note_parked(
    connection: &mut PgConnection,
    places: &mut [Place],
    lanes: &[i16],
) -> Result<(), ProjectionError> {
    let rows = sqlx::query(
        "SELECT projection, version, lane, workspace, aggregate, aggregate_id \
         FROM read.parked WHERE lane = ANY($1)",
    )
    .bind(lanes)
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (name, version): (String, i32) = (row.try_get("projection")?, row.try_get("version")?);
        let lane = lane_of(&row)?;
        let kind: AggregateKind = crate::words::word(&row, "aggregate")?;
        let waiting = (row.try_get("workspace")?, kind, row.try_get("aggregate_id")?);
        for place in places.iter_mut() {
            let same = (place.model.name(), place.version, place.lane);
            if same == (name.as_str(), version, lane) {
                place.parked.insert(waiting);
            }
        }
    }
    Ok(())
}

/// Moves checkpoints from where they stood to where they stand now, in one statement.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    moved: &[(&Place, Order)],
) -> Result<(), ProjectionError> {
    macro_rules! column {
        ($place:ident, $to:ident => $value:expr) => {
            moved.iter().map(|($place, $to)| $value).collect::<Vec<_>>()
        };
    }
    let updated = sqlx::query(
        "UPDATE read.checkpoints c \
         SET incarnation = m.to_incarnation, xid = m.to_xid, position = m.to_position, \
             updated_at = now() \
         FROM unnest($1::text[], $2::int[], $3::smallint[], $4::int[], $5::bigint[], \
                 $6::bigint[], $7::int[], $8::bigint[], $9::bigint[]) \
             AS m (projection, version, lane, incarnation, xid, position, to_incarnation, to_xid, \
                   to_position) \
         WHERE c.projection = m.projection AND c.version = m.version AND c.lane = m.lane \
           AND (c.incarnation, c.xid, c.position) = (m.incarnation, m.xid, m.position)",
    )
    .bind(column!(place, _to => place.model.name()))
    .bind(column!(place, _to => place.version))
    .bind(column!(place, _to => i16::from(place.lane.number())))
    .bind(column!(place, _to => place.at.incarnation))
    .bind(column!(place, _to => to_xid(place.at)))
    .bind(column!(place, _to => place.at.position))
    .bind(column!(_place, to => to.incarnation))
    .bind(column!(_place, to => to_xid(*to)))
    .bind(column!(_place, to => to.position))
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
