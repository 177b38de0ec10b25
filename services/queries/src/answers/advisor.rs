//! What the advisor may know: a lead's features, how leads of the workspace ended, and what it has
//! cost. No name, contact, note or id is in it.

use super::learning::{self, LEARNT_FROM};
use super::people;
use super::rows::json;
use super::win_rates::win_rates;
use crate::refusal::{Answered, not_found};
use crate::view::View;
use ael_events::event::ScoreFeatures;
use ael_events::ids::{AdvisorId, LeadId, WorkspaceId};
use ael_events::query::{
    AdvisorContext, InsideFeatures, LeadFeatures, LeadView, StaleAnalysis, WorkspaceView,
};
use ael_events::values::{Looked, Stage, StaleReason, WorkspaceSettings};
use ael_projections::advisor::Questions;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

/// How many leads are told of at once.
const STALE: i32 = 100;
/// Millionths of a dollar in a cent.
const MICRO_USD_PER_CENT: u64 = 10_000;

/// What the advisor looks at of a lead.
///
/// # Errors
/// When there is no such lead.
pub async fn features(view: &mut View, lead: LeadId) -> Answered<LeadFeatures> {
    let sql = format!(
        "SELECT card, \
         greatest(0, floor(extract(epoch FROM \
            now() - (card ->> 'created_at')::timestamptz) / 86400))::int, \
         greatest(0, floor(extract(epoch FROM now() - COALESCE( \
            (SELECT max(t.occurred_at) FROM read.timeline t \
             WHERE t.workspace = $1 AND t.subject = $2 AND t.aggregate = 'lead' \
               AND t.event_name NOT IN ('lead.analysis_requested', 'lead.analysed') \
               AND {LEARNT_FROM}), \
            (card ->> 'updated_at')::timestamptz)) / 86400))::int \
         FROM read.lead_cards WHERE workspace = $1 AND id = $2"
    );
    let row: Option<(Json<LeadView>, i32, i32)> = sqlx::query_as(&sql)
        .bind(view.workspace.uuid())
        .bind(lead.uuid())
        .fetch_optional(&mut *view.tx)
        .await?;
    let (Json(card), age, idle) = row.ok_or_else(|| not_found("lead"))?;
    let WorkspaceView { settings, .. } = people::workspace(view).await?;
    let stale = stale_now(&card, &settings);
    Ok(LeadFeatures {
        anonymous: ScoreFeatures {
            source: card.source,
            stage: card.stage,
            message_count: card.message_count,
            has_domain: card.business_domain.is_some(),
            age_days: age.unsigned_abs(),
        },
        inside: InsideFeatures {
            has_email: card.contact.email.is_some(),
            has_phone: card.contact.phone.is_some(),
            has_company: card.contact.company.is_some(),
            has_position: card.contact.position.is_some(),
            has_budget: card.budget.is_some(),
            tags: card.tags,
            idle_days: idle.unsigned_abs(),
            attributes: card.attributes,
        },
        language: settings.language,
        min_transfer_score: settings.min_transfer_score,
        analysed_version: card.analysis.map(|analysis| analysis.version),
        stale,
        advisor_version: learning::advisor_version(view).await?,
    })
}

/// Why the analysis of a lead says nothing any more. Of a lead that is not being worked nobody
/// needs to know.
pub(super) fn stale_now(lead: &LeadView, settings: &WorkspaceSettings) -> Option<StaleReason> {
    let analysis = lead.analysis.as_ref()?;
    if !is_worked(lead) {
        return None;
    }
    let looked = Looked {
        same_stage: analysis.outdated != Some(StaleReason::StageChanged),
        same_domain: analysis.outdated != Some(StaleReason::DomainChanged),
        messages: (analysis.features.message_count, lead.message_count),
        at: analysis.last_ai_analysis_at,
    };
    looked.stale(Utc::now(), settings.stale_days, &settings.advisor)
}

const fn is_worked(lead: &LeadView) -> bool {
    let open = match lead.stage {
        Stage::New | Stage::Contacted | Stage::Qualified => true,
        Stage::Transferred | Stage::Lost => false,
    };
    open && lead.merged_into.is_none() && !lead.erased
}

/// What the advisor needs to know of the workspace.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn context(view: &mut View) -> Answered<AdvisorContext> {
    let month = Utc::now().format("%Y-%m").to_string();
    let asked = questions(view).await?.cost_micro_usd.get(&month).copied();
    let spent = analyses_cost(view, &month).await? + asked.unwrap_or(0);
    let settings = people::workspace(view).await?.settings;
    let cents = u64::from(settings.advisor.monthly_budget_cents.get());
    Ok(AdvisorContext {
        win_rates: win_rates(view).await?,
        spent_micro_usd: spent,
        budget_micro_usd: cents * MICRO_USD_PER_CENT,
    })
}

/// What models outside have cost for analyses in a calendar month (UTC).
async fn analyses_cost(view: &mut View, month: &str) -> Answered<u64> {
    let spent: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(amount), 0)::bigint FROM read.counters \
         WHERE workspace = $1 AND metric = 'ai_cost' AND key = $2",
    )
    .bind(view.workspace.uuid())
    .bind(month)
    .fetch_one(&mut *view.tx)
    .await?;
    Ok(spent.max(0).unsigned_abs())
}

/// What they have cost for questions.
pub(super) async fn questions(view: &mut View) -> Answered<Questions> {
    let kept: Option<Value> =
        sqlx::query_scalar("SELECT questions FROM read.advisors WHERE workspace = $1 AND id = $2")
            .bind(view.workspace.uuid())
            .bind(AdvisorId::of(view.workspace).uuid())
            .fetch_optional(&mut *view.tx)
            .await?;
    kept.map_or_else(|| Ok(Questions::default()), |kept| json("what questions cost", kept))
}

/// Leads of any workspace whose analysis is too old.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn stale(view: &mut View) -> Answered<Vec<StaleAnalysis>> {
    let rows: Vec<(Uuid, Uuid, DateTime<Utc>)> =
        sqlx::query_as("SELECT workspace, lead_id, analysed_at FROM read.stale_analyses($1)")
            .bind(STALE)
            .fetch_all(&mut *view.tx)
            .await?;
    let told = |(workspace, lead, analysed_at)| StaleAnalysis {
        workspace: WorkspaceId::from_uuid(workspace),
        lead_id: LeadId::from_uuid(lead),
        analysed_at,
    };
    Ok(rows.into_iter().map(told).collect())
}
