//! What one accepted command writes: its events, and everything that has to be true in the same
//! moment.

mod call;
mod group;
mod prepare;

pub(crate) use group::Groups;
pub(crate) use prepare::{Keys, Prepared};

use crate::{StoreError, StoredAnswer};
use ael_events::actor::Actor;
use ael_events::event::{BadEvent, Event, EventMetadata};
use ael_events::ids::{CommandId, EventId, Lane, LeadId, MemberId, TokenId, WorkspaceId};
use ael_events::order::{Order, PositionToken};
use ael_events::values::{AggregateKind, Role, Scope};
use ael_seal::ContactKind;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// All that one command writes, in one transaction or not at all.
#[derive(Debug, Clone)]
pub struct Append {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// What is known about the events.
    pub meta: AppendMeta,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
    /// The events. The first stream is the primary one: the position token shows its last event.
    pub streams: Vec<StreamAppend>,
    /// The answer that is kept, so that asking twice gives it again.
    pub answer: Option<CommandRecord>,
    /// Data subjects that are erased: their data keys are destroyed, their snapshots removed.
    pub destroy_keys: Vec<Uuid>,
    /// Contacts that become free; released before others are taken.
    pub claims_released: Vec<ClaimRelease>,
    /// Contacts that are now a lead's.
    pub claims_taken: Vec<Claim>,
    /// Rows of the auth directory.
    pub principals: Vec<Principal>,
    /// Credentials that are now good.
    pub credentials: Vec<Credential>,
    /// Credentials that are good no more.
    pub credentials_removed: Vec<CredentialRef>,
    /// Shortcuts, written after the commit; nothing is wrong when they aren't.
    pub snapshots: Vec<NewSnapshot>,
}

impl Append {
    /// An append of nothing yet.
    #[must_use]
    pub const fn new(workspace: WorkspaceId, meta: AppendMeta, recorded_at: DateTime<Utc>) -> Self {
        Self {
            workspace,
            meta,
            recorded_at,
            streams: Vec::new(),
            answer: None,
            destroy_keys: Vec::new(),
            claims_released: Vec::new(),
            claims_taken: Vec::new(),
            principals: Vec::new(),
            credentials: Vec::new(),
            credentials_removed: Vec::new(),
            snapshots: Vec::new(),
        }
    }
}

/// What is known about all events of an append.
#[derive(Debug, Clone)]
pub struct AppendMeta {
    /// Who decided.
    pub actor: Actor,
    /// Through which edge.
    pub edge: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The command that caused it.
    pub command_id: CommandId,
    /// What it all began with.
    pub correlation_id: Uuid,
    /// The event that led to the command, where one did.
    pub causation_id: Option<EventId>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

impl AppendMeta {
    /// The metadata of an event whose data key is this subject's.
    #[must_use]
    pub fn of(&self, data_subject: Uuid) -> EventMetadata {
        EventMetadata {
            actor: self.actor,
            edge: self.edge.clone(),
            data_subject,
            occurred_at: micros(self.occurred_at),
            command_id: self.command_id,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            traceparent: self.traceparent.clone(),
        }
    }
}

/// What happened to one aggregate.
#[derive(Debug, Clone)]
pub struct StreamAppend {
    /// Its kind.
    pub aggregate: AggregateKind,
    /// The aggregate.
    pub aggregate_id: Uuid,
    /// Whose data key seals its events: its lead's, for a sale; else its own.
    pub data_subject: Uuid,
    /// The version on which the decision was made: the sequence of the last event that was seen, 0
    /// for none.
    pub expected_version: u64,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
}

impl StreamAppend {
    /// The aggregate's version afterwards.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.expected_version + self.events.len() as u64
    }
}

/// An event that is not stored yet, in the open.
#[derive(Clone)]
pub struct NewEvent {
    /// Its name, everywhere.
    pub event_id: EventId,
    /// Its wire name.
    pub event_type: String,
    /// Its data; what lies under `private` will be sealed.
    pub data: Value,
}

impl NewEvent {
    /// An event under its wire name.
    ///
    /// # Errors
    /// [`BadEvent`] when a value cannot be written as JSON.
    pub fn of(event_id: EventId, event: &Event) -> Result<Self, BadEvent> {
        let event_type = event.event_type().to_owned();
        Ok(Self { event_id, event_type, data: event.to_wire()? })
    }
}

impl std::fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewEvent({} {}, ***)", self.event_type, self.event_id)
    }
}

/// The answer to a command, kept for ever.
#[derive(Debug, Clone)]
pub struct CommandRecord {
    /// Who asked: one principal's command ids are nobody else's.
    pub principal: String,
    /// The intention.
    pub command_id: CommandId,
    /// The keyed hash of the command's body.
    pub fingerprint: [u8; 32],
    /// The aggregate that the answer names.
    pub aggregate_id: Uuid,
    /// Its version afterwards.
    pub version: u64,
}

