//! Sales: what became of transferred leads.

use super::Tag;
use super::lead_bodies::Loss;
use crate::desk::Desk;
use crate::wire::{Body, Found, List, Params, Path, Problem, Reader, Writer, Written};
use ael_events::command::{Command, LoseSale, MoveSale, SaleCommand, SetAmount, To};
use ael_events::ids::{LeadId, MemberId, SaleId};
use ael_events::query::{Cursor, GetSale, ListSales, Query, SalePage, SaleView};
use ael_events::values::{Money, SaleStage};
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use serde::Deserialize;

/// Following sales.
#[derive(Debug)]
pub(crate) struct SalesApi(pub(crate) Desk);

/// Which sales.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SaleListParams {
    /// In one of these stages.
    stage: Option<List<SaleStage>>,
    /// Of this member's leads.
    owner: Option<MemberId>,
    /// Of these leads, 200 at most.
    lead_id: Option<List<LeadId>>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 4096))]
    cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
}

/// What changes of a sale.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaleChanges {
    /// What it is to bring.
    amount: Money,
}

/// A stage that a sale moves forward to.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ForwardSaleStage {
    /// The buyer's papers are looked at.
    Kyc,
    /// The contract is agreed on.
    Agreement,
    /// The money came: needs an amount.
    Paid,
}

/// The next stage.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaleStageChange {
    /// Which.
    stage: ForwardSaleStage,
    /// What was paid, with `paid`, unless the amount was said before.
    #[serde(default)]
    amount: Option<Money>,
}

impl From<SaleStageChange> for MoveSale {
    fn from(change: SaleStageChange) -> Self {
        let to = match change.stage {
            ForwardSaleStage::Kyc => SaleStage::Kyc,
            ForwardSaleStage::Agreement => SaleStage::Agreement,
            ForwardSaleStage::Paid => SaleStage::Paid,
        };
        Self { to, amount: change.amount }
    }
}

fn to_sale(id: SaleId, command: impl Into<SaleCommand>) -> Command {
    Command::Sale(To { id, command: command.into() })
}

#[OpenApi(tag = "Tag::Sales")]
impl SalesApi {
    /// List sales
    ///
    /// Agents see their own.
    #[oai(path = "/sales", method = "get", operation_id = "list_sales")]
    async fn list(
        &self,
        reader: Reader,
        query: Params<SaleListParams>,
    ) -> Result<Found<SalePage>, Problem> {
        let SaleListParams { stage, owner, lead_id, cursor, limit } = query.0;
        let stages = stage.map(|list| list.0.into_iter().collect()).unwrap_or_default();
        let leads = lead_id.map(|list| list.0.into_iter().collect()).unwrap_or_default();
        let asked = ListSales { stages, owner, leads, cursor, limit };
        Ok(Found::raw(self.0.ask(&reader, Query::ListSales(asked)).await?))
    }

    /// Look at a sale
    #[oai(path = "/sales/:id", method = "get", operation_id = "get_sale")]
    async fn get(&self, reader: Reader, id: Path<SaleId>) -> Result<Found<SaleView>, Problem> {
        let asked = GetSale { sale_id: id.0 };
        Ok(Found::versioned(self.0.ask(&reader, Query::GetSale(asked)).await?))
    }

    /// Say what a sale is to bring
    #[oai(path = "/sales/:id", method = "patch", operation_id = "edit_sale")]
    async fn edit(
        &self,
        writer: Writer,
        id: Path<SaleId>,
        body: Body<SaleChanges>,
    ) -> Result<Written, Problem> {
        let command = to_sale(id.0, SetAmount { amount: body.0.amount });
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Move a sale forward
    ///
    /// To the next stage: `kyc`, `agreement`, `paid`. `paid` needs an amount.
    #[oai(path = "/sales/:id/stage", method = "post", operation_id = "move_sale")]
    async fn stage(
        &self,
        writer: Writer,
        id: Path<SaleId>,
        body: Body<SaleStageChange>,
    ) -> Result<Written, Problem> {
        let command = to_sale(id.0, MoveSale::from(body.0));
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Say that a sale came to nothing
    #[oai(path = "/sales/:id/lost", method = "post", operation_id = "lose_sale")]
    async fn lost(
        &self,
        writer: Writer,
        id: Path<SaleId>,
        body: Body<Loss>,
    ) -> Result<Written, Problem> {
        let Loss { reason, text } = body.0;
        let command = to_sale(id.0, LoseSale { reason, text });
        Ok(Written(self.0.tell(&writer, command).await?))
    }
}
