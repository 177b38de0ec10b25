//! What the advisor may know, and why an analysis says nothing any more: in lists as on the lead.

use crate::house::{Given, House, Tenant, day, found};
use crate::timeline::Entry;
use ael_events::event::ScoreFeatures;
use ael_events::ids::LeadId;
use ael_events::query::{
    AdvisorContext, AnalysisView, GetLead, LeadDetails, LeadFeatures, LeadFilter, LeadPage,
    ListLeads, Pattern, Query, StaleAnalysis,
};
use ael_events::values::{
    AdvisorSettings, AgeBand, Looked, MessageBand, Recommendation, Score, Source, Stage,
    StaleReason, WorkspaceSettings,
};
use chrono::{TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

async fn scoring<T: DeserializeOwned>(tenant: &Tenant<'_>, query: Query) -> T {
    found(tenant.answer_to_scoring(&query).await)
}

/// What an analysis knew beside what is so now.
#[derive(Clone, Copy)]
struct Case {
    outdated: Option<StaleReason>,
    messages: (u32, u32),
    days: i64,
    stage: Stage,
}

async fn analysed(tenant: &Tenant<'_>, case: Case) -> LeadId {
    let id = tenant.lead(Given { stage: case.stage, ..Given::default() }).await;
    let at = Utc::now() - TimeDelta::days(case.days);
    let house = tenant.house;
    sqlx::query(
        "UPDATE rm_lead_board_1.leads SET score = 0.5, score_rank = 0.5, tier = 'cold', \
         recommendation = 'nurture', analysed_at = $2, analysed_messages = $3, outdated = $4 \
         WHERE id = $1",
    )
    .bind(id.uuid())
    .bind(at)
    .bind(i64::from(case.messages.0))
    .bind(case.outdated.map(StaleReason::as_str))
    .execute(&house.superuser)
    .await
    .unwrap();
    sqlx::query("UPDATE rm_lead_board_1.activity SET message_count = $2 WHERE id = $1")
        .bind(id.uuid())
        .bind(i64::from(case.messages.1))
        .execute(&house.superuser)
        .await
        .unwrap();
    let analysis = AnalysisView {
        ai_score: Score::new(0.5).unwrap(),
        ai_recommendation: Recommendation::Nurture,
        ai_reason: None,
        last_ai_analysis_at: at,
        model: "local".parse().unwrap(),
        features: ScoreFeatures {
            source: Source::Manual,
            stage: case.stage,
            message_count: case.messages.0,
            has_domain: false,
            age_days: 0,
        },
        version: 1,
        outdated: case.outdated,
    };
    sqlx::query(
        "UPDATE rm_lead_card_1.cards SET card = jsonb_set(jsonb_set(card, '{analysis}', $2), \
         '{message_count}', $3) WHERE id = $1",
    )
    .bind(id.uuid())
    .bind(json!(analysis))
    .bind(json!(case.messages.1))
    .execute(&house.superuser)
    .await
    .unwrap();
    id
}

/// The rule, as the vocabulary has it.
fn expected(case: Case) -> Option<StaleReason> {
    if matches!(case.stage, Stage::Transferred | Stage::Lost) {
        return None;
    }
    let looked = Looked {
        same_stage: case.outdated != Some(StaleReason::StageChanged),
        same_domain: case.outdated != Some(StaleReason::DomainChanged),
        messages: case.messages,
        at: Utc::now() - TimeDelta::days(case.days),
    };
    looked.stale(Utc::now(), 7, &AdvisorSettings::default())
}

#[tokio::test]
async fn a_list_and_the_lead_say_the_same_of_why_an_analysis_is_stale() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let fresh = Case { outdated: None, messages: (4, 4), days: 0, stage: Stage::Contacted };
    let cases = [
        fresh,
        Case { messages: (4, 6), ..fresh },
        Case { messages: (4, 7), ..fresh },
        Case { messages: (0, 3), ..fresh },
        Case { messages: (20, 29), ..fresh },
        Case { messages: (20, 30), ..fresh },
        Case { days: 6, ..fresh },
        Case { days: 7, ..fresh },
        Case { outdated: Some(StaleReason::StageChanged), days: 9, ..fresh },
        Case { outdated: Some(StaleReason::DomainChanged), messages: (0, 9), ..fresh },
        Case { days: 90, stage: Stage::Lost, ..fresh },
        Case { outdated: Some(StaleReason::StageChanged), stage: Stage::Transferred, ..fresh },
    ];
    let mut told = Vec::new();
    for case in cases {
        let id = analysed(&tenant, case).await;
        let lead: LeadDetails = tenant.ask("mary", Query::GetLead(GetLead::now(id))).await;
        assert_eq!(lead.lead.ai_stale, expected(case), "{:?}", case.messages);
        let features: LeadFeatures = scoring(&tenant, Query::LeadFeatures { lead_id: id }).await;
        assert_eq!(features.stale, expected(case));
        told.push((id, expected(case)));
    }
    let bare = tenant.lead(Given::default()).await;
    told.push((bare, None));
    for wanted in [None, Some(true), Some(false)] {
        let filter = LeadFilter { stale: wanted, ..LeadFilter::default() };
        let query = Query::ListLeads(ListLeads { filter, ..ListLeads::default() });
        let page: LeadPage = tenant.ask("mary", query).await;
        let mut found: Vec<_> = page.items.iter().map(|lead| (lead.id, lead.ai_stale)).collect();
        found.sort_by_key(|(id, _)| *id);
        let mut right = told.clone();
        right.retain(|(_, why)| wanted.is_none_or(|stale| why.is_some() == stale));
        right.sort_by_key(|(id, _)| *id);
        assert_eq!(found, right, "{wanted:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_advisor_hears_of_old_analyses_of_every_workspace_the_oldest_first() {
    let house = House::open().await;
    let (one, other) = (house.workspace().await, house.workspace().await);
    let case = Case { outdated: None, messages: (0, 0), days: 0, stage: Stage::New };
    analysed(&one, Case { days: 6, ..case }).await;
    let old = analysed(&one, Case { days: 8, ..case }).await;
    let older = analysed(&other, Case { days: 30, ..case }).await;
    analysed(&other, Case { days: 30, stage: Stage::Lost, ..case }).await;
    let found: Vec<StaleAnalysis> = scoring(&one, Query::StaleAnalyses {}).await;
    let told: Vec<_> = found.iter().map(|stale| (stale.workspace, stale.lead_id)).collect();
    assert_eq!(told, [(other.id, older), (one.id, old)]);
    house.close().await;
}

#[tokio::test]
async fn the_advisor_hears_how_leads_ended_here_and_what_it_has_cost() {
    let house = House::open().await;
    let (here, elsewhere) = (house.workspace().await, house.workspace().await);
    for source in [Source::Partner, Source::Partner, Source::Scanner] {
        here.lead(Given { stage: Stage::Lost, source, ..Given::default() }).await;
    }
    elsewhere.lead(Given { stage: Stage::Lost, ..Given::default() }).await;
    here.lead(Given { stage: Stage::New, ..Given::default() }).await;
    let won = here.lead(Given { stage: Stage::Transferred, ..Given::default() }).await;
    here.sale(won, None, day(2)).await;
    house.write("UPDATE rm_sale_board_1.sales SET stage = 'paid'").await;
    let month = Utc::now().format("%Y-%m").to_string();
    for (lane, month, amount) in
        [(1, month.as_str(), 700), (2, month.as_str(), 50), (1, "2020-01", 9)]
    {
        sqlx::query("INSERT INTO rm_stats_1.counters VALUES ($1, $2, 'ai_cost', $3, $4, $5)")
            .bind(here.id.uuid())
            .bind(Uuid::nil())
            .bind(month)
            .bind(lane)
            .bind(amount)
            .execute(&house.superuser)
            .await
            .unwrap();
    }
    here.asked(&month, 30).await;
    let context: AdvisorContext = scoring(&here, Query::AdvisorContext {}).await;
    assert_eq!((context.spent_micro_usd, context.budget_micro_usd), (780, 10_000_000));
    assert_eq!(rate(&context, Pattern::Any), Some((4, 1)));
    assert_eq!(rate(&context, Pattern::Source(Source::Partner)), Some((2, 0)));
    house.close().await;
}

fn rate(context: &AdvisorContext, of: Pattern) -> Option<(u64, u64)> {
    context.win_rates.iter().find(|rate| rate.of == of).map(|rate| (rate.ended, rate.won))
}

/// A lead that was won, or lost while it was new.
async fn ended(tenant: &Tenant<'_>, won: bool) -> LeadId {
    let stage = if won { Stage::Transferred } else { Stage::Lost };
    let lead = tenant.lead(Given { stage, source: Source::Partner, ..Given::default() }).await;
    if won {
        tenant.sale(lead, None, day(2)).await;
    }
    lead
}

const WON: &str = "UPDATE rm_sale_board_1.sales SET stage = 'paid', paid_at = '2020-01-01'";

#[tokio::test]
async fn a_new_lead_is_compared_with_all_that_were_new_and_with_none_that_came_with_its_end() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for nth in 0..20 {
        ended(&tenant, nth % 2 == 0).await;
    }
    for (won, kind) in [(true, "won"), (false, "lost")] {
        let lead = ended(&tenant, won).await;
        let data = json!({ "outcome": { "kind": kind } });
        let entry = Entry { data, ..Entry::of("lead", lead.uuid(), "lead.imported.v1") };
        tenant.entry(1 + u64::from(won), &entry).await;
    }
    house.write(WON).await;
    house
        .write("UPDATE rm_lead_board_1.leads SET reached = 'qualified' WHERE stage <> 'lost'")
        .await;
    let context: AdvisorContext = scoring(&tenant, Query::AdvisorContext {}).await;
    assert_eq!(rate(&context, Pattern::Stage(Stage::New)), Some((20, 10)), "50 %");
    assert_eq!(rate(&context, Pattern::Stage(Stage::Contacted)), Some((10, 10)));
    assert_eq!(rate(&context, Pattern::Any), Some((22, 11)));
    assert_eq!(rate(&context, Pattern::Source(Source::Partner)), Some((22, 11)));
    assert_eq!(rate(&context, Pattern::Messages(MessageBand::None)), Some((20, 10)));
    assert_eq!(rate(&context, Pattern::HasDomain(false)), Some((20, 10)));
    assert_eq!(rate(&context, Pattern::Age(AgeBand::Today)), Some((20, 10)));
    house.close().await;
}

#[tokio::test]
async fn of_many_leads_those_count_that_ended_last_whichever_way_they_did() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let lost = ended(&tenant, false).await;
    ended(&tenant, true).await;
    house.write(WON).await;
    house
        .write(&format!(
            "INSERT INTO rm_lead_board_1.leads (workspace, id, stage, source, contact, tags, \
                 score_rank, created_at, stage_since, merged, erased, search) \
             SELECT workspace, gen_random_uuid(), stage, source, contact, tags, score_rank, \
                 created_at - interval '1 year', stage_since, merged, erased, search \
             FROM rm_lead_board_1.leads, generate_series(1, 19999) WHERE id = '{}'; \
             INSERT INTO rm_lead_board_1.activity SELECT workspace, id, 1, 0, created_at \
             FROM rm_lead_board_1.leads ON CONFLICT DO NOTHING",
            lost.uuid()
        ))
        .await;
    let context: AdvisorContext = scoring(&tenant, Query::AdvisorContext {}).await;
    assert_eq!(rate(&context, Pattern::Any), Some((20_000, 0)), "the won one ended years before");
    house.close().await;
}

#[tokio::test]
async fn settings_from_before_there_was_an_advisor_have_its_standard() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    house.write("UPDATE rm_members_1.workspaces SET settings = settings - 'advisor'").await;
    let case = Case { outdated: None, messages: (4, 7), days: 0, stage: Stage::New };
    let id = analysed(&tenant, case).await;
    let filter = LeadFilter { stale: Some(true), ..LeadFilter::default() };
    let query = Query::ListLeads(ListLeads { filter, ..ListLeads::default() });
    let page: LeadPage = tenant.ask("mary", query).await;
    assert_eq!(page.items.iter().map(|lead| lead.id).collect::<Vec<_>>(), [id]);
    let workspace: Value = tenant.ask("mary", Query::GetWorkspace {}).await;
    let standard = WorkspaceSettings::standard().unwrap().advisor;
    assert_eq!(workspace["settings"]["advisor"], json!(standard));
    house.close().await;
}
