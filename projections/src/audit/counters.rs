//! The counters, compared with the sums of what is counted of each lead, at one moment.

use super::findings::Findings;
use super::page::standings;
use crate::error::{ProjectionError, SourceError};
use crate::model::{ReadModel as _, schema_of};
use crate::stats::{Facts, Stats, counted};
use ael_events::ids::{Lane, MemberId, WorkspaceId};
use ael_store::ReadSnapshot;
use futures::TryStreamExt as _;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// A counter's row: lane, owner, metric, key.
type Counter = (i16, Uuid, String, String);

pub(super) async fn verify(
    pool: &PgPool,
    workspace: WorkspaceId,
) -> Result<Findings, ProjectionError> {
    let mut findings = Findings::default();
    let mut snapshot = ReadSnapshot::begin(pool).await.map_err(SourceError::from)?;
    let connection = snapshot.connection();
    let standings = standings(connection, &[Arc::new(Stats)]).await?;
    // Tables of another release are told about where the leads are compared.
    let Some(standing) = standings.get(Stats.name()) else { return Ok(findings) };
    let schema = schema_of(Stats.name(), standing.version);
    let mut should = sums(connection, &schema, workspace).await?;
    let rows = shown(connection, &schema, workspace).await?;
    snapshot.end().await.map_err(SourceError::from)?;
    findings.tally(Stats.name()).rows += rows.len() as u64;
    for (lane, owner, metric, key, amount) in rows {
        let counter = (lane, owner, metric, key);
        let sum = should.remove(&counter);
        if sum != Some(amount) {
            differ(&mut findings, workspace, &counter, sum, Some(amount));
        }
    }
    for (counter, sum) in should {
        differ(&mut findings, workspace, &counter, Some(sum), None);
    }
    Ok(findings)
}

async fn shown(
    connection: &mut PgConnection,
    schema: &str,
    workspace: WorkspaceId,
) -> Result<Vec<(i16, Uuid, String, String, i64)>, ProjectionError> {
    let sql = format!(
        "SELECT lane, owner, metric, key, amount FROM {schema}.counters WHERE workspace = $1"
    );
    Ok(sqlx::query_as(&sql).bind(workspace.uuid()).fetch_all(connection).await?)
}

/// What the counters should be, lead by lead: as much memory as there are counters.
async fn sums(
    connection: &mut PgConnection,
    schema: &str,
    workspace: WorkspaceId,
) -> Result<BTreeMap<Counter, i64>, ProjectionError> {
    let mut sums: BTreeMap<Counter, i64> = BTreeMap::new();
    let sql = format!("SELECT lead_id, facts FROM {schema}.facts WHERE workspace = $1");
    let mut rows = sqlx::query(&sql).bind(workspace.uuid()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let lane = i16::from(Lane::of(row.try_get("lead_id")?).number());
        // What cannot be read is told about where the leads are compared.
        let Ok(Json(facts)) = row.try_get::<Json<Facts>, _>("facts") else { continue };
        for ((owner, metric, key), amount) in counted(&facts) {
            let owner = owner.map_or(Uuid::nil(), MemberId::uuid);
            *sums.entry((lane, owner, metric.to_owned(), key)).or_default() += amount;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    Ok(sums)
}

fn differ(
    findings: &mut Findings,
    workspace: WorkspaceId,
    (lane, owner, metric, key): &Counter,
    sum: Option<i64>,
    shown: Option<i64>,
) {
    let whose = if owner.is_nil() { "nobody".to_owned() } else { format!("member/{owner}") };
    let name = [metric.as_str(), key].join(" ");
    let field = format!("counters[{} of {whose}, lane {lane}]", name.trim_end());
    let aggregate = format!("workspace/{workspace}");
    let told = |amount: Option<i64>| amount.map(|amount| amount.to_string());
    findings.differ(Stats.name(), &aggregate, field, told(sum), told(shown));
}
