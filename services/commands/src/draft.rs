//! What a decision is going to write: events of one aggregate or several, and the rows that go with
//! them, in one transaction.

use crate::failure::Trouble;
use crate::stored::{Known, SNAPSHOT_FORMAT, Stored};
use ael_domain::lead::Lead;
use ael_domain::sale::Sale;
use ael_events::ids::EventId;
use ael_store::{Append, NewEvent, NewSnapshot, StreamAppend, snapshot_due};
use uuid::Uuid;

/// What was decided about a command.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It is to happen like this; it is so already when the draft is empty.
    Write(Box<Draft>),
    /// The asker expected another version of the aggregate.
    Unexpected {
        /// The version that it has.
        version: u64,
    },
    /// It is not to happen.
    Refused(ael_events::answer::Rejected),
}

/// An append in the making, and what is to be remembered once it is made.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What goes to the store.
    pub(crate) append: Append,
    /// The lead afterwards, if it is worth remembering.
    pub(crate) lead: Option<Known<Lead>>,
    /// The sale afterwards.
    pub(crate) sale: Option<Known<Sale>>,
    /// The aggregate that the command is for, and its version as it was loaded.
    primary: (Uuid, u64),
}

impl Draft {
    /// A draft about this aggregate.
    pub(crate) fn new<A: Stored>(append: Append, known: &Known<A>) -> Self {
        Self { append, lead: None, sale: None, primary: (known.id, known.version) }
    }

    /// Adds events of an aggregate and gives what it is afterwards. No events, nothing added.
    pub(crate) fn add<A: Stored>(
        &mut self,
        known: &Known<A>,
        data_subject: Uuid,
        events: Vec<A::Event>,
    ) -> Result<Known<A>, Trouble> {
        let after = known.after(&events);
        if events.is_empty() {
            return Ok(after);
        }
        let events = events
            .into_iter()
            .map(|event| NewEvent::of(EventId::generate(), &A::event(event)))
            .collect::<Result<Vec<_>, _>>()?;
        self.append.streams.push(StreamAppend {
            aggregate: A::KIND,
            aggregate_id: known.id,
            data_subject,
            expected_version: known.version,
            events,
        });
        if snapshot_due(known.version, after.version) {
            self.append.snapshots.push(NewSnapshot {
                aggregate: A::KIND,
                aggregate_id: known.id,
                data_subject,
                version: after.version,
                format: SNAPSHOT_FORMAT,
                state: serde_json::to_value(&after.state)?,
            });
        }
        Ok(after)
    }

    /// The aggregate that the command is for, and its version once this is written.
    pub(crate) fn primary(&self) -> (Uuid, u64) {
        let (id, before) = self.primary;
        (id, self.append.streams.first().map_or(before, StreamAppend::version))
    }

    /// Whether there is anything to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.append.streams.is_empty()
    }

    /// Erases a person: their key, their claims, what is remembered of their states.
    pub(crate) fn destroy(&mut self, lead: ael_events::ids::LeadId) {
        self.append.destroy_keys.push(lead.uuid());
        self.append.claims_released.push(ael_store::ClaimRelease { lead, kind: None });
        self.append.snapshots.retain(|snapshot| snapshot.data_subject != lead.uuid());
    }
}
