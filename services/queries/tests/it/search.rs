//! Finding a lead by what people remember of it.

use crate::house::{Given, House, Tenant};
use ael_events::ids::LeadId;
use ael_events::query::{LeadFilter, LeadPage, ListLeads, Query};
use ael_events::values::Stage;
use serde_json::json;
use std::collections::BTreeSet;

async fn person(tenant: &Tenant<'_>, owner: Option<&str>, contact: serde_json::Value) -> LeadId {
    let contact = serde_json::from_value(contact).unwrap();
    let owner = owner.map(|name| tenant.of(name));
    tenant.lead(Given { owner, contact, ..Given::default() }).await
}

fn asked(q: &str) -> Query {
    let filter = LeadFilter { q: Some(q.to_owned()), ..LeadFilter::default() };
    Query::ListLeads(ListLeads { filter, ..ListLeads::default() })
}

async fn found(tenant: &Tenant<'_>, name: &str, q: &str) -> BTreeSet<LeadId> {
    let page: LeadPage = tenant.ask(name, asked(q)).await;
    page.items.iter().map(|lead| lead.id).collect()
}

#[tokio::test]
async fn a_lead_is_found_by_what_people_remember_of_it() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let olena = person(
        &tenant,
        Some("alice"),
        json!({
            "full_name": "Олена Петренко-Ющенко", "company": "Нова Хата ТОВ",
            "email": "olena.p@example.com", "phone": "+380671234567", "telegram": "olena_hata"
        }),
    )
    .await;
    let john = person(
        &tenant,
        Some("bob"),
        json!({ "full_name": "John Smith", "company": "Acme", "phone": "+442071838750" }),
    )
    .await;
    for (q, expected) in [
        ("Петренко", olena),
        ("петренко ющенко", olena),
        ("Petrenko", olena),
        ("Петренка", olena),
        ("Пeтренкo", olena),
        ("Petrenko Yuschenko", olena),
        ("нова хата", olena),
        ("olena.p@exam", olena),
        ("@olena_hata", olena),
        ("067 123 45 67", olena),
        ("+38 (067) 123-45-67", olena),
        ("00380671234567", olena),
        ("1234567", olena),
        ("Smith", john),
        ("Jhon Smith", john),
        ("Сміт", john),
        ("020 7183 8750", john),
        ("ACME", john),
    ] {
        assert_eq!(found(&tenant, "mary", q).await, [expected].into(), "{q}");
    }
    for q in ["Коваль", "зовсім інша людина", "999888777"] {
        assert!(found(&tenant, "mary", q).await.is_empty(), "{q}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_search_keeps_to_see_rule_workspace_and_the_other_filters() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let name = json!({ "full_name": "Тарас Мельник" });
    let own = person(&tenant, Some("alice"), name.clone()).await;
    let bobs = person(&tenant, Some("bob"), name.clone()).await;
    let unowned = person(&tenant, None, name.clone()).await;
    person(&other, None, name).await;
    assert_eq!(found(&tenant, "alice", "Мельник").await, [own, unowned].into());
    assert_eq!(found(&tenant, "mary", "Мельник").await, [own, bobs, unowned].into());
    let filter = LeadFilter {
        q: Some("Мельник".to_owned()),
        stages: [Stage::Lost].into(),
        ..LeadFilter::default()
    };
    let none = Query::ListLeads(ListLeads { filter, ..ListLeads::default() });
    assert!(tenant.ask::<LeadPage>("mary", none).await.items.is_empty());
    for q in ["", "x", &"x".repeat(101)] {
        assert_eq!(tenant.refused("mary", asked(q)).await, "invalid_query");
    }
    for strange in ["100%", "_____", "' OR 1=1 --", "\\", "%%%", "a\u{0}b", "😀😀"] {
        let answer = tenant.answer("mary", &asked(strange)).await;
        assert_ne!(answer["outcome"], "failed", "{strange}: {answer}");
    }
    house.close().await;
}
