//! The numbers of a workspace, or of an Agent's own leads: sums over the counters of all lanes.

use super::advisor::questions;
use super::rows::{member, word};
use crate::asker::Colleague;
use crate::refusal::{Answered, Unanswered};
use crate::view::View;
use ael_events::query::{
    AgentStats, AiStats, CurrencyAmount, DomainStats, FunnelStats, MonthStats, Overview,
    SourceStats, StageAging, Statistics, WorkspaceView,
};
use ael_events::values::{
    Currency, DomainSlug, InvalidMoney, InvalidText, SaleStage, Stage, WorkspaceSettings,
};
use ael_projections::advisor::Questions;
use chrono::Utc;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use uuid::Uuid;

/// How many months are told.
const MONTHS: usize = 12;

/// The numbers that concern the asker.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn answer(view: &mut View, asker: Colleague) -> Answered<Statistics> {
    let only = asker.sight().only().map(|me| me.uuid());
    let counters = Counters::read(view, only).await?;
    let agents = agents(view, only).await?;
    let settings = super::people::workspace(view).await?;
    let aging = aging(view, only, &settings).await?;
    let mut ai = counters.ai();
    if only.is_none() {
        of_the_workspace(&mut ai, &counters, &questions(view).await?, &settings.settings);
    }
    Ok(Statistics {
        overview: counters.overview(unowned(view, only).await?)?,
        funnel: FunnelStats {
            leads: counters.by_word("stage")?,
            sales: counters.by_word("sale_stage")?,
            tiers: counters.by_word("tier")?,
        },
        sources: counters.sources()?,
        domains: counters.domains()?,
        agents,
        months: counters.months(),
        aging,
        ai,
    })
}

/// Adds what concerns nobody's leads: questions in plain words, and the month's budget, in which
/// they count.
fn of_the_workspace(
    ai: &mut AiStats,
    counters: &Counters,
    questions: &Questions,
    settings: &WorkspaceSettings,
) {
    let month = Utc::now().format("%Y-%m").to_string();
    let asked = questions.cost_micro_usd.get(&month).copied().unwrap_or(0);
    ai.input_tokens += questions.input_tokens;
    ai.output_tokens += questions.output_tokens;
    ai.cost_micro_usd += questions.cost_micro_usd.values().sum::<u64>();
    ai.month_micro_usd = counters.of("ai_cost", &month) + asked;
    ai.budget_micro_usd = u64::from(settings.advisor.monthly_budget_cents.get()) * 10_000;
}

/// Sums by metric and key.
struct Counters(BTreeMap<String, BTreeMap<String, i64>>);

