//! An event on its way into the read models: what is known about it, and what it says in the open.

use ael_events::actor::Actor;
use ael_events::event::{Event, LeadEvent, Recorded};
use ael_events::ids::{EventId, Lane, LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// What is known about an event beside what happened.
#[derive(Debug, Clone)]
pub struct EventFacts {
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
    /// Its wire name, as stored.
    pub event_type: String,
    /// Whom it is about: the lead, for a lead and its sale; else the aggregate itself.
    pub data_subject: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
    /// Who decided.
    pub actor: Actor,
    /// Through which edge.
    pub edge: String,
    /// Its lane.
    pub lane: Lane,
    /// Its place in the settled order.
    pub order: Order,
}

impl EventFacts {
    /// The aggregate as people and dead letters name it: `lead/<id>`.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.aggregate, self.aggregate_id)
    }

    /// The lead that the event tells about: for a lead and for its sale.
    #[must_use]
    pub const fn lead(&self) -> LeadId {
        LeadId::from_uuid(self.data_subject)
    }
}

impl From<&Recorded> for EventFacts {
    fn from(event: &Recorded) -> Self {
        Self {
            event_id: event.event_id,
            workspace: event.workspace,
            aggregate: event.aggregate,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            data_subject: event.metadata.data_subject,
            occurred_at: event.metadata.occurred_at,
            recorded_at: event.recorded_at,
            actor: event.metadata.actor,
            edge: event.metadata.edge.clone(),
            lane: event.lane,
            order: event.order,
        }
    }
}

/// An event, opened and read; or why it cannot be.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What is known about it.
    pub facts: EventFacts,
    /// What happened; the reason where that cannot be read (poison).
    pub event: Result<Event, String>,
    /// Its data in the open.
    pub data: Value,
}

impl Opened {
    /// Reads an event whose data was opened; a reason takes the data's place where that failed.
    #[must_use]
    pub fn read(recorded: &Recorded, data: Result<Value, String>) -> Self {
        let facts = EventFacts::from(recorded);
        match data {
            Ok(data) => {
                // The reason names the event and the form, never the values.
                let event = Event::from_wire(&facts.event_type, data.clone())
                    .map_err(|error| error.to_string());
                Self { facts, event, data }
            }
            Err(reason) => Self { facts, event: Err(reason), data: Value::Null },
        }
    }

    /// An event that nobody is going to look at: only its place counts.
    #[must_use]
    pub(crate) fn unread(recorded: &Recorded) -> Self {
        let event = Err("it was not opened".to_owned());
        Self { facts: EventFacts::from(recorded), event, data: Value::Null }
    }

    /// Whether it erases a person: obeyed even where the aggregate waits behind a poison event.
    #[must_use]
    pub fn erases(&self) -> bool {
        match &self.event {
            Ok(Event::Lead(event)) => matches!(**event, LeadEvent::Erased(_)),
            Ok(
                Event::Workspace(_)
                | Event::Member(_)
                | Event::Invitation(_)
                | Event::Token(_)
                | Event::Advisor(_)
                | Event::Sale(_),
            )
            | Err(_) => false,
        }
    }
}
