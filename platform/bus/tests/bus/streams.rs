//! Fenced publishing, looking into streams, and buckets.

use crate::server::{Server, eventually, on_every_server};
use ael_bus::{
    BucketError, Bus, Headers, Kept, MAX_BATCH, Publication, PublishError, StreamError, StreamTail,
    topology::recreate_stream,
};
use ael_events::subjects::{AI_CACHE, DIALOGUES, EVENTS, JOBS, TELEGRAM};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn event(number: u64) -> Publication {
    Publication {
        subject: format!("ael.evt.03.w.lead.n{}", number % 7),
        headers: Headers::new().with("Ael-Lane-Previous", format!("1.{number}.0")),
        payload: number.to_string().into(),
    }
}

fn batch(numbers: std::ops::Range<u64>) -> Vec<Publication> {
    numbers.map(event).collect()
}

/// What the stream's tail says comes next: the number after the one it ends with.
fn next_number(tail: &StreamTail) -> u64 {
    tail.message
        .as_ref()
        .map_or(0, |last| std::str::from_utf8(&last.payload).unwrap().parse::<u64>().unwrap() + 1)
}

async fn assert_numbered(bus: &Bus, count: u64) {
    let events = bus.stream(EVENTS);
    assert_eq!(events.state().await.unwrap().messages, count);
    for sequence in 1..=count {
        let message = events.message_at(sequence).await.unwrap().unwrap();
        assert_eq!(message.payload, (sequence - 1).to_string());
    }
}

#[tokio::test]
async fn a_batch_continues_the_stream_exactly_where_it_ends() {
    on_every_server(async |server| {
        server.ready().await;
        let relay = server.bus("relay").await;
        let (events, publisher) = (relay.stream(EVENTS), relay.event_publisher(EVENTS));
        assert_eq!(events.tail().await.unwrap(), StreamTail { last_sequence: 0, message: None });
        assert_eq!(publisher.publish_batch(batch(0..500), 0).await.unwrap(), 500);
        let tail = events.tail().await.unwrap();
        let last = tail.message.clone().unwrap();
        assert_eq!((tail.last_sequence, next_number(&tail)), (500, 500));
        assert_eq!(last.subject, event(499).subject);
        assert_eq!(last.headers.get("Ael-Lane-Previous"), Some("1.499.0"));
        assert_eq!(events.message_at(501).await.unwrap(), None);

        let behind = publisher.publish_batch(batch(400..450), 400).await;
        let fenced = PublishError::Fenced { expected: 400, actual: Some(500) };
        assert_eq!(behind.unwrap_err().to_string(), fenced.to_string());
        let from_the_start = publisher.publish_batch(batch(0..50), 0).await;
        assert!(matches!(from_the_start, Err(PublishError::Fenced { expected: 0, .. })));
        let ahead = publisher.publish_batch(batch(501..503), 501).await;
        assert!(matches!(ahead, Err(PublishError::Fenced { expected: 501, actual: Some(500) })));
        assert_eq!(publisher.publish_batch(Vec::new(), 500).await.unwrap(), 500);
        let long = publisher.publish_batch(batch(0..MAX_BATCH as u64 + 1), 500).await;
        assert!(matches!(long, Err(PublishError::BatchTooLong { .. })));
        assert_eq!(publisher.publish_batch(batch(500..501), 500).await.unwrap(), 501);
        assert_numbered(&relay, 501).await;
    })
    .await;
}

/// One relay: reads the tail, publishes what follows, and again, until the stream holds enough.
async fn relay_until(server: &Server, goal: u64, size: u64) -> (u64, u64) {
    let bus = server.bus("relay").await;
    let (events, publisher) = (bus.stream(EVENTS), bus.event_publisher(EVENTS));
    let (mut published, mut refused) = (0, 0);
    loop {
        let Ok(tail) = events.tail().await else { continue };
        let next = next_number(&tail);
        if next >= goal {
            return (published, refused);
        }
        let more = batch(next..goal.min(next + size));
        match publisher.publish_batch(more, tail.last_sequence).await {
            Ok(_) => published += 1,
            Err(_) => refused += 1,
        }
    }
}

#[tokio::test]
async fn two_relays_at_once_neither_skip_nor_repeat() {
    on_every_server(async |server| {
        server.ready().await;
        let (one, other) = tokio::join!(
            Box::pin(relay_until(server, 3_000, 17)),
            Box::pin(relay_until(server, 3_000, 23))
        );
        assert!(one.1 + other.1 > 0, "they never met: {one:?} {other:?}");
        assert_numbered(&server.bus("relay").await, 3_000).await;
    })
    .await;
}

/// What the stream holds of ours since the last look: numbered without a gap, whatever strangers
/// put between.
struct Reader {
    seen: u64,
    next: u64,
}

