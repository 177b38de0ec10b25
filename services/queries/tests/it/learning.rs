//! What the advisor learns from, page by page.

use crate::house::{House, Tenant, code, found};
use crate::timeline::Entry;
use ael_events::query::{GetModel, Page, Query, TrainingExample, TrainingExamples, TrainingState};
use serde_json::{Value, json};
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
    let states: Vec<TrainingState> =
        found(tenant.answer_to_scoring(&Query::TrainingStates {}).await);
    let state = states.iter().find(|state| state.workspace == tenant.id).unwrap();
    assert_eq!((state.trained_on, state.new_outcomes), (0, 352));
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
