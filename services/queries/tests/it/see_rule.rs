//! Who sees what, from both sides, for every question.

use crate::house::{Given, House, Tenant, code, day, found};
use ael_events::ids::{LeadId, SaleId};
use ael_events::query::{
    GetLead, GetSale, LeadHistory, LeadPage, LeadView, ListLeads, ListMembers, ListSales,
    MemberPage, MemberView, Query, SalePage, WorkspaceView,
};
use ael_events::values::{Contact, Role};
use serde_json::Value;
use std::collections::BTreeSet;

/// Alice's, Bob's and nobody's lead, each with a sale.
async fn three_leads(tenant: &Tenant<'_>) -> [LeadId; 3] {
    let mut leads = Vec::new();
    for owner in [Some(tenant.of("alice")), Some(tenant.of("bob")), None] {
        let lead = tenant.lead(Given { owner, ..Given::default() }).await;
        tenant.sale(lead, owner, day(2)).await;
        leads.push(lead);
    }
    leads.try_into().unwrap()
}

async fn listed(tenant: &Tenant<'_>, name: &str) -> BTreeSet<LeadId> {
    let page: LeadPage = tenant.ask(name, Query::ListLeads(ListLeads::default())).await;
    page.items.iter().map(|lead| lead.id).collect()
}

fn get(lead_id: LeadId) -> Query {
    Query::GetLead(GetLead::now(lead_id))
}

fn history(lead_id: LeadId) -> Query {
    Query::LeadHistory(LeadHistory { lead_id, cursor: None, limit: None })
}

#[tokio::test]
async fn an_agent_sees_own_and_unowned_leads_and_own_sales_and_others_see_all() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let [own, other, unowned] = three_leads(&tenant).await;
    assert_eq!(listed(&tenant, "alice").await, [own, unowned].into());
    for boss in ["mary", "adam"] {
        assert_eq!(listed(&tenant, boss).await, [own, other, unowned].into());
        for lead in [own, other, unowned] {
            assert_eq!(tenant.ask::<LeadView>(boss, get(lead)).await.id, lead);
            assert_eq!(tenant.answer(boss, &history(lead)).await["outcome"], "found");
        }
    }
    for lead in [own, unowned] {
        assert_eq!(tenant.ask::<LeadView>("alice", get(lead)).await.id, lead);
        assert_eq!(tenant.answer("alice", &history(lead)).await["outcome"], "found");
    }
    let missing = LeadId::generate();
    for hidden in [other, missing] {
        assert_eq!(tenant.refused("alice", get(hidden)).await, "not_found");
        assert_eq!(tenant.refused("alice", history(hidden)).await, "not_found");
    }
    // What is hidden and what does not exist are answered alike, to the letter.
    let (hidden, nothing) =
        (tenant.answer("alice", &get(other)).await, tenant.answer("alice", &get(missing)).await);
    assert_eq!(hidden, nothing);

    let sales = |name| tenant.ask::<SalePage>(name, Query::ListSales(ListSales::default()));
    let seen: Vec<LeadId> = sales("alice").await.items.iter().map(|sale| sale.lead_id).collect();
    assert_eq!(seen, [own]);
    assert_eq!(sales("mary").await.items.len(), 3);
    let sale = |lead| Query::GetSale(GetSale { sale_id: SaleId::of(lead) });
    assert_eq!(tenant.answer("alice", &sale(own)).await["outcome"], "found");
    for hidden in [other, unowned, missing] {
        assert_eq!(tenant.refused("alice", sale(hidden)).await, "not_found");
    }
    assert_eq!(tenant.answer("adam", &sale(other)).await["outcome"], "found");
    let of_bob = ListSales { owner: Some(tenant.of("bob")), ..ListSales::default() };
    let none: SalePage = tenant.ask("alice", Query::ListSales(of_bob.clone())).await;
    assert!(none.items.is_empty());
    let one: SalePage = tenant.ask("mary", Query::ListSales(of_bob)).await;
    assert_eq!(one.items.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn another_workspaces_things_do_not_exist() {
    let house = House::open().await;
    let (tenant, stranger) = (house.workspace().await, house.workspace().await);
    let leads = three_leads(&tenant).await;
    assert!(listed(&stranger, "adam").await.is_empty());
    for lead in leads {
        for query in
            [get(lead), history(lead), Query::GetSale(GetSale { sale_id: SaleId::of(lead) })]
        {
            assert_eq!(stranger.refused("adam", query).await, "not_found");
        }
        let features = Query::LeadFeatures { lead_id: lead };
        assert_eq!(code(&stranger.answer_to_scoring(&features).await), "not_found");
        assert_eq!(tenant.answer_to_scoring(&features).await["outcome"], "found");
    }
    let sales: SalePage = stranger.ask("adam", Query::ListSales(ListSales::default())).await;
    assert!(sales.items.is_empty());
    // A member of one workspace is nobody in the other.
    let credential =
        ael_events::command::Credential::Operator { as_member: Some(tenant.of("adam")) };
    let edge = ael_events::subjects::Edge::Cli;
    let answer = stranger.answer_to(edge, credential, &Query::Me {}, None).await;
    assert_eq!(code(&answer), "unknown_member");
    house.close().await;
}

#[tokio::test]
async fn how_to_reach_a_member_is_for_admins_and_oneself() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let emails = |members: &[MemberView]| -> Vec<String> {
        let known = members.iter().filter_map(|member| member.email.as_ref());
        known.map(|email| email.as_str().to_owned()).collect()
    };
    let all = || Query::ListMembers(ListMembers::default());
    let members = tenant.ask::<MemberPage>("alice", all()).await.items;
    assert_eq!((members.len(), emails(&members)), (4, vec!["alice@example.com".to_owned()]));
    let members = tenant.ask::<MemberPage>("mary", all()).await.items;
    assert_eq!(emails(&members), ["mary@example.com"]);
    let members = tenant.ask::<MemberPage>("adam", all()).await.items;
    assert_eq!(emails(&members).len(), 4);
    let me: MemberView = tenant.ask("alice", Query::Me {}).await;
    assert_eq!((me.id, me.role), (tenant.of("alice"), Role::Agent));
    let workspace: WorkspaceView = tenant.ask("alice", Query::GetWorkspace {}).await;
    assert_eq!(workspace.id, tenant.id);
    house.close().await;
}

