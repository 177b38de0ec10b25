//! Data keys: looked up, made, and wrapped anew when the master key changes. Destroying one is part
//! of an append.

use crate::StoreError;
use crate::load::unwrap_key;
use ael_events::event::Recorded;
use ael_events::ids::WorkspaceId;
use ael_events::private::SEALED_KEY;
use ael_seal::{DataKey, EventIdentity, KeyIdentity, MasterKeyring, Purpose, SealError, open_data};
use serde_json::Value;
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Opens events in bulk, for the projector.
///
/// It asks the database for the keys of each batch and remembers none: a destroyed key is never
/// used again, and so an erased person cannot come back into a read model.
#[derive(Debug, Clone)]
pub struct KeyStore {
    pool: PgPool,
    keyring: Arc<MasterKeyring>,
}

impl KeyStore {
    /// Over a pool in the role of the projections.
    #[must_use]
    pub const fn new(pool: PgPool, keyring: Arc<MasterKeyring>) -> Self {
        Self { pool, keyring }
    }

    /// The data of each event in the open, in the same order; without a private part where the
    /// person is erased. An event that was tampered with fails alone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or a master key is missing.
    pub async fn open(
        &self,
        events: &[Recorded],
    ) -> Result<Vec<Result<Value, SealError>>, StoreError> {
        let keys = self.keys_of(events).await?;
        let open = |event: &Recorded| {
            let subject = (event.workspace.uuid(), event.metadata.data_subject);
            open_data(keys.get(&subject), &identity(event), &event.data)
        };
        Ok(events.iter().map(open).collect())
    }

    async fn keys_of(
        &self,
        events: &[Recorded],
    ) -> Result<HashMap<(Uuid, Uuid), DataKey>, StoreError> {
        let sealed = events.iter().filter(|event| event.data.get().contains(SEALED_KEY));
        let wanted: HashSet<(Uuid, Uuid)> =
            sealed.map(|event| (event.workspace.uuid(), event.metadata.data_subject)).collect();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let (workspaces, subjects): (Vec<Uuid>, Vec<Uuid>) = wanted.into_iter().unzip();
        let rows: Vec<(Uuid, Uuid, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT k.workspace, k.subject, k.wrapped, k.kek
             FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace, subject)
             CROSS JOIN LATERAL (
                 SELECT * FROM write.data_keys AS known
                 WHERE known.workspace = wanted.workspace AND known.subject = wanted.subject
                   AND known.purpose = 'data' OFFSET 0) AS k",
        )
        .bind(workspaces)
        .bind(subjects)
        .fetch_all(&self.pool)
        .await?;
        let unwrap = |(workspace, subject, wrapped, kek): (Uuid, Uuid, Vec<u8>, Vec<u8>)| {
            let purpose = Purpose::Data;
            let key = unwrap_key(&self.keyring, workspace, subject, purpose, &wrapped, &kek)?;
            Ok(((workspace, subject), key))
        };
        rows.into_iter().map(unwrap).collect()
    }
}

/// What a sealed part of this event is bound to.
#[must_use]
pub fn identity(event: &Recorded) -> EventIdentity<'_> {
    EventIdentity {
        workspace: event.workspace,
        aggregate: event.aggregate,
        aggregate_id: event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
    }
}

