//! The settled order under concurrent writers, rollbacks and a transaction that is long open:
//! nothing is lost.

use crate::support::{World, contacted, created, eventually, note, stream};
use ael_events::ids::{Lane, LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_store::{AppendError, SettledReader, WriterOptions};
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A reader that follows the serial alone, as one must not.
async fn follow_the_serial(pool: &PgPool, after: i64) -> Vec<i64> {
    sqlx::query_scalar("SELECT position FROM write.events WHERE position > $1 ORDER BY position")
        .bind(after)
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Follows the settled order while the writers work, and then until all that they wrote has come
/// and nothing more does: somebody's transaction in another database may hold it back for a while.
async fn follow(reader: SettledReader, written: Arc<OnceLock<usize>>) -> Vec<Order> {
    let mut seen = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let all = written.get().is_some_and(|written| seen.len() >= *written);
        let finished = all || Instant::now() >= deadline;
        let after = seen.last().copied().unwrap_or(Order::START);
        let batch = reader.settled_after(after, 37).await.unwrap();
        if batch.is_empty() && finished {
            return seen;
        }
        seen.extend(batch.iter().map(|settled| settled.event.order));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn write_for(world: &World, time: Duration) -> usize {
    let started = Instant::now();
    let mut written = 0;
    while started.elapsed() < time {
        let mut append = world.empty();
        append.workspace = WorkspaceId::generate();
        let lead = LeadId::generate();
        append.streams = vec![stream(lead, 0, vec![created("Olena"), contacted()])];
        world.writer.append(append.clone()).await.unwrap();
        written += 2;
        // A refused append draws positions too, and rolls back.
        append.streams = vec![stream(lead, 1, vec![contacted(), contacted()])];
        let refused = world.writer.append(append).await;
        assert!(matches!(refused, Err(AppendError::VersionConflict)));
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_or_doubled_whoever_writes_beside() {
    let options = WriterOptions { append_connections: 12, ..WriterOptions::default() };
    let world = World::with(options).await;
    let reader = world.reader().await;
    let all = Arc::new(OnceLock::new());
    let settled = tokio::spawn(follow(reader.clone(), Arc::clone(&all)));
    // Somebody writes in one transaction for long, and commits after others that began later.
    let superuser = world.superuser().await;
    let holding = async {
        for _ in 0..3 {
            let mut long = superuser.begin().await.unwrap();
            sqlx::query("SELECT pg_current_xact_id()").execute(&mut *long).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            long.commit().await.unwrap();
        }
        0
    };
    let writers =
        futures::future::join_all((0..12).map(|_| write_for(&world, Duration::from_secs(2))));
    let (written, _) = tokio::join!(writers, holding);
    let written: usize = written.iter().sum();
    all.set(written).unwrap();
    let seen = settled.await.unwrap();

    assert_eq!(seen.len(), written, "every event once");
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in the settled order");
    let positions: BTreeSet<i64> = seen.iter().map(|order| order.position).collect();
    assert_eq!(positions.len(), written);
    assert!(reader.settled_after(*seen.last().unwrap(), 10).await.unwrap().is_empty());
}

/// Why a tail on the serial alone won't do: two transactions, the first to draw a position the last
/// to commit.
#[tokio::test]
async fn a_tail_on_the_serial_alone_loses_what_the_settled_order_waits_for() {
    let world = World::new().await;
    let (reader, superuser) = (world.reader().await, world.superuser().await);
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    world.settled(1).await;
    let mut settled = drain(&reader, Order::START).await;
    let mut serial = follow_the_serial(&superuser, 0).await;

    let mut slow = superuser.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO write.events SELECT workspace, aggregate_type, aggregate_id, 2, event_type,
            event_version, payload, metadata, now(), gen_random_uuid(), lane, incarnation,
            pg_current_xact_id(), nextval('write.events_position') FROM write.events",
    )
    .execute(&mut *slow)
    .await
    .unwrap();
    let fast = world.create(LeadId::generate()).await.unwrap().streams[0].orders[0];
    assert!(drain(&reader, settled[0]).await.is_empty(), "what is not settled is not read");
    serial.extend(follow_the_serial(&superuser, serial[0]).await);
    slow.commit().await.unwrap();
    world.settled(3).await;

    settled.extend(drain(&reader, settled[0]).await);
    serial.extend(follow_the_serial(&superuser, *serial.last().unwrap()).await);
    assert_eq!(settled.len(), 3, "the settled order has both");
    assert_eq!(settled[2], fast);
    assert_eq!(serial.len(), 2, "the tail on the serial never saw the slow one");
}

async fn drain(reader: &SettledReader, after: Order) -> Vec<Order> {
    let events = reader.settled_after(after, 100).await.unwrap();
    events.iter().map(|settled| settled.event.order).collect()
}

#[tokio::test]
async fn each_lane_is_in_order_and_knows_its_previous_event() {
    let world = World::new().await;
    let reader = world.reader().await;
    let leads: Vec<LeadId> = (0..20).map(|_| LeadId::generate()).collect();
    for &lead in &leads {
        world.writer.append(world.lead(lead, 0, vec![created("Olena"), note("hm")])).await.unwrap();
    }
    world.settled(40).await;
    let mut lanes: BTreeMap<Lane, Vec<Order>> = BTreeMap::new();
    for settled in reader.settled_after(Order::START, 1_000).await.unwrap() {
        let event = &settled.event;
        assert_eq!(event.lane, Lane::of(event.metadata.data_subject));
        assert!(!event.data.get().contains("Olena"), "sealed");
        lanes.entry(event.lane).or_default().push(event.order);
    }
    for lane in Lane::all() {
        let orders = lanes.remove(&lane).unwrap_or_default();
        let read = reader.lane_after(lane, Order::START, 100).await.unwrap();
        assert_eq!(read.iter().map(|event| event.order).collect::<Vec<_>>(), orders);
        let head = orders.last().copied().unwrap_or(Order::START);
        assert_eq!(reader.lane_head(lane).await.unwrap(), head);
        let mut previous = None;
        for order in orders {
            assert_eq!(reader.lane_previous(lane, order).await.unwrap(), previous);
            assert_eq!(reader.event_at(order).await.unwrap().unwrap().order, order);
            previous = Some(order);
        }
    }
    assert_eq!(reader.backlog(Order::START).await.unwrap(), 40);
    assert_eq!(reader.backlog(reader.head().await.unwrap()).await.unwrap(), 0);
    assert_eq!(reader.workspaces().await.unwrap(), [world.workspace]);
    let kind = ael_events::values::AggregateKind::Lead;
    for (lane, newest) in reader.newest().await.unwrap() {
        assert_eq!(reader.lane_head(lane).await.unwrap(), newest);
    }
    let id = leads[0].uuid();
    let tail = reader.aggregate_events(world.workspace, kind, id, 1, 10).await.unwrap();
    assert_eq!(tail.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn whoever_holds_back_the_horizon_is_named() {
    let world = World::new().await;
    let reader = world.reader().await;
    let superuser = world.superuser().await;
    let mut long = superuser.begin().await.unwrap();
    sqlx::query("SET LOCAL application_name = 'a thoughtless report'")
        .execute(&mut *long)
        .await
        .unwrap();
    let xid: i64 = sqlx::query_scalar("SELECT pg_current_xact_id()::text::bigint")
        .fetch_one(&mut *long)
        .await
        .unwrap();
    let pid: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *long).await.unwrap();
    // Other tests of the same server may hold it for a moment too.
    eventually("the holder of the horizon", || async {
        let horizon = reader.horizon().await.unwrap();
        let holder = horizon.holder.clone();
        let named = holder.is_some_and(|holder| {
            holder.pid == Some(pid)
                && holder.application == "a thoughtless report"
                && holder.database == world.database.name()
                && holder.query.contains("pg_backend_pid")
        });
        named && horizon.xmin == xid.cast_unsigned() && horizon.age_ms > 0
    })
    .await;
    long.commit().await.unwrap();
    eventually("the horizon to go on", || async {
        reader.horizon().await.unwrap().xmin > xid.cast_unsigned()
    })
    .await;
}
