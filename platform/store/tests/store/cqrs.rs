//! The contract of `cqrs-es`, kept over our tables, with a small aggregate of the test's own.

use crate::support::World;
use ael_store::SqlEventStore;
use cqrs_es::event_sink::EventSink;
use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, CqrsFramework, DomainEvent, EventStore,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

/// A counter that may not go below zero. It borrows the name of an aggregate of ours.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Counter {
    value: i64,
    events: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
enum CounterEvent {
    #[serde(rename = "lead.added.v1")]
    Added { amount: i64, private: Option<String> },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "lead.added.v1".to_owned()
    }
    fn event_version(&self) -> String {
        "v1".to_owned()
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("below zero")]
struct BelowZero;

impl Aggregate for Counter {
    const TYPE: &'static str = "lead";
    type Command = Vec<i64>;
    type Event = CounterEvent;
    type Error = BelowZero;
    type Services = ();

    async fn handle(
        &mut self,
        command: Vec<i64>,
        _: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), BelowZero> {
        for amount in command {
            if self.value + amount < 0 {
                return Err(BelowZero);
            }
            sink.write(added(amount), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CounterEvent) {
        let CounterEvent::Added { amount, .. } = event;
        self.value += amount;
        self.events += 1;
    }
}

fn added(amount: i64) -> CounterEvent {
    CounterEvent::Added { amount, private: Some(format!("amount of {amount}")) }
}

fn metadata() -> HashMap<String, String> {
    HashMap::from([("why".to_owned(), "because".to_owned())])
}

async fn store() -> (World, SqlEventStore<Counter>) {
    let world = World::new().await;
    let store = SqlEventStore::new(world.writer.clone(), world.workspace);
    (world, store)
}

#[tokio::test]
async fn what_does_not_exist_is_empty() {
    let (_world, store) = store().await;
    let id = Uuid::now_v7().to_string();
    assert!(store.load_events(&id).await.unwrap().is_empty());
    let mut context = store.load_aggregate(&id).await.unwrap();
    assert_eq!((context.version(), context.aggregate()), (0, &mut Counter::default()));
}

#[tokio::test]
async fn committed_events_are_loaded_with_sequence_and_metadata() {
    let (world, store) = store().await;
    let id = Uuid::now_v7().to_string();
    let context = store.load_aggregate(&id).await.unwrap();
    let committed = store.commit(vec![added(5), added(-2)], context, metadata()).await.unwrap();
    let loaded = store.load_events(&id).await.unwrap();
    for (envelope, (sequence, amount)) in loaded.iter().zip([(1, 5), (2, -2)]) {
        assert_eq!((envelope.sequence, &envelope.payload), (sequence, &added(amount)));
        assert_eq!((&envelope.aggregate_id, &envelope.metadata), (&id, &metadata()));
    }
    assert_eq!(committed.len(), loaded.len());
    let mut context = store.load_aggregate(&id).await.unwrap();
    assert_eq!((context.version(), context.aggregate().value), (2, 3));
    let stored: Vec<String> = sqlx::query_scalar("SELECT payload::text FROM write.events")
        .fetch_all(&world.superuser().await)
        .await
        .unwrap();
    assert!(stored.iter().all(|payload| !payload.contains("amount of")), "sealed: {stored:?}");
}

#[tokio::test]
async fn of_two_who_loaded_the_same_version_the_second_conflicts() {
    let (_world, store) = store().await;
    let id = Uuid::now_v7().to_string();
    let one = store.load_aggregate(&id).await.unwrap();
    let two = store.load_aggregate(&id).await.unwrap();
    store.commit(vec![added(1)], one, metadata()).await.unwrap();
    let conflict = store.commit(vec![added(1)], two, metadata()).await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)), "{conflict:?}");
    assert_eq!(store.load_events(&id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn committing_nothing_writes_nothing() {
    let (_world, store) = store().await;
    let id = Uuid::now_v7().to_string();
    let context = store.load_aggregate(&id).await.unwrap();
    assert!(store.commit(vec![], context, metadata()).await.unwrap().is_empty());
    assert!(store.load_events(&id).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_that_is_none_is_an_error_and_no_panic() {
    let (_world, store) = store().await;
    let refused = store.load_events("not an id").await;
    assert!(matches!(refused, Err(AggregateError::UnexpectedError(_))), "{refused:?}");
}

/// The stock store applies fresh events twice when it makes a snapshot; here the framework runs
/// over many of them.
#[tokio::test]
async fn the_framework_runs_and_its_snapshots_are_the_fold_of_its_events() {
    let (_world, store) = store().await;
    let framework = CqrsFramework::new(store.clone(), vec![], ());
    let id = Uuid::now_v7().to_string();
    let mut expected = 0;
    for round in 0..40_i64 {
        framework.execute_with_metadata(&id, vec![round, 1, 2], metadata()).await.unwrap();
        expected += round + 3;
        let mut context = store.load_aggregate(&id).await.unwrap();
        let counted = context.aggregate().clone();
        assert_eq!((counted.value, counted.events), (expected, context.version()));
    }
    let refused = framework.execute(&id, vec![1, -100_000]).await;
    assert!(matches!(refused, Err(AggregateError::UserError(BelowZero))), "{refused:?}");
    assert_eq!(store.load_events(&id).await.unwrap().len(), 120);
}
