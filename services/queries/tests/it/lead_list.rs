//! Pages of leads: order, filters, cursors, and steadiness while others write.

use crate::house::{Given, House, Tenant, day};
use ael_events::ids::LeadId;
use ael_events::query::{
    LeadFilter, LeadPage, LeadSort, ListLeads, OwnerFilter, Query, SortDirection, SortKey,
};
use ael_events::values::{Score, Source, Stage, Tier};
use std::cmp::Ordering;
use std::collections::BTreeSet;

const KEYS: [SortKey; 3] = [SortKey::CreatedAt, SortKey::UpdatedAt, SortKey::AiScore];
const WAYS: [SortDirection; 2] = [SortDirection::Ascending, SortDirection::Descending];

async fn page(tenant: &Tenant<'_>, name: &str, asked: &ListLeads) -> LeadPage {
    tenant.ask(name, Query::ListLeads(asked.clone())).await
}

/// Every page, one after another.
async fn all(tenant: &Tenant<'_>, name: &str, mut asked: ListLeads) -> Vec<LeadId> {
    let mut leads = Vec::new();
    loop {
        let page = page(tenant, name, &asked).await;
        leads.extend(page.items.iter().map(|lead| lead.id));
        asked.cursor = page.next_cursor;
        if asked.cursor.is_none() {
            return leads;
        }
    }
}

/// Twelve leads with ties in every key; owners alice, bob and nobody in turn.
async fn twelve(tenant: &Tenant<'_>) -> Vec<(LeadId, Given)> {
    let owners = [Some(tenant.of("alice")), Some(tenant.of("bob")), None];
    let mut leads = Vec::new();
    for n in 0_u32..12 {
        let score = [None, Some(0.25), Some(0.65), Some(0.95)][n as usize % 4];
        let given = Given {
            owner: owners[n as usize % 3],
            score,
            created_at: day(1 + n / 3),
            updated_at: day(20 - n / 4),
            ..Given::default()
        };
        leads.push((tenant.lead(given.clone()).await, given));
    }
    leads
}

/// The order that the rule says: by one key after the other, no score last both ways, ties by id
/// the way of the last key.
fn expected(leads: &[(LeadId, Given)], keys: &[LeadSort]) -> Vec<LeadId> {
    let turned = |order: Ordering, sort: &LeadSort| match sort.direction {
        SortDirection::Ascending => order,
        SortDirection::Descending => order.reverse(),
    };
    let mut sorted: Vec<_> = leads.iter().collect();
    sorted.sort_by(|(a, x), (b, y)| {
        let by_key = |sort: &LeadSort| match sort.by {
            SortKey::CreatedAt => turned(x.created_at.cmp(&y.created_at), sort),
            SortKey::UpdatedAt => turned(x.updated_at.cmp(&y.updated_at), sort),
            SortKey::AiScore => {
                let missing = x.score.is_none().cmp(&y.score.is_none());
                missing.then(turned(x.score.partial_cmp(&y.score).unwrap(), sort))
            }
        };
        let by_keys = keys.iter().map(by_key).find(|order| order.is_ne());
        by_keys.unwrap_or_else(|| turned(a.uuid().cmp(&b.uuid()), keys.last().unwrap()))
    });
    sorted.into_iter().map(|(id, _)| *id).collect()
}

