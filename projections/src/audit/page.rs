//! A page of aggregates at one moment: their events, how far each read model has come, and every
//! row that shows them.

use super::row::Audited;
use crate::error::{ProjectionError, SourceError};
use crate::model::{ReadModel, schema_of, to_u64};
use crate::projector::checkpoints::read_order;
use ael_events::ids::{LANES, Lane, LeadId, SaleId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use ael_store::{ReadEvent, ReadSnapshot};
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row as _};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// How many aggregates are compared at once at most.
const PAGE: u32 = 500;
/// How many events they may have together, unless one alone has more.
const EVENTS: u64 = 5_000;

/// A stored row, column by column.
pub(super) type Stored = Map<String, Value>;

/// What was read.
pub(super) struct Page {
    /// The aggregates, by id.
    pub ids: Vec<Uuid>,
    /// Their events, and those of their sales.
    pub events: Vec<ReadEvent>,
    /// The read models that show such aggregates.
    pub models: Vec<Shown>,
    /// Read models whose tables are of another release.
    pub foreign: Vec<&'static str>,
    /// After which aggregate the next page begins; nothing at the end.
    pub last: Option<Uuid>,
}

/// What a read model shows of the page.
pub(super) struct Shown {
    pub model: Arc<dyn ReadModel>,
    /// How far it has come, by lane.
    pub at: Vec<Order>,
    /// From which event on an aggregate waits.
    pub parked: HashMap<(AggregateKind, Uuid), u64>,
    /// Its rows, by table and aggregate.
    pub rows: BTreeMap<(&'static str, Uuid), Vec<Stored>>,
}

/// Where a version of a read model stands that is read.
pub(super) struct Standing {
    pub version: i32,
    pub at: Vec<Order>,
}

pub(super) async fn read(
    pool: &PgPool,
    models: &[Arc<dyn ReadModel>],
    workspace: WorkspaceId,
    kind: AggregateKind,
    after: Option<Uuid>,
) -> Result<Page, ProjectionError> {
    let mut snapshot = ReadSnapshot::begin(pool).await.map_err(SourceError::from)?;
    let all = snapshot.aggregates(workspace, kind, after, PAGE).await.map_err(SourceError::from)?;
    let (ids, last) = fitting(all);
    let mut events = snapshot.histories(workspace, kind, &ids).await.map_err(SourceError::from)?;
    if kind == AggregateKind::Lead {
        let sales: Vec<Uuid> =
            ids.iter().map(|id| SaleId::of(LeadId::from_uuid(*id)).uuid()).collect();
        let sales = snapshot.histories(workspace, AggregateKind::Sale, &sales).await;
        events.extend(sales.map_err(SourceError::from)?);
    }
    let mut shown = Vec::new();
    let mut foreign = Vec::new();
    let standings = standings(snapshot.connection(), models).await?;
    for model in models.iter().filter(|model| model.concerns(kind)) {
        let Some(standing) = standings.get(model.name()) else {
            foreign.push(model.name());
            continue;
        };
        let connection = snapshot.connection();
        let parked = parked(connection, model.name(), standing.version, workspace).await?;
        let mut rows: BTreeMap<(&'static str, Uuid), Vec<Stored>> = BTreeMap::new();
        let schema = schema_of(model.name(), standing.version);
        for table in model.audited().iter().filter(|table| table.kind == kind) {
            for (id, row) in stored(connection, &schema, table, workspace, after, last).await? {
                rows.entry((table.table, id)).or_default().push(row);
            }
        }
        shown.push(Shown { model: model.clone(), at: standing.at.clone(), parked, rows });
    }
    snapshot.end().await.map_err(SourceError::from)?;
    Ok(Page { ids, events, models: shown, foreign, last })
}

/// As many as fit into a page, and after which of them the next begins.
fn fitting(all: Vec<(Uuid, u64)>) -> (Vec<Uuid>, Option<Uuid>) {
    let is_whole = u32::try_from(all.len()).is_ok_and(|length| length < PAGE);
    let (mut ids, mut sum, total) = (Vec::new(), 0, all.len());
    for (id, events) in all {
        sum += events;
        if sum > EVENTS && !ids.is_empty() {
            break;
        }
        ids.push(id);
    }
    let is_end = is_whole && ids.len() == total;
    let last = ids.last().copied().filter(|_| !is_end);
    (ids, last)
}

/// The versions that are read and of this release's shape, each with its checkpoints.
pub(super) async fn standings(
    connection: &mut PgConnection,
    models: &[Arc<dyn ReadModel>],
) -> Result<BTreeMap<&'static str, Standing>, ProjectionError> {
    let rows = sqlx::query(
        "SELECT p.name, p.version, p.shape, c.lane, c.incarnation, c.xid, c.position \
         FROM read.projections p \
         JOIN read.checkpoints c ON c.projection = p.name AND c.version = p.version",
    )
    .fetch_all(connection)
    .await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let (name, shape): (&str, i32) = (row.try_get("name")?, row.try_get("shape")?);
        let Some(model) = models.iter().find(|one| one.name() == name && one.shape() == shape)
        else {
            continue;
        };
        let version = row.try_get("version")?;
        let standing = found
            .entry(model.name())
            .or_insert_with(|| Standing { version, at: vec![Order::START; usize::from(LANES)] });
        let lane = usize::try_from(row.try_get::<i16, _>("lane")?).unwrap_or(usize::MAX);
        if let Some(at) = standing.at.get_mut(lane) {
            *at = read_order(row)?;
        }
    }
    Ok(found)
}

