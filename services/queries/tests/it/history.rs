//! What happened to a lead, and the lead as it was.

use crate::house::{Given, House, Tenant, day, view_of};
use ael_events::event::{Assigned, Contacted, Created, LeadEvent, LeadProfile, Lost, NoteAdded};
use ael_events::event::{NotePrivate, OptionalText, event_name};
use ael_events::ids::{LeadId, NoteId};
use ael_events::private::Private;
use ael_events::query::{
    FieldChange, GetLead, HistoryEntry, HistoryPage, LeadHistory, LeadView, NoteView, Query,
};
use ael_events::values::{Contact, LostReason, NoteText, Source, Stage};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

async fn tell(tenant: &Tenant<'_>, lead: LeadId, events: &[(LeadEvent, u32, u32)]) {
    for (nth, (event, occurred, recorded)) in events.iter().enumerate() {
        let sequence = i64::try_from(nth + 1).unwrap();
        sqlx::query(
            "INSERT INTO rm_timeline_1.entries VALUES ($1, $2, 1, $3, $3, $4, 'lead', $2, $3, \
             $11, $5, $6, $7, $8, $9, 'api', $10)",
        )
        .bind(tenant.id.uuid())
        .bind(lead.uuid())
        .bind(sequence)
        .bind(Uuid::now_v7())
        .bind(event.wire_name())
        .bind(day(*occurred))
        .bind(day(*recorded))
        .bind(format!("member:{}", tenant.of("bob")))
        .bind(tenant.of("bob").uuid())
        .bind(event.to_wire().unwrap())
        .bind(event_name(event.wire_name()))
        .execute(&tenant.house.superuser)
        .await
        .unwrap();
    }
}

fn life(tenant: &Tenant<'_>) -> Vec<(LeadEvent, u32, u32)> {
    let contact = Contact {
        full_name: Some("Олена Петренко".parse().unwrap()),
        ..Contact::default()
    };
    let private = Private::Open(LeadProfile { contact, ..LeadProfile::default() });
    let created = Created {
        source: Source::Partner,
        business_domain: None,
        owner: None,
        tags: std::collections::BTreeSet::default(),
        duplicate_of: None,
        unclaimed: std::collections::BTreeSet::default(),
        private,
    };
    let assigned = Assigned { owner: Some(tenant.of("bob")), previous: None, rule: None };
    let text = Private::Open(OptionalText { text: None });
    let lost = Lost { reason: LostReason::NoBudget, private: text };
    vec![
        (LeadEvent::Created(created), 1, 10),
        (LeadEvent::Assigned(assigned), 2, 11),
        (LeadEvent::Contacted(Contacted {}), 3, 12),
        (LeadEvent::Lost(lost), 4, 13),
    ]
}

fn get(lead_id: LeadId, as_of: Option<DateTime<Utc>>, version: Option<u64>) -> GetLead {
    GetLead { as_of, version, ..GetLead::now(lead_id) }
}

#[tokio::test]
async fn a_lead_can_be_seen_as_it_was() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let given = Given { owner: Some(tenant.of("bob")), stage: Stage::Lost, ..Given::default() };
    let lead = tenant.lead(given).await;
    tell(&tenant, lead, &life(&tenant)).await;
    let at = |asked: GetLead| tenant.ask::<LeadView>("mary", Query::GetLead(asked));

    let first = at(get(lead, None, Some(1))).await;
    assert_eq!((first.version, first.stage, first.owner), (1, Stage::New, None));
    assert_eq!(first.contact.full_name.unwrap().as_str(), "Олена Петренко");
    let third = at(get(lead, None, Some(3))).await;
    assert_eq!((third.stage, third.owner), (Stage::Contacted, Some(tenant.of("bob"))));
    let known = at(get(lead, Some(day(11)), None)).await;
    assert_eq!((known.version, known.stage), (2, Stage::New));
    let effective = GetLead { effective: true, ..get(lead, Some(day(3)), None) };
    assert_eq!(at(effective).await.stage, Stage::Contacted);
    assert_eq!(at(get(lead, Some(day(28)), None)).await.stage, Stage::Lost);

    let refused = |asked| tenant.refused("mary", Query::GetLead(asked));
    assert_eq!(refused(get(lead, Some(day(9)), None)).await, "not_found");
    assert_eq!(refused(get(lead, None, Some(5))).await, "not_found");
    assert_eq!(refused(get(lead, None, Some(0))).await, "not_found");
    assert_eq!(refused(get(lead, Some(day(9)), Some(1))).await, "invalid_query");
    assert_eq!(
        refused(GetLead { effective: true, ..get(lead, None, None) }).await,
        "invalid_query"
    );
    // Whether the past is shown is decided by the owner of now.
    let past = Query::GetLead(get(lead, None, Some(1)));
    assert_eq!(tenant.refused("alice", past).await, "not_found");
    house.close().await;
}

