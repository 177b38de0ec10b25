//! Reading streams in batches.

use crate::server::{Server, eventually, on_every_server};
use ael_bus::{ConsumeError, Consumer, Headers, Publication, topology::recreate_stream};
use ael_events::subjects::{DEAD, EVENTS, SALE_OPENING};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

const LANE: &str = "projector-03";
const SOON: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(10);

async fn publish(server: &Server, lane: &str, numbers: std::ops::Range<u64>) {
    let relay = server.bus("relay").await;
    let last = relay.stream(EVENTS).state().await.unwrap().last_sequence;
    let batch = numbers
        .map(|number| Publication {
            subject: format!("ael.evt.{lane}.w.lead.captured"),
            headers: Headers::new().with("Number", number.to_string()),
            payload: number.to_string().into(),
        })
        .collect();
    relay.event_publisher(EVENTS).publish_batch(batch, last).await.unwrap();
}

async fn lane(server: &Server) -> Consumer {
    server.bus("projections").await.consumer(EVENTS, LANE).await.unwrap()
}

/// Reads and acknowledges until `count` different messages came; gives them in their order.
async fn read(consumer: &mut Consumer, count: usize) -> Vec<String> {
    let mut read = Vec::new();
    let mut distinct = BTreeSet::new();
    eventually("all messages came", async || {
        for message in consumer.next_batch(64, SOON).await.unwrap_or_default() {
            let text = String::from_utf8(message.payload.to_vec()).unwrap();
            assert_eq!(message.headers.get("Number"), Some(text.as_str()));
            message.ack().await.unwrap();
            distinct.insert(text.clone());
            read.push(text);
        }
        distinct.len() >= count
    })
    .await;
    read
}