impl Reader {
    async fn look(&mut self, bus: &Bus) {
        let events = bus.stream(EVENTS);
        let last = events.state().await.unwrap().last_sequence;
        for sequence in self.seen + 1..=last {
            let message = events.message_at(sequence).await.unwrap().unwrap();
            if message.payload != STRANGER {
                assert_eq!(message.payload, self.next.to_string(), "a hole at {sequence}");
                self.next += 1;
            }
        }
        self.seen = last;
    }
}

const STRANGER: &str = "a server's reply that was sent astray";

/// Puts messages into the stream, one after the other, until told to stop.
async fn stray(bus: Bus, stop: CancellationToken) {
    while !stop.is_cancelled() {
        bus.publish_kept("ael.evt.05.w.lead.created", Headers::new(), STRANGER).await.unwrap();
    }
}

/// One message between two of a batch takes the place of the one that it keeps out, so that the
/// next would stand where it expects to stand: without the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_in_the_middle_of_a_batch_ends_it_and_leaves_no_hole() {
    on_every_server(async |server| {
        server.ready().await;
        let bus = server.bus("relay").await;
        let publisher = bus.event_publisher(EVENTS);
        let mut reader = Reader { seen: 0, next: 0 };
        let (mut cut, mut rounds) = (0, 0);
        while cut < 20 {
            rounds += 1;
            assert!(rounds < 500, "strangers came between only {cut} times");
            let stop = CancellationToken::new();
            let strangers = tokio::spawn(stray(server.bus("relay").await, stop.clone()));
            let before = reader.next;
            let more = batch(before..before + 500);
            let all = publisher.publish_batch(more, reader.seen).await;
            stop.cancel();
            strangers.await.unwrap();
            reader.look(&bus).await;
            if all.is_ok() {
                assert_eq!(reader.next, before + 500);
            } else if reader.next > before {
                cut += 1;
            }
        }
        // When they are gone, the same events go in, as if nothing had been.
        let before = reader.next;
        publisher.publish_batch(batch(before..before + 500), reader.seen).await.unwrap();
        reader.look(&bus).await;
        assert_eq!(reader.next, before + 500);
    })
    .await;
}

