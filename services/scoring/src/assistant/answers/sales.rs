//! Sales.

use crate::assistant::turn::{Draft, Turn, one_line};
use ael_client::ClientError;
use ael_events::ids::LeadId;
use ael_events::query::{ListSales, SaleView};
use ael_events::values::{Money, SaleStage};
use futures::future::try_join_all;

/// How many are told one by one.
const TOLD: usize = 8;
/// How many are counted one by one.
const PAGE: u16 = 200;
const PAGES: usize = 5;

impl Turn<'_> {
    pub(super) async fn sales(&self, stage: Option<SaleStage>) -> Result<Draft, ClientError> {
        let voice = self.voice;
        let stages = stage.into_iter().collect();
        let limit = u16::try_from(TOLD + 1).ok();
        let page = self.eyes.sales(ListSales { stages, limit, ..ListSales::default() }).await?;
        let found = &page.items[..page.items.len().min(TOLD)];
        let (count, which) = (found.len(), self.in_stage(stage));
        let mut text =
            match (count, page.items.len() > TOLD) {
                (0, _) => voice.say_with("sales-none", [("which", which.into())]),
                (_, true) => voice
                    .say_with("sales-first", [("shown", count.into()), ("which", which.into())]),
                (_, false) => voice
                    .say_with("sales-found", [("count", count.into()), ("which", which.into())]),
            };
        for (number, sale) in (1..).zip(found) {
            text += &format!("\n{number}. {}", self.sale(sale));
        }
        let ids = found.iter().map(|sale| self.eyes.lead(sale.lead_id));
        let leads = try_join_all(ids).await?.into_iter().flatten();
        let leads: Vec<_> = leads.map(|lead| self.mentioned(&lead.lead)).collect();
        Ok(Draft::saying(text).about(leads).suggesting([voice.say("suggest-statistics")]))
    }

    pub(super) async fn how_many_sales(
        &self,
        stage: Option<SaleStage>,
    ) -> Result<Draft, ClientError> {
        let (mut count, mut cursor) = (0_u64, None);
        for _ in 0..PAGES {
            let stages = stage.into_iter().collect();
            let list = ListSales { stages, cursor, limit: Some(PAGE), ..ListSales::default() };
            let page = self.eyes.sales(list).await?;
            count += page.items.len() as u64;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let put_in = [("count", count.into()), ("which", self.in_stage(stage).into())];
        let text = self.voice.say_with("sales-count", put_in);
        Ok(Draft::saying(text).suggesting([self.voice.say("suggest-statistics")]))
    }

    fn in_stage(&self, stage: Option<SaleStage>) -> String {
        let Some(stage) = stage else { return String::new() };
        let stage = self.voice.say(&format!("sale-{stage}"));
        self.voice.say_with("which-stage", [("stage", stage.into())])
    }

    fn sale(&self, sale: &SaleView) -> String {
        let name = sale.full_name.as_ref().map(|name| one_line(name.as_str(), 80));
        let name = name.unwrap_or_else(|| self.voice.say("no-name"));
        let amount = sale.amount.as_ref().map(Money::readable);
        let amount = amount.unwrap_or_else(|| self.voice.say("no-amount"));
        format!("{name} — {}, {amount}", self.voice.say(&format!("sale-{}", sale.stage)))
    }

    /// The leads of sales, for who tells of them elsewhere.
    pub(in crate::assistant) async fn sales_of(
        &self,
        stage: Option<SaleStage>,
    ) -> Result<Vec<(LeadId, SaleView)>, ClientError> {
        let stages = stage.into_iter().collect();
        let list = ListSales { stages, limit: Some(20), ..ListSales::default() };
        let page = self.eyes.sales(list).await?;
        Ok(page.items.into_iter().map(|sale| (sale.lead_id, sale)).collect())
    }
}
