//! The one writer: loads, appends, and remembers what was answered.

use crate::append::{Groups, Keys, Prepared};
use crate::load::{self, LoadedWithKey, Name};
use crate::loads::Loads;
use crate::{
    Append, AppendError, Appended, DbRole, Loaded, NewSnapshot, PoolOptions, StoreError,
    StoredAnswer, StreamAppend, answers, claims, connect, keys,
};
use ael_events::answer::Rejected;
use ael_events::ids::{CommandId, LeadId, WorkspaceId};
use ael_events::private::OPEN_KEY;
use ael_events::values::AggregateKind;
use ael_seal::{ContactKind, DataKey, KeyIdentity, MasterKeyring, Purpose, WorkspaceHmac};
use moka::sync::Cache;
use serde_json::Value;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How many data keys are remembered: more than `commands` remembers leads, so that a lead which
/// is at hand can be written to without asking for its key.
const KEYS: u64 = 200_000;
/// How long a key is remembered after it was last used: a destroyed one goes with it.
const KEY_IDLE: Duration = Duration::from_secs(120);
/// How long it is remembered at most.
const KEY_LIFE: Duration = Duration::from_secs(600);

/// How the writer works.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// The name under which `pg_stat_activity` shows it.
    pub application: String,
    /// Connections for appends; each workspace uses one at a time.
    pub append_connections: u32,
    /// Connections for loads and look-ups.
    pub read_connections: u32,
    /// How long an append may take in the database, in milliseconds. It holds back the settled
    /// order for as long.
    pub append_timeout_ms: u32,
    /// Appends that share a transaction, at most.
    pub max_group: usize,
    /// Events in one transaction, at most (one append may hold more alone).
    pub max_group_events: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            application: "ael-commands".to_owned(),
            append_connections: 4,
            read_connections: 8,
            append_timeout_ms: 200,
            max_group: 64,
            max_group_events: 256,
        }
    }
}

/// The event store, as the one service that writes sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EventWriter(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    append: PgPool,
    read: PgPool,
    keyring: Arc<MasterKeyring>,
    /// Keys in use; the append itself checks that they still exist.
    keys: Cache<(WorkspaceId, Uuid), DataKey>,
    hmacs: Cache<WorkspaceId, Arc<WorkspaceHmac>>,
    groups: Arc<Groups>,
    loads: Arc<Loads>,
}

impl EventWriter {
    /// Enters the database in the role of `commands`.
    ///
    /// # Errors
    /// [`StoreError`] when nobody answers there, or the tables are not there yet.
    pub async fn connect(
        url: &str,
        keyring: Arc<MasterKeyring>,
        options: WriterOptions,
    ) -> Result<Self, StoreError> {
        let append = PoolOptions {
            application: options.application.clone(),
            max_connections: options.append_connections,
            statement_timeout_ms: Some(options.append_timeout_ms),
            ..PoolOptions::default()
        };
        let read = PoolOptions {
            max_connections: options.read_connections,
            statement_timeout_ms: None,
            ..append.clone()
        };
        let append = connect(url, DbRole::Commands, &append).await?;
        let read = connect(url, DbRole::Commands, &read).await?;
        let groups = Arc::new(Groups::new(append.clone(), read.clone(), &options));
        let loads = Arc::new(Loads::new(read.clone(), Arc::clone(&keyring)));
        let keys = Cache::builder()
            .max_capacity(KEYS)
            .time_to_idle(KEY_IDLE)
            .time_to_live(KEY_LIFE)
            .build();
        let hmacs = Cache::builder().max_capacity(10_000).build();
        Ok(Self(Arc::new(Writer { append, read, keyring, keys, hmacs, groups, loads })))
    }

    /// The pool for look-ups in the auth directory.
    #[must_use]
    pub fn read_pool(&self) -> &PgPool {
        &self.0.read
    }