/// A contact that becomes a lead's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which way to reach the person.
    pub kind: ContactKind,
    /// The keyed hash of the normalised contact.
    pub hmac: [u8; 32],
    /// Whose it becomes.
    pub lead: LeadId,
    /// Whether to go without, when another lead has it: a permitted duplicate.
    pub if_free: bool,
}

/// Contacts of a lead that become free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRelease {
    /// Whose.
    pub lead: LeadId,
    /// Which; all of them, when not said.
    pub kind: Option<ContactKind>,
}

/// A member in the auth directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub member: MemberId,
    /// In which role.
    pub role: Role,
    /// Whether they may do anything.
    pub active: bool,
    /// The member's version: an older row never replaces a newer one.
    pub version: u64,
}

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// An API token; looked up by its id.
    Token,
    /// A Telegram account; looked up by its number.
    Telegram,
    /// An identity of an OpenID Connect provider; looked up by a hash of issuer and subject.
    Oidc,
}

impl CredentialKind {
    /// Its name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Telegram => "telegram",
            Self::Oidc => "oidc",
        }
    }
}

/// A credential in the auth directory.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// By what it is found.
    pub lookup: String,
    /// Whose it is.
    pub member: MemberId,
    /// SHA-256 of the secret, hexadecimal, where there is a secret.
    pub secret_hash: Option<String>,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Until when; for ever, when not said.
    pub expires_at: Option<DateTime<Utc>>,
    /// The token by which it was made: good for no longer than that one. Kept, and looked at
    /// whenever the credential is looked up; not told there.
    pub made_with: Option<TokenId>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}, of {}, ***)", self.kind.as_str(), self.member)
    }
}

/// The name of a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRef {
    /// What it is.
    pub kind: CredentialKind,
    /// By what it is found.
    pub lookup: String,
}

impl std::fmt::Debug for CredentialRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CredentialRef({}, ***)", self.kind.as_str())
    }
}

/// How many events may follow a snapshot before the next one is worth its while.
pub const SNAPSHOT_EVERY: u64 = 50;

/// Whether an aggregate that went from one version to another should leave a snapshot.
#[must_use]
pub const fn snapshot_due(before: u64, after: u64) -> bool {
    before / SNAPSHOT_EVERY < after / SNAPSHOT_EVERY
}

/// The state of an aggregate at a version, so that loading need not begin at the beginning.
#[derive(Clone)]
pub struct NewSnapshot {
    /// The kind of aggregate.
    pub aggregate: AggregateKind,
    /// The aggregate.
    pub aggregate_id: Uuid,
    /// Whose data key seals it.
    pub data_subject: Uuid,
    /// The version that it shows.
    pub version: u64,
    /// The form of the state; another release's form is passed over.
    pub format: u32,
    /// The state, in the open.
    pub state: Value,
}

impl std::fmt::Debug for NewSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSnapshot({} {} at {}, ***)", self.aggregate, self.aggregate_id, self.version)
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The version of the primary aggregate afterwards.
    pub version: u64,
    /// Where to look for it; nothing, when there were no events.
    pub position: Option<PositionToken>,
    /// Each stream, in the order of the append.
    pub streams: Vec<AppendedStream>,
}

/// What was written to one aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendedStream {
    /// Its lane.
    pub lane: Lane,
    /// Its version afterwards.
    pub version: u64,
    /// The place of each event in the settled order.
    pub orders: Vec<Order>,
}

/// An append was not carried out; nothing of it was written (save as [`Self::Unavailable`] says).
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has written to one of the aggregates since it was loaded: load, decide again.
    #[error("the aggregate has changed since it was loaded")]
    VersionConflict,
    /// The command was answered before: give that answer, if the body is the same.
    #[error("the command was answered before")]
    AlreadyAnswered(Box<StoredAnswer>),
    /// Another lead has the same contact.
    #[error("another lead has the same {kind}")]
    ContactTaken {
        /// Which contact.
        kind: ContactKind,
        /// The lead that has it.
        holder: LeadId,
    },
    /// A credential belongs to another member.
    #[error("the credential belongs to another member")]
    CredentialTaken,
    /// The person was erased: nothing can be sealed for them any more.
    #[error("the person was erased")]
    KeyDestroyed,
    /// No active Admin would be left in the workspace.
    #[error("no active Admin would be left")]
    LastAdmin,
    /// The database is away or busy. Whether the append happened is not known: ask again with the
    /// same command id.
    #[error("the database is away or busy; ask again with the same command id")]
    Unavailable(#[source] Arc<StoreError>),
    /// The append cannot be carried out as it is: a mistake of ours.
    #[error("the append could not be carried out")]
    Failed(#[source] Arc<StoreError>),
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        match error.is_transient() {
            true => Self::Unavailable(error.into()),
            false => Self::Failed(error.into()),
        }
    }
}

/// PostgreSQL keeps microseconds; what is written is what will be read.
pub(crate) fn micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