#[tokio::test]
async fn every_order_has_every_lead_once_and_leads_without_a_score_come_last() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let leads = twelve(&tenant).await;
    let alices: Vec<_> =
        leads.iter().filter(|(_, given)| given.owner != Some(tenant.of("bob"))).cloned().collect();
    for by in KEYS {
        for direction in WAYS {
            let sort = LeadSort { by, direction };
            for limit in [1, 5, 12, 200] {
                let asked = ListLeads { sort, limit: Some(limit), ..ListLeads::default() };
                let seen = all(&tenant, "mary", asked.clone()).await;
                assert_eq!(seen, expected(&leads, &[sort]), "{sort:?} by {limit}");
                let seen = all(&tenant, "alice", asked).await;
                assert_eq!(seen, expected(&alices, &[sort]), "{sort:?} by {limit} for an agent");
            }
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_second_key_orders_what_the_first_finds_equal_and_every_lead_comes_once() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let mut leads = twelve(&tenant).await;
    for (nth, score) in [Some(0.65), None, Some(0.65), None].into_iter().enumerate() {
        let (created_at, updated_at) = (day(2), day(18 + u32::try_from(nth).unwrap() / 2));
        let tags = vec!["vip"];
        let given = Given { score, created_at, updated_at, tags, ..Given::default() };
        leads.push((tenant.lead(given.clone()).await, given));
    }
    let of = |keep: &dyn Fn(&Given) -> bool| -> Vec<_> {
        leads.iter().filter(|(_, given)| keep(given)).cloned().collect()
    };
    let alices = of(&|given| given.owner != Some(tenant.of("bob")));
    let tagged = of(&|given| given.tags == ["vip"]);
    let tag = LeadFilter { tag: Some("vip".parse().unwrap()), ..LeadFilter::default() };
    for by in KEYS {
        for then in KEYS.into_iter().filter(|then| *then != by) {
            for (one, two) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let sort = LeadSort { by, direction: WAYS[one] };
                let second = LeadSort { by: then, direction: WAYS[two] };
                for limit in [1, 5, 200] {
                    let asked = ListLeads {
                        sort,
                        then: Some(second),
                        limit: Some(limit),
                        ..ListLeads::default()
                    };
                    let of_tag = ListLeads { filter: tag.clone(), ..asked.clone() };
                    let name = format!("{sort:?} then {second:?} by {limit}");
                    let expected = |leads: &[_]| expected(leads, &[sort, second]);
                    assert_eq!(all(&tenant, "mary", of_tag).await, expected(&tagged), "{name}");
                    let seen = all(&tenant, "alice", asked.clone()).await;
                    assert_eq!(seen, expected(&alices), "{name}, for an agent");
                    assert_eq!(all(&tenant, "mary", asked).await, expected(&leads), "{name}");
                }
            }
        }
    }
    let twice = ListLeads { then: Some(LeadSort::default()), ..ListLeads::default() };
    assert_eq!(tenant.refused("mary", Query::ListLeads(twice)).await, "invalid_query");
    house.close().await;
}

