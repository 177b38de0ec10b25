//! What changed while somebody was away: who hears of what, nothing twice, nothing left out.

use crate::house::{Given, House, Tenant, code, day};
use crate::timeline::Entry;
use ael_events::command::Credential;
use ael_events::ids::{Lane, LeadId, MemberId, SaleId};
use ael_events::query::{ChangePage, ListChanges, LiveChange, Query};
use ael_events::subjects::Edge;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

async fn since(tenant: &Tenant<'_>, name: &str, cursor: Option<&str>) -> ChangePage {
    let cursor = cursor.map(str::to_owned);
    tenant.ask(name, Query::ListChanges(ListChanges { cursor, limit: None })).await
}

/// A cursor of now.
async fn now(tenant: &Tenant<'_>, name: &str) -> String {
    let page = since(tenant, name, None).await;
    assert!(page.items.is_empty() && !page.reset, "without a cursor nothing is told");
    page.next_cursor
}

fn told(page: &ChangePage) -> Vec<(String, Uuid, u64)> {
    assert!(!page.reset);
    let line = |change: &LiveChange| (change.topic.as_str().to_owned(), change.id, change.version);
    page.items.iter().map(line).collect()
}

fn lead_line(lead: LeadId, version: u64) -> (String, Uuid, u64) {
    ("lead".to_owned(), lead.uuid(), version)
}

fn happening(lead: LeadId, version: i64) -> Entry {
    Entry { version, ..Entry::of("lead", lead.uuid(), "lead.contacted.v1") }
}

fn assigned(lead: LeadId, version: i64, previous: Option<MemberId>) -> Entry {
    let data = previous.map_or_else(|| json!({}), |previous| json!({ "previous": previous }));
    Entry { version, data, ..Entry::of("lead", lead.uuid(), "lead.assigned.v1") }
}

async fn owned_by(tenant: &Tenant<'_>, name: Option<&str>) -> LeadId {
    tenant.lead(Given { owner: name.map(|name| tenant.of(name)), ..Given::default() }).await
}

#[tokio::test]
async fn everybody_hears_of_what_they_may_see_and_of_nothing_else() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let mut cursors = BTreeMap::new();
    for name in ["alice", "mary", "adam"] {
        cursors.insert(name, now(&tenant, name).await);
    }
    let elsewhere = now(&other, "adam").await;
    let leads = [
        owned_by(&tenant, Some("alice")).await,
        owned_by(&tenant, Some("bob")).await,
        owned_by(&tenant, None).await,
    ];
    let mut xid = 10;
    for lead in leads {
        let (id, subject) = (SaleId::of(lead).uuid(), Some(lead.uuid()));
        for entry in [
            happening(lead, 3),
            Entry { subject, version: 2, ..Entry::of("sale", id, "sale.kyc_started.v1") },
        ] {
            tenant.happened(xid, &entry).await;
            xid += 1;
        }
    }
    let of = |aggregate, event_type| Entry::of(aggregate, Uuid::now_v7(), event_type);
    let (member, workspace) = (of("member", "member.joined.v1"), tenant.id.uuid());
    let workspace = Entry::of("workspace", workspace, "workspace.settings_changed.v1");
    let (token, guest) =
        (of("token", "token.revoked.v1"), of("invitation", "invitation.revoked.v1"));
    for entry in [&member, &workspace, &token, &guest] {
        tenant.happened(xid, entry).await;
        xid += 1;
    }
    let lead = |n: usize| [lead_line(leads[n], 3)];
    let sale = |n: usize| [("sale".to_owned(), SaleId::of(leads[n]).uuid(), 2)];
    let line = |entry: &Entry| [(entry.aggregate.to_owned(), entry.id, 1)];
    let people = [line(&member), line(&workspace)].concat();
    let doors = [line(&token), line(&guest)].concat();
    let all = [lead(0), sale(0), lead(1), sale(1), lead(2), sale(2)].concat();
    let agents = [lead(0).as_slice(), &sale(0), &lead(2), &people].concat();
    assert_eq!(told(&since(&tenant, "alice", Some(&cursors["alice"])).await), agents);
    let managers = [all.clone(), people.clone()].concat();
    assert_eq!(told(&since(&tenant, "mary", Some(&cursors["mary"])).await), managers);
    let page = since(&tenant, "adam", Some(&cursors["adam"])).await;
    assert_eq!(told(&page), [all, people, doors].concat());
    assert_eq!(page.items[0].owner, Some(tenant.of("alice")));
    assert_eq!(page.items[0].position.lane, Lane::of(leads[0].uuid()));
    assert_eq!(told(&since(&tenant, "adam", Some(&page.next_cursor)).await), [], "nothing twice");
    assert_eq!(told(&since(&other, "adam", Some(&elsewhere)).await), [], "it is not theirs");
    house.close().await;
}

