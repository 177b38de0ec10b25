//! `ael sale`: look at sales and move them to payment.

use super::moment::shown;
use super::paging::Paging;
use super::whom::{self, FoundSale};
use crate::problem::Problem;
use crate::session::{Desk, Global};
use ael_events::command::{Command, LoseSale, MoveSale, SaleCommand as Ask, SetAmount, To};
use ael_events::query::{GetSale, ListSales, Query, SalePage, SaleView};
use ael_events::values::{self, Currency, LostReason, Money, ReasonText, SaleStage};
use clap::{Args, Subcommand};
use std::collections::BTreeSet;

/// What can be done with sales.
#[derive(Debug, Subcommand)]
pub enum SaleCommand {
    /// List sales, newest first
    #[command(after_help = "Examples:\n  ael sale list --stage kyc --stage agreement\n  \
        ael sale list --owner bohdan --json\n  ael sale list --limit 100")]
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
    #[command(flatten)]
    paging: Paging,
}

/// Which sale.
#[derive(Debug, Args)]
pub struct Which {
    /// The sale: its id, its lead's id, or words that find its lead
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
    values::amount(number, currency).map_err(|error| {
        let advice = "Write it like 12500.50 or \"99 EUR\".";
        Problem::new("usage", format!("{text:?}: {error}"), advice).into()
    })
}

impl SaleCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::List(list) => list.run(&desk).await,
            Self::Show(which) => {
                let sale_id = whom::sale(&desk, &which.sale, whom::to_see).await?.id;
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
    let FoundSale { id, lead } = whom::sale(desk, &which.sale, whom::to_change).await?;
    let name = lead.and_then(|lead| lead.name);
    let called =
        name.map_or_else(|| format!("sale {id}"), |name| format!("the sale of {name} ({id})"));
    let deed = deed(&command);
    let accepted = desk.send(Command::Sale(To { id, command })).await?;
    desk.out().answer(&accepted, |out| {
        let version = accepted.version;
        out.say(format!("{} {called}: {deed}, now version {version}", out.good("✓")))
    })
}

/// What was done, in a word or two.
fn deed(command: &Ask) -> String {
    match command {
        Ask::Open(_) => "opened".to_owned(),
        Ask::Move(step) => step.to.to_string(),
        Ask::MarkLost(_) => "lost".to_owned(),
        Ask::SetAmount(set) => set.amount.to_string(),
    }
}

impl List {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let owner = self.owner.as_deref().map(|owner| desk.find_member(owner)).transpose()?;
        let stages: BTreeSet<SaleStage> = self.stage.into_iter().collect();
        let nothing = if owner.is_some() || !stages.is_empty() {
            "No sale is like that. All of them: ael sale list"
        } else {
            "There is no sale to be seen yet. One begins with: ael lead transfer LEAD"
        };
        let question = |cursor, limit| {
            let stages = stages.clone();
            Query::ListSales(ListSales { stages, owner, cursor, limit, ..ListSales::default() })
        };
        let page: SalePage = self.paging.collect(desk, question).await?;
        let header = ["name", "stage", "amount#", "owner?", "opened?", "paid?", "id"];
        self.paging.answer(desk.out(), &page, &header, |sale| row(desk, sale), nothing)
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
