//! The scan that one would write by hand: read a thousand events in their order, decode and unseal
//! them, fold them in memory, and upsert the leads that they changed with `UNNEST`.

use ael_events::event::{EventMetadata, LeadEvent};
use ael_events::ids::WorkspaceId;
use ael_events::values::{AggregateKind, Contact, Source, Stage};
use ael_projections::search;
use ael_seal::{
    DataKey, EventIdentity, KeyId, KeyIdentity, MasterKeyring, Purpose, WrappedKey, open_data,
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sqlx::PgPool;
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const CHUNK: i64 = 1_000;

/// A lead as the list shows it.
#[derive(Debug, Clone)]
struct Lead {
    workspace: Uuid,
    stage: Stage,
    source: Source,
    contact: Contact,
    created_at: DateTime<Utc>,
    stage_since: DateTime<Utc>,
    version: i64,
    messages: i64,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
struct EventRow {
    workspace: Uuid,
    id: Uuid,
    sequence: i64,
    event_type: String,
    payload: String,
    metadata: String,
    incarnation: i32,
    xid: String,
    position: i64,
}

/// Tables of the very form of the house's own, with all their indexes.
pub(super) async fn make_tables(pool: &PgPool, schema: &str) -> anyhow::Result<()> {
    let sql = format!(
        "CREATE SCHEMA IF NOT EXISTS bench; DROP TABLE IF EXISTS bench.leads, bench.activity;
         CREATE TABLE bench.leads (LIKE {schema}.leads INCLUDING ALL);
         CREATE TABLE bench.activity (LIKE {schema}.activity INCLUDING ALL)"
    );
    sqlx::raw_sql(&sql).execute(pool).await?;
    Ok(())
}

/// Both sides came to the same leads.
pub(super) async fn is_the_same(pool: &PgPool, schema: &str) -> anyhow::Result<()> {
    let mine = "SELECT id, stage, contact, search, version, message_count \
                FROM bench.leads JOIN bench.activity USING (workspace, id)";
    let theirs = mine.replace("bench.", &format!("{schema}."));
    let sql = format!("SELECT count(*) FROM (({mine}) EXCEPT ({theirs})) AS other");
    let other: i64 = sqlx::query_scalar(&sql).fetch_one(pool).await?;
    anyhow::ensure!(other == 0, "{other} leads differ between the rebuild and the scan by hand");
    Ok(())
}

/// Scans everything; gives the number of events.
pub(super) async fn scan(pool: &PgPool, keyring: &MasterKeyring) -> anyhow::Result<usize> {
    let mut leads: HashMap<Uuid, Lead> = HashMap::new();
    let (mut scanned, mut after) = (0, (0_i32, "0".to_owned(), 0_i64));
    loop {
        let rows: Vec<EventRow> = sqlx::query_as(
            // The name of the table matters: `xid` alone would be the text, whose order is another.
            "SELECT e.workspace, e.aggregate_id::uuid AS id, e.sequence, e.event_type,
                    e.payload::text AS payload, e.metadata::text AS metadata, e.incarnation,
                    e.xid::text AS xid, e.position
             FROM write.events e
             WHERE (e.incarnation, e.xid, e.position) > ($1, $2::text::xid8, $3)
               AND e.aggregate_type = 'lead'
             ORDER BY e.incarnation, e.xid, e.position LIMIT $4",
        )
        .bind(after.0)
        .bind(&after.1)
        .bind(after.2)
        .bind(CHUNK)
        .fetch_all(pool)
        .await?;
        let Some(last) = rows.last() else { return Ok(scanned) };
        after = (last.incarnation, last.xid.clone(), last.position);
        scanned += rows.len();
        chunk(pool, keyring, &mut leads, &rows).await?;
    }
}

async fn chunk(
    pool: &PgPool,
    keyring: &MasterKeyring,
    leads: &mut HashMap<Uuid, Lead>,
    rows: &[EventRow],
) -> anyhow::Result<()> {
    let metadata: Vec<EventMetadata> =
        rows.iter().map(|row| serde_json::from_str(&row.metadata)).collect::<Result<_, _>>()?;
    let keys = keys(pool, keyring, rows, &metadata).await?;
    let (mut listed, mut active) = (BTreeSet::new(), BTreeSet::new());
    for (row, metadata) in rows.iter().zip(&metadata) {
        let event = open(row, keys.get(&metadata.data_subject))?;
        active.insert(row.id);
        if fold(leads, row, metadata.occurred_at, event)? {
            listed.insert(row.id);
        }
    }
    let of = |ids: BTreeSet<Uuid>| -> Vec<(Uuid, &Lead)> {
        ids.into_iter().filter_map(|id| Some((id, leads.get(&id)?))).collect()
    };
    let mut tx = pool.begin().await?;
    upsert_leads(&mut tx, &of(listed)).await?;
    upsert_activity(&mut tx, &of(active)).await?;
    tx.commit().await?;
    Ok(())
}

async fn keys(
    pool: &PgPool,
    keyring: &MasterKeyring,
    rows: &[EventRow],
    metadata: &[EventMetadata],
) -> anyhow::Result<HashMap<Uuid, DataKey>> {
    let wanted: BTreeSet<(Uuid, Uuid)> =
        rows.iter().zip(metadata).map(|(row, meta)| (row.workspace, meta.data_subject)).collect();
    let (workspaces, subjects): (Vec<Uuid>, Vec<Uuid>) = wanted.into_iter().unzip();
    let found: Vec<(Uuid, Uuid, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT workspace, subject, wrapped, kek
         FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace, subject)
         JOIN write.data_keys USING (workspace, subject) WHERE purpose = 'data'",
    )
    .bind(workspaces)
    .bind(subjects)
    .fetch_all(pool)
    .await?;
    let unwrap = |(workspace, subject, bytes, kek): (Uuid, Uuid, Vec<u8>, Vec<u8>)| {
        let kek = KeyId::from_slice(&kek).context("a master key's id of other than 8 bytes")?;
        let identity = KeyIdentity { workspace, subject, purpose: Purpose::Data };
        Ok((subject, keyring.unwrap(&identity, &WrappedKey { kek, bytes })?))
    };
    found.into_iter().map(unwrap).collect()
}

fn open(row: &EventRow, key: Option<&DataKey>) -> anyhow::Result<LeadEvent> {
    let identity = EventIdentity {
        workspace: WorkspaceId::from_uuid(row.workspace),
        aggregate: AggregateKind::Lead,
        aggregate_id: row.id,
        sequence: row.sequence.unsigned_abs(),
        event_type: &row.event_type,
    };
    let payload: &RawValue = serde_json::from_str(&row.payload)?;
    Ok(LeadEvent::from_wire(&row.event_type, open_data(key, &identity, payload)?)?)
}

/// Whether something that lists show has changed.
fn fold(
    leads: &mut HashMap<Uuid, Lead>,
    row: &EventRow,
    at: DateTime<Utc>,
    event: LeadEvent,
) -> anyhow::Result<bool> {
    if let LeadEvent::Created(event) = event {
        let lead = Lead {
            workspace: row.workspace,
            stage: Stage::New,
            source: event.source,
            contact: event.private.into_open().map(|one| one.contact).unwrap_or_default(),
            created_at: at,
            stage_since: at,
            version: 1,
            messages: 0,
            updated_at: at,
        };
        leads.insert(row.id, lead);
        return Ok(true);
    }
    let lead = leads.get_mut(&row.id).context("a lead that was never entered")?;
    lead.version = row.sequence;
    lead.updated_at = lead.updated_at.max(at);
    if let LeadEvent::MessageLogged(event) = &event {
        lead.messages += i64::from(event.count);
    }
    let contacted = matches!(event, LeadEvent::Contacted(_));
    if contacted {
        (lead.stage, lead.stage_since) = (Stage::Contacted, at);
    }
    Ok(contacted)
}

async fn upsert_leads(tx: &mut sqlx::PgConnection, leads: &[(Uuid, &Lead)]) -> anyhow::Result<()> {
    if leads.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($lead:ident => $value:expr) => {
            leads.iter().map(|(_, $lead)| $value).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "INSERT INTO bench.leads (workspace, id, stage, source, contact, tags, score_rank,
             created_at, stage_since, merged, erased, search)
         SELECT workspace, id, stage, source, contact, '[]', -1, created_at, stage_since, false,
             false, search
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[],
             $6::timestamptz[], $7::timestamptz[], $8::text[])
             AS new (workspace, id, stage, source, contact, created_at, stage_since, search)
         ON CONFLICT (workspace, id) DO UPDATE SET stage = excluded.stage,
             stage_since = excluded.stage_since",
    )
    .bind(column!(lead => lead.workspace))
    .bind(leads.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(column!(lead => lead.stage.as_str()))
    .bind(column!(lead => lead.source.as_str()))
    .bind(column!(lead => Json(&lead.contact)))
    .bind(column!(lead => lead.created_at))
    .bind(column!(lead => lead.stage_since))
    .bind(column!(lead => search::words_of(&lead.contact)))
    .execute(tx)
    .await?;
    Ok(())
}

async fn upsert_activity(
    tx: &mut sqlx::PgConnection,
    leads: &[(Uuid, &Lead)],
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO bench.activity (workspace, id, version, message_count, updated_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[],
             $5::timestamptz[])
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version,
             message_count = excluded.message_count, updated_at = excluded.updated_at",
    )
    .bind(leads.iter().map(|(_, lead)| lead.workspace).collect::<Vec<_>>())
    .bind(leads.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(leads.iter().map(|(_, lead)| lead.version).collect::<Vec<_>>())
    .bind(leads.iter().map(|(_, lead)| lead.messages).collect::<Vec<_>>())
    .bind(leads.iter().map(|(_, lead)| lead.updated_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