#[tokio::test]
async fn whoever_loses_a_lead_hears_of_it_and_of_its_sale() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let (alice, bob) = (tenant.of("alice"), tenant.of("bob"));
    let carol = tenant.add_member("carol", ael_events::values::Role::Agent).await;
    let mut cursors = BTreeMap::new();
    for name in ["alice", "bob", "mary"] {
        cursors.insert(name, now(&tenant, name).await);
    }
    let [sold, unsold, bobs, taken] = [
        owned_by(&tenant, Some("bob")).await,
        tenant.lead(Given { owner: Some(carol), ..Given::default() }).await,
        tenant.lead(Given { owner: Some(carol), ..Given::default() }).await,
        owned_by(&tenant, Some("bob")).await,
    ];
    tenant.sale(sold, Some(bob), day(2)).await;
    for (xid, entry) in [
        // From Alice to Bob, with its sale.
        (10, assigned(sold, 5, Some(alice))),
        // From Bob by way of Alice to Carol.
        (11, assigned(unsold, 2, Some(bob))),
        (12, assigned(unsold, 3, Some(alice))),
        // From Bob to Carol: Alice never saw it.
        (13, assigned(bobs, 2, Some(bob))),
        // It was nobody's, and so everybody's to see.
        (14, assigned(taken, 2, None)),
    ] {
        tenant.happened(xid, &entry).await;
    }
    let page = since(&tenant, "alice", Some(&cursors["alice"])).await;
    let sale = ("sale".to_owned(), SaleId::of(sold).uuid(), 1);
    let mut lines = told(&page);
    lines.sort();
    let mut expected =
        vec![lead_line(sold, 5), sale.clone(), lead_line(unsold, 3), lead_line(taken, 2)];
    expected.sort();
    assert_eq!(lines, expected);
    let of = |lead: LeadId| page.items.iter().find(|change| change.id == lead.uuid()).unwrap();
    assert_eq!((of(sold).owner, of(sold).previous_owner), (Some(bob), Some(alice)));
    assert_eq!((of(unsold).owner, of(unsold).previous_owner), (Some(carol), Some(alice)));
    assert!(of(taken).owner_changed && of(taken).previous_owner.is_none());
    let page = since(&tenant, "bob", Some(&cursors["bob"])).await;
    let mut lines = told(&page);
    lines.sort();
    let mut expected = vec![
        lead_line(sold, 5),
        sale.clone(),
        lead_line(unsold, 2),
        lead_line(bobs, 2),
        lead_line(taken, 2),
    ];
    expected.sort();
    assert_eq!(lines, expected, "who got it hears of it too, and of what they lost when they did");
    assert_eq!(told(&since(&tenant, "mary", Some(&cursors["mary"])).await).len(), 5);
    house.close().await;
}

/// All pages from a cursor on, of so many changes each.
async fn pages(tenant: &Tenant<'_>, name: &str, from: &str, limit: u16) -> Vec<ChangePage> {
    let (mut cursor, mut pages) = (from.to_owned(), Vec::new());
    loop {
        let asked = ListChanges { cursor: Some(cursor), limit: Some(limit) };
        let page: ChangePage = tenant.ask(name, Query::ListChanges(asked)).await;
        cursor = page.next_cursor.clone();
        let is_last = page.items.len() < usize::from(limit);
        pages.push(page);
        if is_last {
            return pages;
        }
    }
}

