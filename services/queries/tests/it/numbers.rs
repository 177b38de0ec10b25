//! Statistics: everybody's for Managers and Admins, one's own for an Agent.

use crate::house::{Given, House, Tenant};
use ael_events::query::{Query, Statistics};
use ael_events::values::{SaleStage, Source, Stage};
use chrono::{Duration, Utc};
use uuid::Uuid;

async fn count(tenant: &Tenant<'_>, owner: Option<&str>, metric: &str, key: &str, amounts: &[i64]) {
    for (lane, amount) in amounts.iter().enumerate() {
        let owner = owner.map_or(Uuid::nil(), |name| tenant.of(name).uuid());
        sqlx::query("INSERT INTO rm_stats_1.counters VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(tenant.id.uuid())
            .bind(owner)
            .bind(metric)
            .bind(key)
            .bind(i16::try_from(lane).unwrap())
            .bind(amount)
            .execute(&tenant.house.superuser)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn numbers_are_summed_over_lanes_and_an_agent_gets_their_own() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    for (owner, amounts) in [(Some("alice"), &[3, -1][..]), (Some("bob"), &[5]), (None, &[1])] {
        count(&tenant, owner, "leads", "", amounts).await;
        count(&tenant, owner, "open", "", amounts).await;
        count(&tenant, owner, "stage", "new", amounts).await;
        count(&tenant, owner, "source", "partner", amounts).await;
        count(&tenant, owner, "domain", "", amounts).await;
        count(&tenant, owner, "month", "2026-10", amounts).await;
    }
    count(&tenant, Some("alice"), "sales", "", &[2]).await;
    count(&tenant, Some("alice"), "sale_stage", "paid", &[1]).await;
    count(&tenant, Some("alice"), "sale_stage", "lost", &[1]).await;
    count(&tenant, Some("alice"), "sale_stage", "kyc", &[1, -1]).await;
    count(&tenant, Some("alice"), "converted", "", &[1]).await;
    count(&tenant, Some("alice"), "paid", "UAH", &[100, 50]).await;
    count(&other, None, "leads", "", &[100]).await;
    let long_ago = Utc::now() - Duration::days(30);
    for owner in [Some("alice"), Some("bob"), None] {
        let owner = owner.map(|name| tenant.of(name));
        tenant.lead(Given { owner, created_at: long_ago, ..Given::default() }).await;
    }
    tenant.lead(Given { created_at: Utc::now(), ..Given::default() }).await;

    let all: Statistics = tenant.ask("mary", Query::Statistics {}).await;
    assert_eq!((all.overview.leads, all.overview.unowned, all.overview.sales), (8, 1, 2));
    assert_eq!((all.overview.converted, all.overview.win_rate), (1, Some(0.5)));
    assert_eq!(all.funnel.leads[&Stage::New], 8);
    assert!(!all.funnel.sales.contains_key(&SaleStage::Kyc), "what cancels out is not told");
    assert_eq!((all.sources[0].source, all.sources[0].leads), (Source::Partner, 8));
    assert_eq!(all.overview.revenue[0].paid_minor, 150);
    assert_eq!((all.agents.len(), all.months[0].leads), (2, 8));
    let late = |stats: &Statistics| {
        stats.aging.iter().map(|row| (row.stage, row.overdue)).collect::<Vec<_>>()
    };
    assert_eq!(late(&all), [(Stage::New, 3), (Stage::Contacted, 0), (Stage::Qualified, 0)]);

    let own: Statistics = tenant.ask("alice", Query::Statistics {}).await;
    assert_eq!((own.overview.leads, own.overview.unowned, own.overview.sales), (2, 0, 2));
    let agents: Vec<_> = own.agents.iter().map(|row| (row.member_id, row.open_leads)).collect();
    assert_eq!(agents, [(tenant.of("alice"), 2)]);
    assert_eq!(late(&own)[0], (Stage::New, 1));
    let nothing: Statistics = tenant.ask("bob", Query::Statistics {}).await;
    assert_eq!((nothing.overview.converted, nothing.overview.revenue.len()), (0, 0));
    house.close().await;
}

#[tokio::test]
async fn the_advisors_cost_has_its_questions_in_it_and_an_agent_is_told_of_no_budget() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let month = Utc::now().format("%Y-%m").to_string();
    count(&tenant, Some("alice"), "ai_cost", &month, &[500, 20]).await;
    count(&tenant, Some("alice"), "ai_input_tokens", "", &[60]).await;
    count(&tenant, None, "ai_cost", "2020-01", &[3]).await;
    tenant.asked(&month, 30).await;
    other.asked(&month, 7).await;
    let ai = tenant.ask::<Statistics>("mary", Query::Statistics {}).await.ai;
    assert_eq!((ai.month_micro_usd, ai.cost_micro_usd), (550, 1_553));
    assert_eq!((ai.input_tokens, ai.output_tokens, ai.budget_micro_usd), (100, 4, 10_000_000));
    let own = tenant.ask::<Statistics>("alice", Query::Statistics {}).await.ai;
    assert_eq!((own.cost_micro_usd, own.input_tokens, own.output_tokens), (520, 60, 0));
    assert_eq!((own.month_micro_usd, own.budget_micro_usd), (0, 0));
    house.close().await;
}
