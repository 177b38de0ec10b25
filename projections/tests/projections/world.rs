//! A world of its own for each test: a fresh database, a workspace, and somebody who writes
//! history.

use ael_events::actor::Actor;
use ael_events::event::{Created, Event, Joined, LeadEvent, LeadProfile, MemberPrivate, SaleEvent};
use ael_events::ids::{CommandId, EventId, Lane, LeadId, MemberId, SaleId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::{AggregateKind, Contact, FullName, Language, MemberName, Role, Source};
use ael_projections::projector::apply::{Batch, Outcome, apply};
use ael_projections::{EventSource as _, MIGRATOR, StoreSource, model};
use ael_seal::MasterKeyring;
use ael_store::testing::{TestDatabase, VARIABLE};
use ael_store::{
    Append, AppendMeta, DbRole, EventWriter, NewEvent, PoolOptions, StreamAppend, WriterOptions,
    connect,
};
use chrono::{DateTime, TimeZone as _, Utc};
use sqlx::PgPool;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

pub struct World {
    pub database: TestDatabase,
    pub pool: PgPool,
    pub queries: PgPool,
    pub superuser: PgPool,
    pub writer: EventWriter,
    pub keyring: Arc<MasterKeyring>,
    pub workspace: WorkspaceId,
    versions: Mutex<HashMap<Uuid, u64>>,
}

/// The moment at which everything in these tests happens.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 14, 12, 0, 0).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let server = std::env::var(VARIABLE).expect("AEL_TEST_DATABASE_URL names a superuser");
        let database = TestDatabase::create_at(&server, &[("read", &MIGRATOR)]).await.unwrap();
        let keyring = MasterKeyring::parse(&MasterKeyring::generate_text().unwrap()).unwrap();
        let keyring = Arc::new(keyring);
        let options = PoolOptions { max_connections: 6, ..PoolOptions::default() };
        let open =
            async |role| connect(&database.url(role).unwrap(), role, &options).await.unwrap();
        let (pool, queries) = (open(DbRole::Projections).await, open(DbRole::Queries).await);
        let superuser = PgPool::connect(database.superuser_url()).await.unwrap();
        let writer = EventWriter::connect(
            &database.url(DbRole::Commands).unwrap(),
            keyring.clone(),
            WriterOptions::default(),
        )
        .await
        .unwrap();
        ael_projections::ensure(&pool).await.unwrap();
        let workspace = WorkspaceId::generate();
        let versions = Mutex::new(HashMap::new());
        Self { database, pool, queries, superuser, writer, keyring, workspace, versions }
    }

    pub fn source(&self) -> StoreSource {
        StoreSource::new(&self.pool, self.keyring.clone())
    }

    /// The database is removed, as every test that passes leaves nothing behind.
    pub async fn end(self) {
        self.pool.close().await;
        self.queries.close().await;
        self.superuser.close().await;
        self.database.remove().await.unwrap();
    }

    pub async fn write_raw(
        &self,
        kind: AggregateKind,
        id: Uuid,
        subject: Uuid,
        events: Vec<NewEvent>,
        erases: bool,
    ) {
        let known = self.versions.lock().unwrap().get(&id).copied().unwrap_or(0);
        let meta = AppendMeta {
            actor: Actor::Operator,
            edge: "cli".to_owned(),
            occurred_at: noon(),
            command_id: CommandId::generate(),
            correlation_id: Uuid::now_v7(),
            causation_id: None,
            traceparent: None,
        };
        let mut append = Append::new(self.workspace, meta, Utc::now());
        let count = events.len() as u64;
        append.streams.push(StreamAppend {
            aggregate: kind,
            aggregate_id: id,
            data_subject: subject,
            expected_version: known,
            events,
        });
        if erases {
            append.destroy_keys.push(subject);
        }
        self.writer.append(append).await.unwrap();
        self.versions.lock().unwrap().insert(id, known + count);
    }

    pub async fn write(&self, kind: AggregateKind, id: Uuid, subject: Uuid, events: Vec<Event>) {
        let erases = events.iter().any(|event| event.event_type() == "lead.erased.v1");
        let events =
            events.iter().map(|event| NewEvent::of(EventId::generate(), event).unwrap()).collect();
        self.write_raw(kind, id, subject, events, erases).await;
    }

    pub async fn lead(&self, id: LeadId, events: impl IntoIterator<Item = LeadEvent>) {
        let events = events.into_iter().map(|event| Event::Lead(Box::new(event))).collect();
        self.write(AggregateKind::Lead, id.uuid(), id.uuid(), events).await;
    }

    pub async fn sale(&self, lead: LeadId, events: impl IntoIterator<Item = SaleEvent>) {
        let id = SaleId::of(lead).uuid();
        let events = events.into_iter().map(Event::Sale).collect();
        self.write(AggregateKind::Sale, id, lead.uuid(), events).await;
    }

    pub async fn member(&self, name: &str) -> MemberId {
        let id = MemberId::generate();
        let joined = Joined {
            role: Role::Agent,
            language: Language::Uk,
            private: MemberPrivate { name: MemberName::parse(name).unwrap(), email: None }.into(),
        };
        let event = Event::Member(ael_events::event::MemberEvent::Joined(joined));
        self.write(AggregateKind::Member, id.uuid(), id.uuid(), vec![event]).await;
        id
    }

    /// Brings every read model to the store's end, as a projector would, `batch` events at a time.
    pub async fn project(&self, batch: usize) -> usize {
        self.settled().await;
        let (source, models) = (self.source(), model::all());
        let mut dead = 0;
        for lane in Lane::all() {
            let mut at = Order::START;
            loop {
                let recorded = source.lane_after(lane, at, batch).await.unwrap();
                let Some(last) = recorded.last().map(|event| event.order) else { break };
                let opened = source.open(&recorded).await.unwrap();
                let batch = Batch { lane, previous: at, events: &opened };
                match apply(&self.pool, &models, batch).await.unwrap() {
                    Outcome::Applied(effect) => dead += effect.dead.len(),
                    Outcome::Behind(_) => panic!("a read model went back"),
                }
                at = last;
            }
        }
        dead
    }

    /// Other tests write on the same server, and hold back for a moment what is settled here.
    pub async fn settled(&self) {
        eventually("everything is settled", async || {
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM write.events \
                 WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())",
            )
            .fetch_one(&self.superuser)
            .await
            .unwrap();
            open == 0
        })
        .await;
    }

    /// Everything in the read models, table by table, as one text each.
    pub async fn everything(&self) -> Vec<(String, String)> {
        let tables: Vec<(String, String)> = sqlx::query_as(
            "SELECT schemaname::text, tablename::text FROM pg_tables \
             WHERE schemaname LIKE 'rm\\_%' ORDER BY 1, 2",
        )
        .fetch_all(&self.superuser)
        .await
        .unwrap();
        let mut all = Vec::new();
        for (schema, table) in tables {
            let sql = format!(
                "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') \
                 FROM {schema}.{table} t"
            );
            let text: String = sqlx::query_scalar(&sql).fetch_one(&self.superuser).await.unwrap();
            let model = schema.rsplit_once('_').unwrap().0.to_owned();
            all.push((format!("{model}.{table}"), text));
        }
        all
    }

    /// The counters of the workspace that are not zero: metric, key, sum.
    pub async fn counters(&self) -> HashMap<(String, String), i64> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT metric, key, sum(amount)::bigint FROM read.counters \
             WHERE workspace = $1 GROUP BY 1, 2 HAVING sum(amount) <> 0",
        )
        .bind(self.workspace.uuid())
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().map(|(metric, key, amount)| ((metric, key), amount)).collect()
    }

    pub async fn counter(&self, metric: &str, key: &str) -> i64 {
        let counters = self.counters().await;
        counters.get(&(metric.to_owned(), key.to_owned())).copied().unwrap_or(0)
    }
}

pub fn created(name: &str, owner: Option<MemberId>) -> LeadEvent {
    let contact = Contact {
        full_name: Some(FullName::parse(name).unwrap()),
        phone: Some("+380671234567".parse().unwrap()),
        ..Contact::default()
    };
    LeadEvent::Created(Created {
        source: Source::Scanner,
        business_domain: None,
        owner,
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: LeadProfile { contact, ..LeadProfile::default() }.into(),
    })
}

/// Waits until something holds; says what did not.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