fn changes(entry: &HistoryEntry) -> Vec<(&str, Value, Value)> {
    let told = |one: &'_ FieldChange| (one.before.clone(), one.after.clone());
    let of = entry.changes.iter().map(|one| (one.field.as_str(), told(one)));
    of.map(|(field, (before, after))| (field, before, after)).collect()
}

#[tokio::test]
async fn history_comes_page_by_page_with_the_names_of_who_did_it() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let lead = tenant.lead(Given::default()).await;
    tell(&tenant, lead, &life(&tenant)).await;
    let mut asked = LeadHistory { lead_id: lead, cursor: None, limit: Some(3) };
    let page: HistoryPage = tenant.ask("alice", Query::LeadHistory(asked.clone())).await;
    let types: Vec<&str> = page.items.iter().map(|entry| entry.event_type.as_str()).collect();
    assert_eq!(types, ["lead.created.v1", "lead.assigned.v1", "lead.contacted.v1"]);
    assert_eq!(page.items[0].actor_name.as_deref(), Some("bob"));
    let name = &page.items[0].data["private"]["contact"]["full_name"];
    assert_eq!(name, "Олена Петренко");
    let bob = serde_json::json!(tenant.of("bob"));
    assert_eq!(changes(&page.items[1]), [("owner", Value::Null, bob)]);
    assert_eq!(changes(&page.items[2]), [("stage", "new".into(), "contacted".into())]);
    asked.cursor = page.next_cursor;
    let rest: HistoryPage = tenant.ask("alice", Query::LeadHistory(asked.clone())).await;
    assert_eq!((rest.items.len(), rest.items[0].version, rest.next_cursor), (1, 4, None));
    // What a later page changed follows from the pages before it.
    let lost = ("lost_reason", Value::Null, "no_budget".into());
    assert_eq!(changes(&rest.items[0]), [("stage", "contacted".into(), "lost".into()), lost]);
    let other = tenant.lead(Given::default()).await;
    let elsewhere = LeadHistory { lead_id: other, ..asked };
    assert_eq!(tenant.refused("alice", Query::LeadHistory(elsewhere)).await, "cursor_mismatch");
    house.close().await;
}

#[tokio::test]
async fn long_stories_are_cut_to_what_the_bus_carries() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let long: NoteText = "ї".repeat(4_000).parse().unwrap();
    let given = Given::default();
    let lead = tenant.lead(given.clone()).await;
    let mut events = life(&tenant)[..1].to_vec();
    for _ in 0..150 {
        let private = Private::Open(NotePrivate { text: long.clone() });
        events.push((
            LeadEvent::NoteAdded(NoteAdded { note_id: NoteId::generate(), private }),
            1,
            10,
        ));
    }
    tell(&tenant, lead, &events).await;
    let mut asked = LeadHistory { lead_id: lead, cursor: None, limit: Some(200) };
    let mut seen = 0;
    loop {
        let answer = tenant.answer("mary", &Query::LeadHistory(asked.clone())).await;
        assert!(answer.to_string().len() < 512 * 1024);
        let page: HistoryPage = serde_json::from_value(answer["value"].clone()).unwrap();
        seen += page.items.len();
        asked.cursor = page.next_cursor;
        if asked.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, 151);

    let note = |n: usize| NoteView {
        id: NoteId::generate(),
        text: Some(long.clone()),
        by: "member:x".to_owned(),
        at: day(1),
        pinned: n == 0,
    };
    let mut view = view_of(lead, &given);
    view.notes = (0..150).map(note).collect();
    house.write("DELETE FROM rm_lead_card_1.cards").await;
    tenant.card(&view).await;
    let answer = tenant.answer("mary", &Query::GetLead(get(lead, None, None))).await;
    assert!(answer.to_string().len() < 512 * 1024);
    let shown: LeadView = serde_json::from_value(answer["value"].clone()).unwrap();
    assert_eq!(shown.notes.first().map(|note| note.id), Some(view.notes[0].id), "pinned stays");
    assert_eq!(shown.notes.last().map(|note| note.id), view.notes.last().map(|note| note.id));
    house.close().await;
}
