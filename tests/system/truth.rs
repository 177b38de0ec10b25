//! What is really in the store, on the stream and in the read models, looked at beside the
//! services.

use crate::house::{House, PATIENCE};
use ael_bus::StoredMessage;
use ael_events::envelope::CloudEvent;
use ael_events::ids::{LeadId, SaleId};
use ael_events::subjects;
use futures::{StreamExt as _, TryStreamExt as _};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, Row as _};
use std::collections::BTreeMap;
use std::time::Instant;
use uuid::Uuid;

/// An event's id and its place in the settled order.
type Placed = (String, String);

/// How many messages of the stream are asked for at once.
const AT_ONCE: usize = 64;

/// What the store holds of a lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stored {
    /// How many events, numbered without a gap.
    pub version: u64,
    /// How many of them are messages.
    pub messages: u32,
}

/// A house looked at from outside.
#[derive(Clone, Copy)]
pub struct Truth<'a>(pub &'a House);

impl Truth<'_> {
    /// A connection to the database that no service has.
    pub async fn database(&self) -> PgConnection {
        let url = self.0.running().superuser_url().unwrap();
        let begun = Instant::now();
        loop {
            match PgConnection::connect(url.expose_secret()).await {
                Ok(connection) => return connection,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "no database: {error}"),
            }
            tokio::task::yield_now().await;
        }
    }

    /// The leads in the store.
    pub async fn leads(&self) -> BTreeMap<Uuid, Stored> {
        let rows = sqlx::query(
            "SELECT aggregate_id, count(*), max(sequence), \
                    count(*) FILTER (WHERE event_type LIKE 'lead.message_logged.%') \
             FROM write.events WHERE aggregate_type = 'lead' GROUP BY aggregate_id",
        )
        .fetch_all(&mut self.database().await)
        .await
        .unwrap();
        let stored = |row: &sqlx::postgres::PgRow| {
            let (id, events, last): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
            assert_eq!(events, last, "the events of {id} are numbered without a gap");
            let messages = u32::try_from(row.get::<i64, _>(3)).unwrap();
            let version = u64::try_from(events).unwrap();
            (id.parse().unwrap(), Stored { version, messages })
        };
        rows.iter().map(stored).collect()
    }

    /// Waits until each of these leads has its sale, and makes sure that it was opened once and
    /// that nobody else has one.
    pub async fn assert_each_has_one_sale(&self, transferred: &[LeadId]) {
        let mut expected: Vec<String> =
            transferred.iter().map(|lead| SaleId::of(*lead).to_string()).collect();
        expected.sort();
        let begun = Instant::now();
        loop {
            let mut opened: Vec<String> = sqlx::query_scalar(
                "SELECT aggregate_id::text FROM write.events \
                 WHERE event_type LIKE 'sale.opened.%'",
            )
            .fetch_all(&mut self.database().await)
            .await
            .unwrap();
            opened.sort();
            if opened == expected {
                return;
            }
            let (some, all) = (opened.len(), expected.len());
            assert!(begun.elapsed() < PATIENCE, "{some} sales of {all} transfers were opened");
            tokio::task::yield_now().await;
        }
    }

    /// The ids and places of all events in the store, in the settled order.
    pub async fn stored(&self) -> Vec<Placed> {
        let rows = sqlx::query(
            "SELECT event_id::text, incarnation || '.' || xid::text || '.' || position \
             FROM write.events ORDER BY incarnation, xid, position",
        )
        .fetch_all(&mut self.database().await)
        .await
        .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Waits until the store holds so many events.
    pub async fn until_stored(&self, events: usize) {
        let begun = Instant::now();
        let goal = i64::try_from(events).unwrap();
        let mut connection = self.database().await;
        loop {
            let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM write.events")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            if stored >= goal {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{stored} of {goal} events are in the store");
            tokio::task::yield_now().await;
        }
    }

    /// The stream holds the store's events: each once, in the settled order, and without a gap or
    /// reordering within an aggregate. What is no event is passed over. Gives their number.
    pub async fn assert_stream_is_the_store(&self) -> usize {
        let begun = Instant::now();
        let mut streamed = Streamed::default();
        loop {
            // A stream that is being made anew is looked at from its beginning.
            let unread = match streamed.look(self.0).await {
                Ok(()) => None,
                Err(error) => {
                    streamed = Streamed::default();
                    Some(error)
                }
            };
            // Read after the stream, and again each time: sales are still being opened.
            let stored = self.stored().await;
            if unread.is_none() && streamed.events == stored {
                return stored.len();
            }
            let (some, all) = (streamed.events.len(), stored.len());
            let differs = streamed.events.iter().zip(&stored).position(|(one, other)| one != other);
            assert!(
                begun.elapsed() < PATIENCE,
                "{some} of {all} events are on the stream, which is not the settled order from \
                 place {differs:?} on, or cannot be read ({unread:?}):\n{}",
                self.0.said()
            );
        }
    }

    /// A digest of every row of every read model that is read now, by table.
    pub async fn read_models(&self) -> BTreeMap<String, String> {
        let mut connection = self.database().await;
        let tables: Vec<(String, String, i32)> = sqlx::query_as(
            "SELECT p.name, t.tablename::text, p.version FROM read.projections p \
             JOIN pg_tables t ON t.schemaname = 'rm_' || p.name || '_' || p.version",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let mut digests = BTreeMap::new();
        for (model, table, version) in tables {
            let sql = format!(
                "SELECT count(*) || ':' || md5(coalesce(string_agg(md5(t::text), '' \
                 ORDER BY md5(t::text)), '')) FROM rm_{model}_{version}.{table} t"
            );
            let digest = sqlx::query_scalar(&sql).fetch_one(&mut connection).await;
            digests.insert(format!("{model}.{table}"), digest.unwrap());
        }
        digests
    }
}

/// The events of a stream, read as far as it went.
#[derive(Default)]
struct Streamed {
    seen: u64,
    created: Option<String>,
    versions: BTreeMap<Uuid, u64>,
    events: Vec<Placed>,
}

impl Streamed {
    /// Reads on.
    async fn look(&mut self, house: &House) -> Result<(), String> {
        let bus = house.try_bus("relay").await.ok_or("the bus is away")?;
        let stream = &bus.stream(subjects::EVENTS);
        let state = stream.state().await.map_err(|error| error.to_string())?;
        let created = state.created.to_rfc3339();
        if self.created.get_or_insert_with(|| created.clone()) != &created {
            return Err("the stream was made anew".to_owned());
        }
        let first = state.first_sequence.max(self.seen + 1);
        let messages: Vec<Option<StoredMessage>> =
            futures::stream::iter(first..=state.last_sequence)
                .map(|sequence| stream.message_at(sequence))
                .buffered(AT_ONCE)
                .try_collect()
                .await
                .map_err(|error| error.to_string())?;
        self.seen = state.last_sequence;
        for message in messages {
            let message = message.ok_or_else(|| format!("a message is gone from {state:?}"))?;
            let Ok(event) = CloudEvent::parse(&message.payload) else { continue };
            let version = self.versions.entry(event.aggregate_id).or_default();
            *version += 1;
            assert_eq!(event.sequence, *version, "a gap or reordering in {}", event.aggregate_id);
            self.events.push((event.event_id.to_string(), event.order.to_string()));
        }
        Ok(())
    }
}