#[tokio::test]
async fn filters_hold_together() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let given = |stage, source, domain, score, tags: &[&'static str], created| Given {
        stage,
        source,
        domain,
        score,
        tags: tags.to_vec(),
        created_at: day(created),
        owner: Some(tenant.of("bob")),
        ..Given::default()
    };
    let one = given(Stage::New, Source::Scanner, Some("first"), Some(0.9), &["vip", "fair"], 1);
    let two = given(Stage::Qualified, Source::Partner, Some("second"), Some(0.5), &["vip"], 2);
    let three = given(Stage::Lost, Source::Manual, None, None, &[], 3);
    let mut ids = Vec::new();
    for given in [one, two, three] {
        ids.push(tenant.lead(given).await);
    }
    let none = LeadFilter::default;
    let score = |value| Some(Score::new(value).unwrap());
    let cases: Vec<(&str, LeadFilter, &[usize])> = vec![
        ("all", none(), &[0, 1, 2]),
        ("stage", LeadFilter { stages: [Stage::New].into(), ..none() }, &[0]),
        ("stages", LeadFilter { stages: [Stage::New, Stage::Lost].into(), ..none() }, &[0, 2]),
        ("source", LeadFilter { sources: [Source::Partner].into(), ..none() }, &[1]),
        (
            "domains",
            LeadFilter {
                business_domains: ["first", "second"].map(|one| one.parse().unwrap()).into(),
                ..none()
            },
            &[0, 1],
        ),
        ("tier", LeadFilter { tiers: [Tier::Hot].into(), ..none() }, &[0]),
        ("tiers", LeadFilter { tiers: [Tier::Hot, Tier::Cold].into(), ..none() }, &[0, 1]),
        ("tag", LeadFilter { tag: Some("vip".parse().unwrap()), ..none() }, &[0, 1]),
        ("min", LeadFilter { min_score: score(0.5), ..none() }, &[0, 1]),
        ("max", LeadFilter { max_score: score(0.5), ..none() }, &[1]),
        ("from", LeadFilter { created_from: Some(day(2)), ..none() }, &[1, 2]),
        ("to", LeadFilter { created_to: Some(day(2)), ..none() }, &[0]),
        (
            "owner",
            LeadFilter { owner: Some(OwnerFilter::Member(tenant.of("bob"))), ..none() },
            &[0, 1, 2],
        ),
        ("me", LeadFilter { owner: Some(OwnerFilter::Me), ..none() }, &[]),
        ("nobody", LeadFilter { owner: Some(OwnerFilter::Nobody), ..none() }, &[]),
        (
            "together",
            LeadFilter {
                stages: [Stage::New, Stage::Qualified].into(),
                tag: Some("vip".parse().unwrap()),
                max_score: score(0.8),
                ..none()
            },
            &[1],
        ),
    ];
    for (name, filter, expected) in cases {
        let expected: BTreeSet<LeadId> = expected.iter().map(|n| ids[*n]).collect();
        for by in KEYS {
            let sort = LeadSort { by, direction: SortDirection::Descending };
            let asked =
                ListLeads { filter: filter.clone(), sort, limit: Some(1), ..ListLeads::default() };
            let seen = all(&tenant, "mary", asked.clone()).await;
            let found: BTreeSet<LeadId> = seen.iter().copied().collect();
            assert_eq!((found, seen.len()), (expected.clone(), expected.len()), "{name} by {by:?}");
            // What is Bob's is not Alice's, whatever she filters by.
            assert!(all(&tenant, "alice", asked).await.is_empty(), "{name} by {by:?}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_question_and_asker_only() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    twelve(&tenant).await;
    let asked = ListLeads { limit: Some(2), ..ListLeads::default() };
    let cursor = page(&tenant, "mary", &asked).await.next_cursor.unwrap();
    let with = |asked: ListLeads, cursor: &str| {
        Query::ListLeads(ListLeads { cursor: Some(cursor.to_owned()), ..asked })
    };
    let by_score = LeadSort { by: SortKey::AiScore, ..LeadSort::default() };
    let other_filter = LeadFilter { stages: [Stage::New].into(), ..LeadFilter::default() };
    for other in [
        ListLeads { sort: by_score, ..asked.clone() },
        ListLeads { filter: other_filter, ..asked.clone() },
    ] {
        assert_eq!(tenant.refused("mary", with(other, &cursor)).await, "cursor_mismatch");
    }
    assert_eq!(tenant.refused("adam", with(asked.clone(), &cursor)).await, "cursor_mismatch");
    for broken in ["", "AAAA", "не курсор", &cursor[..cursor.len() - 2]] {
        assert_eq!(tenant.refused("mary", with(asked.clone(), broken)).await, "invalid_cursor");
    }
    // Another number of leads a page is the same list.
    let asked = ListLeads { limit: Some(7), cursor: Some(cursor), ..ListLeads::default() };
    assert_eq!(page(&tenant, "mary", &asked).await.items.len(), 7);
    house.close().await;
}

#[tokio::test]
async fn paging_while_others_write_shows_every_lead_that_was_there_exactly_once() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let before: BTreeSet<LeadId> = twelve(&tenant).await.into_iter().map(|(id, _)| id).collect();
    for by in KEYS {
        for direction in WAYS {
            let sort = LeadSort { by, direction };
            let mut asked = ListLeads { sort, limit: Some(3), ..ListLeads::default() };
            let mut seen: Vec<LeadId> = Vec::new();
            for turn in 1.. {
                let page = page(&tenant, "mary", &asked).await;
                seen.extend(page.items.iter().map(|lead| lead.id));
                asked.cursor = page.next_cursor;
                if asked.cursor.is_none() {
                    break;
                }
                for (nth, score) in
                    [None, Some(0.1), Some(0.65), Some(0.99)].into_iter().enumerate()
                {
                    if turn < 4 {
                        let moment = day(u32::try_from(nth).unwrap() * 7 + 1);
                        let given = Given {
                            score,
                            created_at: moment,
                            updated_at: moment,
                            ..Given::default()
                        };
                        tenant.lead(given).await;
                    }
                }
            }
            let once: BTreeSet<LeadId> = seen.iter().copied().collect();
            assert_eq!(once.len(), seen.len(), "{sort:?}: nothing is shown twice");
            assert!(before.is_subset(&once), "{sort:?}: what was there is shown");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_lead_in_a_list_says_all_that_a_list_shows() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let contact: ael_events::values::Contact = serde_json::from_value(serde_json::json!({
        "full_name": "Олена Петренко", "email": "olena@example.com", "phone": "+380671234567"
    }))
    .unwrap();
    let given = Given {
        owner: Some(tenant.of("alice")),
        domain: Some("second"),
        score: Some(0.85),
        tags: vec!["vip"],
        contact: contact.clone(),
        ..Given::default()
    };
    let id = tenant.lead(given).await;
    let page = page(&tenant, "alice", &ListLeads::default()).await;
    let lead = &page.items[0];
    assert_eq!((lead.id, lead.owner_name.as_deref()), (id, Some("alice")));
    assert_eq!((&lead.contact, lead.tier), (&contact, Some(Tier::Hot)));
    assert_eq!((lead.message_count, lead.version, lead.created_at), (3, 1, day(1)));
    assert_eq!(page.next_cursor, None);
    house.close().await;
}
