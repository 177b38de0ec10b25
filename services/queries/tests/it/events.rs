//! Everything that happened: whose it is to see, filter by filter, page by page, with no gap.

use crate::house::{House, Tenant, code, day};
use crate::timeline::Entry;
use ael_events::command::Credential;
use ael_events::ids::{Lane, LeadId, SaleId};
use ael_events::query::{AuditEvent, EventPage, ListEvents, Query};
use ael_events::subjects::Edge;
use ael_events::values::AggregateKind;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

fn list(asked: ListEvents) -> Query {
    Query::ListEvents(asked)
}

async fn told(tenant: &Tenant<'_>, asked: ListEvents) -> Vec<String> {
    let page: EventPage = tenant.ask("adam", list(asked)).await;
    page.items.into_iter().map(|event| event.event_type).collect()
}

fn types(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const ROLLED: &str = "lead.rolled_back.v1";
const KYC: &str = "sale.kyc_started.v1";
const ROLE: &str = "member.role_changed.v1";
const TOKEN: &str = "token.revoked.v1";

/// A lead of Bob's with its sale, a member, a token: one event a day, in this order.
async fn four_days(tenant: &Tenant<'_>) -> LeadId {
    let lead = LeadId::generate();
    let bob = Some(tenant.of("bob"));
    let reason = json!({ "private": { "reason": "a wrong number" }, "from": "contacted",
                         "to": "new" });
    let entries = [
        Entry {
            member: bob,
            version: 4,
            data: reason,
            ..Entry::of("lead", lead.uuid(), "lead.rolled_back.v1")
        },
        Entry {
            subject: Some(lead.uuid()),
            ..Entry::of("sale", SaleId::of(lead).uuid(), "sale.kyc_started.v1")
        },
        Entry {
            member: Some(tenant.of("adam")),
            data: json!({ "from": "agent", "to": "manager" }),
            ..Entry::of("member", tenant.of("mary").uuid(), "member.role_changed.v1")
        },
        Entry { member: bob, ..Entry::of("token", Uuid::now_v7(), "token.revoked.v1") },
    ];
    for (nth, entry) in entries.into_iter().enumerate() {
        let recorded_at = day(u32::try_from(nth + 1).unwrap());
        tenant.happened(nth as u64 + 10, &Entry { recorded_at, ..entry }).await;
    }
    lead
}

#[tokio::test]
async fn an_admin_sees_what_happened_to_everything_and_nobody_else_does() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let lead = four_days(&tenant).await;
    let page: EventPage = tenant.ask("adam", list(ListEvents::default())).await;
    let [rolled_back, kyc, role, token] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((rolled_back.aggregate, rolled_back.lead_id), (AggregateKind::Lead, Some(lead)));
    assert_eq!((rolled_back.version, rolled_back.actor_name.as_deref()), (4, Some("bob")));
    assert_eq!(rolled_back.why.as_deref(), Some("a wrong number"));
    assert_eq!((kyc.aggregate, kyc.lead_id), (AggregateKind::Sale, Some(lead)));
    assert_eq!((kyc.actor.as_str(), kyc.actor_name.as_deref()), ("operator", None));
    assert_eq!(
        (role.aggregate, role.aggregate_id),
        (AggregateKind::Member, tenant.of("mary").uuid())
    );
    assert_eq!((&role.data["to"], role.lead_id), (&json!("manager"), None));
    assert_eq!(token.aggregate, AggregateKind::Token);
    for name in ["alice", "bob", "mary"] {
        assert_eq!(tenant.refused(name, list(ListEvents::default())).await, "forbidden", "{name}");
    }
    assert_eq!(code(&tenant.answer_to_operator(&list(ListEvents::default())).await), "forbidden");
    let admin = Credential::Operator { as_member: Some(tenant.of("adam")) };
    let by_bot = tenant.answer_to(Edge::Bot, admin, &list(ListEvents::default()), None).await;
    assert_eq!(code(&by_bot), "not_allowed_here");
    assert!(told(&other, ListEvents::default()).await.is_empty());
    house.close().await;
}

