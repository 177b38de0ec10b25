//! The store as `cqrs-es` knows it: any aggregate of that framework, over the same tables and the
//! same rules.

use crate::{
    Append, AppendError, AppendMeta, EventWriter, NewEvent, NewSnapshot, StoreError, StreamAppend,
    snapshot_due,
};
use ael_events::actor::Actor;
use ael_events::event::upcast;
use ael_events::ids::{CommandId, EventId, WorkspaceId};
use ael_events::values::AggregateKind;
use chrono::Utc;
use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use uuid::Uuid;

/// The framework's aggregate does not fit into this house.
#[derive(Debug, thiserror::Error)]
pub enum CqrsError {
    /// Its type is none of ours.
    #[error("no aggregate of ours is called {0}")]
    Kind(&'static str),
    /// Its id is no UUID.
    #[error("not an aggregate's id: expected a UUID")]
    Id,
    /// An event is not written as `{"type": …, "data": …}`.
    #[error("an event is not written as its type and its data")]
    Event,
}

/// An event store of one aggregate in one workspace.
///
/// Metadata that the framework hands over travels in the edge of the events' own metadata only
/// where it is ours: the services hand over [`Append`]s instead, which say more.
pub struct SqlEventStore<A> {
    writer: EventWriter,
    workspace: WorkspaceId,
    /// The form of the aggregate's snapshots.
    snapshot_format: u32,
    aggregate: PhantomData<fn() -> A>,
}

impl<A> Clone for SqlEventStore<A> {
    fn clone(&self) -> Self {
        Self { writer: self.writer.clone(), aggregate: PhantomData, ..*self }
    }
}

impl<A> fmt::Debug for SqlEventStore<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlEventStore({:?})", self.workspace)
    }
}

/// An aggregate as loaded, and what is needed to go on from there.
#[derive(Debug, Clone)]
pub struct SqlAggregateContext<A> {
    aggregate_id: String,
    aggregate: A,
    version: u64,
}

impl<A> SqlAggregateContext<A> {
    /// The sequence of the last event; 0 when there is none.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}

impl<A: Aggregate> AggregateContext<A> for SqlAggregateContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A: Aggregate> SqlEventStore<A> {
    /// Over a writer, in a workspace.
    #[must_use]
    pub const fn new(writer: EventWriter, workspace: WorkspaceId) -> Self {
        Self { writer, workspace, snapshot_format: 1, aggregate: PhantomData }
    }

    fn kind() -> Result<AggregateKind, AggregateError<A::Error>> {
        let kind = A::TYPE.parse();
        kind.map_err(|_| AggregateError::UnexpectedError(CqrsError::Kind(A::TYPE).into()))
    }

    /// The state is folded from the store: the framework's own has had the fresh events applied
    /// already, or not, depending on who calls.
    async fn keep_snapshot(
        &self,
        aggregate: AggregateKind,
        id: Uuid,
    ) -> Result<(), AggregateError<A::Error>> {
        let whole = self.load_aggregate(&id.to_string()).await?;
        let snapshot = NewSnapshot {
            aggregate,
            aggregate_id: id,
            data_subject: id,
            version: whole.version,
            format: self.snapshot_format,
            state: serde_json::to_value(&whole.aggregate).map_err(unreadable)?,
        };
        let kept = self.writer.save_snapshot(self.workspace, &snapshot).await;
        if let Err(error) = kept {
            // The events are kept; the snapshot is a shortcut.
            tracing::debug!(%error, ?snapshot, "a snapshot could not be kept");
        }
        Ok(())
    }

