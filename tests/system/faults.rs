//! What the core survives: processes killed in the middle of a load, servers restarted, the bus
//! wiped.
//!
//! Invariants that are looked at afterwards: no acknowledged command is lost or doubled; the stream
//! holds the store's events, each once, in the settled order, without a gap or reordering within an
//! aggregate; read models equal the fold of the events; the hash chain holds.

use crate::house::{House, PATIENCE, to_lead};
use crate::trouble::{self, Fault, Trouble};
use ael_client::Client;
use ael_events::command::{CreateLead, Credential, LogMessage};
use ael_events::envelope::CloudEvent;
use ael_events::event::LeadProfile;
use ael_events::ids::{LeadId, MemberId, WorkspaceId};
use ael_events::query::{GetLead, LeadView, Query, QueryRequest};
use ael_events::subjects;
use ael_events::values::{Channel, MessageDirection, Source};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _, Row as _};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// After so long the load pauses and everything is looked at.
const ROUND: Duration = Duration::from_secs(60);

/// What a writer was promised: how many messages each of its leads has.
type Promised = BTreeMap<LeadId, u32>;

fn new_lead() -> CreateLead {
    CreateLead {
        source: Source::Manual,
        business_domain: None,
        owner: None,
        tags: Default::default(),
        profile: LeadProfile::default(),
        allow_duplicate: false,
    }
}

fn message() -> LogMessage {
    LogMessage {
        count: 1,
        direction: MessageDirection::Outgoing,
        channel: Channel::Phone,
        text: None,
    }
}

/// Creates leads and logs messages until told to stop; every command is asked until it is
/// acknowledged.
async fn write(
    client: Client,
    (workspace, member): (WorkspaceId, MemberId),
    seed: u64,
    stop: CancellationToken,
) -> Promised {
    let mut random = StdRng::seed_from_u64(seed);
    let mut promised = Promised::new();
    while !stop.is_cancelled() {
        if promised.is_empty() || random.random_bool(0.2) {
            let lead = LeadId::generate();
            let created = client.command(workspace, &to_lead(lead, member, new_lead())).await;
            assert_eq!(created.unwrap().version, 1);
            promised.insert(lead, 0);
        } else {
            let index = random.random_range(0..promised.len());
            let (lead, count) = promised.iter_mut().nth(index).unwrap();
            let request = to_lead(*lead, member, message());
            client.command(workspace, &request).await.unwrap();
            *count += 1;
        }
    }
    promised
}

/// Opens transactions that take numbers and transaction ids, keep them for a while, and roll back.
async fn roll_back(url: String, seed: u64, stop: CancellationToken) -> u64 {
    let mut random = StdRng::seed_from_u64(seed);
    let mut rolled_back = 0;
    while !stop.is_cancelled() {
        let Ok(mut connection) = sqlx::PgConnection::connect(&url).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while !stop.is_cancelled() {
            let held = Duration::from_millis(random.random_range(1..120));
            let sql = format!(
                "BEGIN; SELECT pg_current_xact_id(), nextval('write.events_position'), \
                 pg_sleep({}); ROLLBACK",
                held.as_secs_f64()
            );
            if connection.execute(sqlx::raw_sql(&sql)).await.is_err() {
                break;
            }
            rolled_back += 1;
        }
    }
    rolled_back
}

