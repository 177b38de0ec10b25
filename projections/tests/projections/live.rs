//! What whoever watches has to know besides: who had a lead before, and what is still to come.

use crate::views::{transferred, uah};
use crate::world::{World, created};
use ael_events::event::{Assigned, Contacted, LeadEvent, Opened, SaleEvent};
use ael_events::ids::{Lane, LeadId, MemberId};
use ael_events::order::Order;
use ael_projections::projector::apply::{Batch, Effect, Outcome, apply};
use ael_projections::{EventSource as _, model};

/// What the lead's events after a place do to the read models, all of them in one batch.
async fn effect(world: &World, lane: Lane, after: &mut Order) -> Effect {
    world.settled().await;
    let source = world.source();
    let recorded = source.lane_after(lane, *after, 1_000).await.unwrap();
    let opened = source.open(&recorded).await.unwrap();
    let batch = Batch { lane, previous: *after, events: &opened };
    *after = recorded.last().unwrap().order;
    match apply(&world.pool, &model::all(), batch).await.unwrap() {
        Outcome::Applied(effect) => effect,
        Outcome::Behind(_) => panic!("a read model went back"),
    }
}

fn assigned(previous: Option<MemberId>, owner: Option<MemberId>) -> LeadEvent {
    LeadEvent::Assigned(Assigned { owner, previous, rule: None })
}

#[tokio::test]
async fn a_lead_that_changes_hands_says_who_had_it_and_which_sale_goes_with_it() {
    let world = World::new().await;
    let [anna, boris, vira] = [(); 3].map(|()| MemberId::generate());
    let lead = LeadId::generate();
    let (key, lane, mut at) = ((world.workspace, lead.uuid()), Lane::of(lead.uuid()), Order::START);
    world.lead(lead, [created("Olena", Some(anna))]).await;
    let made = effect(&world, lane, &mut at).await;
    assert_eq!(made.owners.get(&key), Some(&Some(anna)));
    assert!(made.previous_owners.is_empty(), "nobody had it before");

    world.lead(lead, [assigned(Some(anna), Some(boris)), assigned(Some(boris), Some(vira))]).await;
    let handed_over = effect(&world, lane, &mut at).await;
    assert_eq!(handed_over.owners.get(&key), Some(&Some(vira)));
    assert_eq!(handed_over.previous_owners.get(&key), Some(&Some(anna)), "Boris never showed");
    assert!(handed_over.sales.is_empty(), "there is none yet");

    world.lead(lead, [LeadEvent::Contacted(Contacted {}), transferred(lead, None)]).await;
    let opened = Opened { lead_id: lead, amount: Some(uah(100)), imported: false };
    world.sale(lead, [SaleEvent::Opened(opened)]).await;
    let sold = effect(&world, lane, &mut at).await;
    assert!(sold.previous_owners.is_empty() && sold.sales.is_empty(), "it is still Vira's");

    world.lead(lead, [assigned(Some(vira), None)]).await;
    let given_back = effect(&world, lane, &mut at).await;
    assert_eq!(given_back.owners.get(&key), Some(&None));
    assert_eq!(given_back.previous_owners.get(&key), Some(&Some(vira)));
    assert_eq!(given_back.sales.get(&key), Some(&1), "the sale goes with it");
    world.end().await;
}

type Standing = (i16, i64, Option<i64>);

#[tokio::test]
async fn the_timeline_says_lane_by_lane_what_it_has_still_to_take() {
    let world = World::new().await;
    let (lead, other) = (LeadId::generate(), LeadId::generate());
    world.lead(lead, [created("Olena", None)]).await;
    world.project(100).await;
    let standings = async || -> Vec<Standing> {
        sqlx::query_as("SELECT lane, position, next_position FROM read.timeline_lanes() ORDER BY 1")
            .fetch_all(&world.queries)
            .await
            .unwrap()
    };
    let level = standings().await;
    assert_eq!(level.len(), Lane::all().len());
    assert!(level.iter().all(|(_, _, next)| next.is_none()), "{level:?}");
    world.lead(lead, [LeadEvent::Contacted(Contacted {})]).await;
    world.lead(other, [created("Taras", None)]).await;
    let behind = standings().await;
    for (lane, position, next) in behind {
        let waits = [lead, other].iter().any(|id| i16::from(Lane::of(id.uuid()).number()) == lane);
        assert_eq!(next.is_some(), waits, "lane {lane}");
        assert!(next.is_none_or(|next| next > position), "lane {lane}");
    }
    world.project(100).await;
    assert!(standings().await.iter().all(|(_, _, next)| next.is_none()));
    world.end().await;
}
