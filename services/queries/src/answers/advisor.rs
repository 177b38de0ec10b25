//! What the advisor may know: a lead's features, how leads of the workspace ended, and what it has
//! cost. No name, contact, note or id is in it.

use super::learning;
use super::people;
use crate::refusal::{Answered, not_found};
use crate::view::View;
use ael_events::event::ScoreFeatures;
use ael_events::ids::{LeadId, WorkspaceId};
use ael_events::query::{
    AdvisorContext, InsideFeatures, LeadFeatures, LeadView, Pattern, StaleAnalysis, WinRate,
    WorkspaceView,
};
use ael_events::values::{
    AgeBand, Looked, MessageBand, Source, Stage, StaleReason, WorkspaceSettings,
};
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Of how many leads that ended, the newest, it is told how they did.
const ENDED: i32 = 20_000;
/// How many leads are told of at once.
const STALE: i32 = 100;
/// Millionths of a dollar in a cent.
const MICRO_USD_PER_CENT: u64 = 10_000;

/// What the advisor looks at of a lead.
///
/// # Errors
/// When there is no such lead.
pub async fn features(view: &mut View, lead: LeadId) -> Answered<LeadFeatures> {
    let row: Option<(Json<LeadView>, i32, i32)> = sqlx::query_as(
        "SELECT card, \
         greatest(0, floor(extract(epoch FROM \
            now() - (card ->> 'created_at')::timestamptz) / 86400))::int, \
         greatest(0, floor(extract(epoch FROM now() - COALESCE( \
            (SELECT max(t.occurred_at) FROM read.timeline t \
             WHERE t.workspace = $1 AND t.subject = $2 AND t.aggregate = 'lead' \
               AND t.event_name NOT IN ('lead.analysis_requested', 'lead.analysed')), \
            (card ->> 'updated_at')::timestamptz)) / 86400))::int \
         FROM read.lead_cards WHERE workspace = $1 AND id = $2",
    )
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

#[derive(FromRow)]
struct Ended {
    source: String,
    reached: String,
    has_domain: bool,
    messages: i64,
    age: i32,
    won: bool,
    leads: i64,
}

/// What the advisor needs to know of the workspace.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn context(view: &mut View) -> Answered<AdvisorContext> {
    let spent = analyses_cost(view).await? + questions_cost(view).await?;
    let settings = people::workspace(view).await?.settings;
    let cents = u64::from(settings.advisor.monthly_budget_cents.get());
    Ok(AdvisorContext {
        win_rates: win_rates(&ended(view).await?),
        spent_micro_usd: spent,
        budget_micro_usd: cents * MICRO_USD_PER_CENT,
    })
}

/// What models outside have cost for analyses in this calendar month (UTC).
async fn analyses_cost(view: &mut View) -> Answered<u64> {
    let spent: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(amount), 0)::bigint FROM read.counters \
         WHERE workspace = $1 AND metric = 'ai_cost' AND key = $2",
    )
    .bind(view.workspace.uuid())
    .bind(Utc::now().format("%Y-%m").to_string())
    .fetch_one(&mut *view.tx)
    .await?;
    Ok(spent.max(0).unsigned_abs())
}

/// What they have cost for questions: there are few of these, and the timeline has them.
pub(super) async fn questions_cost(view: &mut View) -> Answered<u64> {
    let spent: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum((data #>> '{usage,cost_micro_usd}')::bigint), 0)::bigint \
         FROM read.timeline WHERE workspace = $1 AND event_name = 'advisor.consulted' \
         AND recorded_at >= date_trunc('month', now(), 'UTC')",
    )
    .bind(view.workspace.uuid())
    .fetch_one(&mut *view.tx)
    .await?;
    Ok(spent.max(0).unsigned_abs())
}

/// How the newest leads that ended did, by what an outside advisor may be told of them.
async fn ended(view: &mut View) -> Answered<Vec<Ended>> {
    let rows = sqlx::query_as(
        "SELECT source, reached, business_domain IS NOT NULL AS has_domain, \
            least(message_count, 10) AS messages, \
            least(greatest(extract(epoch FROM stage_since - created_at) / 86400, 0), 90)::int \
                AS age, won, count(*) AS leads \
         FROM ((SELECT l.*, false AS won FROM read.lead_board l \
             WHERE l.workspace = $1 AND l.stage = 'lost' AND NOT l.erased \
             ORDER BY l.created_at DESC LIMIT $2) \
           UNION ALL (SELECT l.*, s.stage = 'paid' AS won FROM read.sales s \
             JOIN read.lead_board l ON l.workspace = s.workspace AND l.id = s.lead_id \
             WHERE s.workspace = $1 AND l.workspace = $1 AND s.stage IN ('paid', 'lost') \
             AND NOT l.erased ORDER BY s.opened_at DESC LIMIT $2)) AS ended \
         GROUP BY 1, 2, 3, 4, 5, 6",
    )
    .bind(view.workspace.uuid())
    .bind(ENDED)
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(rows)
}

/// Sums for each trait, in a fixed order.
fn win_rates(ended: &[Ended]) -> Vec<WinRate> {
    let mut sums: BTreeMap<Pattern, (u64, u64)> = BTreeMap::new();
    for group in ended {
        let leads = group.leads.max(0).unsigned_abs();
        let messages = u32::try_from(group.messages).unwrap_or(u32::MAX);
        let age = u32::try_from(group.age).unwrap_or(u32::MAX);
        let patterns = [
            Some(Pattern::Any),
            group.source.parse::<Source>().ok().map(Pattern::Source),
            group.reached.parse::<Stage>().ok().map(Pattern::Stage),
            Some(Pattern::Messages(MessageBand::of(messages))),
            Some(Pattern::HasDomain(group.has_domain)),
            Some(Pattern::Age(AgeBand::of(age))),
        ];
        for pattern in patterns.into_iter().flatten() {
            let (ended, won) = sums.entry(pattern).or_default();
            *ended += leads;
            *won += if group.won { leads } else { 0 };
        }
    }
    sums.into_iter().map(|(of, (ended, won))| WinRate { of, ended, won }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn group(source: &str, won: bool, leads: i64) -> Ended {
        let (source, reached) = (source.to_owned(), "qualified".to_owned());
        Ended { source, reached, has_domain: true, messages: 3, age: 5, won, leads }
    }

    #[test]
    fn every_trait_is_counted_by_itself() {
        let rates = win_rates(&[group("partner", true, 3), group("scanner", false, 1)]);
        let of = |of| rates.iter().find(|rate| rate.of == of).map(|rate| (rate.ended, rate.won));
        assert_eq!(of(Pattern::Any), Some((4, 3)));
        assert_eq!(of(Pattern::Source(Source::Partner)), Some((3, 3)));
        assert_eq!(of(Pattern::Source(Source::Scanner)), Some((1, 0)));
        assert_eq!(of(Pattern::Messages(MessageBand::Few)), Some((4, 3)));
        assert_eq!(of(Pattern::Age(AgeBand::Week)), Some((4, 3)));
        assert_eq!(of(Pattern::HasDomain(false)), None);
    }
}