/// How far a lane has come.
pub(super) fn place(at: &[Order], lane: Lane) -> Order {
    at.get(usize::from(lane.number())).copied().unwrap_or(Order::START)
}

async fn parked(
    connection: &mut PgConnection,
    name: &str,
    version: i32,
    workspace: WorkspaceId,
) -> Result<HashMap<(AggregateKind, Uuid), u64>, ProjectionError> {
    let rows = sqlx::query(
        "SELECT aggregate, aggregate_id, sequence FROM read.parked \
         WHERE projection = $1 AND version = $2 AND workspace = $3",
    )
    .bind(name)
    .bind(version)
    .bind(workspace.uuid())
    .fetch_all(connection)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let key = (crate::words::word(row, "aggregate")?, row.try_get("aggregate_id")?);
        Ok((key, to_u64(row.try_get("sequence")?)))
    };
    rows.iter().map(read).collect()
}

/// The rows of a table that show aggregates after one and up to another.
async fn stored(
    connection: &mut PgConnection,
    schema: &str,
    table: &Audited,
    workspace: WorkspaceId,
    after: Option<Uuid>,
    last: Option<Uuid>,
) -> Result<Vec<(Uuid, Stored)>, ProjectionError> {
    let Audited { table, id, of, .. } = table;
    // Words of ours.
    let of = match of {
        [] => String::new(),
        of => format!(" AND t.aggregate IN ('{}')", of.join("', '")),
    };
    let sql = format!(
        "SELECT t.{id} AS id, to_jsonb(t) AS stored FROM {schema}.{table} t \
         WHERE t.workspace = $1 AND ($2::uuid IS NULL OR t.{id} > $2) \
           AND ($3::uuid IS NULL OR t.{id} <= $3){of}"
    );
    let rows = sqlx::query(&sql)
        .bind(workspace.uuid())
        .bind(after)
        .bind(last)
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            let mut stored = row.try_get::<Json<Stored>, _>("stored")?.0;
            if *id != "workspace" {
                stored.remove("workspace");
            }
            Ok((row.try_get("id")?, stored))
        })
        .collect()
}

/// Every workspace of which a read model has a row, from one to the next by the index.
pub(super) async fn workspaces_shown(
    pool: &PgPool,
    models: &[Arc<dyn ReadModel>],
) -> Result<BTreeSet<WorkspaceId>, ProjectionError> {
    let mut connection = pool.acquire().await?;
    let standings = standings(&mut connection, models).await?;
    let mut found = BTreeSet::new();
    for model in models {
        let Some(standing) = standings.get(model.name()) else { continue };
        let schema = schema_of(model.name(), standing.version);
        for table in crate::tables::tables_of(&mut connection, &schema).await? {
            let sql = format!(
                "WITH RECURSIVE found (workspace) AS ( \
                     (SELECT workspace FROM {schema}.{table} ORDER BY workspace LIMIT 1) \
                     UNION ALL \
                     SELECT (SELECT t.workspace FROM {schema}.{table} t \
                             WHERE t.workspace > found.workspace ORDER BY t.workspace LIMIT 1) \
                     FROM found WHERE found.workspace IS NOT NULL) \
                 SELECT workspace FROM found WHERE workspace IS NOT NULL"
            );
            let ids: Vec<Uuid> = sqlx::query_scalar(&sql).fetch_all(&mut *connection).await?;
            found.extend(ids.into_iter().map(WorkspaceId::from_uuid));
        }
    }
    Ok(found)
}
