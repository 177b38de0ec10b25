//! The numbers: as text, and as a picture for a phone.

use crate::out::{Bar, Block, Chart, Keyboard, Out};
use crate::talk::hands::Done;
use crate::talk::html::{self, escaped};
use crate::talk::scene::Scene;
use crate::talk::tap::Tap;
use crate::talk::words::Put;
use ael_events::query::{Query, Statistics};
use ael_events::values::{Money, SaleStage, Source, Stage};

/// How many members the team's part lists.
const TEAM: usize = 10;
/// How many months the picture shows.
const MONTHS: usize = 6;

/// Shows the numbers.
pub(crate) async fn show(scene: &mut Scene<'_>, picture: bool) -> Done<()> {
    let numbers: Statistics = scene.ask(Query::Statistics {}).await?;
    if numbers.overview.leads == 0 {
        let text = scene.voice.say("stats-empty");
        let new = scene.button("menu-new", Tap::Quick(super::menu::NEW_LEAD));
        scene.show(text, vec![vec![new]]);
        return Ok(());
    }
    if picture {
        let chart = chart(scene, &numbers);
        let (chat, caption) = (scene.chat, scene.voice.say("stats-caption"));
        scene.push(Out::Chart { chat, chart, caption, keyboard: Keyboard::None });
        return Ok(());
    }
    let text = text(scene, &numbers).await?;
    let rows = vec![vec![scene.button("stats-picture", Tap::Stats { picture: true })]];
    scene.show(text, rows);
    Ok(())
}

async fn text(scene: &mut Scene<'_>, numbers: &Statistics) -> Done<String> {
    let overview = &numbers.overview;
    let title = if scene.manages() { "stats-title" } else { "stats-title-own" };
    let mut lines = vec![scene.voice.say(title)];
    lines.push(scene.voice.html(
        "stats-leads",
        [("leads", Put::from(overview.leads)), ("unowned", overview.unowned.into())],
    ));
    let funnel: Vec<String> = Stage::ALL
        .iter()
        .map(|stage| {
            let count = numbers.funnel.leads.get(stage).copied().unwrap_or(0);
            let word = scene.term("stage", stage.as_str());
            format!("{} {}: <b>{count}</b>", super::card::sign(*stage), escaped(&word))
        })
        .collect();
    lines.push(funnel.join("\n"));
    let won = [
        ("sales", Put::from(overview.sales)),
        ("won", overview.converted.into()),
        ("rate", percent(overview.win_rate).into()),
    ];
    lines.push(scene.voice.html("stats-won", won));
    for sum in &overview.revenue {
        let money = |minor| {
            Money::new(minor, sum.currency).map_or_else(|_| minor.to_string(), |it| it.readable())
        };
        let put = [
            ("paid", Put::from(money(sum.paid_minor))),
            ("expected", money(sum.expected_minor).into()),
        ];
        lines.push(scene.voice.html("stats-revenue", put));
    }
    if let [.., before, this] = &numbers.months[..] {
        let put = [
            ("leads", Put::from(this.leads)),
            ("leads_before", before.leads.into()),
            ("won", this.converted.into()),
            ("won_before", before.converted.into()),
        ];
        lines.push(scene.voice.html("stats-months", put));
    }
    if scene.manages() {
        lines.push(team(scene, numbers).await?);
    } else if let Some(own) = numbers.agents.first() {
        let put = [("open", Put::from(own.open_leads)), ("won", own.converted.into())];
        lines.push(scene.voice.html("stats-own", put));
    }
    Ok(lines.join("\n\n"))
}

/// What the team has to do, and what it won.
async fn team(scene: &mut Scene<'_>, numbers: &Statistics) -> Done<String> {
    let mut agents: Vec<_> = numbers.agents.iter().collect();
    agents.sort_by_key(|agent| std::cmp::Reverse((agent.converted, agent.open_leads)));
    let colleagues = scene.colleagues().await?.to_vec();
    let mut lines = vec![scene.voice.say("stats-team")];
    for agent in agents.into_iter().take(TEAM) {
        let member = colleagues.iter().find(|member| member.id == agent.member_id);
        let name = member.and_then(|member| member.name.as_ref()).map_or("?", |it| it.as_str());
        let put = [
            ("name", Put::from(html::name(name))),
            ("open", agent.open_leads.into()),
            ("won", agent.converted.into()),
        ];
        lines.push(scene.voice.html("stats-member", put));
    }
    Ok(lines.join("\n"))
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "—".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

#[expect(clippy::cast_precision_loss, reason = "a bar's length, of counts far below 2^52")]
fn bar(name: String, count: u64) -> Bar {
    Bar { name, value: count as f64, shown: count.to_string() }
}

/// The picture: how far leads and sales have come, how sources do, and the last months.
fn chart(scene: &Scene<'_>, numbers: &Statistics) -> Chart {
    let stages = Stage::ALL.iter().map(|stage| {
        let count = numbers.funnel.leads.get(stage).copied().unwrap_or(0);
        bar(scene.term("stage", stage.as_str()), count)
    });
    let sales = SaleStage::ALL.iter().map(|stage| {
        let count = numbers.funnel.sales.get(stage).copied().unwrap_or(0);
        bar(scene.term("sale", stage.as_str()), count)
    });
    let sources = Source::ALL.iter().map(|source| {
        let count = numbers.sources.iter().find(|it| it.source == *source).map_or(0, |it| it.leads);
        bar(scene.term("source", source.as_str()), count)
    });
    let newest = numbers.months.len().saturating_sub(MONTHS);
    let months =
        numbers.months.iter().skip(newest).map(|month| bar(month.month.clone(), month.converted));
    let block = |key: &str, bars: Vec<Bar>| Block { heading: scene.voice.say(key), bars };
    let blocks = vec![
        block("chart-leads", stages.collect()),
        block("chart-sales", sales.collect()),
        block("chart-sources", sources.collect()),
        block("chart-months", months.collect()),
    ];
    let blocks = blocks.into_iter().filter(|block| !block.bars.is_empty()).collect();
    Chart { title: scene.voice.say("chart-title"), blocks }
}
