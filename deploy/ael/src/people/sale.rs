//! `ael sale`: look at sales and move them to payment.

use super::moment::shown;
use super::whom::{self, Found};
use crate::import::moments;
use crate::problem::Problem;
use crate::session::{Desk, Global};
use ael_events::command::{Command, LoseSale, MoveSale, SaleCommand as Ask, SetAmount, To};
use ael_events::ids::SaleId;
use ael_events::query::{GetSale, ListSales, Query, SalePage, SaleView};
use ael_events::values::{Currency, LostReason, Money, ReasonText, SaleStage};
use clap::{Args, Subcommand};

/// What can be done with sales.
#[derive(Debug, Subcommand)]
pub enum SaleCommand {
    /// List sales, newest first
    #[command(after_help = "Examples:\n  ael sale list --stage kyc --stage agreement\n  \
        ael sale list --owner bohdan --json")]
    List(List),
    /// Show a sale
    #[command(after_help = "Example:\n  ael sale show petrenko")]
    Show(Which),
    /// Move a sale forward: kyc, agreement, paid
    #[command(after_help = "Examples:\n  ael sale move petrenko kyc\n  \
        ael sale move petrenko paid --amount 12500")]
    Move(Move),
    /// Say that a sale came to nothing
    #[command(after_help = "Example:\n  ael sale lose petrenko competitor")]
    Lose(Lose),
    /// Say what a sale is to bring
    #[command(after_help = "Example:\n  ael sale amount petrenko \"99 EUR\"")]
    Amount(Amount),
}

/// See [`SaleCommand::List`].
#[derive(Debug, Args)]
pub struct List {
    /// In this stage (several may be given): new, kyc, agreement, paid, lost
    #[arg(long)]
    stage: Vec<SaleStage>,
    /// Whose
    #[arg(long, value_name = "MEMBER")]
    owner: Option<String>,
    /// How many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// Which sale.
#[derive(Debug, Args)]
pub struct Which {
    /// The sale: its id, or words that find its lead
    #[arg(value_name = "SALE")]
    sale: String,
}

/// See [`SaleCommand::Move`].
#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    which: Which,
    /// The next stage: kyc, agreement or paid
    to: SaleStage,
    /// What was paid, with `paid`
    #[arg(long)]
    amount: Option<String>,
}

/// See [`SaleCommand::Lose`].
#[derive(Debug, Args)]
pub struct Lose {
    #[command(flatten)]
    which: Which,
    /// no_budget, no_response, competitor, not_interested, invalid_contact or other
    reason: LostReason,
    /// In words; needed for `other`
    #[arg(long)]
    text: Option<ReasonText>,
}

/// See [`SaleCommand::Amount`].
#[derive(Debug, Args)]
pub struct Amount {
    #[command(flatten)]
    which: Which,
    /// Such as 12500.50 (in the workspace's currency) or "99 EUR"
    amount: String,
}

impl Desk {
    /// An amount as people type it: `12500.50`, in the workspace's currency, or `99 EUR`.
    pub fn amount(&self, text: &str) -> anyhow::Result<Money> {
        money(text, self.workspace.settings.currency)
    }
}

fn money(text: &str, usual: Currency) -> anyhow::Result<Money> {
    let text = text.trim();
    let letters = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (number, code) = text.split_at(letters);
    let currency = if code.is_empty() { usual } else { code.parse()? };
    moments::amount(number, currency).map_err(|error| {
        let advice = "Write it like 12500.50 or \"99 EUR\".";
        Problem::new("usage", format!("{text:?}: {error}"), advice).into()
    })
}

/// The sale to look at.
async fn find(desk: &Desk, which: &Which) -> anyhow::Result<SaleId> {
    match which.sale.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(SaleId::of(whom::to_see(desk, &which.sale).await?.id)),
    }
}

/// The sale to change, and its lead where words found it.
async fn to_change(desk: &Desk, which: &Which) -> anyhow::Result<(SaleId, Option<Found>)> {
    if let Ok(id) = which.sale.parse() {
        return Ok((id, None));
    }
    let lead = whom::to_change(desk, &which.sale).await?;
    Ok((SaleId::of(lead.id), Some(lead)))
}

