//! Questions about sales.

use super::lead::{Cursor, Page};
use crate::ids::{LeadId, MemberId, SaleId};
use crate::values::{FullName, LostReason, Money, ReasonText, SaleStage};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// See [`super::Query::ListSales`]. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListSales {
    /// In one of these stages.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub stages: BTreeSet<SaleStage>,
    /// This member's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Of one of these leads, 200 at most.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub leads: BTreeSet<LeadId>,
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// See [`super::Query::GetSale`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSale {
    /// Which.
    pub sale_id: SaleId,
}

/// A page of sales.
pub type SalePage = Page<SaleView>;

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SaleView {
    /// Which.
    pub id: SaleId,
    /// Its version.
    pub version: u64,
    /// The lead that became it.
    pub lead_id: LeadId,
    /// The person's name.
    pub full_name: Option<FullName>,
    /// Who works it: the lead's owner.
    pub owner: Option<MemberId>,
    /// Its stage.
    pub stage: SaleStage,
    /// Its amount.
    pub amount: Option<Money>,
    /// Why it was lost.
    pub lost_reason: Option<LostReason>,
    /// In words.
    pub lost_text: Option<ReasonText>,
    /// Whether it was imported.
    pub imported: bool,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
}

/// A sale in short, beside its lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SaleSummary {
    /// Which.
    pub id: SaleId,
    /// Its version.
    pub version: u64,
    /// Its stage.
    pub stage: SaleStage,
    /// Its amount.
    pub amount: Option<Money>,
    /// Who works it: the lead's owner.
    pub owner: Option<MemberId>,
}