impl Counters {
    async fn read(view: &mut View, only: Option<Uuid>) -> Answered<Self> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT metric, key, sum(amount)::bigint FROM read.counters \
             WHERE workspace = $1 AND ($2::uuid IS NULL OR owner = $2) GROUP BY metric, key",
        )
        .bind(view.workspace.uuid())
        .bind(only)
        .fetch_all(&mut *view.tx)
        .await?;
        let mut sums: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        for (metric, key, amount) in rows.into_iter().filter(|(_, _, amount)| *amount != 0) {
            sums.entry(metric).or_default().insert(key, amount);
        }
        Ok(Self(sums))
    }

    fn of(&self, metric: &str, key: &str) -> u64 {
        self.signed(metric, key).max(0).unsigned_abs()
    }

    fn signed(&self, metric: &str, key: &str) -> i64 {
        self.0.get(metric).and_then(|keys| keys.get(key)).copied().unwrap_or(0)
    }

    /// Every key that one of these metrics has a sum for.
    fn keys<'a>(&'a self, metrics: &[&str]) -> BTreeSet<&'a str> {
        let keys = metrics.iter().filter_map(|metric| self.0.get(*metric));
        keys.flat_map(|keys| keys.keys().map(String::as_str)).collect()
    }

    fn by_word<T>(&self, metric: &'static str) -> Answered<BTreeMap<T, u64>>
    where
        T: FromStr + Ord,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        let keys = self.keys(&[metric]).into_iter();
        keys.map(|key| Ok((word(metric, key)?, self.of(metric, key)))).collect()
    }

    fn overview(&self, unowned: u64) -> Answered<Overview> {
        let converted = self.of("converted", "");
        let lost = self.of("stage", Stage::Lost.as_str())
            + self.of("sale_stage", SaleStage::Lost.as_str());
        Ok(Overview {
            leads: self.of("leads", ""),
            unowned,
            sales: self.of("sales", ""),
            converted,
            win_rate: win_rate(converted, lost),
            revenue: self.revenue()?,
        })
    }

    fn revenue(&self) -> Answered<Vec<CurrencyAmount>> {
        let currencies = self.keys(&["paid", "kyc", "agreement"]).into_iter();
        currencies
            .map(|code| {
                let expected = 3 * i128::from(self.signed("kyc", code))
                    + 6 * i128::from(self.signed("agreement", code));
                let currency = code
                    .parse::<Currency>()
                    .map_err(Unanswered::unreadable::<InvalidMoney>("a currency"))?;
                Ok(CurrencyAmount {
                    currency,
                    paid_minor: self.signed("paid", code),
                    expected_minor: i64::try_from(expected / 10).unwrap_or(i64::MAX),
                })
            })
            .collect()
    }

    fn sources(&self) -> Answered<Vec<SourceStats>> {
        let sources = self.keys(&["source", "source_converted", "source_lost"]).into_iter();
        sources
            .map(|key| {
                Ok(SourceStats {
                    source: word("a source", key)?,
                    leads: self.of("source", key),
                    converted: self.of("source_converted", key),
                    lost: self.of("source_lost", key),
                })
            })
            .collect()
    }

    fn domains(&self) -> Answered<Vec<DomainStats>> {
        let domains = self.keys(&["domain", "domain_converted"]).into_iter();
        domains
            .map(|key| {
                let slug = (!key.is_empty()).then(|| DomainSlug::parse(key)).transpose();
                Ok(DomainStats {
                    business_domain: slug
                        .map_err(Unanswered::unreadable::<InvalidText>("a business domain"))?,
                    leads: self.of("domain", key),
                    converted: self.of("domain_converted", key),
                })
            })
            .collect()
    }

    /// What the advisor did for leads. What remembered answers saved is what the others cost on
    /// average.
    fn ai(&self) -> AiStats {
        let models: BTreeMap<String, u64> = self
            .keys(&["ai_model"])
            .into_iter()
            .map(|model| (model.to_owned(), self.of("ai_model", model)))
            .collect();
        let costs = self.keys(&["ai_cost"]).into_iter();
        let cost_micro_usd = costs.map(|month| self.of("ai_cost", month)).sum();
        let (cache_hits, cache_misses) = (self.of("ai_hits", ""), self.of("ai_misses", ""));
        AiStats {
            analyses: models.values().sum(),
            models,
            cache_hits,
            cache_misses,
            input_tokens: self.of("ai_input_tokens", ""),
            output_tokens: self.of("ai_output_tokens", ""),
            cost_micro_usd,
            saved_micro_usd: cost_micro_usd.saturating_mul(cache_hits) / cache_misses.max(1),
            month_micro_usd: 0,
            budget_micro_usd: 0,
        }
    }

    fn months(&self) -> Vec<MonthStats> {
        let months = self.keys(&["month", "month_converted"]).into_iter();
        let mut last: Vec<MonthStats> = months
            .rev()
            .take(MONTHS)
            .map(|month| MonthStats {
                month: month.to_owned(),
                leads: self.of("month", month),
                converted: self.of("month_converted", month),
            })
            .collect();
        last.reverse();
        last
    }
}

/// The share of what ended well; nothing when nothing has ended.
fn win_rate(converted: u64, lost: u64) -> Option<f64> {
    let ended = converted + lost;
    #[expect(clippy::cast_precision_loss, reason = "a rate: fifteen digits of it are enough")]
    (ended > 0).then(|| converted as f64 / ended as f64)
}

/// Leads that nobody owns; none of them is among an Agent's own.
async fn unowned(view: &mut View, only: Option<Uuid>) -> Answered<u64> {
    if only.is_some() {
        return Ok(0);
    }
    let (amount,): (i64,) = sqlx::query_as(
        "SELECT coalesce(sum(amount), 0)::bigint FROM read.counters \
         WHERE workspace = $1 AND owner = $2 AND metric = 'leads'",
    )
    .bind(view.workspace.uuid())
    .bind(Uuid::nil())
    .fetch_one(&mut *view.tx)
    .await?;
    Ok(amount.max(0).unsigned_abs())
}

async fn agents(view: &mut View, only: Option<Uuid>) -> Answered<Vec<AgentStats>> {
    let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT owner, coalesce(sum(amount) FILTER (WHERE metric = 'open'), 0)::bigint, \
         coalesce(sum(amount) FILTER (WHERE metric = 'converted'), 0)::bigint \
         FROM read.counters WHERE workspace = $1 AND ($2::uuid IS NULL OR owner = $2) \
         AND owner <> $3 AND metric IN ('open', 'converted') GROUP BY owner ORDER BY owner",
    )
    .bind(view.workspace.uuid())
    .bind(only)
    .bind(Uuid::nil())
    .fetch_all(&mut *view.tx)
    .await?;
    let of = |(owner, open, converted): (Uuid, i64, i64)| AgentStats {
        member_id: member(owner),
        open_leads: open.max(0).unsigned_abs(),
        converted: converted.max(0).unsigned_abs(),
    };
    Ok(rows.into_iter().map(of).collect())
}