#[tokio::test]
async fn whoever_loses_a_lead_hears_of_it_whatever_the_next_owner_does_and_of_nothing_after_it() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let (alice, bob) = (tenant.of("alice"), tenant.of("bob"));
    let begin = now(&tenant, "alice").await;
    let [lost, own, later] = [
        owned_by(&tenant, Some("bob")).await,
        owned_by(&tenant, Some("alice")).await,
        owned_by(&tenant, Some("alice")).await,
    ];
    tenant.sale(lost, Some(bob), day(2)).await;
    let sale = SaleId::of(lost).uuid();
    let sold = |version, event_type| Entry {
        subject: Some(lost.uuid()),
        version,
        ..Entry::of("sale", sale, event_type)
    };
    for (xid, entry) in [
        (10, sold(3, "sale.kyc_started.v1")),
        (20, assigned(lost, 5, Some(alice))),
        (30, happening(own, 2)),
        (40, happening(later, 2)),
        (50, happening(lost, 6)),
        (51, sold(4, "sale.amount_set.v1")),
    ] {
        tenant.happened(xid, &entry).await;
    }
    let expected =
        [lead_line(lost, 5), ("sale".to_owned(), sale, 3), lead_line(own, 2), lead_line(later, 2)];
    for limit in [1, 2, 3, 500] {
        let pages = pages(&tenant, "alice", &begin, limit).await;
        let mut lines: Vec<_> = pages.iter().flat_map(told).collect();
        lines[..2].sort();
        assert_eq!(lines, expected, "{limit} on a page");
        let items = || pages.iter().flat_map(|page| &page.items);
        let orders: Vec<_> = items().map(|change| change.position.order).collect();
        assert!(orders.is_sorted() && orders[0] == orders[1], "{orders:?}");
        assert_eq!(orders[0].xid, 20, "where it changed hands");
        let farewells = items().filter(|change| change.previous_owner == Some(alice));
        assert_eq!(farewells.count(), 2, "the lead and its sale");
    }
    house.close().await;
}

#[tokio::test]
async fn a_sale_that_began_after_the_handover_is_the_next_owners_alone() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let begin = now(&tenant, "alice").await;
    let lost = owned_by(&tenant, Some("bob")).await;
    tenant.sale(lost, Some(tenant.of("bob")), day(2)).await;
    let opened = Entry {
        subject: Some(lost.uuid()),
        ..Entry::of("sale", SaleId::of(lost).uuid(), "sale.opened.v1")
    };
    tenant.happened(10, &assigned(lost, 5, Some(tenant.of("alice")))).await;
    tenant.happened(20, &opened).await;
    assert_eq!(told(&since(&tenant, "alice", Some(&begin)).await), [lead_line(lost, 5)]);
    house.close().await;
}

#[tokio::test]
async fn page_by_page_each_thing_comes_where_it_changed_last() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let mut cursor = now(&tenant, "mary").await;
    let leads = [
        owned_by(&tenant, None).await,
        owned_by(&tenant, None).await,
        owned_by(&tenant, None).await,
    ];
    for (xid, (lead, version)) in
        [(0, 1), (1, 1), (0, 2), (2, 1), (0, 3), (1, 2)].into_iter().enumerate()
    {
        tenant.happened(xid as u64 + 10, &happening(leads[lead], version)).await;
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        let asked = ListChanges { cursor: Some(cursor), limit: Some(1) };
        let page: ChangePage = tenant.ask("mary", Query::ListChanges(asked)).await;
        seen.extend(told(&page));
        cursor = page.next_cursor;
    }
    let expected = [lead_line(leads[2], 1), lead_line(leads[0], 3), lead_line(leads[1], 2)];
    assert_eq!(seen, expected);
    house.close().await;
}