#[tokio::test]
async fn a_relay_goes_on_after_the_server_was_killed() {
    on_every_server(async |server| {
        server.ready().await;
        let bus = server.bus("relay").await;
        let (events, publisher) = (bus.stream(EVENTS), bus.event_publisher(EVENTS));
        publisher.publish_batch(batch(0..100), 0).await.unwrap();
        server.kill();
        // Sent into the void: it may arrive later or never, but never twice and never out of order.
        let lost = publisher.publish_batch(batch(100..150), 100);
        let ((), lost) = tokio::join!(async { server.revive() }, lost);
        drop(lost);
        let tail = async || events.tail().await.ok();
        eventually("the server is back", async || tail().await.is_some()).await;
        eventually("all is published", async || {
            let Some(tail) = tail().await else { return false };
            let next = next_number(&tail);
            next == 200
                || publisher.publish_batch(batch(next..200), tail.last_sequence).await.is_ok()
        })
        .await;
        assert_numbered(&bus, 200).await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_was_wiped_shows_and_is_filled_again() {
    on_every_server(async |server| {
        server.ready().await;
        let (admin, relay) = (server.bus("admin").await, server.bus("relay").await);
        let (events, publisher) = (relay.stream(EVENTS), relay.event_publisher(EVENTS));
        publisher.publish_batch(batch(0..10), 0).await.unwrap();
        let before = events.state().await.unwrap();

        admin.stream(EVENTS).purge().await.unwrap();
        let purged = events.tail().await.unwrap();
        assert_eq!(purged, StreamTail { last_sequence: 10, message: None });
        assert_eq!(publisher.publish_batch(batch(0..5), 10).await.unwrap(), 15);

        assert!(admin.stream(EVENTS).delete().await.unwrap());
        assert!(!admin.stream(EVENTS).delete().await.unwrap());
        assert!(matches!(events.tail().await, Err(StreamError::Missing { .. })));
        assert!(matches!(events.message_at(1).await, Err(StreamError::Missing { .. })));
        let nowhere = publisher.publish_batch(batch(0..5), 15).await;
        assert!(matches!(nowhere, Err(PublishError::NoStream { .. })), "{nowhere:?}");

        recreate_stream(&admin, &server.topology, EVENTS).await.unwrap();
        let after = events.state().await.unwrap();
        assert!(after.created > before.created);
        assert_eq!((after.last_sequence, after.messages), (0, 0));
        // The same events again: no memory of their ids may swallow them.
        assert_eq!(publisher.publish_batch(batch(0..10), 0).await.unwrap(), 10);
        assert_numbered(&relay, 10).await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_whose_end_was_deleted_is_not_taken_for_an_empty_one() {
    on_every_server(async |server| {
        server.ready().await;
        let (admin, relay) = (server.bus("admin").await, server.bus("relay").await);
        relay.event_publisher(EVENTS).publish_batch(batch(0..10), 0).await.unwrap();
        let delete = format!("$JS.API.STREAM.MSG.DELETE.{EVENTS}");
        admin.request(&delete, r#"{"seq":10}"#, Duration::from_secs(5)).await.unwrap();
        let tail = relay.stream(EVENTS).tail().await;
        assert!(matches!(tail, Err(StreamError::Cut { .. })), "{tail:?}");
        admin.stream(EVENTS).purge().await.unwrap();
        assert_eq!(relay.stream(EVENTS).tail().await.unwrap().message, None);
    })
    .await;
}

#[tokio::test]
async fn what_a_stream_keeps_is_confirmed_and_nobody_publishes_what_is_not_theirs() {
    on_every_server(async |server| {
        server.ready().await;
        let jobs = server.bus("jobs").await;
        let sent = jobs.publish_kept("ael.job.export", Headers::new(), "x").await;
        assert_eq!(sent.unwrap(), 1);
        let dead = jobs.publish_kept("ael.dead.sale-opening", Headers::new(), "x").await;
        assert_eq!(dead.unwrap(), 1);
        let event = jobs.publish_kept("ael.evt.00.w.lead.forged", Headers::new(), "x").await;
        assert!(matches!(event, Err(PublishError::Refused { .. })), "{event:?}");
        let foreign = jobs.stream(JOBS).state().await;
        assert!(matches!(foreign, Err(StreamError::Timeout { .. })), "{foreign:?}");
    })
    .await;
}

#[tokio::test]
async fn a_value_is_changed_only_by_who_knows_it() {
    on_every_server(async |server| {
        server.ready().await;
        let bot = server.bus("bot").await;
        let one = bot.bucket(DIALOGUES).await.unwrap();
        let other = server.bus("bot").await.bucket(DIALOGUES).await.unwrap();
        assert_eq!(one.get("chat.7").await.unwrap(), None);
        let first = one.create("chat.7", "a").await.unwrap();
        let again = other.create("chat.7", "b").await;
        assert!(matches!(again, Err(BucketError::Conflict { .. })), "{again:?}");
        let known = other.get("chat.7").await.unwrap().unwrap();
        assert_eq!((known.value, known.revision), ("a".into(), first));
        let second = one.update("chat.7", "c", first).await.unwrap();
        let late = other.update("chat.7", "d", first).await;
        assert!(matches!(late, Err(BucketError::Conflict { .. })), "{late:?}");
        let late = other.delete("chat.7", Some(first)).await;
        assert!(matches!(late, Err(BucketError::Conflict { .. })), "{late:?}");
        other.delete("chat.7", Some(second)).await.unwrap();
        assert_eq!(one.get("chat.7").await.unwrap(), None);
        one.create("chat.7", "e").await.unwrap();
        other.put("chat.7", "f").await.unwrap();
        assert_eq!(one.get("chat.7").await.unwrap().unwrap().value, "f");
        let invalid = one.put("chat 7", "x").await;
        assert!(matches!(invalid, Err(BucketError::InvalidKey { .. })), "{invalid:?}");
    })
    .await;
}

#[tokio::test]
async fn a_bucket_is_read_by_its_readers_and_written_by_its_writers() {
    on_every_server(async |server| {
        server.ready().await;
        let writer = server.bus("projections").await.bucket(AI_CACHE).await.unwrap();
        let reader = server.bus("scoring").await.bucket(AI_CACHE).await.unwrap();
        writer.put("k", "v").await.unwrap();
        assert_eq!(reader.get("k").await.unwrap().unwrap().value, "v");
        assert!(reader.put("k", "w").await.is_err());
        let nobody = server.bus("api").await.bucket(AI_CACHE).await;
        assert!(matches!(nobody, Err(BucketError::Missing { .. })), "{nobody:?}");
        assert_eq!(reader.get("k").await.unwrap().unwrap().value, "v");
    })
    .await;
}

#[tokio::test]
async fn a_message_of_the_same_id_is_kept_once_where_the_stream_remembers_ids() {
    on_every_server(async |server| {
        server.ready().await;
        let bot = server.bus("bot").await;
        let message = |number: usize| Kept {
            subject: format!("ael.tg.send.{number:02}"),
            id: format!("out-{number}"),
            payload: number.to_string().into(),
        };
        bot.publish_once_each((0..3).map(message).collect()).await.unwrap();
        bot.publish_once_each((1..5).map(message).collect()).await.unwrap();
        let stream = server.bus("admin").await.stream(TELEGRAM);
        assert_eq!(stream.state().await.unwrap().messages, 5);
        for (place, number) in (1..=5).zip(0..5) {
            let kept = stream.message_at(place).await.unwrap().unwrap();
            assert_eq!(kept.payload, number.to_string(), "in their order");
        }
        let stranger = Kept { subject: "ael.evt.00.w.lead.captured".to_owned(), ..message(9) };
        let refused = bot.publish_once_each(vec![stranger]).await;
        assert!(matches!(refused, Err(PublishError::Refused { .. })), "{refused:?}");
    })
    .await;
}
