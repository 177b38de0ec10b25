//! What the advisor learns from, page by page.

use crate::house::{Given, House, Tenant, code, found};
use crate::timeline::Entry;
use ael_events::event::Usage;
use ael_events::query::{
    GetModel, LeadFeatures, Page, Query, TrainingExample, TrainingExamples, TrainingState,
};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::Digest as _;
use uuid::Uuid;

/// The lead with this number was entered, and then lost.
async fn lost(tenant: &Tenant<'_>, number: u64) -> Uuid {
    let lead = Uuid::now_v7();
    let private = json!({ "contact": { "full_name": "Ada Byron", "email": "ada@example.com" } });
    let created = json!({ "source": "partner", "private": private });
    let lost = json!({ "reason": "no_budget", "private": {} });
    tell(tenant, lead, number * 10, "lead.created.v1", 1, created).await;
    tell(tenant, lead, number * 10 + 1, "lead.lost.v1", 2, lost).await;
    lead
}

async fn tell(
    tenant: &Tenant<'_>,
    lead: Uuid,
    xid: u64,
    event: &'static str,
    version: i64,
    data: Value,
) {
    let entry = Entry { version, data, ..Entry::of("lead", lead, event) };
    tenant.entry(xid, &entry).await;
}

async fn all(tenant: &Tenant<'_>) -> Vec<TrainingExample> {
    let (mut told, mut cursor) = (Vec::new(), None);
    loop {
        let query = Query::TrainingExamples(TrainingExamples { cursor });
        let page: Page<TrainingExample> = found(tenant.answer_to_scoring(&query).await);
        told.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return told;
        }
    }
}

#[tokio::test]
async fn every_lead_that_ended_is_told_once_over_all_pages_and_nobodys_name_with_it() {
    let house = House::open().await;
    let (tenant, stranger) = (house.workspace().await, house.workspace().await);
    for number in 1..=320 {
        let lead = lost(&tenant, number).await;
        // One in ten was reopened and lost again: it ended once, at last.
        if number % 10 == 0 {
            let reopened = json!({ "private": { "reason": "they called again" } });
            let lost = json!({ "reason": "no_response", "private": {} });
            tell(&tenant, lead, number * 10 + 2, "lead.reopened.v1", 3, reopened).await;
            tell(&tenant, lead, number * 10 + 3, "lead.lost.v1", 4, lost).await;
        }
    }
    let told = all(&tenant).await;
    assert_eq!(told.len(), 320);
    assert!(told.iter().all(|example| !example.won && example.inside.has_email));
    let written = serde_json::to_string(&told).unwrap();
    for hidden in ["Ada", "example.com", "called", "lead_id"] {
        assert!(!written.contains(hidden), "{hidden} is told");
    }
    assert!(all(&stranger).await.is_empty());
    house.close().await;
}

#[tokio::test]
async fn a_lead_that_cannot_be_read_keeps_nobody_from_learning_from_the_others() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for number in 1..=3 {
        let lead = lost(&tenant, number).await;
        if number == 2 {
            tell(&tenant, lead, 25, "lead.assigned.v1", 3, json!({ "owner": "nobody's id" })).await;
        }
    }
    // A history without its beginning.
    let lost = json!({ "reason": "no_budget", "private": {} });
    tell(&tenant, Uuid::now_v7(), 40, "lead.lost.v1", 2, lost).await;
    assert_eq!(all(&tenant).await.len(), 2);
    house.close().await;
}

async fn state(tenant: &Tenant<'_>) -> (u64, u64) {
    let states: Vec<TrainingState> =
        found(tenant.answer_to_scoring(&Query::TrainingStates {}).await);
    let state = states.iter().find(|state| state.workspace == tenant.id).unwrap();
    (state.trained_on, state.new_outcomes)
}

