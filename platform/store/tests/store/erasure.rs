//! Erasing a person: the key goes, the history stays, and nothing of the person can be read
//! anywhere.

use crate::support::{World, created, event, note};
use ael_events::ids::LeadId;
use ael_events::order::Order;
use ael_seal::MasterKeyring;
use ael_store::{Append, Chain, DbRole, EventWriter, KeyStore, NewSnapshot, WriterOptions, keys};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;

const CANARIES: [&str; 3] = ["Kanarenko", "canary whispers", "+380671112233"];

async fn person(world: &World) -> LeadId {
    let lead = LeadId::generate();
    let events = vec![created(CANARIES[0]), note(CANARIES[1]), note(CANARIES[2])];
    let mut append = world.lead(lead, 0, events);
    append.snapshots = vec![NewSnapshot {
        aggregate: ael_events::values::AggregateKind::Lead,
        aggregate_id: lead.uuid(),
        data_subject: lead.uuid(),
        version: 3,
        format: 1,
        state: json!(CANARIES),
    }];
    world.writer.append(append).await.unwrap();
    lead
}

async fn erase(world: &World, lead: LeadId, version: u64) {
    let append = world.lead(lead, version, vec![event("lead.erased.v1", json!({}))]);
    let append = Append { destroy_keys: vec![lead.uuid()], ..append };
    world.writer.append(append).await.unwrap();
}

async fn opened(world: &World, events: usize) -> Vec<Value> {
    let store = KeyStore::new(world.pool(DbRole::Projections).await, world.keyring.clone());
    let events = world.settled(events).await;
    let events: Vec<_> = events.into_iter().map(|settled| settled.event).collect();
    let opened = store.open(&events).await.unwrap();
    opened.into_iter().map(|data| data.unwrap()).collect()
}

#[tokio::test]
async fn an_erased_person_is_gone_and_everybody_else_is_there() {
    let world = World::new().await;
    let (erased, other) = (person(&world).await, person(&world).await);
    let chain = Chain::new(world.pool(DbRole::Relay).await);
    let batch = world.settled(6).await;
    chain.extend(Order::START, &batch).await.unwrap();
    assert!(opened(&world, 6).await.iter().all(|data| data.get("private").is_some()));

    erase(&world, erased, 3).await;
    let after = opened(&world, 7).await;
    let readable = after.iter().filter(|data| data.get("private").is_some()).count();
    assert_eq!((after.len(), readable), (7, 3));
    let loaded = world.load(erased).await.unwrap();
    assert_eq!((loaded.version, loaded.snapshot.is_none()), (4, true));
    assert!(loaded.events.iter().all(|event| event.data.get("private").is_none()));
    assert_eq!(loaded.events[0].data["source"], "manual", "the history still reads");
    let loaded = world.load(other).await.unwrap();
    assert!(loaded.snapshot.is_some() || loaded.events[1].data["private"]["text"] == CANARIES[1]);
    assert_eq!(chain.verify(world.workspace, None).await.unwrap(), []);
}

#[tokio::test]
async fn a_dump_of_the_database_shows_no_person() {
    let world = World::new().await;
    let lead = person(&world).await;
    for state in ["before", "after"] {
        let dump = Command::new("pg_dump")
            .arg("--dbname")
            .arg(world.database.superuser_url())
            .output()
            .expect("pg_dump is installed with PostgreSQL");
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let text = String::from_utf8_lossy(&dump.stdout);
        assert!(text.contains(&lead.to_string()));
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} {state} the erasure");
        }
        if state == "before" {
            erase(&world, lead, 3).await;
        }
    }
}

#[tokio::test]
async fn an_event_that_was_tampered_with_fails_alone() {
    let world = World::new().await;
    person(&world).await;
    let store = KeyStore::new(world.pool(DbRole::Projections).await, world.keyring.clone());
    let events = world.settled(3).await;
    let mut events: Vec<_> = events.into_iter().map(|settled| settled.event).collect();
    events[1].sequence = 9;
    let opened = store.open(&events).await.unwrap();
    assert_eq!(opened.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn a_new_master_key_wraps_everything_anew_and_changes_no_hash() {
    let world = World::new().await;
    let lead = person(&world).await;
    let gone = person(&world).await;
    let before = world.writer.hmac(world.workspace).await.unwrap();
    let hash = before.fingerprint(b"body");
    erase(&world, gone, 3).await;

    // The keyring of the world is the old one; the new key goes in front of it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let (old, new) =
        (MasterKeyring::generate_text().unwrap(), MasterKeyring::generate_text().unwrap());
    std::fs::write(&path, &old).unwrap();
    let mut fresh = World::new().await;
    let keyring = Arc::new(MasterKeyring::from_file(&path).unwrap());
    let url = fresh.database.url(DbRole::Commands).unwrap();
    let writer = EventWriter::connect(&url, keyring, WriterOptions::default()).await.unwrap();
    fresh.writer = writer;
    let leads = [person(&fresh).await, person(&fresh).await, person(&fresh).await];
    let fingerprint = fresh.writer.hmac(fresh.workspace).await.unwrap().fingerprint(b"body");

    let owner = fresh.pool(DbRole::Owner).await;
    let both = MasterKeyring::parse(&format!("{new},{old}")).unwrap();
    assert_eq!(keys::remaining(&owner, &both).await.unwrap(), 4);
    assert_eq!(keys::rotate(&owner, &both, 3).await.unwrap(), 3);
    assert_eq!(keys::rotate(&owner, &both, 3).await.unwrap(), 1);
    assert_eq!(keys::rotate(&owner, &both, 3).await.unwrap(), 0);
    assert_eq!(keys::remaining(&owner, &both).await.unwrap(), 0);

    // A process that knows the new key alone opens everything; hashes are what they were.
    let after = Arc::new(MasterKeyring::parse(&new).unwrap());
    let writer = EventWriter::connect(&url, after, WriterOptions::default()).await.unwrap();
    fresh.writer = writer;
    for lead in leads {
        let loaded = fresh.load(lead).await.unwrap();
        assert!(loaded.snapshot.is_some() || loaded.events[1].data["private"].is_object());
    }
    let again = fresh.writer.hmac(fresh.workspace).await.unwrap();
    assert_eq!(again.fingerprint(b"body"), fingerprint);
    assert_ne!(fingerprint, hash, "each workspace has its own");
    assert_eq!(world.load(lead).await.unwrap().version, 3);
}

#[tokio::test]
async fn all_who_need_the_key_of_a_workspace_first_get_the_same() {
    let world = World::new().await;
    let url = world.database.url(DbRole::Commands).unwrap();
    let mut writers = vec![world.writer.clone()];
    for _ in 0..3 {
        let keyring = world.keyring.clone();
        let writer = EventWriter::connect(&url, keyring, WriterOptions::default()).await.unwrap();
        writers.push(writer);
    }
    let hmacs = writers
        .iter()
        .map(|writer| async { writer.hmac(world.workspace).await.unwrap().fingerprint(b"body") });
    let prints = futures::future::join_all(hmacs).await;
    assert!(prints.windows(2).all(|pair| pair[0] == pair[1]));
}