/// How many leads are late in each stage that has a deadline.
async fn aging(
    view: &mut View,
    only: Option<Uuid>,
    workspace: &WorkspaceView,
) -> Answered<Vec<StageAging>> {
    let deadlines = workspace.settings.stage_deadlines;
    let mut late = Vec::new();
    for (stage, hours) in [
        (Stage::New, deadlines.new_hours),
        (Stage::Contacted, deadlines.contacted_hours),
        (Stage::Qualified, deadlines.qualified_hours),
    ] {
        let (overdue,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM read.lead_stages WHERE workspace = $1 AND stage = $2 \
             AND stage_since < now() - make_interval(hours => $3) \
             AND ($4::uuid IS NULL OR owner = $4)",
        )
        .bind(view.workspace.uuid())
        .bind(stage.as_str())
        .bind(i32::try_from(hours.hours()).unwrap_or(i32::MAX))
        .bind(only)
        .fetch_one(&mut *view.tx)
        .await?;
        late.push(StageAging { stage, overdue: overdue.unsigned_abs() });
    }
    Ok(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(rows: &[(&str, &str, i64)]) -> Counters {
        let mut sums: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        for (metric, key, amount) in rows {
            sums.entry((*metric).to_owned()).or_default().insert((*key).to_owned(), *amount);
        }
        Counters(sums)
    }

    #[test]
    fn expected_revenue_is_three_tenths_of_kyc_and_six_of_agreement_and_never_mixes_currencies() {
        let counters = counters(&[
            ("paid", "UAH", 500),
            ("kyc", "UAH", 1_000),
            ("agreement", "UAH", 105),
            ("kyc", "USD", 10),
        ]);
        let revenue = counters.overview(0).unwrap().revenue;
        let told: Vec<_> =
            revenue.iter().map(|r| (r.currency.code(), r.paid_minor, r.expected_minor)).collect();
        assert_eq!(told, [("UAH", 500, 363), ("USD", 0, 3)]);
    }

    #[test]
    fn what_the_advisor_cost_is_told_with_its_questions_and_what_remembering_saved_without_them() {
        let month = Utc::now().format("%Y-%m").to_string();
        let counters = counters(&[
            ("ai_model", "local", 2),
            ("ai_model", "gpt", 7),
            ("ai_hits", "", 3),
            ("ai_misses", "", 4),
            ("ai_input_tokens", "", 500),
            ("ai_cost", "2020-10", 30),
            ("ai_cost", &month, 50),
        ]);
        let own = counters.ai();
        assert_eq!((own.analyses, own.models["gpt"]), (9, 7));
        assert_eq!((own.cost_micro_usd, own.saved_micro_usd, own.input_tokens), (80, 60, 500));
        assert_eq!((own.month_micro_usd, own.budget_micro_usd), (0, 0), "an Agent's own");
        let cost_micro_usd = [("2020-10".to_owned(), 100), (month, 7)].into();
        let questions = Questions { input_tokens: 40, output_tokens: 4, cost_micro_usd };
        let mut all = own.clone();
        let settings = WorkspaceSettings::standard().unwrap();
        of_the_workspace(&mut all, &counters, &questions, &settings);
        assert_eq!((all.cost_micro_usd, all.month_micro_usd, all.saved_micro_usd), (187, 57, 60));
        assert_eq!((all.input_tokens, all.output_tokens), (540, 4));
        assert_eq!(all.budget_micro_usd, 10_000_000);
    }

    #[test]
    fn the_win_rate_counts_what_has_ended() {
        let ended = counters(&[("converted", "", 3), ("stage", "lost", 1), ("stage", "new", 9)]);
        assert_eq!(ended.overview(0).unwrap().win_rate, Some(0.75));
        assert_eq!(counters(&[("stage", "new", 9)]).overview(0).unwrap().win_rate, None);
    }

    #[test]
    fn the_last_twelve_months_that_had_anything_are_told_in_order() {
        let keys: Vec<String> = (1..=14).map(|n| format!("20{n:02}-01")).collect();
        let rows: Vec<_> = keys.iter().map(|key| ("month", key.as_str(), 1)).collect();
        let months = counters(&rows).months();
        assert_eq!((months.len(), months[0].month.as_str()), (12, "2003-01"));
        assert_eq!(months[11].month, "2014-01");
    }
}
