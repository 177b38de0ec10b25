//! What every aggregate needs to be kept: its kind, its events' form, and the form of its
//! snapshots.

use ael_domain::Decider;
use ael_domain::advisor::Advisor;
use ael_domain::invitation::Invitation;
use ael_domain::lead::Lead;
use ael_domain::member::Member;
use ael_domain::sale::Sale;
use ael_domain::token::Token;
use ael_domain::workspace::Workspace;
use ael_events::event::{
    AdvisorEvent, BadEvent, Event, InvitationEvent, LeadEvent, MemberEvent, SaleEvent, TokenEvent,
    WorkspaceEvent,
};
use ael_events::values::AggregateKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Raise it whenever the form of a state changes: older snapshots are then passed over.
pub(crate) const SNAPSHOT_FORMAT: u32 = 3;
/// A form that no snapshot has: what is loaded with it is folded from the first event on.
pub(crate) const NO_SNAPSHOT: u32 = 1_000_000_000;

/// A state that can be written down, read again, and handed from task to task.
pub(crate) trait Kept: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<A: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Kept for A {}

/// An aggregate that the store keeps.
pub(crate) trait Stored: Decider<Event: Clone + Send + Sync> + Kept {
    /// Its kind.
    const KIND: AggregateKind;

    /// Reads one of its events, of any version.
    fn read(event_type: &str, data: Value) -> Result<Self::Event, BadEvent>;

    /// One of its events among all events.
    fn event(event: Self::Event) -> Event;
}

macro_rules! stored {
    ($($state:ident, $event:ident, $wrap:expr;)+) => {$(
        impl Stored for $state {
            const KIND: AggregateKind = AggregateKind::$state;

            fn read(event_type: &str, data: Value) -> Result<$event, BadEvent> {
                $event::from_wire(event_type, data)
            }

            fn event(event: $event) -> Event {
                $wrap(event)
            }
        }
    )+};
}

stored! {
    Workspace, WorkspaceEvent, Event::Workspace;
    Member, MemberEvent, Event::Member;
    Invitation, InvitationEvent, Event::Invitation;
    Token, TokenEvent, Event::Token;
    Lead, LeadEvent, |event| Event::Lead(Box::new(event));
    Sale, SaleEvent, Event::Sale;
    Advisor, AdvisorEvent, Event::Advisor;
}

/// An aggregate as it is known: after so many of its events.
#[derive(Debug, Clone)]
pub(crate) struct Known<A> {
    /// Which.
    pub(crate) id: Uuid,
    /// The number of its events.
    pub(crate) version: u64,
    /// What they amount to.
    pub(crate) state: A,
}

impl<A: Stored> Known<A> {
    /// One of which nothing has happened yet.
    pub(crate) fn absent(id: Uuid) -> Self {
        Self { id, version: 0, state: A::default() }
    }

    /// What it is after some more events.
    pub(crate) fn after(&self, events: &[A::Event]) -> Self {
        let mut after = self.clone();
        for event in events {
            after.state.evolve(event.clone());
            after.version += 1;
        }
        after
    }
}
