//! Snapshots are a shortcut: with them, without them and with broken ones, the same is loaded.

use crate::support::{World, event, note};
use ael_events::ids::LeadId;
use ael_events::values::AggregateKind;
use ael_store::{Loaded, NewSnapshot, snapshot_due};
use serde_json::{Value, json};

/// A fold: every text that was noted.
fn fold(loaded: &Loaded) -> Vec<String> {
    let before = loaded.snapshot.as_ref().map(|snapshot| snapshot.state.clone());
    let mut texts: Vec<String> =
        before.map(|state| serde_json::from_value(state).unwrap()).unwrap_or_default();
    let noted = loaded.events.iter().filter_map(|event| event.data["private"]["text"].as_str());
    texts.extend(noted.map(str::to_owned));
    texts
}

fn snapshot(lead: LeadId, version: u64, format: u32, state: Value) -> NewSnapshot {
    let (aggregate, id) = (AggregateKind::Lead, lead.uuid());
    NewSnapshot { aggregate, aggregate_id: id, data_subject: id, version, format, state }
}

async fn ten_notes(world: &World) -> LeadId {
    let lead = LeadId::generate();
    let notes = (1..=10).map(|n| note(&format!("note {n}"))).collect();
    world.writer.append(world.lead(lead, 0, notes)).await.unwrap();
    lead
}

#[tokio::test]
async fn snapshot_and_tail_give_the_same_as_all_events() {
    let world = World::new().await;
    let lead = ten_notes(&world).await;
    let whole = fold(&world.load(lead).await.unwrap());
    assert_eq!(whole.len(), 10);
    for version in [1, 4, 9, 10] {
        let state = json!(whole[..version]);
        let snapshot = snapshot(lead, version as u64, 1, state);
        assert!(world.writer.save_snapshot(world.workspace, &snapshot).await.unwrap());
        let loaded = world.load(lead).await.unwrap();
        assert_eq!((loaded.version, loaded.events.len()), (10, 10 - version));
        assert_eq!(loaded.snapshot.as_ref().unwrap().version, version as u64);
        assert_eq!(fold(&loaded), whole);
    }
}

#[tokio::test]
async fn a_snapshot_never_goes_backwards() {
    let world = World::new().await;
    let lead = ten_notes(&world).await;
    let save = |version, format| {
        let snapshot = snapshot(lead, version, format, json!([]));
        let (writer, workspace) = (world.writer.clone(), world.workspace);
        async move { writer.save_snapshot(workspace, &snapshot).await.unwrap() }
    };
    assert!(save(8, 1).await);
    assert!(!save(7, 1).await);
    assert!(!save(8, 1).await);
    assert!(save(5, 2).await, "a newer form replaces an older one");
    assert!(!save(9, 1).await, "an older release does not put its form back");
}

#[tokio::test]
async fn a_snapshot_of_another_form_is_passed_over() {
    let world = World::new().await;
    let lead = ten_notes(&world).await;
    let newer = snapshot(lead, 6, 2, json!({ "a form": "that this release does not know" }));
    assert!(world.writer.save_snapshot(world.workspace, &newer).await.unwrap());
    let loaded = world.load(lead).await.unwrap();
    assert!(loaded.snapshot.is_none());
    assert_eq!(fold(&loaded).len(), 10);
}

#[tokio::test]
async fn a_snapshot_that_was_tampered_with_is_passed_over() {
    let world = World::new().await;
    let (lead, other) = (ten_notes(&world).await, ten_notes(&world).await);
    for lead in [lead, other] {
        let fine = snapshot(lead, 6, 1, json!(["as it was"]));
        assert!(world.writer.save_snapshot(world.workspace, &fine).await.unwrap());
    }
    let superuser = world.superuser().await;
    sqlx::query(
        "UPDATE write.snapshots SET payload = (SELECT payload FROM write.snapshots
             WHERE aggregate_id = $1) WHERE aggregate_id = $2",
    )
    .bind(other.to_string())
    .bind(lead.to_string())
    .execute(&superuser)
    .await
    .unwrap();
    let loaded = world.load(lead).await.unwrap();
    assert!(loaded.snapshot.is_none());
    assert_eq!(fold(&loaded).len(), 10);
    assert!(world.load(other).await.unwrap().snapshot.is_some());
}

#[tokio::test]
async fn leads_that_are_loaded_together_each_have_an_outcome_of_their_own() {
    let world = World::new().await;
    let mut leads = Vec::new();
    for _ in 0..20 {
        leads.push(ten_notes(&world).await);
    }
    let (broken, absent) = (leads[7], LeadId::generate());
    let superuser = world.superuser().await;
    sqlx::raw_sql("ALTER TABLE write.events DISABLE TRIGGER history_is_kept")
        .execute(&superuser)
        .await
        .unwrap();
    sqlx::query(
        "UPDATE write.events SET payload = (SELECT payload FROM write.events
             WHERE aggregate_id = $1 AND sequence = 3) WHERE aggregate_id = $2 AND sequence = 3",
    )
    .bind(leads[0].to_string())
    .bind(broken.to_string())
    .execute(&superuser)
    .await
    .unwrap();
    let all: Vec<LeadId> = leads.iter().copied().chain([absent]).collect();
    let loaded = futures::future::join_all(all.iter().map(|lead| world.load(*lead))).await;
    for (lead, loaded) in all.iter().zip(loaded) {
        match loaded {
            Ok(loaded) if *lead == absent => assert_eq!(loaded.version, 0),
            Ok(loaded) => {
                assert_eq!((loaded.version, fold(&loaded).len()), (10, 10));
                assert_ne!(*lead, broken, "what was tampered with is not loaded");
            }
            Err(_) => assert_eq!(*lead, broken),
        }
    }
}

#[tokio::test]
async fn a_snapshot_holds_nothing_that_can_be_read() {
    let world = World::new().await;
    let lead = ten_notes(&world).await;
    let fine = snapshot(lead, 10, 1, json!(["note 1 about Olena"]));
    assert!(world.writer.save_snapshot(world.workspace, &fine).await.unwrap());
    let superuser = world.superuser().await;
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM write.snapshots")
        .fetch_one(&superuser)
        .await
        .unwrap();
    assert!(!stored.contains("Olena"));
    let erased = world.lead(lead, 10, vec![event("lead.erased.v1", json!({}))]);
    let erased = ael_store::Append { destroy_keys: vec![lead.uuid()], ..erased };
    world.writer.append(erased).await.unwrap();
    assert!(!world.writer.save_snapshot(world.workspace, &fine).await.unwrap());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM write.snapshots")
        .fetch_one(&superuser)
        .await
        .unwrap();
    assert_eq!(left, 0);
    assert!(world.load(lead).await.unwrap().snapshot.is_none());
}

#[test]
fn a_snapshot_is_due_when_fifty_events_have_passed() {
    assert!(snapshot_due(49, 50) && snapshot_due(30, 120) && snapshot_due(0, 50));
    assert!(!snapshot_due(50, 51) && !snapshot_due(0, 49));
}