    /// Writes an append: all of it, or nothing. Appends of one workspace that wait at the same
    /// moment share a transaction. A dropped future leaves the append to its fate: it may still
    /// happen.
    ///
    /// # Errors
    /// [`AppendError`] says which rule it violates, or that the outcome is unknown.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let keys = self.keys_for(&append).await?;
        let prepared = Prepared::new(&append, &keys)?;
        let outcome = self.0.groups.submit(prepared).await;
        match &outcome {
            Ok(_) => {
                for (subject, key, _) in keys.made {
                    self.0.keys.insert((append.workspace, subject), key);
                }
                for subject in &append.destroy_keys {
                    self.0.keys.invalidate(&(append.workspace, *subject));
                }
                self.save_in_background(append.workspace, append.snapshots);
            }
            Err(AppendError::KeyDestroyed) => {
                for stream in &append.streams {
                    self.0.keys.invalidate(&(append.workspace, stream.data_subject));
                }
            }
            Err(_) => {}
        }
        outcome
    }

    /// Loads an aggregate: a snapshot of this form, if there is one, and what happened since.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away, or what it holds was tampered with.
    pub async fn load(
        &self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        id: Uuid,
        snapshot_format: u32,
    ) -> Result<Loaded, StoreError> {
        let name = Name { workspace, aggregate, id };
        let LoadedWithKey { loaded, key } = self.0.loads.load(name, snapshot_format).await?;
        if let Some((subject, key)) = key {
            self.0.keys.insert((workspace, subject), key);
        }
        Ok(loaded)
    }

    /// Keeps a snapshot; false when there is a newer one, or the person is erased.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn save_snapshot(
        &self,
        workspace: WorkspaceId,
        snapshot: &NewSnapshot,
    ) -> Result<bool, StoreError> {
        match self.key(workspace, snapshot.data_subject).await? {
            Some(key) => load::save_snapshot(&self.0.append, workspace, &key, snapshot).await,
            None => Ok(false),
        }
    }

    /// The answer that a command got before, if it got one.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn find_answer(
        &self,
        workspace: WorkspaceId,
        principal: &str,
        command: CommandId,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        answers::find(&self.0.read, workspace, principal, command).await
    }

    /// Remembers a rejection for 24 hours. Where the command has an answer already, that one is
    /// given back: it stands.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn record_rejection(
        &self,
        workspace: WorkspaceId,
        principal: &str,
        command: CommandId,
        fingerprint: [u8; 32],
        rejected: &Rejected,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let pool = &self.0.append;
        let recorded =
            answers::record_rejection(pool, workspace, principal, command, &fingerprint, rejected)
                .await?;
        if recorded { Ok(None) } else { self.find_answer(workspace, principal, command).await }
    }

    /// Purges a chunk of expired rejections, of all workspaces; the number that went. Repeat until
    /// it is 0.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn purge_expired_rejections(&self) -> Result<u64, StoreError> {
        let purged: i64 = sqlx::query_scalar("SELECT write.purge_expired(1000)")
            .fetch_one(&self.0.append)
            .await?;
        Ok(purged.cast_unsigned())
    }

    /// The keyed hashes of a workspace; its key is made on first use and never changes.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the master key is missing.
    pub async fn hmac(&self, workspace: WorkspaceId) -> Result<Arc<WorkspaceHmac>, StoreError> {
        if let Some(hmac) = self.0.hmacs.get(&workspace) {
            return Ok(hmac);
        }
        let key = keys::workspace_key(&self.0.append, &self.0.keyring, workspace).await?;
        let hmac = Arc::new(WorkspaceHmac::new(&key));
        self.0.hmacs.insert(workspace, Arc::clone(&hmac));
        Ok(hmac)
    }

    /// The lead that has a contact, if one does.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn claim_holder(
        &self,
        workspace: WorkspaceId,
        kind: ContactKind,
        hmac: &[u8; 32],
    ) -> Result<Option<LeadId>, StoreError> {
        let held = claims::holders(&self.0.read, workspace, &[(kind, *hmac)]).await?;
        Ok(held.into_iter().next().map(|(_, _, lead)| lead))
    }

    /// The keys that an append needs: its own, made here, for what is new; else those that exist.
    async fn keys_for(&self, append: &Append) -> Result<Keys, AppendError> {
        let mut keys = Keys::default();
        let is_new = |stream: &&StreamAppend| {
            stream.expected_version == 0 && stream.aggregate_id == stream.data_subject
        };
        for stream in append.streams.iter().filter(is_new) {
            let (workspace, subject) = (append.workspace.uuid(), stream.data_subject);
            let identity = KeyIdentity { workspace, subject, purpose: Purpose::Data };
            let key = DataKey::generate().map_err(StoreError::from)?;
            let wrapped = self.0.keyring.wrap(&identity, &key).map_err(StoreError::from)?;
            keys.made.push((subject, key, wrapped));
        }
        let is_private = |data: &Value| data.get(OPEN_KEY).is_some_and(|part| !part.is_null());
        for stream in &append.streams {
            let subject = stream.data_subject;
            let sealing = stream.events.iter().any(|event| is_private(&event.data));
            let made = keys.made.iter().any(|(made, ..)| *made == subject);
            if sealing && !made && !keys.known.contains_key(&subject) {
                let key = self.key(append.workspace, subject).await?;
                keys.known.insert(subject, key.ok_or(AppendError::KeyDestroyed)?);
            }
        }
        Ok(keys)
    }

    async fn key(
        &self,
        workspace: WorkspaceId,
        subject: Uuid,
    ) -> Result<Option<DataKey>, StoreError> {
        if let Some(key) = self.0.keys.get(&(workspace, subject)) {
            return Ok(Some(key));
        }
        let key =
            keys::find(&self.0.read, &self.0.keyring, workspace, subject, Purpose::Data).await?;
        if let Some(key) = &key {
            self.0.keys.insert((workspace, subject), key.clone());
        }
        Ok(key)
    }

    fn save_in_background(&self, workspace: WorkspaceId, snapshots: Vec<NewSnapshot>) {
        if snapshots.is_empty() {
            return;
        }
        let writer = self.clone();
        tokio::spawn(async move {
            for snapshot in snapshots {
                if let Err(error) = writer.save_snapshot(workspace, &snapshot).await {
                    tracing::debug!(%error, ?snapshot, "a snapshot could not be kept");
                }
            }
        });
    }
}