#[tokio::test]
async fn a_slow_lane_loses_nothing_and_holds_nobody_up() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let of_lane = async |lane: u8| {
        let lead = std::iter::repeat_with(LeadId::generate)
            .find(|id| Lane::of(id.uuid()).number() == lane)
            .unwrap();
        let mut view = crate::house::view_of(lead, &Given::default());
        view.version = 1;
        tenant.card(&view).await;
        lead
    };
    let (fast, slow) = (of_lane(0).await, of_lane(1).await);
    let begin = now(&tenant, "mary").await;
    tenant.waits(11, &happening(slow, 1)).await;
    tenant.happened(12, &happening(fast, 1)).await;
    let first = since(&tenant, "mary", Some(&begin)).await;
    assert_eq!(told(&first), [lead_line(fast, 1)], "what is there is told");
    tenant.happened(11, &happening(slow, 1)).await;
    let second = since(&tenant, "mary", Some(&first.next_cursor)).await;
    assert_eq!(told(&second), [lead_line(slow, 1)], "what came late is told all the same");
    tenant.happened(13, &happening(slow, 2)).await;
    let third = since(&tenant, "mary", Some(&second.next_cursor)).await;
    assert_eq!(told(&third), [lead_line(slow, 2)]);
    house.close().await;
}

#[tokio::test]
async fn whoever_is_too_far_behind_or_has_another_role_begins_anew() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let lead = owned_by(&tenant, None).await;
    tenant.happened(10, &happening(lead, 1)).await;
    let (cursor, alices) = (now(&tenant, "mary").await, now(&tenant, "alice").await);
    let many = |from: u64, to: u64| {
        format!(
            "INSERT INTO rm_timeline_1.entries SELECT workspace, subject, 1, n, 1, \
             gen_random_uuid(), aggregate, aggregate_id, n, event_name, event_type, occurred_at, \
             recorded_at, actor, actor_member, edge, data FROM rm_timeline_1.entries, \
             generate_series({from}, {to}) AS n WHERE xid = 10"
        )
    };
    let lane = Lane::of(lead.uuid());
    house.write(&many(11, 5_010)).await;
    house.timeline_at(lane, crate::timeline::at(5_010)).await;
    let page = since(&tenant, "mary", Some(&cursor)).await;
    assert_eq!(told(&page), [lead_line(lead, 5_010)], "five thousand events are told");
    house.write(&many(5_011, 5_011)).await;
    house.timeline_at(lane, crate::timeline::at(5_011)).await;
    let page = since(&tenant, "mary", Some(&cursor)).await;
    assert!(page.reset && page.items.is_empty(), "one more is too many");
    assert_eq!(told(&since(&tenant, "mary", Some(&page.next_cursor)).await), []);

    house
        .write(&format!(
            "UPDATE write.principals SET role = 'manager', version = 2 WHERE member = '{}'",
            tenant.of("alice")
        ))
        .await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        let me: ael_events::query::MemberView = tenant.ask("alice", Query::Me {}).await;
        if me.role == ael_events::values::Role::Manager {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the promotion never bound");
        tokio::task::yield_now().await;
    }
    assert!(since(&tenant, "alice", Some(&alices)).await.reset, "she sees other things now");
    // A database that was put back to an earlier day has other things in it.
    house.timeline_at(lane, crate::timeline::at(9)).await;
    assert!(since(&tenant, "mary", Some(&cursor)).await.reset);
    house.close().await;
}

#[tokio::test]
async fn a_cursor_is_the_askers_own_and_no_service_follows() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let cursor = Some(now(&tenant, "mary").await);
    let asked = |cursor, limit| Query::ListChanges(ListChanges { cursor, limit });
    assert_eq!(tenant.refused("adam", asked(cursor.clone(), None)).await, "cursor_mismatch");
    let broken = Some("AAAA".to_owned());
    assert_eq!(tenant.refused("mary", asked(broken, None)).await, "invalid_cursor");
    for limit in [0, 501] {
        assert_eq!(tenant.refused("mary", asked(None, Some(limit))).await, "invalid_query");
    }
    let operator = tenant.answer_to_operator(&asked(None, None)).await;
    assert_eq!(code(&operator), "forbidden");
    let member = Credential::Operator { as_member: Some(tenant.of("mary")) };
    let by_bot = tenant.answer_to(Edge::Bot, member, &asked(None, None), None).await;
    assert_eq!(code(&by_bot), "not_allowed_here");
    house.close().await;
}