#[tokio::test]
async fn members_come_in_pages_in_the_order_in_which_they_joined() {
    let house = House::open().await;
    let (tenant, elsewhere) = (house.workspace().await, house.workspace().await);
    let of = |cursor, limit| Query::ListMembers(ListMembers { cursor, limit });
    let whole: MemberPage = tenant.ask("adam", of(None, None)).await;
    assert_eq!((whole.items.len(), whole.next_cursor), (4, None));
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page: MemberPage = tenant.ask("alice", of(cursor, Some(3))).await;
        assert!((1..=3).contains(&page.items.len()));
        found.extend(page.items.into_iter().map(|member| member.id));
        // What leads Alice on leads nobody else on, and not to other people.
        if let Some(next) = &page.next_cursor {
            let strange = of(Some(next.clone()), Some(3));
            assert_eq!(tenant.refused("adam", strange.clone()).await, "cursor_mismatch");
            assert_eq!(elsewhere.refused("alice", strange).await, "cursor_mismatch");
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let joined: Vec<_> = whole.items.iter().map(|member| (member.joined_at, member.id)).collect();
    assert!(joined.is_sorted());
    assert_eq!(found, joined.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    for (wrong, code) in [
        (of(None, Some(0)), "invalid_query"),
        (of(None, Some(201)), "invalid_query"),
        (of(Some("AAAA".to_owned()), None), "invalid_cursor"),
    ] {
        assert_eq!(tenant.refused("adam", wrong).await, code);
    }
    house.close().await;
}

#[tokio::test]
async fn the_operator_sees_the_house_and_no_lead() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let [lead, ..] = three_leads(&tenant).await;
    let all: Vec<WorkspaceView> = found(tenant.answer_to_operator(&Query::ListWorkspaces {}).await);
    assert!([tenant.id, other.id].iter().all(|id| all.iter().any(|found| found.id == *id)));
    let projections: Vec<Value> =
        found(tenant.answer_to_operator(&Query::ListProjections {}).await);
    assert_eq!(projections.len(), ael_projections::NAMES.len());
    let find = |text: &str| Query::FindMember { text: text.to_owned() };
    let id = tenant.of("bob").to_string();
    for text in ["BO", "bob@exam", id.as_str()] {
        let members: Vec<MemberView> = found(tenant.answer_to_operator(&find(text)).await);
        let ids: Vec<_> = members.iter().map(|member| member.id).collect();
        assert_eq!(ids, [tenant.of("bob")], "{text}");
    }
    let everybody: Vec<MemberView> = found(tenant.answer_to_operator(&find("")).await);
    assert_eq!(everybody.len(), 4);
    for query in [get(lead), Query::ListLeads(ListLeads::default()), Query::Statistics {}] {
        assert_eq!(code(&tenant.answer_to_operator(&query).await), "forbidden");
    }
    for query in [Query::ListWorkspaces {}, Query::ListProjections {}, find("x")] {
        assert_eq!(tenant.refused("adam", query).await, "forbidden");
    }
    house.close().await;
}

#[tokio::test]
async fn what_got_stuck_is_for_admins_and_the_operator_of_that_workspace() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let insert = "INSERT INTO read.parked (projection, version, workspace, aggregate, \
                  aggregate_id, lane, sequence, event_id, event_type, reason) VALUES \
                  ('lead_card', 1, $1, 'lead', $2, 0, 4, $2, 'lead.lost.v1', 'no beginning')";
    sqlx::query(insert)
        .bind(tenant.id.uuid())
        .bind(LeadId::generate().uuid())
        .execute(&house.superuser)
        .await
        .unwrap();
    let dead: Vec<Value> = tenant.ask("adam", Query::ListDead {}).await;
    assert_eq!((dead.len(), &dead[0]["sequence"]), (1, &Value::from(4)));
    let dead: Vec<Value> = found(tenant.answer_to_operator(&Query::ListDead {}).await);
    assert_eq!(dead.len(), 1);
    assert!(found::<Vec<Value>>(other.answer_to_operator(&Query::ListDead {}).await).is_empty());
    for name in ["alice", "mary"] {
        assert_eq!(tenant.refused(name, Query::ListDead {}).await, "forbidden");
    }
    house.close().await;
}