#[tokio::test]
async fn filters_hold_alone_and_together() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let lead = four_days(&tenant).await;
    let (bob, none) = (Some(tenant.of("bob")), ListEvents::default);
    let cases: Vec<(&str, ListEvents, &[&str])> = vec![
        ("lead", ListEvents { lead_id: Some(lead), ..none() }, &[ROLLED, KYC]),
        ("member", ListEvents { member_id: bob, ..none() }, &[ROLLED, TOKEN]),
        ("name", ListEvents { event_types: types(&["token.revoked"]), ..none() }, &[TOKEN]),
        ("type", ListEvents { event_types: types(&[KYC]), ..none() }, &[KYC]),
        (
            "another version",
            ListEvents { event_types: types(&["sale.kyc_started.v2"]), ..none() },
            &[],
        ),
        (
            "a name and a type",
            ListEvents { event_types: types(&["token.revoked", ROLLED]), ..none() },
            &[ROLLED, TOKEN],
        ),
        ("from", ListEvents { from: Some(day(3)), ..none() }, &[ROLE, TOKEN]),
        ("to", ListEvents { to: Some(day(3)), ..none() }, &[ROLLED, KYC]),
        ("range", ListEvents { from: Some(day(2)), to: Some(day(4)), ..none() }, &[KYC, ROLE]),
        (
            "together",
            ListEvents {
                lead_id: Some(lead),
                member_id: bob,
                event_types: types(&["lead.rolled_back"]),
                to: Some(day(2)),
                ..none()
            },
            &[ROLLED],
        ),
        (
            "nothing is all of it",
            ListEvents { lead_id: Some(lead), from: Some(day(3)), ..none() },
            &[],
        ),
    ];
    for (name, asked, expected) in cases {
        assert_eq!(told(&tenant, asked).await, expected, "{name}");
    }
    for unknown in ["lead.unheard_of", "lead", "", "lead.qualified.v1.v1"] {
        let asked = ListEvents { event_types: types(&[unknown]), ..none() };
        assert_eq!(tenant.refused("adam", list(asked)).await, "invalid_query", "{unknown}");
    }
    house.close().await;
}

#[tokio::test]
async fn clocks_that_differ_a_little_hide_nothing() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    // The fourth was recorded half an hour before the third, by another clock.
    for (xid, minutes) in [(10, 0), (11, 300), (12, 330), (13, 300), (14, 331), (15, 900)] {
        let recorded_at = day(1) + TimeDelta::minutes(minutes);
        let id = LeadId::generate().uuid();
        let entry = Entry { version: minutes, ..Entry::of("lead", id, "lead.contacted.v1") };
        tenant.happened(xid, &Entry { recorded_at, version: minutes + 1, ..entry }).await;
    }
    let minutes = async |from: i64, to: i64| -> Vec<u64> {
        let at = |minutes| Some(day(1) + TimeDelta::minutes(minutes));
        let asked = ListEvents { from: at(from), to: at(to), ..ListEvents::default() };
        let page: EventPage = tenant.ask("adam", list(asked)).await;
        page.items.iter().map(|event| event.version - 1).collect()
    };
    assert_eq!(minutes(300, 331).await, [300, 330, 300]);
    assert_eq!(minutes(330, 331).await, [330]);
    assert_eq!(minutes(0, 330).await, [0, 300, 300]);
    assert_eq!(minutes(331, 10_000).await, [331, 900]);
    house.close().await;
}

#[tokio::test]
async fn page_by_page_every_event_comes_once_in_the_settled_order() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for xid in 10..20_u64 {
        let event_type = ["lead.contacted.v1", "lead.qualified.v1"][xid as usize % 2];
        let entry = Entry::of("lead", LeadId::generate().uuid(), event_type);
        let version = i64::try_from(xid).unwrap();
        tenant.happened(xid, &Entry { version, ..entry }).await;
    }
    for event_types in [types(&[]), types(&["lead.contacted", "lead.qualified"])] {
        let mut asked = ListEvents { event_types, limit: Some(3), ..ListEvents::default() };
        let mut seen = Vec::new();
        loop {
            let page: EventPage = tenant.ask("adam", list(asked.clone())).await;
            seen.extend(page.items.iter().map(|event: &AuditEvent| event.version));
            asked.cursor = page.next_cursor;
            if asked.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, (10..20).collect::<Vec<u64>>());
    }
    let first: EventPage =
        tenant.ask("adam", list(ListEvents { limit: Some(1), ..ListEvents::default() })).await;
    let other = ListEvents { cursor: first.next_cursor, to: Some(day(9)), ..ListEvents::default() };
    assert_eq!(tenant.refused("adam", list(other)).await, "cursor_mismatch");
    house.close().await;
}

#[tokio::test]
async fn a_list_ends_before_what_is_still_missing_so_that_going_on_from_it_misses_nothing() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let of_lane = |lane: u8| {
        let ids = std::iter::repeat_with(|| LeadId::generate().uuid());
        ids.into_iter().find(|id| Lane::of(*id).number() == lane).unwrap()
    };
    let entry = |lane, event_type| Entry::of("lead", of_lane(lane), event_type);
    let slow = entry(1, "lead.qualified.v1");
    tenant.happened(10, &entry(0, "lead.created.v1")).await;
    tenant.waits(11, &slow).await;
    tenant.happened(12, &entry(0, "lead.contacted.v1")).await;
    assert_eq!(told(&tenant, ListEvents::default()).await, ["lead.created.v1"]);
    tenant.happened(11, &slow).await;
    let all = ["lead.created.v1", "lead.qualified.v1", "lead.contacted.v1"];
    assert_eq!(told(&tenant, ListEvents::default()).await, all);
    house.close().await;
}