fn numbers(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn a_lane_is_read_in_order_and_in_full_batches() {
    on_every_server(async |server| {
        server.ready().await;
        publish(server, "03", 0..1_000).await;
        publish(server, "04", 0..10).await;
        let mut consumer = lane(server).await;
        let first = consumer.next_batch(256, LONG).await.unwrap();
        assert_eq!(first.len(), 256);
        assert_eq!((first[0].stream_sequence, first[0].delivery, first[0].pending), (1, 1, 999));
        assert_eq!(first[0].subject, "ael.evt.03.w.lead.captured");
        for message in &first {
            message.ack().await.unwrap();
        }
        let began = Instant::now();
        assert_eq!(read(&mut consumer, 744).await, numbers(256..1_000));
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert!(consumer.next_batch(64, SOON).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_comes_while_one_waits_comes_at_once() {
    on_every_server(async |server| {
        server.ready().await;
        let mut consumer = lane(server).await;
        let began = Instant::now();
        let (batch, ()) = tokio::join!(consumer.next_batch(64, LONG), publish(server, "03", 0..3));
        let batch = batch.unwrap();
        assert!(!batch.is_empty() && began.elapsed() < Duration::from_secs(2));
        for message in &batch {
            message.ack_confirmed().await.unwrap();
        }
        let rest = read(&mut consumer, 3 - batch.len()).await;
        assert_eq!(rest.len() + batch.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_back_comes_again_and_what_is_ended_does_not() {
    on_every_server(async |server| {
        server.ready().await;
        publish(server, "03", 0..3).await;
        let mut consumer = lane(server).await;
        let batch = consumer.next_batch(3, LONG).await.unwrap();
        batch[0].nak(None).await.unwrap();
        batch[1].term().await.unwrap();
        batch[2].in_progress().await.unwrap();
        batch[2].nak(Some(Duration::from_millis(200))).await.unwrap();
        let mut again = Vec::new();
        eventually("two came again", async || {
            for message in consumer.next_batch(3, SOON).await.unwrap() {
                assert_eq!(message.delivery, 2);
                message.ack().await.unwrap();
                again.push(message.stream_sequence);
            }
            again.len() == 2
        })
        .await;
        assert_eq!(again, [1, 3]);
        assert!(consumer.next_batch(3, SOON).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing_and_a_place_given_up_frees_its_messages() {
    on_every_server(async |server| {
        server.ready().await;
        let mut one = lane(server).await;
        let cancelled = tokio::time::timeout(SOON, one.next_batch(64, LONG)).await;
        assert!(cancelled.is_err());
        // Its pull still waits at the server, and takes the first message for `one`.
        publish(server, "03", 0..1).await;
        let mut other = lane(server).await;
        assert!(other.next_batch(64, SOON).await.unwrap().is_empty());
        assert_eq!(read(&mut one, 1).await, ["0"]);

        let cancelled = tokio::time::timeout(SOON, one.next_batch(64, LONG)).await;
        assert!(cancelled.is_err());
        publish(server, "03", 1..2).await;
        one.close().await;
        assert_eq!(read(&mut other, 1).await, ["1"]);
    })
    .await;
}

#[tokio::test]
async fn copies_share_a_consumer() {
    on_every_server(async |server| {
        server.ready().await;
        publish(server, "03", 0..400).await;
        let (mut one, mut other) = (lane(server).await, lane(server).await);
        let mut all = BTreeSet::new();
        let mut both = [0, 0];
        eventually("all came", async || {
            for (n, consumer) in [&mut one, &mut other].into_iter().enumerate() {
                for message in consumer.next_batch(10, SOON).await.unwrap() {
                    message.ack().await.unwrap();
                    assert!(all.insert(message.stream_sequence), "given out twice");
                    both[n] += 1;
                }
            }
            all.len() == 400
        })
        .await;
        assert!(both[0] > 0 && both[1] > 0);
    })
    .await;
}

#[tokio::test]
async fn reading_goes_on_after_the_server_was_killed() {
    on_every_server(async |server| {
        server.ready().await;
        publish(server, "03", 0..100).await;
        let mut consumer = lane(server).await;
        let done = read(&mut consumer, 50).await;
        let waiting = async {
            let began = Instant::now();
            let mut read = done.into_iter().collect::<BTreeSet<_>>();
            while read.len() < 200 {
                assert!(began.elapsed() < Duration::from_secs(45), "{} of 200", read.len());
                // No error: the wait ends when the connection is back.
                for message in consumer.next_batch(64, LONG).await.unwrap() {
                    message.ack().await.unwrap();
                    read.insert(String::from_utf8(message.payload.to_vec()).unwrap());
                }
            }
            read
        };
        let restarting = async {
            server.kill();
            server.revive();
            publish(server, "03", 100..200).await;
        };
        let (read, ()) = tokio::join!(waiting, restarting);
        assert_eq!(read, numbers(0..200).into_iter().collect());
    })
    .await;
}

#[tokio::test]
async fn a_wiped_stream_is_said_and_reading_goes_on_when_it_is_back() {
    on_every_server(async |server| {
        server.ready().await;
        let admin = server.bus("admin").await;
        publish(server, "03", 0..5).await;
        let mut consumer = lane(server).await;
        assert_eq!(read(&mut consumer, 5).await, numbers(0..5));
        let (during, deleted) =
            tokio::join!(consumer.next_batch(64, Duration::from_secs(3)), async {
                admin.stream(EVENTS).delete().await
            });
        assert!(deleted.unwrap());
        if let Ok(batch) = during {
            assert!(batch.is_empty());
        }
        for _ in 0..2 {
            let missing = consumer.next_batch(64, SOON).await;
            assert!(matches!(missing, Err(ConsumeError::Missing { .. })), "{missing:?}");
        }
        recreate_stream(&admin, &server.topology, EVENTS).await.unwrap();
        publish(server, "03", 0..7).await;
        assert_eq!(read(&mut consumer, 7).await, numbers(0..7));
    })
    .await;
}

#[tokio::test]
async fn the_process_manager_reads_only_transfers() {
    on_every_server(async |server| {
        server.ready().await;
        publish(server, "03", 0..5).await;
        let relay = server.bus("relay").await;
        let transfer = Publication {
            subject: "ael.evt.07.w.lead.transferred".to_owned(),
            headers: Headers::new(),
            payload: "transfer".into(),
        };
        relay.event_publisher(EVENTS).publish_batch(vec![transfer], 5).await.unwrap();
        let jobs = server.bus("jobs").await;
        let mut consumer = jobs.consumer(EVENTS, SALE_OPENING).await.unwrap();
        let batch = consumer.next_batch(64, LONG).await.unwrap();
        assert_eq!(batch.len(), 1);
        assert_eq!(batch[0].payload, "transfer");
        batch[0].ack_confirmed().await.unwrap();

        let mut foreign = jobs.consumer(EVENTS, LANE).await.unwrap();
        let refused = foreign.next_batch(64, SOON).await;
        assert!(matches!(refused, Err(ConsumeError::Refused { .. })), "{refused:?}");
        assert!(server.bus("cli").await.stream(DEAD).state().await.is_ok());
    })
    .await;
}