#[tokio::test]
async fn scoring_sees_features_without_a_name_and_nothing_else() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let contact = Contact {
        full_name: Some("Ada Byron".parse().unwrap()),
        email: Some("ada@example.com".parse().unwrap()),
        ..Contact::default()
    };
    let lead = tenant.lead(Given { contact, ..Given::default() }).await;
    let features = tenant.answer_to_scoring(&Query::LeadFeatures { lead_id: lead }).await;
    let shown: BTreeSet<&String> =
        features["value"]["anonymous"].as_object().unwrap().keys().collect();
    let names = ["source", "stage", "message_count", "has_domain", "age_days"].map(str::to_owned);
    assert_eq!(shown, names.iter().collect());
    let inside = &features["value"]["inside"];
    assert_eq!((&inside["has_email"], &inside["has_budget"]), (&true.into(), &false.into()));
    for hidden in ["Ada", "@", "lead_id"] {
        assert!(!features.to_string().contains(hidden), "{hidden}: {features}");
    }
    for query in [get(lead), Query::Me {}, Query::ListLeads(ListLeads::default())] {
        assert_eq!(code(&tenant.answer_to_scoring(&query).await), "not_allowed_here");
    }
    house.close().await;
}

#[tokio::test]
async fn a_demotion_binds_within_a_second() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    three_leads(&tenant).await;
    assert_eq!(listed(&tenant, "mary").await.len(), 3);
    house
        .write(&format!(
            "UPDATE write.principals SET role = 'agent', version = 2 WHERE member = '{}'",
            tenant.of("mary")
        ))
        .await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    while listed(&tenant, "mary").await.len() != 1 {
        assert!(tokio::time::Instant::now() < deadline, "the demotion never bound");
        tokio::task::yield_now().await;
    }
    house.close().await;
}
