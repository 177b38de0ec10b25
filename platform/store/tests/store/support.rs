//! A database of its own for each test, and words to speak about leads with.

use ael_events::actor::Actor;
use ael_events::ids::{CommandId, EventId, LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use ael_seal::MasterKeyring;
use ael_stack::{StackOptions, ThrowawayStack};
use ael_store::testing::{TestDatabase, VARIABLE};
use ael_store::{
    Append, AppendError, AppendMeta, Appended, CommandRecord, DbRole, EventWriter, NewEvent,
    PoolOptions, Settled, SettledReader, StoreError, StreamAppend, WriterOptions, connect,
};
use chrono::Utc;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use uuid::Uuid;

static OWN: Mutex<Weak<ThrowawayStack>> = Mutex::const_new(Weak::new());

/// The server of this run: the one that the environment names, else one of our own, which goes with
/// the last test that uses it.
pub async fn server() -> (String, Option<Arc<ThrowawayStack>>) {
    if let Ok(url) = std::env::var(VARIABLE) {
        return (url, None);
    }
    let mut own = OWN.lock().await;
    let stack = match own.upgrade() {
        Some(running) => running,
        None => {
            let mut options = StackOptions::embedded("");
            options.nats = None;
            let stack = ThrowawayStack::start(&[], |_| options).await;
            Arc::new(stack.expect("a PostgreSQL of our own"))
        }
    };
    *own = Arc::downgrade(&stack);
    let url = stack.running().superuser_url().expect("its superuser's address");
    (url.expose_secret().to_owned(), Some(stack))
}

/// A fresh database, a writer in it, and a workspace.
pub struct World {
    pub database: TestDatabase,
    pub keyring: Arc<MasterKeyring>,
    pub writer: EventWriter,
    pub workspace: WorkspaceId,
    /// Goes last, after everybody who is connected.
    _server: Option<Arc<ThrowawayStack>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(WriterOptions::default()).await
    }

    /// Tests share few processors: an append may take longer than in production.
    pub async fn with(options: WriterOptions) -> Self {
        let (server_url, server) = server().await;
        let database = TestDatabase::create_at(&server_url, &[]).await.unwrap();
        let text = MasterKeyring::generate_text().unwrap();
        let keyring = Arc::new(MasterKeyring::parse(&text).unwrap());
        let options = WriterOptions { append_timeout_ms: 5_000, ..options };
        let url = database.url(DbRole::Commands).unwrap();
        let writer = EventWriter::connect(&url, Arc::clone(&keyring), options).await.unwrap();
        Self { database, keyring, writer, workspace: WorkspaceId::generate(), _server: server }
    }

    pub async fn pool(&self, role: DbRole) -> PgPool {
        let url = self.database.url(role).unwrap();
        let options = PoolOptions { max_connections: 4, ..PoolOptions::default() };
        connect(&url, role, &options).await.unwrap()
    }

    pub async fn superuser(&self) -> PgPool {
        PgPool::connect(self.database.superuser_url()).await.unwrap()
    }

    pub async fn reader(&self) -> SettledReader {
        SettledReader::new(self.pool(DbRole::Relay).await)
    }

    /// Waits until so many events are settled: other tests write on the same server, and so they
    /// hold back the horizon for moments.
    pub async fn settled(&self, events: usize) -> Vec<Settled> {
        let reader = self.reader().await;
        let limit = u32::try_from(events).unwrap() + 1;
        let all = || async { reader.settled_after(Order::START, limit).await.unwrap() };
        eventually("events to be settled", || async { all().await.len() >= events }).await;
        all().await
    }

    /// An append of nothing yet, in this workspace.
    pub fn empty(&self) -> Append {
        Append::new(self.workspace, meta(), Utc::now())
    }

    /// An append of events to one lead, with an answer.
    pub fn lead(&self, lead: LeadId, expected_version: u64, events: Vec<NewEvent>) -> Append {
        let mut append = self.empty();
        let stream = stream(lead, expected_version, events);
        append.answer = Some(answer(&append, lead, stream.version()));
        append.streams.push(stream);
        append
    }

    pub async fn create(&self, lead: LeadId) -> Result<Appended, AppendError> {
        self.writer.append(self.lead(lead, 0, vec![created("Olena Petrenko")])).await
    }

    pub async fn add_note(&self, lead: LeadId, version: u64) -> Result<Appended, AppendError> {
        self.writer.append(self.lead(lead, version, vec![note("a note")])).await
    }

    pub async fn version(&self, lead: LeadId) -> u64 {
        self.load(lead).await.unwrap().version
    }

    pub async fn load(&self, lead: LeadId) -> Result<ael_store::Loaded, StoreError> {
        self.writer.load(self.workspace, AggregateKind::Lead, lead.uuid(), 1).await
    }
}

pub fn meta() -> AppendMeta {
    let command_id = CommandId::generate();
    AppendMeta {
        actor: Actor::Operator,
        edge: "cli".to_owned(),
        occurred_at: Utc::now(),
        command_id,
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
    }
}

pub fn answer(append: &Append, lead: LeadId, version: u64) -> CommandRecord {
    CommandRecord {
        principal: append.meta.actor.to_string(),
        command_id: append.meta.command_id,
        fingerprint: [7; 32],
        aggregate_id: lead.uuid(),
        version,
    }
}

pub fn stream(lead: LeadId, expected_version: u64, events: Vec<NewEvent>) -> StreamAppend {
    StreamAppend {
        aggregate: AggregateKind::Lead,
        aggregate_id: lead.uuid(),
        data_subject: lead.uuid(),
        expected_version,
        events,
    }
}

pub fn event(event_type: &str, data: Value) -> NewEvent {
    NewEvent { event_id: EventId::generate(), event_type: event_type.to_owned(), data }
}

pub fn created(full_name: &str) -> NewEvent {
    let private = json!({ "contact": { "full_name": full_name } });
    event("lead.created.v1", json!({ "source": "manual", "private": private }))
}

pub fn note(text: &str) -> NewEvent {
    let data = json!({ "note_id": Uuid::now_v7(), "private": { "text": text } });
    event("lead.note_added.v1", data)
}

pub fn contacted() -> NewEvent {
    event("lead.contacted.v1", json!({}))
}

/// Polls until the condition holds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