#[tokio::test]
async fn outcomes_are_counted_once_for_each_lead_and_not_while_one_kind_is_too_rare() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for number in 1..=60 {
        let lead = lost(&tenant, number).await;
        if number <= 5 {
            let private = json!({ "reason": "they called again" });
            let (reopened, lost) =
                (json!({ "private": private }), json!({ "reason": "no_budget" }));
            tell(&tenant, lead, number * 10 + 2, "lead.reopened.v1", 3, reopened).await;
            if number > 1 {
                tell(&tenant, lead, number * 10 + 3, "lead.lost.v1", 4, lost).await;
            }
        }
    }
    for won in 1..=10 {
        assert_eq!(state(&tenant).await, (0, 0), "{won} is the next to be won");
        let (lead, sale) = (Uuid::now_v7(), Uuid::now_v7());
        let imported = json!({ "source": "partner", "outcome": { "kind": "won" } });
        tell(&tenant, lead, 1_000 + won, "lead.imported.v1", 1, imported).await;
        let paid = Entry { subject: Some(lead), ..Entry::of("sale", sale, "sale.paid.v1") };
        tenant.entry(2_000 + won, &paid).await;
    }
    assert_eq!(state(&tenant).await, (0, 69), "59 lost, as one is open again, and 10 won");
    house.close().await;
}

/// An event's id whose lot is drawn first, or last.
fn id(first: bool) -> Uuid {
    let low = |id: &Uuid| sha2::Sha256::digest(id.as_bytes())[0] < 8;
    (0..).map(Uuid::from_u128).find(|id| low(id) == first).unwrap()
}

#[tokio::test]
async fn a_lead_has_been_idle_as_long_when_it_is_scored_as_when_it_is_learnt_from() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let lead = tenant.lead(Given::default()).await;
    let now = Utc::now();
    let private = json!({ "contact": {} });
    let message = json!({ "count": 1, "direction": "incoming", "channel": "email" });
    let analysed = json!({
        "score": 0.5, "recommendation": "nurture", "analysed_at": now, "model": "local",
        "prompt_version": "local", "feature_hash": "00", "usage": Usage::default(),
        "features": { "source": "manual", "stage": "new", "message_count": 1,
            "has_domain": false, "age_days": 20 },
    });
    let story = [
        (20, "lead.created.v1", json!({ "source": "manual", "private": private })),
        (9, "lead.message_logged.v1", message),
        (5, "lead.note_added.v1", json!({})),
        (4, "lead.note_pinned.v1", json!({})),
        (3, "lead.file_attached.v1", json!({})),
        (2, "lead.analysis_requested.v1", json!({ "force": false })),
        (0, "lead.analysed.v1", analysed),
    ];
    for (version, (days, event, data)) in (1..).zip(story) {
        let recorded_at = now - TimeDelta::days(days);
        let entry = Entry { version, data, recorded_at, ..Entry::of("lead", lead.uuid(), event) };
        tenant.entry(version.unsigned_abs(), &entry).await;
    }
    let served: LeadFeatures =
        found(tenant.answer_to_scoring(&Query::LeadFeatures { lead_id: lead }).await);
    for (event, first) in [("lead.created", false), ("lead.analysed", true)] {
        let id = id(first);
        house
            .write(&format!(
                "UPDATE rm_timeline_1.entries SET event_id = '{id}' WHERE event_name = '{event}'"
            ))
            .await;
    }
    tell(&tenant, lead.uuid(), 99, "lead.lost.v1", 8, json!({ "reason": "no_budget" })).await;
    let learnt = all(&tenant).await;
    assert_eq!((learnt.len(), learnt[0].at), (1, now), "as it was when it was analysed");
    assert_eq!(served.inside.idle_days, 9);
    assert_eq!(learnt[0].inside.idle_days, served.inside.idle_days);
    house.close().await;
}

#[tokio::test]
async fn only_the_scoring_service_and_an_admin_look_at_examples_and_models() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let queries = [
        Query::TrainingExamples(TrainingExamples::default()),
        Query::ListModels {},
        Query::GetModel(GetModel::default()),
    ];
    for query in queries {
        assert_eq!(tenant.answer_to_scoring(&query).await["outcome"], "found");
        assert_eq!(tenant.answer("adam", &query).await["outcome"], "found");
        for other in ["alice", "mary"] {
            assert_eq!(tenant.refused(other, query.clone()).await, "forbidden");
        }
        assert_eq!(code(&tenant.answer_to_operator(&query).await), "forbidden");
    }
    let unknown = Query::GetModel(GetModel { model_version: Some(7) });
    assert_eq!(tenant.refused("adam", unknown).await, "not_found");
    let nothing = json!({ "version": 0, "model_version": null, "model": null, "outside": [] });
    let kept: Value = found(tenant.answer("adam", &Query::GetModel(GetModel::default())).await);
    assert_eq!(kept, nothing);
    house.close().await;
}
