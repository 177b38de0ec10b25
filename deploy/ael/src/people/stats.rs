//! `ael stats`: the numbers of a workspace.

use crate::output::Output;
use crate::session::{Desk, Global};
use ael_events::query::{AiStats, ProviderStanding, ProviderState, Query, Statistics};
use ael_events::subjects;
use ael_events::values::Money;
use serde::Serialize;

/// What a program is told.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    numbers: &'a Statistics,
    language_model: Option<&'a ProviderStanding>,
}

/// Shows the numbers.
pub async fn run(global: &Global) -> anyhow::Result<()> {
    let desk = global.desk().await?;
    let numbers: Statistics = desk.ask(Query::Statistics {}).await?;
    let standing = provider(&desk).await;
    let told = Told { numbers: &numbers, language_model: standing.as_ref() };
    desk.out().answer(&told, |out| {
        overview(*out, &desk, &numbers)?;
        out.say("")?;
        funnel(*out, &numbers)?;
        breakdown(*out, &desk, &numbers)?;
        advisor(*out, &numbers.ai, standing.as_ref())
    })
}

/// How it stands with the model outside, as the advisor told last.
async fn provider(desk: &Desk) -> Option<ProviderStanding> {
    let told = async {
        let bucket = desk.session.bus().bucket(subjects::ADVISOR).await?;
        bucket.get(subjects::PROVIDER_STANDING).await
    };
    // The numbers are worth showing without it.
    let entry = told.await.map_err(|error| tracing::debug!(%error, "no standing")).ok()??;
    serde_json::from_slice(&entry.value).ok()
}

fn advisor(out: Output, ai: &AiStats, provider: Option<&ProviderStanding>) -> anyhow::Result<()> {
    out.say("")?;
    let told = ai.models.iter().map(|(model, count)| format!("{model} {count}"));
    let mut facts = vec![
        ("analyses", ai.analyses.to_string()),
        ("answered by", told.collect::<Vec<_>>().join(", ")),
        ("language model", provider.map_or_else(|| "none is asked".to_owned(), state)),
    ];
    if ai.cache_hits + ai.cache_misses > 0 {
        let asked = ai.cache_hits + ai.cache_misses;
        let saved = dollars(ai.saved_micro_usd);
        let hits = format!("{} of {asked}, which saved {saved}", ai.cache_hits);
        facts.push(("remembered", hits));
    }
    // Nobody but who sees all is told of the budget.
    if ai.budget_micro_usd > 0 && (provider.is_some() || ai.month_micro_usd > 0) {
        let spent = dollars(ai.month_micro_usd);
        facts.push(("this month", format!("{spent} of {}", dollars(ai.budget_micro_usd))));
    }
    out.facts(facts)
}

fn state(provider: &ProviderStanding) -> String {
    let ProviderStanding { provider, model, state, until } = provider;
    let how = match (state, until) {
        (ProviderState::Closed, _) => "is asked".to_owned(),
        (ProviderState::HalfOpen, _) => "is being tried again".to_owned(),
        (ProviderState::Open, Some(until)) => {
            format!("fails, and is left alone until {} UTC", until.format("%H:%M:%S"))
        }
        (ProviderState::Open, None) => "fails, and is left alone for now".to_owned(),
    };
    format!("{model} ({provider}) {how}")
}

fn dollars(micro: u64) -> String {
    format!("${:.4}", micro as f64 / 1e6)
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", 100.0 * part as f64 / whole as f64)
    }
}

fn overview(out: Output, desk: &Desk, numbers: &Statistics) -> anyhow::Result<()> {
    let overview = &numbers.overview;
    out.say(out.bold(desk.workspace.name.as_str()))?;
    let rate = overview.win_rate.map(|rate| format!("{:.1} %", 100.0 * rate));
    let late: u64 = numbers.aging.iter().map(|aging| aging.overdue).sum();
    let money = |minor: i64, currency| {
        Money::new(minor, currency).map_or_else(|_| minor.to_string(), |money| money.to_string())
    };
    let paid: Vec<String> =
        overview.revenue.iter().map(|sum| money(sum.paid_minor, sum.currency)).collect();
    let expected: Vec<String> =
        overview.revenue.iter().map(|sum| money(sum.expected_minor, sum.currency)).collect();
    out.facts([
        ("leads", overview.leads.to_string()),
        ("without owner", overview.unowned.to_string()),
        ("late", late.to_string()),
        ("sales", overview.sales.to_string()),
        ("converted", overview.converted.to_string()),
        ("win rate", rate.unwrap_or_default()),
        ("revenue", paid.join(", ")),
        ("expected", expected.join(", ")),
    ])
}

fn funnel(out: Output, numbers: &Statistics) -> anyhow::Result<()> {
    let funnel = &numbers.funnel;
    let leads = funnel.leads.iter().map(|(stage, n)| ("lead".to_owned(), stage.to_string(), *n));
    let sales = funnel.sales.iter().map(|(stage, n)| ("sale".to_owned(), stage.to_string(), *n));
    let rows = leads.chain(sales).map(|(what, stage, n)| vec![what, stage, n.to_string()]);
    out.table(&["", "stage", "now#"], rows)
}

fn breakdown(out: Output, desk: &Desk, numbers: &Statistics) -> anyhow::Result<()> {
    if !numbers.sources.is_empty() {
        out.say("")?;
        let rows = numbers.sources.iter().map(|row| {
            let (won, lost) = (row.converted, row.lost);
            let rate = percent(won, won + lost);
            let numbers = [row.leads, won, lost].map(|number| number.to_string());
            [vec![row.source.to_string()], numbers.to_vec(), vec![rate]].concat()
        });
        out.table(&["source", "leads#", "converted#", "lost#", "win rate#"], rows)?;
    }
    if !numbers.domains.is_empty() {
        out.say("")?;
        let rows = numbers.domains.iter().map(|row| {
            let domain = row.business_domain.as_ref().map_or("(none)", |domain| domain.as_str());
            vec![domain.to_owned(), row.leads.to_string(), row.converted.to_string()]
        });
        out.table(&["domain", "leads#", "converted#"], rows)?;
    }
    if !numbers.agents.is_empty() {
        out.say("")?;
        let rows = numbers.agents.iter().map(|row| {
            let name = desk.name_of(row.member_id);
            vec![name, row.open_leads.to_string(), row.converted.to_string()]
        });
        out.table(&["member", "open leads#", "converted#"], rows)?;
    }
    if !numbers.months.is_empty() {
        out.say("")?;
        let rows = numbers.months.iter();
        let rows = rows
            .map(|row| vec![row.month.clone(), row.leads.to_string(), row.converted.to_string()]);
        out.table(&["month", "leads#", "converted#"], rows)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_nothing_is_no_rate() {
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(1, 3), "33.3 %");
    }
}
