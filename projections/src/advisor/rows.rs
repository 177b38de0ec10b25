//! The tables of advisors and their trainings.

use super::row::{AdvisorRow, Questions, TrainingRow};
use crate::model::{Key, Target, key_arrays, look_up, to_i64, to_u64};
use ael_events::event::OutsideFit;
use ael_events::ids::WorkspaceId;
use ael_events::values::ModelFile;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};

/// A version as PostgreSQL keeps it.
pub(super) fn to_i32(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

pub(super) async fn load(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, AdvisorRow>, sqlx::Error> {
    let (workspaces, ids) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, "advisors", "id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<(Key, AdvisorRow), sqlx::Error> {
    let key = (WorkspaceId::from_uuid(row.try_get("workspace")?), row.try_get("id")?);
    let advisor = AdvisorRow {
        version: to_u64(row.try_get("version")?),
        changed: to_u64(row.try_get("changed")?),
        champion: row.try_get::<Option<i32>, _>("champion")?.map(i32::unsigned_abs),
        trained_at: row.try_get("trained_at")?,
        outcomes: to_u64(row.try_get("outcomes")?),
        outside: row.try_get::<Json<Vec<OutsideFit>>, _>("outside")?.0,
        questions: row.try_get::<Json<Questions>, _>("questions")?.0,
    };
    Ok((key, advisor))
}

pub(super) async fn store_advisors(
    connection: &mut PgConnection,
    target: &Target,
    rows: &BTreeMap<Key, AdvisorRow>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.keys());
    let sql = format!(
        "INSERT INTO {}.advisors (workspace, id, version, champion, trained_at, outcomes, outside, \
             changed, questions) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], \
             $5::timestamptz[], $6::bigint[], $7::jsonb[], $8::bigint[], $9::jsonb[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             changed = excluded.changed, \
             champion = excluded.champion, trained_at = excluded.trained_at, \
             outcomes = excluded.outcomes, outside = excluded.outside, \
             questions = excluded.questions",
        target.schema
    );
    let rows = || rows.values();
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows().map(|row| to_i64(row.version)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.champion.map(to_i32)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.trained_at).collect::<Vec<_>>())
        .bind(rows().map(|row| to_i64(row.outcomes)).collect::<Vec<_>>())
        .bind(rows().map(|row| Json(&row.outside)).collect::<Vec<_>>())
        .bind(rows().map(|row| to_i64(row.changed)).collect::<Vec<_>>())
        .bind(rows().map(|row| Json(&row.questions)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn store_trainings(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(Key, TrainingRow)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| key));
    let sql = format!(
        "INSERT INTO {}.trainings (workspace, id, sequence, model_version, model, recorded_at, \
             training) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::text[], \
             $6::timestamptz[], $7::jsonb[]) \
         ON CONFLICT (workspace, id, sequence) DO NOTHING",
        target.schema
    );
    let rows = || rows.iter().map(|(_, row)| row);
    let kept = |row: &TrainingRow| row.model.as_ref().map(|(version, _)| to_i32(*version));
    let file = |row: &TrainingRow| {
        row.model.as_ref().map(|(_, model)| ModelFile::as_str(model).to_owned())
    };
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows().map(|row| to_i64(row.sequence)).collect::<Vec<_>>())
        .bind(rows().map(kept).collect::<Vec<_>>())
        .bind(rows().map(file).collect::<Vec<_>>())
        .bind(rows().map(|row| row.recorded_at).collect::<Vec<_>>())
        .bind(rows().map(|row| Json(&row.training)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
