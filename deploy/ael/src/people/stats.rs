//! `ael stats`: the numbers of a workspace.

use crate::output::Output;
use crate::session::{Desk, Global};
use ael_events::query::{Query, Statistics};
use ael_events::values::Money;

/// Shows the numbers.
pub async fn run(global: &Global) -> anyhow::Result<()> {
    let desk = global.desk().await?;
    let numbers: Statistics = desk.ask(Query::Statistics {}).await?;
    desk.out().answer(&numbers, |out| {
        overview(*out, &desk, &numbers)?;
        out.say("")?;
        funnel(*out, &numbers)?;
        breakdown(*out, &desk, &numbers)
    })
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