/// The ids and places of all events in the store, in the settled order.
async fn stored(house: &House) -> Vec<(String, String)> {
    let url = house.running().superuser_url().unwrap();
    let mut connection = sqlx::PgConnection::connect(url.expose_secret()).await.unwrap();
    let rows = connection
        .fetch_all(
            "SELECT event_id::text, incarnation || '.' || xid::text || '.' || position \
             FROM write.events ORDER BY incarnation, xid, position",
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The ids and places of all events on the stream, in its order; the sequence within each aggregate
/// is checked.
async fn streamed(house: &House) -> Vec<(String, String)> {
    let bus = house.bus("relay").await;
    let stream = bus.stream(subjects::EVENTS);
    let state = stream.state().await.unwrap();
    let mut versions: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut found = Vec::new();
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.message_at(sequence).await.unwrap().unwrap();
        let event = CloudEvent::parse(&message.payload).unwrap();
        let version = versions.entry(event.aggregate_id).or_default();
        *version += 1;
        assert_eq!(event.sequence, *version, "a gap or reordering in {}", event.aggregate_id);
        found.push((event.event_id.to_string(), event.order.to_string()));
    }
    found
}

async fn assert_stream_is_the_store(house: &House) {
    let stored = stored(house).await;
    let begun = Instant::now();
    loop {
        let state = house.bus("relay").await.stream(subjects::EVENTS).state().await;
        if state.is_ok_and(|state| state.messages >= stored.len() as u64) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the stream does not catch up:\n{}", house.said());
        tokio::task::yield_now().await;
    }
    let streamed = streamed(house).await;
    assert_eq!(streamed.len(), stored.len(), "events on the stream and in the store");
    assert!(streamed == stored, "the stream's order is not the settled order");
}

async fn assert_promises_are_kept(
    client: &Client,
    (workspace, member): (WorkspaceId, MemberId),
    promised: &Promised,
) {
    for (lead, messages) in promised {
        let get = GetLead { lead_id: *lead, as_of: None, version: None, effective: false };
        let request = QueryRequest {
            credential: Credential::Operator { as_member: Some(member) },
            after: None,
            query: Query::GetLead(get),
        };
        let view: LeadView = client.query(workspace, &request).await.unwrap();
        assert_eq!(view.message_count, *messages, "messages of {lead}");
        assert_eq!(view.version, u64::from(*messages) + 1, "version of {lead}");
    }
}

async fn survive(faults: &[Fault], how_long: Duration, seed: u64) {
    let house = House::start(&["--copies", "2"]);
    let who = house.first_workspace();
    let client = house.client().await;
    let mut trouble = Trouble::new(faults, seed);
    let mut promised = Promised::new();
    let mut rolled_back = 0;
    let begun = Instant::now();
    for round in 0.. {
        let left = how_long.saturating_sub(begun.elapsed());
        if round > 0 && left < Duration::from_secs(5) {
            break;
        }
        let stop = CancellationToken::new();
        let writers: Vec<_> = (0..16)
            .map(|n| tokio::spawn(write(client.clone(), who, seed + 100 * round + n, stop.clone())))
            .collect();
        let url = house.running().superuser_url().unwrap().expose_secret().to_owned();
        let disturber = tokio::spawn(roll_back(url, seed + 100 * round + 50, stop.clone()));
        trouble.make(&house, left.min(ROUND)).await;
        stop.cancel();
        for writer in writers {
            promised.extend(writer.await.unwrap());
        }
        rolled_back += disturber.await.unwrap();
        let messages: u32 = promised.values().sum();
        println!(
            "seed {seed}, {} s: {:?}; {rolled_back} rollbacks; {} leads, {messages} messages",
            begun.elapsed().as_secs(),
            trouble.made,
            promised.len(),
        );
        house.assert_sound();
        assert_promises_are_kept(&client, who, &promised).await;
        if round % 5 == 0 || how_long.saturating_sub(begun.elapsed()) < ROUND {
            assert_stream_is_the_store(&house).await;
        }
    }
    assert_stream_is_the_store(&house).await;
    assert!(!trouble.made.is_empty() && promised.len() > 16, "the test hurt nobody");
    println!("seed {seed}: every promise was kept through {} faults", trouble.total());
}

fn seed() -> u64 {
    std::env::var("AEL_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| rand::rng().next_u64() % 1_000_000)
}

/// How long the long form goes on: minutes, from `tests/faults.sh`; 25 seconds in the suite.
fn how_long() -> Duration {
    let minutes = std::env::var("AEL_TEST_MINUTES").ok().and_then(|text| text.parse::<f64>().ok());
    minutes.map_or(Duration::from_secs(25), |minutes| Duration::from_secs_f64(60.0 * minutes))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_that_are_killed_lose_and_double_nothing() {
    survive(&[Fault::Kill("run relay")], Duration::from_secs(12), seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_no_acknowledged_command_is_lost_or_doubled() {
    survive(&trouble::EVERYTHING, how_long(), seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_bus_comes_back_from_the_store() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    let client = house.client().await;
    let stop = CancellationToken::new();
    let writer = tokio::spawn(write(client.clone(), who, seed(), stop.clone()));
    house.until("some events", || {
        house.json(&["stats"])["overview"]["leads"].as_u64().filter(|leads| *leads >= 5)
    });
    house.kill_all("nats-server");
    let folder = house.nats_folder().join("jetstream");
    house.until("the bus's files to be gone", || match std::fs::remove_dir_all(&folder) {
        Ok(()) => Some(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(()),
        Err(_) => None,
    });
    house.kill_all("nats-server");
    stop.cancel();
    let promised = writer.await.unwrap();
    assert_stream_is_the_store(&house).await;
    house.assert_sound();
    assert_promises_are_kept(&client, who, &promised).await;
}