    /// What happened to the aggregate, after its snapshot where one of this form is wanted.
    async fn whole(
        &self,
        aggregate_id: &str,
        format: Option<u32>,
    ) -> Result<crate::Loaded, AggregateError<A::Error>> {
        let id = id_of::<A>(aggregate_id)?;
        // No release writes snapshots of format 0: asking for it is asking for all events.
        let format = format.unwrap_or(0);
        let kind = Self::kind()?;
        self.writer.load(self.workspace, kind, id, format).await.map_err(database)
    }
}

impl<A> EventStore<A> for SqlEventStore<A>
where
    A: Aggregate,
{
    type AC = SqlAggregateContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let loaded = self.whole(aggregate_id, None).await?;
        let events = loaded.events.into_iter().map(|event| {
            let metadata = framework_metadata(&event.metadata().map_err(database)?.edge);
            Ok(EventEnvelope {
                aggregate_id: aggregate_id.to_owned(),
                sequence: usize::try_from(event.sequence).unwrap_or(usize::MAX),
                payload: read_event::<A>(&event.event_type, event.data)?,
                metadata,
            })
        });
        events.collect()
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<Self::AC, AggregateError<A::Error>> {
        let loaded = self.whole(aggregate_id, Some(self.snapshot_format)).await?;
        let mut aggregate = match loaded.snapshot {
            Some(snapshot) => serde_json::from_value(snapshot.state).map_err(unreadable)?,
            None => A::default(),
        };
        for event in loaded.events {
            aggregate.apply(read_event::<A>(&event.event_type, event.data)?);
        }
        let aggregate_id = aggregate_id.to_owned();
        Ok(SqlAggregateContext { aggregate_id, aggregate, version: loaded.version })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let id = id_of::<A>(&context.aggregate_id)?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let kind = Self::kind()?;
        let rows = events.iter().map(write_event::<A>).collect::<Result<Vec<_>, _>>()?;
        let now = Utc::now();
        let mut append = Append::new(self.workspace, append_meta(&metadata, now)?, now);
        let stream = StreamAppend {
            aggregate: kind,
            aggregate_id: id,
            data_subject: id,
            expected_version: context.version,
            events: rows,
        };
        let version = stream.version();
        append.streams.push(stream);
        self.writer.append(append).await.map_err(refused)?;
        if snapshot_due(context.version, version) {
            self.keep_snapshot(kind, id).await?;
        }
        let first = usize::try_from(context.version).unwrap_or(usize::MAX) + 1;
        let envelopes = events.into_iter().zip(first..).map(|(payload, sequence)| EventEnvelope {
            aggregate_id: context.aggregate_id.clone(),
            sequence,
            payload,
            metadata: metadata.clone(),
        });
        Ok(envelopes.collect())
    }
}

fn id_of<A: Aggregate>(text: &str) -> Result<Uuid, AggregateError<A::Error>> {
    Uuid::parse_str(text).map_err(|_| AggregateError::UnexpectedError(CqrsError::Id.into()))
}

fn read_event<A: Aggregate>(
    event_type: &str,
    data: Value,
) -> Result<A::Event, AggregateError<A::Error>> {
    let (event_type, data) = upcast(event_type, data);
    serde_json::from_value(json!({ "type": event_type, "data": data })).map_err(unreadable)
}

fn write_event<A: Aggregate>(event: &A::Event) -> Result<NewEvent, AggregateError<A::Error>> {
    let mut written = serde_json::to_value(event).map_err(unreadable)?;
    let data = written
        .get_mut("data")
        .map(Value::take)
        .ok_or_else(|| AggregateError::DeserializationError(CqrsError::Event.into()))?;
    Ok(NewEvent { event_id: EventId::generate(), event_type: event.event_type(), data })
}

/// The framework's metadata is a map of texts; it is kept whole, in the place where the edge is
/// named.
fn append_meta<E: std::error::Error>(
    metadata: &HashMap<String, String>,
    now: chrono::DateTime<Utc>,
) -> Result<AppendMeta, AggregateError<E>> {
    let command_id = CommandId::generate();
    Ok(AppendMeta {
        actor: Actor::Operator,
        edge: serde_json::to_string(metadata).map_err(unreadable)?,
        occurred_at: now,
        command_id,
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
    })
}

fn framework_metadata(edge: &str) -> HashMap<String, String> {
    serde_json::from_str(edge).unwrap_or_default()
}

fn unreadable<E: std::error::Error>(error: serde_json::Error) -> AggregateError<E> {
    AggregateError::DeserializationError(error.into())
}

fn database<E: std::error::Error>(error: StoreError) -> AggregateError<E> {
    AggregateError::DatabaseConnectionError(error.into())
}

fn refused<E: std::error::Error>(error: AppendError) -> AggregateError<E> {
    match error {
        AppendError::VersionConflict | AppendError::AlreadyAnswered(_) => {
            AggregateError::AggregateConflict
        }
        AppendError::Unavailable(_) => AggregateError::DatabaseConnectionError(error.into()),
        AppendError::ContactTaken { .. }
        | AppendError::CredentialTaken
        | AppendError::KeyDestroyed
        | AppendError::LastAdmin
        | AppendError::Failed(_) => AggregateError::UnexpectedError(error.into()),
    }
}
