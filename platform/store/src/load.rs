//! Loading an aggregate: its snapshot, if there is one of use, and what happened since.

use crate::StoreError;
use ael_events::event::EventMetadata;
use ael_events::ids::WorkspaceId;
use ael_events::values::AggregateKind;
use ael_seal::{
    DataKey, EventIdentity, KeyId, KeyIdentity, MasterKeyring, Purpose, SealError, WrappedKey,
    open_bytes, open_data, seal_bytes,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::PgPool;
use uuid::Uuid;
use zeroize::Zeroizing;

/// An aggregate as far as it has come: the snapshot folded with the events gives the same as all
/// events folded.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The sequence of its last event; 0 when it does not exist.
    pub version: u64,
    /// Its state at an earlier version.
    pub snapshot: Option<Snapshot>,
    /// What happened since, all of it when there is no snapshot.
    pub events: Vec<LoadedEvent>,
}

/// The state of an aggregate at a version.
#[derive(Clone)]
pub struct Snapshot {
    /// The version that it shows.
    pub version: u64,
    /// The state, in the open.
    pub state: Value,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot(at {}, ***)", self.version)
    }
}

/// An event in the open.
#[derive(Clone)]
pub struct LoadedEvent {
    /// Its number within the aggregate.
    pub sequence: u64,
    /// Its wire name, as it was stored.
    pub event_type: String,
    /// Its data; without a private part when the person is erased.
    pub data: Value,
    /// What is known about it, as it was stored: folding a state does not need it.
    metadata: String,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
}

impl LoadedEvent {
    /// What is known about it.
    ///
    /// # Errors
    /// [`StoreError::Json`] when the store holds something else.
    pub fn metadata(&self) -> Result<EventMetadata, StoreError> {
        Ok(serde_json::from_str(&self.metadata)?)
    }
}

impl std::fmt::Debug for LoadedEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoadedEvent({} {}, ***)", self.sequence, self.event_type)
    }
}

/// Which aggregate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    pub(crate) workspace: WorkspaceId,
    pub(crate) aggregate: AggregateKind,
    pub(crate) id: Uuid,
}

impl Name {
    /// Whose key seals it, where that can be told from the name: a sale is sealed with its lead's.
    const fn known_subject(&self) -> Option<Uuid> {
        match self.aggregate {
            AggregateKind::Sale => None,
            AggregateKind::Workspace
            | AggregateKind::Member
            | AggregateKind::Invitation
            | AggregateKind::Token
            | AggregateKind::Lead
            | AggregateKind::Advisor => Some(self.id),
        }
    }
}

/// What a load brought along: the key, for the next append.
#[derive(Debug)]
pub(crate) struct LoadedWithKey {
    pub(crate) loaded: Loaded,
    pub(crate) key: Option<(Uuid, DataKey)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    o_place: i32,
    /// Nothing in the row about the aggregate itself.
    o_sequence: Option<i64>,
    o_event_type: Option<String>,
    o_payload: Option<String>,
    o_metadata: Option<String>,
    o_at: Option<DateTime<Utc>>,
    o_subject: Option<Uuid>,
    o_wrapped: Option<Vec<u8>>,
    o_kek: Option<Vec<u8>>,
}

/// Loads one aggregate; a snapshot that cannot be read is passed over.
pub(crate) async fn load(
    pool: &PgPool,
    keyring: &MasterKeyring,
    name: Name,
    format: u32,
) -> Result<LoadedWithKey, StoreError> {
    match one(load_many(pool, keyring, &[name], Some(format)).await?) {
        // Nothing depends on snapshots: one that can't be read is passed over.
        Err(BadLoad::Snapshot(error)) => {
            let Name { aggregate, id, .. } = name;
            tracing::warn!(%aggregate, %id, %error, "a snapshot cannot be read; it is passed over");
            Ok(one(load_many(pool, keyring, &[name], None).await?)?)
        }
        loaded => Ok(loaded?),
    }
}

