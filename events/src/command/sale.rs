//! What can be asked of a sale.

use crate::ids::LeadId;
use crate::values::{LostReason, Money, ReasonText, SaleStage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::commands! {
    /// A command to a sale.
    SaleCommand {
        /// Open the sale of a transferred lead.
        "open" => Open(OpenSale),
        /// Move it forward.
        "move" => Move(MoveSale),
        /// Say that it came to nothing.
        "mark_lost" => MarkLost(LoseSale),
        /// Say what it is to bring.
        "set_amount" => SetAmount(SetAmount),
    }
}

/// See [`SaleCommand::Open`]. The lead itself says whether it was transferred, for how much, and
/// whether it was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSale {
    /// The lead that was transferred.
    pub lead_id: LeadId,
}

/// See [`SaleCommand::Move`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveSale {
    /// The stage that it is to have: the next one.
    pub to: SaleStage,
    /// What was paid, with `paid`, unless the amount was set before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// See [`SaleCommand::MarkLost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoseSale {
    /// Why.
    pub reason: LostReason,
    /// In words; needed for `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<ReasonText>,
}

/// See [`SaleCommand::SetAmount`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAmount {
    /// The amount.
    pub amount: Money,
}
