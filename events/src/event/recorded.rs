//! An event as it is stored and sent: sealed data with everything that is known about it.

use crate::actor::Actor;
use crate::ids::{CommandId, EventId, Lane, WorkspaceId};
use crate::order::Order;
use crate::values::AggregateKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An event could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// No such event is known, in any version.
    #[error("unknown event {event_type}: was it written by a newer release?")]
    Unknown {
        /// Its wire name.
        event_type: String,
    },
    /// The data is not of the event's form.
    #[error("the data of {event_type} is not of its form")]
    Data {
        /// Its wire name.
        event_type: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// What is known about an event beside what happened. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMetadata {
    /// Who decided.
    pub actor: Actor,
    /// Through which edge.
    pub edge: String,
    /// Whose data key seals the event: the lead, for a lead and its sale; else the aggregate
    /// itself.
    pub data_subject: Uuid,
    /// When it happened; an import may say "last March".
    pub occurred_at: DateTime<Utc>,
    /// The command that caused it.
    pub command_id: CommandId,
    /// What it all began with.
    pub correlation_id: Uuid,
    /// The event that led to the command, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<EventId>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// An event as the store keeps it and the bus carries it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its name, everywhere.
    pub event_id: EventId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// What it happened to.
    pub aggregate: AggregateKind,
    /// To which one.
    pub aggregate_id: Uuid,
    /// Its number within the aggregate, counted from 1.
    pub sequence: u64,
    /// Its wire name, such as `lead.qualified.v1`.
    pub event_type: String,
    /// Its data, sealed: the very bytes that are stored.
    pub data: Box<RawValue>,
    /// What is known about it.
    pub metadata: EventMetadata,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
    /// Its lane.
    pub lane: Lane,
    /// Its place in the settled order.
    pub order: Order,
}