fn one(loaded: Vec<Result<LoadedWithKey, BadLoad>>) -> Result<LoadedWithKey, BadLoad> {
    let absent = LoadedWithKey { loaded: Loaded::default(), key: None };
    loaded.into_iter().next().unwrap_or(Ok(absent))
}

/// Why one of several aggregates could not be loaded.
#[derive(Debug)]
pub(crate) enum BadLoad {
    /// Its snapshot cannot be read: it can be loaded without.
    Snapshot(StoreError),
    /// Its events cannot be read.
    Events(StoreError),
}

impl From<StoreError> for BadLoad {
    fn from(error: StoreError) -> Self {
        Self::Events(error)
    }
}

impl From<BadLoad> for StoreError {
    fn from(bad: BadLoad) -> Self {
        match bad {
            BadLoad::Snapshot(error) | BadLoad::Events(error) => error,
        }
    }
}

/// Loads aggregates of one workspace in one round trip, each with an outcome of its own, in the
/// order in which they are asked for.
pub(crate) async fn load_many(
    pool: &PgPool,
    keyring: &MasterKeyring,
    names: &[Name],
    format: Option<u32>,
) -> Result<Vec<Result<LoadedWithKey, BadLoad>>, StoreError> {
    let Some(first) = names.first() else { return Ok(Vec::new()) };
    let mut rows = sqlx::query_as("SELECT * FROM write.load_many($1, $2, $3, $4, $5)")
        .bind(first.workspace.uuid())
        .bind(names.iter().map(|name| name.aggregate.as_str()).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.id.to_string()).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.known_subject()).collect::<Vec<_>>())
        .bind(format.map(format_number).transpose()?)
        .fetch_all(pool)
        .await?
        .into_iter()
        .peekable();
    let mut loaded = Vec::with_capacity(names.len());
    for (name, place) in names.iter().zip(1_i32..) {
        let mine: Vec<Row> =
            std::iter::from_fn(|| rows.next_if(|row: &Row| row.o_place == place)).collect();
        loaded.push(assemble(keyring, *name, format, mine));
    }
    Ok(loaded)
}

/// The row about an aggregate, then its events after the snapshot.
fn assemble(
    keyring: &MasterKeyring,
    name: Name,
    format: Option<u32>,
    rows: Vec<Row>,
) -> Result<LoadedWithKey, BadLoad> {
    let mut rows = rows.into_iter();
    let Some(head) = rows.next() else {
        return Err(StoreError::bad_row("an aggregate that was asked for is passed over").into());
    };
    let key = key_of(keyring, name.workspace, &head)?;
    let data_key = key.as_ref().map(|(_, key)| key);
    let snapshot = snapshot_of(name, format.unwrap_or_default(), data_key, &head);
    let snapshot = snapshot.map_err(BadLoad::Snapshot)?;
    let events: Vec<LoadedEvent> =
        rows.map(|row| event_of(name, data_key, row)).collect::<Result<_, StoreError>>()?;
    let shown = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
    let version = events.last().map_or(shown, |last| last.sequence);
    Ok(LoadedWithKey { loaded: Loaded { version, snapshot, events }, key })
}

fn key_of(
    keyring: &MasterKeyring,
    workspace: WorkspaceId,
    head: &Row,
) -> Result<Option<(Uuid, DataKey)>, StoreError> {
    let (Some(subject), Some(wrapped), Some(kek)) = (head.o_subject, &head.o_wrapped, &head.o_kek)
    else {
        return Ok(None);
    };
    let key = unwrap_key(keyring, workspace.uuid(), subject, Purpose::Data, wrapped, kek)?;
    Ok(Some((subject, key)))
}

pub(crate) fn unwrap_key(
    keyring: &MasterKeyring,
    workspace: Uuid,
    subject: Uuid,
    purpose: Purpose,
    wrapped: &[u8],
    kek: &[u8],
) -> Result<DataKey, StoreError> {
    let kek = KeyId::from_slice(kek)
        .ok_or_else(|| StoreError::bad_row("a master key's id of other than 8 bytes"))?;
    let wrapped = WrappedKey { kek, bytes: wrapped.to_vec() };
    Ok(keyring.unwrap(&KeyIdentity { workspace, subject, purpose }, &wrapped)?)
}

