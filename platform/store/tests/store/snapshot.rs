//! A look at one moment of the store, for audits: whole, unmoved, and in nobody's way.

use crate::support::World;
use ael_events::ids::LeadId;
use ael_events::values::AggregateKind;
use ael_store::{DbRole, ReadSnapshot};
use uuid::Uuid;

const LEAD: AggregateKind = AggregateKind::Lead;

#[tokio::test]
async fn a_snapshot_pages_through_the_aggregates_and_their_whole_histories() {
    let world = World::new().await;
    let mut leads: Vec<LeadId> = (0..20).map(|_| LeadId::generate()).collect();
    for lead in &leads {
        world.create(*lead).await.unwrap();
        world.add_note(*lead, 1).await.unwrap();
    }
    leads.sort();
    let pool = world.pool(DbRole::Projections).await;
    let mut snapshot = ReadSnapshot::begin(&pool).await.unwrap();
    let first = snapshot.aggregates(world.workspace, LEAD, None, 12).await.unwrap();
    let after = first.last().map(|(id, _)| *id);
    let rest = snapshot.aggregates(world.workspace, LEAD, after, 12).await.unwrap();
    let all: Vec<(Uuid, u64)> = first.into_iter().chain(rest).collect();
    assert_eq!(all, leads.iter().map(|lead| (lead.uuid(), 2)).collect::<Vec<_>>());
    let ids = [leads[3].uuid(), leads[7].uuid()];
    let events = snapshot.histories(world.workspace, LEAD, &ids).await.unwrap();
    let read: Vec<(Uuid, u64)> =
        events.iter().map(|one| (one.aggregate_id, one.event.as_ref().unwrap().sequence)).collect();
    assert_eq!(read, [(ids[0], 1), (ids[0], 2), (ids[1], 1), (ids[1], 2)]);
    assert_eq!(snapshot.count(world.workspace).await.unwrap(), 40);
}

#[tokio::test]
async fn a_snapshot_that_is_long_open_sees_one_moment_and_holds_back_nobody() {
    let world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    let pool = world.pool(DbRole::Projections).await;
    let mut snapshot = ReadSnapshot::begin(&pool).await.unwrap();
    assert_eq!(snapshot.count(world.workspace).await.unwrap(), 1);
    world.create(LeadId::generate()).await.unwrap();
    assert_eq!(world.settled(2).await.len(), 2, "what is written meanwhile becomes settled");
    assert_eq!(snapshot.count(world.workspace).await.unwrap(), 1, "it is still the same moment");
    snapshot.end().await.unwrap();
}
