//! The board's tables: read and written a batch at a time, and only what changed.

use super::row::{Activity, Advice, BoardRow, ListedLead};
use crate::model::{Key, Target, key_arrays, look_up, to_i64, to_u64};
use crate::words::{bad_column, word};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::values::{Contact, DomainSlug, Score, StaleReason, Tag};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Rows = BTreeMap<Key, BoardRow>;

pub(super) async fn load(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<Rows, sqlx::Error> {
    let (workspaces, ids) = key_arrays(keys.iter());
    let schema = &target.schema;
    let sql = format!(
        "SELECT l.*, a.version, a.message_count, a.updated_at FROM ({}) AS l \
         CROSS JOIN LATERAL (SELECT * FROM {schema}.activity AS one \
             WHERE one.workspace = l.workspace AND one.id = l.id OFFSET 0) AS a",
        look_up(schema, "leads", "id")
    );
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<(Key, BoardRow), sqlx::Error> {
    let score: Option<f64> = row.try_get("score")?;
    let advice = match score {
        Some(score) => {
            let score = Score::new(score).map_err(|error| bad_column("score", error))?;
            let messages: i64 = row.try_get("analysed_messages")?;
            let outdated: Option<String> = row.try_get("outdated")?;
            let outdated = outdated.as_deref().map(str::parse::<StaleReason>).transpose();
            Some(Advice {
                score,
                recommendation: word(row, "recommendation")?,
                at: row.try_get("analysed_at")?,
                messages: u32::try_from(messages).unwrap_or(u32::MAX),
                outdated: outdated.map_err(|error| bad_column("outdated", error))?,
            })
        }
        None => None,
    };
    let domain: Option<String> = row.try_get("business_domain")?;
    let domain = domain.as_deref().map(DomainSlug::parse).transpose();
    let messages: i64 = row.try_get("message_count")?;
    let lead = ListedLead {
        stage: word(row, "stage")?,
        source: word(row, "source")?,
        business_domain: domain.map_err(|error| bad_column("business_domain", error))?,
        owner: row.try_get::<Option<_>, _>("owner")?.map(MemberId::from_uuid),
        contact: row.try_get::<Json<Contact>, _>("contact")?.0,
        tags: row.try_get::<Json<BTreeSet<Tag>>, _>("tags")?.0,
        advice,
        reached: word(row, "reached")?,
        created_at: row.try_get("created_at")?,
        stage_since: row.try_get("stage_since")?,
        merged: row.try_get("merged")?,
        erased: row.try_get("erased")?,
    };
    let activity = Activity {
        version: to_u64(row.try_get("version")?),
        message_count: u32::try_from(messages).unwrap_or(u32::MAX),
        updated_at: row.try_get("updated_at")?,
    };
    let key = (WorkspaceId::from_uuid(row.try_get("workspace")?), row.try_get("id")?);
    Ok((key, BoardRow { lead, activity }))
}

pub(super) async fn store(
    connection: &mut PgConnection,
    target: &Target,
    before: &Rows,
    after: &Rows,
) -> Result<(), sqlx::Error> {
    let active: Vec<_> = after
        .iter()
        .filter(|(key, row)| before.get(*key).map(|old| old.activity) != Some(row.activity))
        .map(|(key, row)| (key, &row.activity))
        .collect();
    let listed: Vec<_> = after
        .iter()
        .filter(|(key, row)| before.get(*key).map(|old| &old.lead) != Some(&row.lead))
        .map(|(key, row)| (key, &row.lead))
        .collect();
    let no_tags = BTreeSet::new();
    let retagged: Vec<_> = listed
        .iter()
        .filter(|(key, lead)| {
            let tags = before.get(*key).map_or(&no_tags, |old| &old.lead.tags);
            let was_merged = before.get(*key).is_some_and(|old| old.lead.merged);
            *tags != lead.tags || was_merged != lead.merged
        })
        .copied()
        .collect();
    store_leads(connection, target, &listed).await?;
    store_activity(connection, target, &active).await?;
    let known = |(key, _): &&(&Key, &ListedLead)| before.contains_key(*key);
    forget_tags(connection, target, &retagged.iter().filter(known).copied().collect::<Vec<_>>())
        .await?;
    store_tags(connection, target, &retagged).await
}

async fn store_leads(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &ListedLead)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| *key));
    macro_rules! column {
        ($lead:ident => $value:expr) => {
            rows.iter().map(|(_, $lead)| $value).collect::<Vec<_>>()
        };
    }
    let sql = format!(
        "INSERT INTO {}.leads (workspace, id, stage, source, business_domain, owner, contact, \
             tags, score, score_rank, tier, recommendation, created_at, stage_since, merged, \
             erased, search, analysed_at, analysed_messages, outdated, reached) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], \
             $6::uuid[], $7::jsonb[], $8::jsonb[], $9::float8[], $10::float8[], $11::text[], \
             $12::text[], $13::timestamptz[], $14::timestamptz[], $15::boolean[], \
             $16::boolean[], $17::text[], $18::timestamptz[], $19::bigint[], $20::text[], \
             $21::text[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET stage = excluded.stage, \
             source = excluded.source, business_domain = excluded.business_domain, \
             owner = excluded.owner, contact = excluded.contact, tags = excluded.tags, \
             score = excluded.score, score_rank = excluded.score_rank, tier = excluded.tier, \
             recommendation = excluded.recommendation, stage_since = excluded.stage_since, \
             merged = excluded.merged, erased = excluded.erased, search = excluded.search, \
             analysed_at = excluded.analysed_at, reached = excluded.reached, \
             analysed_messages = excluded.analysed_messages, outdated = excluded.outdated",
        target.schema
    );
    let outdated = |lead: &ListedLead| Some(lead.advice?.outdated?.as_str());
    let score = |lead: &ListedLead| lead.advice.map(|advice| advice.score.value());
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(column!(lead => lead.stage.as_str()))
        .bind(column!(lead => lead.source.as_str()))
        .bind(column!(lead => lead.business_domain.as_ref().map(DomainSlug::as_str)))
        .bind(column!(lead => lead.owner.map(MemberId::uuid)))
        .bind(column!(lead => Json(&lead.contact)))
        .bind(column!(lead => Json(&lead.tags)))
        .bind(column!(lead => score(lead)))
        .bind(column!(lead => score(lead).unwrap_or(-1.0)))
        .bind(column!(lead => lead.advice.map(|advice| advice.score.tier().as_str())))
        .bind(column!(lead => lead.advice.map(|advice| advice.recommendation.as_str())))
        .bind(column!(lead => lead.created_at))
        .bind(column!(lead => lead.stage_since))
        .bind(column!(lead => lead.merged))
        .bind(column!(lead => lead.erased))
        .bind(column!(lead => lead.search()))
        .bind(column!(lead => lead.advice.map(|advice| advice.at)))
        .bind(column!(lead => lead.advice.map(|advice| i64::from(advice.messages))))
        .bind(column!(lead => outdated(lead)))
        .bind(column!(lead => lead.reached.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}

async fn store_activity(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &Activity)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| *key));
    let sql = format!(
        "INSERT INTO {}.activity (workspace, id, version, message_count, updated_at) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], \
             $5::timestamptz[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             message_count = excluded.message_count, updated_at = excluded.updated_at",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows.iter().map(|(_, row)| to_i64(row.version)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| i64::from(row.message_count)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.updated_at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn forget_tags(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &ListedLead)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| *key));
    let sql = format!(
        "DELETE FROM {}.lead_tags t USING unnest($1::uuid[], $2::uuid[]) AS k (workspace, id) \
         WHERE t.workspace = k.workspace AND t.lead_id = k.id",
        target.schema
    );
    // Rare: planned anew each time, by what the table holds then.
    sqlx::query(&sql).bind(workspaces).bind(ids).persistent(false).execute(connection).await?;
    Ok(())
}

/// Tags have rows of their own: an index by tag that row-level security does not take away.
async fn store_tags(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &ListedLead)],
) -> Result<(), sqlx::Error> {
    let tags: Vec<_> = rows
        .iter()
        .filter(|(_, lead)| !lead.merged)
        .flat_map(|(key, lead)| lead.tags.iter().map(move |tag| (key, tag, lead.created_at)))
        .collect();
    if tags.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {}.lead_tags (workspace, tag, created_at, lead_id) \
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[])",
        target.schema
    );
    sqlx::query(&sql)
        .bind(tags.iter().map(|(key, ..)| key.0.uuid()).collect::<Vec<_>>())
        .bind(tags.iter().map(|(_, tag, _)| tag.as_str()).collect::<Vec<_>>())
        .bind(tags.iter().map(|(.., created_at)| *created_at).collect::<Vec<_>>())
        .bind(tags.iter().map(|(key, ..)| key.1).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
