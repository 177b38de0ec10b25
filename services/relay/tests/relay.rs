//! The relay against a real store and a real bus: everything, once, in order, whatever is emptied
//! or rolled back.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use ael_bus::topology::{self, Topology};
use ael_bus::{Bus, BusConfig, Headers};
use ael_events::actor::Actor;
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent, MessageLogged};
use ael_events::ids::{CommandId, EventId, Lane, LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_events::private::Private;
use ael_events::subjects;
use ael_events::values::{AggregateKind, Channel, MessageDirection};
use ael_relay::{Config, RelaySettings};
use ael_service::{DatabaseConfig, Env};
use ael_stack::{StackOptions, ThrowawayStack};
use ael_store::testing::TestDatabase;
use ael_store::{
    Append, AppendMeta, DbRole, EventWriter, NewEvent, PoolOptions, SettledReader, StreamAppend,
    WriterOptions, connect,
};
use chrono::Utc;
use secrecy::ExposeSecret as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take that has to come about.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store, a bus, and relays between them.
struct World {
    stack: ThrowawayStack,
    database: TestDatabase,
    workspace: WorkspaceId,
    writer: EventWriter,
}

impl World {
    async fn new() -> Self {
        let topology = Topology::embedded().unwrap();
        let users: Vec<String> = topology.user_names().map(str::to_owned).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let stack = ThrowawayStack::start(&users, |secrets| {
            let authorization = topology.server_authorization(|user| secrets.nats_password(user));
            StackOptions::embedded(authorization.unwrap())
        })
        .await
        .unwrap();
        let superuser = stack.running().superuser_url().unwrap();
        let database = TestDatabase::create_at(superuser.expose_secret(), &[]).await.unwrap();
        let master =
            ael_seal::MasterKeyring::parse(&ael_seal::MasterKeyring::generate_text().unwrap());
        let writer = EventWriter::connect(
            &database.url(DbRole::Commands).unwrap(),
            Arc::new(master.unwrap()),
            WriterOptions::default(),
        )
        .await
        .unwrap();
        let world = Self { stack, database, workspace: WorkspaceId::generate(), writer };
        world.apply_topology().await;
        world
    }

    async fn bus(&self, user: &str) -> Bus {
        Bus::connect(&self.bus_config(user)).await.unwrap()
    }

    fn bus_config(&self, user: &str) -> BusConfig {
        let found = self.stack.running().bus_config(user).unwrap();
        BusConfig::new(found.url, found.user, found.password)
    }

    async fn apply_topology(&self) {
        let topology = Topology::embedded().unwrap();
        topology::apply(&self.bus("admin").await, &topology).await.unwrap();
    }

    fn relay(&self) -> Relay {
        let config = Config {
            database: DatabaseConfig { url: self.database.url(DbRole::Relay).unwrap().into() },
            bus: self.stack.running().bus_config("relay").unwrap(),
            settings: RelaySettings { batch: 50, ..RelaySettings::default() },
            env: Env::default(),
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(ael_relay::run(config, stop.clone()));
        Relay { stop, running }
    }

    /// Appends one event to a lead of the test's own, after its first `version` events.
    async fn append(&self, lead: LeadId, version: u64) {
        let meta = AppendMeta {
            actor: Actor::Operator,
            edge: "cli".into(),
            occurred_at: Utc::now(),
            command_id: CommandId::generate(),
            correlation_id: uuid::Uuid::now_v7(),
            causation_id: None,
            traceparent: None,
        };
        let event = Event::Lead(Box::new(LeadEvent::MessageLogged(MessageLogged {
            count: 1,
            direction: MessageDirection::Outgoing,
            channel: Channel::Other,
            private: Private::Erased,
        })));
        let mut append = Append::new(self.workspace, meta, Utc::now());
        append.streams.push(StreamAppend {
            aggregate: AggregateKind::Lead,
            aggregate_id: lead.uuid(),
            data_subject: lead.uuid(),
            expected_version: version,
            events: vec![NewEvent::of(EventId::generate(), &event).unwrap()],
        });
        self.writer.append(append).await.unwrap();
    }

    async fn append_many(&self, events: u64) {
        let leads: Vec<LeadId> = (0..8).map(|_| LeadId::generate()).collect();
        for number in 0..events {
            let index = usize::try_from(number).unwrap() % leads.len();
            self.append(leads[index], number / 8).await;
        }
    }

    async fn stored(&self) -> Vec<(EventId, Order)> {
        let url = self.database.url(DbRole::Relay).unwrap();
        let pool = connect(&url, DbRole::Relay, &PoolOptions::default()).await.unwrap();
        let events = SettledReader::new(pool).settled_after(Order::START, 10_000).await.unwrap();
        events.into_iter().map(|settled| (settled.event.event_id, settled.event.order)).collect()
    }

    /// What the stream holds; every message must name the event before it in its lane.
    async fn streamed(&self) -> Vec<(EventId, Order)> {
        let bus = self.bus("relay").await;
        let stream = bus.stream(subjects::EVENTS);
        let state = stream.state().await.unwrap();
        let mut lanes: BTreeMap<Lane, Order> = BTreeMap::new();
        let mut found = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.message_at(sequence).await.unwrap().unwrap();
            let event = CloudEvent::parse(&message.payload).unwrap();
            let said = message.headers.get(subjects::HEADER_LANE_PREVIOUS).unwrap().to_owned();
            let previous = lanes.insert(event.lane, event.order).unwrap_or(Order::START);
            assert_eq!(said, previous.to_string(), "the lane's previous event");
            found.push((event.event_id, event.order));
        }
        found
    }

    /// The events that the stream holds, and how many messages of strangers.
    async fn streamed_among_strangers(&self) -> (Vec<(EventId, Order)>, u64) {
        let bus = self.bus("relay").await;
        let stream = bus.stream(subjects::EVENTS);
        let (mut events, mut strangers) = (Vec::new(), 0);
        for sequence in 1..=stream.state().await.unwrap().last_sequence {
            let message = stream.message_at(sequence).await.unwrap().unwrap();
            match CloudEvent::parse(&message.payload) {
                Ok(event) => events.push((event.event_id, event.order)),
                Err(_) => strangers += 1,
            }
        }
        (events, strangers)
    }

    async fn until_streamed(&self, events: usize) {
        let bus = self.bus("relay").await;
        let stream = bus.stream(subjects::EVENTS);
        let begun = Instant::now();
        let enough = events as u64;
        while !stream.state().await.is_ok_and(|state| state.messages >= enough) {
            assert!(begun.elapsed() < PATIENCE, "the stream does not reach {events} events");
            tokio::task::yield_now().await;
        }
    }

    async fn assert_stream_is_the_store(&self) {
        let stored = self.stored().await;
        self.until_streamed(stored.len()).await;
        assert!(self.streamed().await == stored, "the stream is not the store's settled order");
    }
}

struct Relay {
    stop: CancellationToken,
    running: JoinHandle<Result<(), ael_relay::RelayError>>,
}

impl Relay {
    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }

    /// Ends it in the middle of whatever it does.
    async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_goes_on_where_the_stream_ends_however_it_was_stopped() {
    let world = World::new().await;
    let relay = world.relay();
    world.append_many(120).await;
    world.until_streamed(120).await;
    relay.stop().await;
    world.append_many(80).await;
    let relay = world.relay();
    world.until_streamed(130).await;
    relay.kill().await;
    world.append_many(40).await;
    let relay = world.relay();
    world.assert_stream_is_the_store().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_publish_everything_once_and_one_takes_over_from_the_other() {
    let world = World::new().await;
    let (first, second) = (world.relay(), world.relay());
    world.append_many(100).await;
    world.until_streamed(100).await;
    first.kill().await;
    world.append_many(100).await;
    world.assert_stream_is_the_store().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_bus_is_refilled_from_the_first_event() {
    let world = World::new().await;
    let relay = world.relay();
    world.append_many(60).await;
    world.until_streamed(60).await;
    world.stack.wipe_nats().await.unwrap();
    world.apply_topology().await;
    world.until_streamed(60).await;
    world.append_many(10).await;
    world.assert_stream_is_the_store().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_or_recreated_stream_is_refilled_while_the_relay_runs() {
    let world = World::new().await;
    let relay = world.relay();
    world.append_many(60).await;
    world.until_streamed(60).await;
    let admin = world.bus("admin").await;
    admin.stream(subjects::EVENTS).purge().await.unwrap();
    world.assert_stream_is_the_store().await;
    let topology = Topology::embedded().unwrap();
    topology::recreate_stream(&admin, &topology, subjects::EVENTS).await.unwrap();
    world.append_many(10).await;
    world.assert_stream_is_the_store().await;
    relay.stop().await;
}

/// The server sends an answer wherever the asker wants it, into the stream as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_at_the_streams_end_does_not_stop_the_relay() {
    let world = World::new().await;
    let relay = world.relay();
    world.append_many(30).await;
    world.until_streamed(30).await;
    let bus = world.bus("relay").await;
    for foreign in ["", "{\"stream\":\"KV_bot_dialogues\",\"seq\":3}"] {
        let subject = "ael.evt.03.w.lead.created";
        bus.publish_kept(subject, Headers::new(), foreign).await.unwrap();
    }
    world.append_many(20).await;
    world.until_streamed(52).await;
    relay.stop().await;
    let (events, strangers) = world.streamed_among_strangers().await;
    assert!(events == world.stored().await, "each event once, in the settled order");
    assert_eq!(strangers, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_between_the_events_of_a_batch_leave_no_event_out() {
    let world = World::new().await;
    world.append_many(600).await;
    let bus = world.bus("relay").await;
    let stream = bus.stream(subjects::EVENTS);
    let relay = world.relay();
    let begun = Instant::now();
    let mut seen = 0;
    // Whenever the stream has grown by the relay, one more message goes astray into it.
    let mut strangers = 0;
    while seen < 600 + strangers {
        assert!(begun.elapsed() < PATIENCE, "the relay does not get through");
        let last = stream.state().await.unwrap().last_sequence;
        if last > seen {
            let subject = "ael.evt.03.w.lead.created";
            seen = bus.publish_kept(subject, Headers::new(), "astray").await.unwrap();
            strangers += 1;
        }
        tokio::task::yield_now().await;
    }
    relay.stop().await;
    let (events, found) = world.streamed_among_strangers().await;
    assert!(events == world.stored().await, "each event once, in the settled order");
    assert_eq!(found, strangers);
    assert!(strangers >= 5, "only {strangers} strangers came between");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_knows_more_than_the_store_stops_the_relay_until_it_is_rebuilt() {
    let world = World::new().await;
    let relay = world.relay();
    world.append_many(30).await;
    world.until_streamed(30).await;
    relay.stop().await;
    // Another life of the database: the same bus beside a store that has none of those events.
    let superuser = world.stack.running().superuser_url().unwrap();
    let database = TestDatabase::create_at(superuser.expose_secret(), &[]).await.unwrap();
    let master = ael_seal::MasterKeyring::parse(&ael_seal::MasterKeyring::generate_text().unwrap());
    let url = database.url(DbRole::Commands).unwrap();
    let writer = EventWriter::connect(&url, Arc::new(master.unwrap()), WriterOptions::default());
    let writer = writer.await.unwrap();
    let world = World { database, writer, workspace: world.workspace, stack: world.stack };
    world.append_many(5).await;
    let relay = world.relay();
    let admin = world.bus("admin").await;
    // It has had every chance once it has given the lead up and taken it again; nothing may come of
    // it.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let state = admin.stream(subjects::EVENTS).state().await.unwrap();
        assert_eq!(state.messages, 30, "something was published after a stranger's event");
        tokio::task::yield_now().await;
    }
    let topology = Topology::embedded().unwrap();
    topology::recreate_stream(&admin, &topology, subjects::EVENTS).await.unwrap();
    world.assert_stream_is_the_store().await;
    relay.stop().await;
}
