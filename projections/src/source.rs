//! Where events come from: the store in settled order, opened with the keys that are still there.

use crate::error::SourceError;
use crate::opened::Opened;
use ael_events::event::Recorded;
use ael_events::ids::{Lane, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use ael_seal::{MasterKeyring, SealError};
use ael_store::{KeyStore, SettledReader};
use async_trait::async_trait;
use serde_json::Value;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// The event store, as far as the projector looks at it.
#[async_trait]
pub trait EventSource: Send + Sync {
    /// The settled events of a lane after a place, in order, at most `limit`.
    async fn lane_after(
        &self,
        lane: Lane,
        after: Order,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError>;

    /// The settled events of an aggregate after a number, in order, at most `limit`.
    async fn aggregate_after(
        &self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        aggregate_id: Uuid,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError>;

    /// Opens and reads events, in the same order. What cannot be opened or read is poison and
    /// says why; a missing data key is none: the person was erased.
    async fn open(&self, events: &[Recorded]) -> Result<Vec<Opened>, SourceError>;
}

/// How many events are opened before others may work: opening is work for the processor.
const AT_ONCE: usize = 100;

/// The event store on PostgreSQL, read in the role of the projections.
#[derive(Debug, Clone)]
pub struct StoreSource {
    reader: SettledReader,
    keys: KeyStore,
}

impl StoreSource {
    /// Over a pool in the role of the projections.
    #[must_use]
    pub fn new(pool: &PgPool, keyring: Arc<MasterKeyring>) -> Self {
        let keys = KeyStore::new(pool.clone(), keyring);
        Self { reader: SettledReader::new(pool.clone()), keys }
    }
}

#[async_trait]
impl EventSource for StoreSource {
    async fn lane_after(
        &self,
        lane: Lane,
        after: Order,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError> {
        Ok(self.reader.lane_after(lane, after, to_limit(limit)).await?)
    }

    async fn aggregate_after(
        &self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        aggregate_id: Uuid,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError> {
        let limit = to_limit(limit);
        let reader = &self.reader;
        Ok(reader
            .aggregate_events(workspace, aggregate, aggregate_id, after_sequence, limit)
            .await?)
    }

    async fn open(&self, events: &[Recorded]) -> Result<Vec<Opened>, SourceError> {
        let mut all = Vec::with_capacity(events.len());
        for events in events.chunks(AT_ONCE) {
            let opened = self.keys.open(events).await?;
            let read = |(event, data): (&Recorded, Result<Value, SealError>)| {
                Opened::read(event, data.map_err(|error| error.to_string()))
            };
            all.extend(events.iter().zip(opened).map(read));
            tokio::task::yield_now().await;
        }
        Ok(all)
    }
}

fn to_limit(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
