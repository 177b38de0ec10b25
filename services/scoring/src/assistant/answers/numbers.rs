//! Numbers in words.

use crate::assistant::turn::{Draft, Turn, one_line};
use crate::assistant::understanding::Numbers;
use ael_client::ClientError;
use ael_events::query::{StageAging, Statistics};
use ael_events::values::{Currency, Money, SaleStage, Stage, Tier};
use std::collections::BTreeMap;

/// How many rows are told.
const TOLD: usize = 12;

impl Turn<'_> {
    pub(super) async fn numbers(&self, which: Numbers) -> Result<Draft, ClientError> {
        let numbers = self.eyes.statistics().await?;
        let text = match which {
            Numbers::Overview => self.overview(&numbers),
            Numbers::Funnel => self.funnel(&numbers),
            Numbers::Sources => self.sources(&numbers),
            Numbers::Domains => self.domains(&numbers),
            Numbers::Agents => self.agents(&numbers).await?,
            Numbers::Revenue => self.revenue(&numbers),
        };
        let next: &[&str] = match which {
            Numbers::Overview => &["suggest-domains", "suggest-agents"],
            Numbers::Agents => &["suggest-statistics", "suggest-attention"],
            Numbers::Funnel | Numbers::Sources | Numbers::Domains | Numbers::Revenue => {
                &["suggest-statistics", "suggest-hot"]
            }
        };
        Ok(Draft::saying(text).suggesting(next.iter().map(|key| self.voice.say(key))))
    }

    fn overview(&self, numbers: &Statistics) -> String {
        let (voice, all) = (self.voice, &numbers.overview);
        let mine = if self.is_agent() { voice.say("overview-mine") } else { String::new() };
        let rate = all.win_rate.map(|rate| {
            voice.say_with("overview-rate", [("rate", format!("{:.0}", rate * 100.0).into())])
        });
        let mut lines = vec![voice.say_with(
            "overview",
            [
                ("leads", all.leads.into()),
                ("mine", mine.into()),
                ("unowned", all.unowned.into()),
                ("sales", all.sales.into()),
                ("converted", all.converted.into()),
                ("rate", rate.unwrap_or_default().into()),
            ],
        )];
        let tiers: Vec<String> = Tier::ALL
            .iter()
            .filter_map(|tier| Some((tier, numbers.funnel.tiers.get(tier)?)))
            .map(|(tier, count)| format!("{}: {count}", self.tier(*tier)))
            .collect();
        if !tiers.is_empty() {
            lines.push(voice.say_with("overview-tiers", [("tiers", tiers.join(", ").into())]));
        }
        lines.extend(self.sums(numbers));
        lines.join("\n")
    }

    fn funnel(&self, numbers: &Statistics) -> String {
        let voice = self.voice;
        let late: BTreeMap<Stage, u64> =
            numbers.aging.iter().map(|StageAging { stage, overdue }| (*stage, *overdue)).collect();
        let mut lines = vec![voice.say("funnel-head")];
        for stage in Stage::ALL {
            let count = numbers.funnel.leads.get(stage).copied().unwrap_or_default();
            let late = late.get(stage).filter(|late| **late > 0);
            let late = late.map(|late| voice.say_with("funnel-late", [("count", (*late).into())]));
            lines.push(format!("• {}: {count}{}", self.stage(*stage), late.unwrap_or_default()));
        }
        if !numbers.funnel.sales.is_empty() {
            lines.push(voice.say("funnel-sales"));
        }
        for stage in SaleStage::ALL {
            if let Some(count) = numbers.funnel.sales.get(stage) {
                lines.push(format!("• {}: {count}", voice.say(&format!("sale-{stage}"))));
            }
        }
        lines.join("\n")
    }

    fn sources(&self, numbers: &Statistics) -> String {
        let named = numbers.sources.iter().map(|one| {
            let name = self.voice.say(&format!("source-{}", one.source));
            (name, one.leads, one.converted)
        });
        self.shares(self.voice.say("sources-head"), named.collect())
    }

    fn domains(&self, numbers: &Statistics) -> String {
        let named = numbers.domains.iter().map(|one| {
            let domain = one.business_domain.as_ref().map(|it| it.as_str().to_owned());
            let name = domain.unwrap_or_else(|| self.voice.say("domain-none"));
            (name, one.leads, one.converted)
        });
        self.shares(self.voice.say("domains-head"), named.collect())
    }

    /// The largest first.
    fn shares(&self, head: String, mut rows: Vec<(String, u64, u64)>) -> String {
        if rows.is_empty() {
            return self.voice.say("numbers-none");
        }
        rows.sort_by_key(|(_, leads, _)| std::cmp::Reverse(*leads));
        let lines = rows.into_iter().take(TOLD).map(|(name, leads, converted)| {
            let put_in =
                [("name", name.into()), ("leads", leads.into()), ("converted", converted.into())];
            format!("• {}", self.voice.say_with("share", put_in))
        });
        [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }

    async fn agents(&self, numbers: &Statistics) -> Result<String, ClientError> {
        if numbers.agents.is_empty() {
            return Ok(self.voice.say("numbers-none"));
        }
        let members = self.eyes.members().await?;
        let mut rows = numbers.agents.clone();
        rows.sort_by_key(|one| std::cmp::Reverse(one.open_leads));
        let lines = rows.iter().take(TOLD).map(|one| {
            let known = members.iter().find(|member| member.id == one.member_id);
            let name = known.and_then(|member| member.name.as_ref()).map(|name| name.as_str());
            let put_in = [
                ("name", one_line(name.unwrap_or("?"), 60).into()),
                ("leads", one.open_leads.into()),
                ("converted", one.converted.into()),
            ];
            format!("• {}", self.voice.say_with("agent-line", put_in))
        });
        let head = self.voice.say("agents-head");
        Ok([head].into_iter().chain(lines).collect::<Vec<_>>().join("\n"))
    }

    fn revenue(&self, numbers: &Statistics) -> String {
        let sums = self.sums(numbers);
        if sums.is_empty() { self.voice.say("revenue-none") } else { sums.join("\n") }
    }

    /// One line for each currency: sums never mix them.
    fn sums(&self, numbers: &Statistics) -> Vec<String> {
        let money = |minor: i64, currency: Currency| {
            let money = Money::new(minor, currency);
            money.map_or_else(|_| minor.to_string(), |money| money.readable())
        };
        let any = numbers.overview.revenue.iter();
        any.filter(|sum| sum.paid_minor != 0 || sum.expected_minor != 0)
            .map(|sum| {
                self.voice.say_with(
                    "revenue-line",
                    [
                        ("paid", money(sum.paid_minor, sum.currency).into()),
                        ("expected", money(sum.expected_minor, sum.currency).into()),
                    ],
                )
            })
            .collect()
    }
}
