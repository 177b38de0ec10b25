//! The same person twice, merged, and erased.

use crate::world::{World, create, lead, message, named, note, reachable, refusal, sale};
use ael_events::command::{AssignLead, EraseLead, MarkContacted, MergeLead, SetAmount};
use ael_events::event::Event;
use ael_events::ids::{LeadId, SaleId};
use ael_events::values::{AggregateKind, Money, Role};
use futures::future::join_all;
use serde_json::json;

#[tokio::test]
async fn the_same_person_is_refused_with_the_lead_that_has_them() {
    let world = World::with_copies(2).await;
    let agent = world.member(Role::Agent).await;
    let mut owned = create(reachable("olena@example.com"));
    owned.owner = Some(agent);
    let first = LeadId::generate();
    world.ask(agent, lead(first, owned)).await.unwrap();
    let second = lead(LeadId::generate(), create(reachable("Olena@Example.com")));
    let refused = refusal(world.ask(agent, second).await);
    assert_eq!(refused.code, "duplicate_contact");
    assert_eq!(refused.details, json!({ "lead_id": first, "owner": agent, "kind": "email" }));
    let mut permitted = create(reachable("olena@example.com"));
    permitted.allow_duplicate = true;
    let refused = refusal(world.ask(agent, lead(LeadId::generate(), permitted.clone())).await);
    assert_eq!(refused.code, "duplicate_contact");
    let third = LeadId::generate();
    world.ask(world.admin, lead(third, permitted)).await.unwrap();
    let loaded = world.load(AggregateKind::Lead, third.uuid()).await;
    assert_eq!(loaded.events[0].data["duplicate_of"], json!(first));
}

#[tokio::test]
async fn a_refusal_names_the_owner_of_now_whatever_a_copy_remembers() {
    let world = World::with_copies(2).await;
    let agent = world.member(Role::Agent).await;
    let first = world.lead(world.admin, reachable("olena@example.com")).await;
    for _ in 0..8 {
        world.ask(world.admin, lead(first, message())).await.unwrap();
    }
    let assign = AssignLead { owner: Some(agent), rule: None };
    world.ask(world.admin, lead(first, assign)).await.unwrap();
    for _ in 0..8 {
        let again = lead(LeadId::generate(), create(reachable("olena@example.com")));
        let refused = refusal(world.ask(world.admin, again).await);
        assert_eq!(refused.details["owner"], json!(agent));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_enter_the_same_person_at_once_one_is_first() {
    let world = World::with_copies(2).await;
    let enter = |_| lead(LeadId::generate(), create(reachable("olena@example.com")));
    let answers = join_all((0..12).map(|n| world.ask(world.admin, enter(n)))).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(accepted.len(), 1);
    let first = accepted[0].as_ref().unwrap().aggregate_id;
    for answer in refused {
        assert_eq!(refusal(answer).details["lead_id"], json!(first));
    }
}

#[tokio::test]
async fn a_merge_closes_one_lead_and_leaves_the_person_to_the_other() {
    let world = World::start().await;
    let winner = world.lead(world.admin, named("Olena")).await;
    let other = world.lead(world.admin, reachable("olena@example.com")).await;
    world.ask(world.admin, lead(other, message())).await.unwrap();
    world.ask(world.admin, lead(winner, MergeLead { other })).await.unwrap();
    let closed = world.load(AggregateKind::Lead, other.uuid()).await;
    assert_eq!(closed.events.last().unwrap().event_type, "lead.merged_into.v1");
    assert_eq!(refusal(world.ask(world.admin, lead(other, message())).await).code, "merged");
    let again = lead(LeadId::generate(), create(reachable("olena@example.com")));
    let refused = refusal(world.ask(world.admin, again).await);
    assert_eq!(refused.details["lead_id"], json!(winner), "the claim went with the person");
    world.ask(world.admin, lead(winner, MarkContacted {})).await.unwrap();
    let missing = lead(winner, MergeLead { other: LeadId::generate() });
    assert_eq!(refusal(world.ask(world.admin, missing).await).code, "other_not_live");
}

#[tokio::test]
async fn an_erased_person_is_gone_from_every_lead_that_was_them() {
    let world = World::with_copies(2).await;
    let winner = world.lead(world.admin, reachable("olena@example.com")).await;
    let other = world.lead(world.admin, named("Olena P.")).await;
    world.ask(world.admin, lead(other, note("lives in Lviv"))).await.unwrap();
    world.ask(world.admin, lead(winner, MergeLead { other })).await.unwrap();
    let agent = world.member(Role::Agent).await;
    let refused = refusal(world.ask(agent, lead(winner, EraseLead {})).await);
    assert_eq!(refused.code, "role_too_low");
    world.ask(world.admin, lead(winner, EraseLead {})).await.unwrap();
    for id in [winner, other] {
        let loaded = world.load(AggregateKind::Lead, id.uuid()).await;
        assert_eq!(loaded.events.last().unwrap().event_type, "lead.erased.v1");
        assert!(loaded.events.iter().all(|event| event.data.get("private").is_none()));
        // Both copies know it at once, whatever they remember.
        for _ in 0..4 {
            let refused = refusal(world.ask(world.admin, lead(id, note("again"))).await);
            assert!(["erased", "merged"].contains(&refused.code.as_str()), "{refused:?}");
        }
    }
    world.lead(world.admin, reachable("olena@example.com")).await;
}

#[tokio::test]
async fn every_aggregate_is_folded_for_the_audit() {
    let world = World::start().await;
    let id = world.lead(world.admin, reachable("olena@example.com")).await;
    let written = note("call back");
    let expected = json!([[written.note_id, "call back", false]]).to_string();
    world.ask(world.admin, lead(id, written)).await.unwrap();
    world.ask(world.admin, lead(id, MarkContacted {})).await.unwrap();
    let erased = world.lead(world.admin, named("Taras")).await;
    world.ask(world.admin, lead(erased, EraseLead {})).await.unwrap();
    let digest = async |kind, id| {
        let loaded = world.load(kind, id).await;
        let read = |event: ael_store::LoadedEvent| Event::from_wire(&event.event_type, event.data);
        let events = loaded.events.into_iter().map(read).collect::<Result<_, _>>().unwrap();
        ael_commands::audit::digest(kind, id, events).unwrap().unwrap()
    };
    let live = digest(AggregateKind::Lead, id.uuid()).await;
    assert_eq!((live.aggregate, live.version), (format!("lead/{id}"), 3));
    assert_eq!(live.fields["stage"], "contacted");
    assert_eq!(live.fields["notes"], expected);
    assert!(live.fields["contact"].contains("olena@example.com"));
    let gone = digest(AggregateKind::Lead, erased.uuid()).await;
    assert_eq!(gone.fields["erased"], "true");
    assert!(!gone.fields.contains_key("contact"));
    let admin = digest(AggregateKind::Member, world.admin.uuid()).await;
    assert_eq!(admin.fields["role"], "admin");
    let workspace = digest(AggregateKind::Workspace, world.workspace.uuid()).await;
    assert_eq!(workspace.fields["name"], "Test");
}

#[tokio::test]
async fn a_sale_that_nobody_opened_cannot_be_changed() {
    let world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let amount = Money::new(100, "UAH".parse().unwrap()).unwrap();
    let refused = refusal(world.ask(world.admin, sale(SaleId::of(id), SetAmount { amount })).await);
    assert_eq!(refused.code, "not_found");
}