impl SaleCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::List(list) => list.run(&desk).await,
            Self::Show(which) => {
                let sale_id = find(&desk, &which).await?;
                let sale: SaleView = desk.ask(Query::GetSale(GetSale { sale_id })).await?;
                show(&desk, &sale)
            }
            Self::Move(step) => {
                let amount = step.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
                send(&desk, &step.which, Ask::Move(MoveSale { to: step.to, amount })).await
            }
            Self::Lose(lose) => {
                let command = LoseSale { reason: lose.reason, text: lose.text };
                send(&desk, &lose.which, Ask::MarkLost(command)).await
            }
            Self::Amount(amount) => {
                let command = SetAmount { amount: desk.amount(&amount.amount)? };
                send(&desk, &amount.which, Ask::SetAmount(command)).await
            }
        }
    }
}

async fn send(desk: &Desk, which: &Which, command: Ask) -> anyhow::Result<()> {
    let (id, lead) = to_change(desk, which).await?;
    let name = lead.and_then(|lead| lead.name);
    let called =
        name.map_or_else(|| format!("sale {id}"), |name| format!("the sale of {name} ({id})"));
    let accepted = desk.send(Command::Sale(To { id, command })).await?;
    desk.out().answer(&accepted, |out| {
        out.say(format!("{} {called} is at version {}", out.good("✓"), accepted.version))
    })
}

impl List {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let owner = self.owner.as_deref().map(|owner| desk.find_member(owner)).transpose()?;
        let stages = self.stage.into_iter().collect();
        let mut query = ListSales { stages, owner, cursor: None, limit: None };
        let mut sales: Vec<SaleView> = Vec::new();
        while sales.len() < self.limit {
            let missing = (self.limit - sales.len()).clamp(1, 200);
            query.limit = Some(u16::try_from(missing).unwrap_or(200));
            let page: SalePage = desk.ask(Query::ListSales(query.clone())).await?;
            sales.extend(page.items);
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        desk.out().answer(&sales, |out| {
            if sales.is_empty() {
                return out.say("No sale is like that.");
            }
            let header = ["name", "stage", "amount#", "owner", "opened", "paid", "id"];
            out.table(&header, sales.iter().map(|sale| row(desk, sale)))?;
            out.say(out.dim(format!("{} shown; times are UTC", sales.len())))
        })
    }
}

fn amount(sale: &SaleView) -> String {
    sale.amount.map_or_else(|| "unknown".to_owned(), |amount| amount.to_string())
}

fn row(desk: &Desk, sale: &SaleView) -> Vec<String> {
    let name = sale.full_name.as_ref().map(|name| name.as_str().to_owned());
    vec![
        name.unwrap_or_default(),
        sale.stage.to_string(),
        amount(sale),
        sale.owner.map(|owner| desk.name_of(owner)).unwrap_or_default(),
        shown(sale.opened_at),
        sale.paid_at.map(shown).unwrap_or_default(),
        sale.id.to_string(),
    ]
}

fn show(desk: &Desk, sale: &SaleView) -> anyhow::Result<()> {
    desk.out().answer(sale, |out| {
        let name = sale.full_name.as_ref().map_or("(no name)", |name| name.as_str());
        out.say(out.bold(name))?;
        let lost = sale.lost_reason.map(|reason| {
            let words = sale.lost_text.as_ref().map(|text| format!(": {}", text.as_str()));
            format!("{reason}{}", words.unwrap_or_default())
        });
        out.facts([
            ("id", sale.id.to_string()),
            ("version", sale.version.to_string()),
            ("lead", sale.lead_id.to_string()),
            ("stage", format!("{}{}", sale.stage, if sale.imported { " (imported)" } else { "" })),
            ("lost because", lost.unwrap_or_default()),
            ("amount", amount(sale)),
            ("owner", sale.owner.map_or("nobody".to_owned(), |owner| desk.name_of(owner))),
            ("opened", format!("{} UTC", shown(sale.opened_at))),
            ("updated", format!("{} UTC", shown(sale.updated_at))),
            ("paid", sale.paid_at.map(|at| format!("{} UTC", shown(at))).unwrap_or_default()),
        ])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_in_the_workspaces_currency_unless_it_says_another() {
        let uah = "UAH".parse().unwrap();
        assert_eq!(money("12500.50", uah).unwrap().to_string(), "12500.50 UAH");
        assert_eq!(money("99 EUR", uah).unwrap().to_string(), "99.00 EUR");
        assert_eq!(money("99usd", uah).unwrap().to_string(), "99.00 USD");
        assert!(money("much", uah).is_err());
        assert!(money("123.456", uah).unwrap_err().to_string().contains("123456 or 123.46"));
    }
}
