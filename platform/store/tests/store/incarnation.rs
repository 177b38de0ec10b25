//! After a restore transaction ids start anew, and yet the order goes on.

use crate::support::World;
use ael_events::ids::LeadId;
use ael_events::order::Order;
use ael_store::{DbRole, EventWriter, WriterOptions};

async fn reconnect(world: &mut World) {
    let url = world.database.url(DbRole::Commands).unwrap();
    let keyring = world.keyring.clone();
    world.writer = EventWriter::connect(&url, keyring, WriterOptions::default()).await.unwrap();
}

async fn lives(world: &World) -> Vec<i32> {
    sqlx::query_scalar("SELECT number FROM write.incarnations ORDER BY number")
        .fetch_all(&world.superuser().await)
        .await
        .unwrap()
}

async fn change(world: &World, statement: &str) {
    let mut superuser = world.superuser().await.acquire().await.unwrap();
    let script = format!("SET session_replication_role = replica; {statement}");
    sqlx::raw_sql(&script).execute(&mut *superuser).await.unwrap();
}

#[tokio::test]
async fn a_new_connection_to_the_same_database_starts_nothing() {
    let mut world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    reconnect(&mut world).await;
    world.create(LeadId::generate()).await.unwrap();
    assert_eq!(lives(&world).await, [1]);
}

#[tokio::test]
async fn a_restored_database_starts_the_next_incarnation() {
    let mut world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    // As a dump that was restored elsewhere: another identity, and transactions from what is now
    // the future.
    change(&world, "UPDATE write.incarnations SET identity = 'the server before'").await;
    change(
        &world,
        "UPDATE write.events SET xid = (pg_current_xact_id()::text::bigint + 9000000)::text::xid8",
    )
    .await;
    reconnect(&mut world).await;
    assert_eq!(lives(&world).await, [1, 2]);

    world.add_note(lead, 1).await.unwrap();
    let reader = world.reader().await;
    let events = world.settled(2).await;
    let orders: Vec<Order> = events.iter().map(|settled| settled.event.order).collect();
    assert_eq!(orders.iter().map(|order| order.incarnation).collect::<Vec<_>>(), [1, 2]);
    assert!(orders[0].xid > orders[1].xid && orders[0] < orders[1]);
    assert_eq!(reader.head().await.unwrap(), orders[1]);
}

#[tokio::test]
async fn an_event_from_the_future_starts_the_next_incarnation_too() {
    let mut world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    change(
        &world,
        "UPDATE write.events SET xid = (pg_current_xact_id()::text::bigint + 9000000)::text::xid8",
    )
    .await;
    // Until then it is not settled, and nothing would ever be.
    assert!(world.reader().await.settled_after(Order::START, 10).await.unwrap().is_empty());
    reconnect(&mut world).await;
    assert_eq!(lives(&world).await, [1, 2]);
    assert_eq!(world.reader().await.settled_after(Order::START, 10).await.unwrap().len(), 1);
}
