//! What cannot be processed waits alone.

use crate::world::{World, created};
use ael_events::event::{Contacted, Erased, LeadEvent, Qualified};
use ael_events::ids::{EventId, LeadId};
use ael_events::values::AggregateKind;
use ael_projections::dead;
use ael_store::NewEvent;
use serde_json::json;

async fn stage(world: &World, lead: LeadId) -> String {
    sqlx::query_scalar("SELECT stage FROM read.lead_board WHERE id = $1")
        .bind(lead.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

async fn from_the_future(world: &World, lead: LeadId) -> EventId {
    let event_id = EventId::generate();
    let event_type = "lead.teleported.v9".to_owned();
    let event = NewEvent { event_id, event_type, data: json!({ "to": "Mars" }) };
    world.write_raw(AggregateKind::Lead, lead.uuid(), lead.uuid(), vec![event], false).await;
    event_id
}

#[tokio::test]
async fn a_poison_event_holds_up_its_own_aggregate_and_nobody_else() {
    let world = World::new().await;
    let (sick, healthy) = (LeadId::generate(), LeadId::generate());
    world.lead(sick, [created("Olena", None)]).await;
    let poison = from_the_future(&world, sick).await;
    world.lead(sick, [LeadEvent::Contacted(Contacted {})]).await;
    world.lead(healthy, [created("Petro", None), LeadEvent::Contacted(Contacted {})]).await;
    let dead = world.project(100).await;
    assert_eq!(stage(&world, healthy).await, "contacted");
    assert_eq!(stage(&world, sick).await, "new", "what came after the poison waits");
    let letters = dead::list(&world.pool, world.workspace).await.unwrap();
    assert_eq!(letters.len(), dead, "one for each read model of leads");
    assert!(letters.iter().all(|letter| letter.event_id == poison && letter.sequence == 2));
    assert!(letters[0].reason.contains("lead.teleported.v9"), "{}", letters[0].reason);
    world.end().await;
}

#[tokio::test]
async fn whoever_is_erased_is_gone_even_where_their_lead_waits() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, [created("Kanarienvogel", None)]).await;
    from_the_future(&world, lead).await;
    world.project(100).await;
    world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
    world.project(100).await;
    for (table, text) in world.everything().await {
        assert!(!text.contains("Kanarienvogel") && !text.contains("380671234567"), "{table}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_waits_goes_on_where_it_stopped_once_the_cause_is_mended() {
    let world = World::new().await;
    let lead = LeadId::generate();
    let refuse = "ALTER TABLE rm_lead_board_1.leads ADD CONSTRAINT no CHECK (stage <> 'contacted')";
    sqlx::query(refuse).execute(&world.superuser).await.unwrap();
    world
        .lead(
            lead,
            [
                created("Olena", None),
                LeadEvent::Contacted(Contacted {}),
                LeadEvent::Qualified(Qualified {}),
            ],
        )
        .await;
    assert_eq!(world.project(1).await, 1, "the board alone refuses it");
    assert_eq!(stage(&world, lead).await, "new");
    let card: i64 = sqlx::query_scalar("SELECT version FROM read.lead_cards WHERE id = $1")
        .bind(lead.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(card, 3, "the others go on");
    let letter = &dead::list(&world.pool, world.workspace).await.unwrap()[0];
    assert_eq!((letter.projection.as_str(), letter.sequence), ("lead_board", 2));
    assert!(!letter.reason.contains("Olena"), "{}", letter.reason);

    let mend = "ALTER TABLE rm_lead_board_1.leads DROP CONSTRAINT no";
    sqlx::query(mend).execute(&world.superuser).await.unwrap();
    let freed =
        dead::retry(&world.pool, world.keyring.clone(), world.workspace, letter.event_id).await;
    assert_eq!(freed.unwrap(), 1);
    assert_eq!(stage(&world, lead).await, "qualified");
    assert!(dead::list(&world.pool, world.workspace).await.unwrap().is_empty());
    world.end().await;
}