pub(crate) async fn find(
    pool: &PgPool,
    keyring: &MasterKeyring,
    workspace: WorkspaceId,
    subject: Uuid,
    purpose: Purpose,
) -> Result<Option<DataKey>, StoreError> {
    let row: Option<(Uuid, Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT * FROM write.find_keys($1, $2, $3)")
            .bind(workspace.uuid())
            .bind(vec![subject])
            .bind(purpose.as_str())
            .fetch_optional(pool)
            .await?;
    let unwrap = |(_, wrapped, kek): (Uuid, Vec<u8>, Vec<u8>)| {
        unwrap_key(keyring, workspace.uuid(), subject, purpose, &wrapped, &kek)
    };
    row.map(unwrap).transpose()
}

/// The workspace's own key for hashes: whoever needs it first makes it, and everybody uses the one
/// that stayed.
pub(crate) async fn workspace_key(
    pool: &PgPool,
    keyring: &MasterKeyring,
    workspace: WorkspaceId,
) -> Result<DataKey, StoreError> {
    let subject = workspace.uuid();
    if let Some(key) = find(pool, keyring, workspace, subject, Purpose::Hmac).await? {
        return Ok(key);
    }
    let identity = KeyIdentity { workspace: subject, subject, purpose: Purpose::Hmac };
    let wrapped = keyring.wrap(&identity, &DataKey::generate()?)?;
    sqlx::query("SELECT write.keep_hmac_key($1, $2, $3)")
        .bind(subject)
        .bind(wrapped.bytes)
        .bind(wrapped.kek.0.to_vec())
        .execute(pool)
        .await?;
    let key = find(pool, keyring, workspace, subject, Purpose::Hmac).await?;
    key.ok_or_else(|| StoreError::bad_row("a workspace without a key for hashes"))
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    workspace: Uuid,
    subject: Uuid,
    purpose: String,
    wrapped: Vec<u8>,
    kek: Vec<u8>,
}

/// Wraps anew a chunk of the data keys that another master key than the current one wraps; the
/// number that were. Repeat until it is 0: then no old master key is needed any more. The pool is
/// the owner's.
///
/// # Errors
/// [`StoreError`] when the database is away, or a master key that wrapped one is missing.
pub async fn rotate(pool: &PgPool, keyring: &MasterKeyring, chunk: u32) -> Result<u64, StoreError> {
    let current = keyring.current()?;
    let rows: Vec<KeyRow> = sqlx::query_as(
        "SELECT workspace, subject, purpose, wrapped, kek FROM write.data_keys
         WHERE kek <> $1 ORDER BY workspace, subject, purpose LIMIT $2",
    )
    .bind(current.0.to_vec())
    .bind(i64::from(chunk))
    .fetch_all(pool)
    .await?;
    let found = rows.len() as u64;
    let mut rewrapped = Vec::with_capacity(rows.len());
    for row in rows {
        let KeyRow { workspace, subject, purpose, wrapped, kek } = row;
        let purpose = purpose_of(&purpose)?;
        let key = unwrap_key(keyring, workspace, subject, purpose, &wrapped, &kek)?;
        let fresh = keyring.wrap(&KeyIdentity { workspace, subject, purpose }, &key)?;
        rewrapped.push((workspace, subject, purpose.as_str(), kek, fresh));
    }
    // A key that was destroyed in the meantime stays destroyed: an update makes no rows.
    sqlx::query(
        "UPDATE write.data_keys AS k SET wrapped = fresh.wrapped, kek = fresh.kek
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
            AS fresh (workspace, subject, purpose, old_kek, wrapped, kek)
         WHERE k.workspace = fresh.workspace AND k.subject = fresh.subject
           AND k.purpose = fresh.purpose AND k.kek = fresh.old_kek",
    )
    .bind(rewrapped.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind(rewrapped.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind(rewrapped.iter().map(|row| row.2).collect::<Vec<_>>())
    .bind(rewrapped.iter().map(|row| row.3.clone()).collect::<Vec<_>>())
    .bind(rewrapped.iter().map(|row| row.4.bytes.clone()).collect::<Vec<_>>())
    .bind(rewrapped.iter().map(|row| row.4.kek.0.to_vec()).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(found)
}

/// Whether the keyring opens every data key there is; a wrong master key is found before anything
/// is sealed by it. The pool is the owner's.
///
/// # Errors
/// [`StoreError`] when the database is away, or [`StoreError::Seal`] when a master key is missing
/// or another than it says.
pub async fn check(pool: &PgPool, keyring: &MasterKeyring) -> Result<(), StoreError> {
    let one_of_each: Vec<KeyRow> = sqlx::query_as(
        "SELECT DISTINCT ON (kek) workspace, subject, purpose, wrapped, kek FROM write.data_keys",
    )
    .fetch_all(pool)
    .await?;
    for KeyRow { workspace, subject, purpose, wrapped, kek } in one_of_each {
        let purpose = purpose_of(&purpose)?;
        unwrap_key(keyring, workspace, subject, purpose, &wrapped, &kek)?;
    }
    Ok(())
}

fn purpose_of(text: &str) -> Result<Purpose, StoreError> {
    match text {
        "data" => Ok(Purpose::Data),
        "hmac" => Ok(Purpose::Hmac),
        _ => Err(StoreError::bad_row("a data key of an unknown purpose")),
    }
}

/// How many data keys another master key than the current one wraps.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn remaining(pool: &PgPool, keyring: &MasterKeyring) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM write.data_keys WHERE kek <> $1")
        .bind(keyring.current()?.0.to_vec())
        .fetch_one(pool)
        .await?;
    Ok(count.cast_unsigned())
}