fn event_of(name: Name, key: Option<&DataKey>, row: Row) -> Result<LoadedEvent, StoreError> {
    let bad = || StoreError::bad_row("an event with an empty column");
    let event_type = row.o_event_type.ok_or_else(bad)?;
    let payload = RawValue::from_string(row.o_payload.ok_or_else(bad)?)?;
    let sequence = row.o_sequence.ok_or_else(bad)?.cast_unsigned();
    let identity = EventIdentity {
        workspace: name.workspace,
        aggregate: name.aggregate,
        aggregate_id: name.id,
        sequence,
        event_type: &event_type,
    };
    let data = open_data(key, &identity, &payload)?;
    let (metadata, recorded_at) = (row.o_metadata.ok_or_else(bad)?, row.o_at.ok_or_else(bad)?);
    Ok(LoadedEvent { sequence, data, metadata, recorded_at, event_type })
}

/// The head row carries the snapshot in the columns that events use for other things.
fn snapshot_of(
    name: Name,
    format: u32,
    key: Option<&DataKey>,
    head: &Row,
) -> Result<Option<Snapshot>, StoreError> {
    let (Some(version), Some(payload), Some(key)) = (&head.o_event_type, &head.o_payload, key)
    else {
        return Ok(None);
    };
    let version = version.parse().map_err(|_| StoreError::bad_row("a snapshot's version"))?;
    let sealed: SealedState = serde_json::from_str(payload)?;
    let associated = associated(name, version, format);
    let bytes = STANDARD_NO_PAD.decode(&sealed.sealed).map_err(|_| SealError::Malformed)?;
    let plain = Zeroizing::new(open_bytes(key, associated.as_bytes(), &bytes)?);
    Ok(Some(Snapshot { version, state: serde_json::from_slice(&plain)? }))
}

#[derive(serde::Serialize, serde::Deserialize)]
struct SealedState {
    sealed: String,
}

fn associated(name: Name, version: u64, format: u32) -> String {
    let Name { workspace, aggregate, id } = name;
    format!("snapshot|{workspace}|{aggregate}|{id}|{version}|{format}")
}

/// Keeps a snapshot unless there is a newer one; false when there is, or when the person is erased.
pub(crate) async fn save_snapshot(
    pool: &PgPool,
    workspace: WorkspaceId,
    key: &DataKey,
    snapshot: &crate::NewSnapshot,
) -> Result<bool, StoreError> {
    let name = Name { workspace, aggregate: snapshot.aggregate, id: snapshot.aggregate_id };
    let plain = Zeroizing::new(serde_json::to_vec(&snapshot.state)?);
    let associated = associated(name, snapshot.version, snapshot.format);
    let sealed = seal_bytes(key, associated.as_bytes(), &plain)?;
    let sealed = SealedState { sealed: STANDARD_NO_PAD.encode(sealed) };
    let version = i64::try_from(snapshot.version)
        .map_err(|_| StoreError::bad_row("a snapshot's version is too large"))?;
    let saved = sqlx::query_scalar("SELECT write.save_snapshot($1, $2, $3, $4, $5, $6, $7)")
        .bind(workspace.uuid())
        .bind(snapshot.aggregate.as_str())
        .bind(snapshot.aggregate_id.to_string())
        .bind(version)
        .bind(serde_json::to_string(&sealed)?)
        .bind(format_number(snapshot.format)?)
        .bind(snapshot.data_subject)
        .fetch_one(pool)
        .await?;
    Ok(saved)
}

fn format_number(format: u32) -> Result<i32, StoreError> {
    i32::try_from(format).map_err(|_| StoreError::bad_row("a snapshot's format is too large"))
}
