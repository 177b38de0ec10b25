//! What a lead may bring along, so that nobody has to ask lead by lead: its owner's name, its sale.

use crate::house::{Given, House, Tenant, day};
use ael_events::ids::{LeadId, SaleId};
use ael_events::query::{
    GetLead, LeadDetails, LeadInclude, LeadPage, ListLeads, ListSales, Query, SalePage,
};
use ael_events::values::SaleStage;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn get(lead_id: LeadId, include: &[LeadInclude]) -> Query {
    let include = include.iter().copied().collect();
    Query::GetLead(GetLead { include, ..GetLead::now(lead_id) })
}

fn list(include: &[LeadInclude]) -> Query {
    let include = include.iter().copied().collect();
    Query::ListLeads(ListLeads { include, ..ListLeads::default() })
}

/// Alice's lead with a sale, nobody's with one, and Alice's without.
async fn three_leads(tenant: &Tenant<'_>) -> [LeadId; 3] {
    let alice = Some(tenant.of("alice"));
    let sold = tenant.lead(Given { owner: alice, ..Given::default() }).await;
    tenant.sale(sold, alice, day(2)).await;
    let unowned = tenant.lead(Given::default()).await;
    tenant.sale(unowned, None, day(2)).await;
    let unsold = tenant.lead(Given { owner: alice, ..Given::default() }).await;
    [sold, unowned, unsold]
}

#[tokio::test]
async fn leads_bring_the_sales_that_the_asker_may_see() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let [sold, unowned, unsold] = three_leads(&tenant).await;
    for (name, sees) in [("alice", vec![sold]), ("mary", vec![sold, unowned])] {
        let page: LeadPage = tenant.ask(name, list(&[LeadInclude::Sale])).await;
        let sales: BTreeMap<LeadId, _> =
            page.items.into_iter().map(|lead| (lead.id, lead.sale)).collect();
        for lead in [sold, unowned, unsold] {
            let one: LeadDetails = tenant.ask(name, get(lead, &[LeadInclude::Sale])).await;
            let sale = one.sale.expect("it was asked for");
            assert_eq!(sales[&lead].as_ref(), Some(&sale), "a list says the same");
            assert_eq!(sale.is_some(), sees.contains(&lead), "{name}");
        }
        let sale = sales[&sold].clone().unwrap().unwrap();
        assert_eq!((sale.id, sale.version), (SaleId::of(sold), 1));
        assert_eq!((sale.stage, sale.owner), (SaleStage::Kyc, Some(tenant.of("alice"))));
        assert_eq!(sale.amount.unwrap().to_string(), "123.00 UAH");
    }
    house.close().await;
}

#[tokio::test]
async fn what_was_not_asked_for_is_absent_and_what_is_not_there_is_null() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let [sold, unowned, unsold] = three_leads(&tenant).await;
    let value = async |query: Query| tenant.answer("alice", &query).await["value"].clone();
    let plain = value(list(&[])).await;
    assert!(plain["items"].as_array().unwrap().iter().all(|lead| lead.get("sale").is_none()));
    let plain = value(get(sold, &[])).await;
    assert!(plain.get("sale").is_none() && plain.get("owner_name").is_none());
    let both = [LeadInclude::Owner, LeadInclude::Sale];
    let whole = value(get(sold, &both)).await;
    assert_eq!((&whole["owner_name"], &whole["sale"]["stage"]), (&"alice".into(), &"kyc".into()));
    assert_eq!(value(get(unsold, &both)).await.get("sale"), Some(&Value::Null));
    assert!(value(get(unowned, &both)).await.get("owner_name").is_none(), "nobody owns it");
    // A sale of now does not belong beside a lead of then.
    let past =
        GetLead { version: Some(1), include: [LeadInclude::Sale].into(), ..GetLead::now(sold) };
    assert_eq!(tenant.refused("alice", Query::GetLead(past)).await, "invalid_query");
    house.close().await;
}

#[tokio::test]
async fn the_sales_of_some_leads_are_asked_for_at_once() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let [sold, unowned, unsold] = three_leads(&tenant).await;
    let of = |leads: BTreeSet<LeadId>| Query::ListSales(ListSales { leads, ..Default::default() });
    let found = async |name, leads: &[LeadId]| -> BTreeSet<LeadId> {
        let page: SalePage = tenant.ask(name, of(leads.iter().copied().collect())).await;
        page.items.iter().map(|sale| sale.lead_id).collect()
    };
    assert_eq!(found("mary", &[unowned, unsold]).await, [unowned].into());
    assert_eq!(found("mary", &[sold, unowned]).await, [sold, unowned].into());
    assert_eq!(found("alice", &[sold, unowned]).await, [sold].into());
    assert_eq!(found("bob", &[sold, unowned]).await, [].into());
    let many = |n: usize| of((0..n).map(|_| LeadId::generate()).collect());
    assert_eq!(tenant.answer("mary", &many(200)).await["outcome"], "found");
    assert_eq!(tenant.refused("mary", many(201)).await, "invalid_query");
    house.close().await;
}
