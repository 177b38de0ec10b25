//! A row of `write.events`, read back.

use super::{ReadEvent, Settled};
use crate::StoreError;
use crate::answers::lane;
use crate::chain::{Digest, RowDigest};
use ael_events::event::Recorded;
use ael_events::ids::{EventId, WorkspaceId};
use ael_events::order::Order;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EventRow {
    workspace: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    at: DateTime<Utc>,
    event_id: Uuid,
    lane: i16,
    incarnation: i32,
    xid: i64,
    position: i64,
}

impl EventRow {
    pub(crate) fn order(&self) -> Order {
        super::order_of((self.incarnation, self.xid, self.position))
    }

    /// The row's name, for people: `lead/018f… event 3`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{} event {}", self.aggregate_type, self.aggregate_id, self.sequence)
    }

    /// The digest of the row as it lies there, save for its place, which the chain keeps apart.
    pub(crate) fn digest(&self) -> Digest {
        RowDigest::new()
            .bytes(self.workspace.as_bytes())
            .bytes(self.aggregate_type.as_bytes())
            .bytes(self.aggregate_id.as_bytes())
            .bytes(&self.sequence.to_be_bytes())
            .bytes(self.event_type.as_bytes())
            .bytes(self.event_version.as_bytes())
            .bytes(self.payload.as_bytes())
            .bytes(self.metadata.as_bytes())
            .bytes(&self.at.timestamp_micros().to_be_bytes())
            .bytes(self.event_id.as_bytes())
            .bytes(&self.lane.to_be_bytes())
            .finish()
    }

    pub(crate) fn settled(self) -> Result<Settled, StoreError> {
        let digest = self.digest();
        Ok(Settled { event: self.recorded()?, digest })
    }

    /// The event, or why this row alone cannot be read.
    pub(crate) fn read(self) -> Result<ReadEvent, StoreError> {
        let aggregate_id = Uuid::parse_str(&self.aggregate_id)
            .map_err(|_| StoreError::bad_row("an aggregate id that is no UUID"))?;
        let event = self.recorded().map_err(|error| error.to_string());
        Ok(ReadEvent { aggregate_id, event })
    }

    pub(crate) fn recorded(self) -> Result<Recorded, StoreError> {
        let order = self.order();
        let bad = |what: &str| StoreError::bad_row(format!("{what} of the event at {order}"));
        Ok(Recorded {
            event_id: EventId::from_uuid(self.event_id),
            workspace: WorkspaceId::from_uuid(self.workspace),
            aggregate: self.aggregate_type.parse().map_err(|_| bad("the kind of aggregate"))?,
            aggregate_id: Uuid::parse_str(&self.aggregate_id)
                .map_err(|_| bad("the aggregate's id"))?,
            sequence: self.sequence.cast_unsigned(),
            event_type: self.event_type,
            data: RawValue::from_string(self.payload)?,
            metadata: serde_json::from_str(&self.metadata).map_err(|_| bad("the metadata"))?,
            recorded_at: self.at,
            lane: lane(self.lane)?,
            order,
        })
    }
}
