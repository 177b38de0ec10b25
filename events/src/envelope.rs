//! The form in which an event travels: CloudEvents 1.0, structured JSON.
//!
//! Source: CloudEvents 1.0.2 core and JSON format. Extension names are lower-case letters and
//! digits, as it demands.

use crate::event::{EventMetadata, Recorded};
use crate::ids::{CommandId, EventId, Lane, WorkspaceId};
use crate::order::Order;
use crate::values::AggregateKind;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The media type of a structured-mode message.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The prefix of an event's `type`: `ael.lead.qualified.v1`.
pub const TYPE_PREFIX: &str = "ael.";

/// The envelope was not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum BadEnvelope {
    /// Not JSON, or a field is missing or of another type.
    #[error("not a CloudEvent of ours")]
    Json(#[from] serde_json::Error),
    /// A field has a value that it cannot have.
    #[error("the CloudEvent's {field} is not one of ours")]
    Field {
        /// The field's name.
        field: &'static str,
    },
}

/// An event on the bus.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// The event's id: unique, everywhere.
    pub id: EventId,
    /// `ael.` and the event's wire name.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `/workspaces/<workspace>`.
    pub source: String,
    /// `<aggregate>/<id>`, such as `lead/018f…`.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The event's number within its aggregate, counted from 1. As a text: CloudEvents integers
    /// have 32 bits.
    pub sequence: String,
    /// Its place in the settled order: `incarnation.xid.position`.
    pub position: String,
    /// When we learned of it.
    pub recordedat: DateTime<Utc>,
    /// Whose data key seals the data.
    pub datasubject: Uuid,
    /// Who decided: `member:<id>`, `service:<name>` or `operator`.
    pub actor: String,
    /// The role in which a member decided, or for whom a service did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actordetail: Option<String>,
    /// Through which edge.
    pub edge: String,
    /// The command that caused it.
    pub commandid: CommandId,
    /// What it all began with.
    pub correlationid: Uuid,
    /// The event that led to the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<EventId>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What happened; personal parts sealed under `sealed`.
    #[schemars(with = "serde_json::Value")]
    pub data: Box<RawValue>,
}

impl CloudEvent {
    /// The event as it travels.
    ///
    /// # Errors
    /// [`BadEnvelope::Json`] if the actor cannot be written, which does not happen.
    pub fn from_recorded(event: &Recorded) -> Result<Self, BadEnvelope> {
        let meta = &event.metadata;
        Ok(Self {
            specversion: "1.0".to_owned(),
            id: event.event_id,
            event_type: format!("{TYPE_PREFIX}{}", event.event_type),
            source: format!("/workspaces/{}", event.workspace),
            subject: format!("{}/{}", event.aggregate, event.aggregate_id),
            time: meta.occurred_at,
            datacontenttype: "application/json".to_owned(),
            workspace: event.workspace,
            sequence: event.sequence.to_string(),
            position: event.order.to_string(),
            recordedat: event.recorded_at,
            datasubject: meta.data_subject,
            actor: meta.actor.to_string(),
            actordetail: Some(serde_json::to_string(&meta.actor)?),
            edge: meta.edge.clone(),
            commandid: meta.command_id,
            correlationid: meta.correlation_id,
            causationid: meta.causation_id,
            traceparent: meta.traceparent.clone(),
            data: event.data.clone(),
        })
    }

    /// The event that travelled.
    ///
    /// # Errors
    /// [`BadEnvelope`] names the field that isn't one of ours.
    pub fn into_recorded(self) -> Result<Recorded, BadEnvelope> {
        let bad = |field| BadEnvelope::Field { field };
        let event_type = self.event_type.strip_prefix(TYPE_PREFIX).ok_or(bad("type"))?.to_owned();
        let (aggregate, aggregate_id) = self.subject.split_once('/').ok_or(bad("subject"))?;
        let aggregate: AggregateKind = aggregate.parse().map_err(|_| bad("subject"))?;
        let order: Order = self.position.parse().map_err(|_| bad("position"))?;
        let actor = self.actordetail.ok_or(bad("actordetail"))?;
        Ok(Recorded {
            event_id: self.id,
            workspace: self.workspace,
            aggregate,
            aggregate_id: Uuid::parse_str(aggregate_id).map_err(|_| bad("subject"))?,
            sequence: self.sequence.parse().map_err(|_| bad("sequence"))?,
            event_type,
            data: self.data,
            metadata: EventMetadata {
                actor: serde_json::from_str(&actor).map_err(|_| bad("actordetail"))?,
                edge: self.edge,
                data_subject: self.datasubject,
                occurred_at: self.time,
                command_id: self.commandid,
                correlation_id: self.correlationid,
                causation_id: self.causationid,
                traceparent: self.traceparent,
            },
            recorded_at: self.recordedat,
            lane: Lane::of(self.datasubject),
            order,
        })
    }

    /// Reads a message's payload.
    ///
    /// # Errors
    /// [`BadEnvelope`] says what is not as it should be.
    pub fn parse(payload: &[u8]) -> Result<Recorded, BadEnvelope> {
        serde_json::from_slice::<Self>(payload)?.into_recorded()
    }
}
