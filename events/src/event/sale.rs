//! What can have happened to a sale.

use crate::event::lead::OptionalText;
use crate::ids::LeadId;
use crate::private::Private;
use crate::values::{LostReason, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::events! {
    /// An event of a sale.
    SaleEvent {
        /// A transferred lead has its sale.
        "sale.opened.v1" => Opened(Opened),
        /// The customer is being checked.
        "sale.kyc_started.v1" => KycStarted(KycStarted),
        /// The agreement is being made.
        "sale.agreement_started.v1" => AgreementStarted(AgreementStarted),
        /// Money has come.
        "sale.paid.v1" => Paid(Paid),
        /// It came to nothing.
        "sale.lost.v1" => Lost(SaleLost),
        /// It is to bring this much.
        "sale.amount_set.v1" => AmountSet(AmountSet),
    }
}

/// See [`SaleEvent::Opened`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The lead that was transferred; its owner is the sale's owner, always.
    pub lead_id: LeadId,
    /// What it is expected to bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Whether it came from another system, already paid.
    #[serde(default)]
    pub imported: bool,
}

/// See [`SaleEvent::KycStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KycStarted {}

/// See [`SaleEvent::AgreementStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgreementStarted {}

/// See [`SaleEvent::Paid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Paid {
    /// What was paid; unknown only for an imported sale, which no revenue counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// The sealed part of [`SaleLost`].
pub type SaleReasonPrivate = OptionalText;

/// See [`SaleEvent::Lost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SaleLost {
    /// Why.
    pub reason: LostReason,
    /// Why, in words, where they were given.
    #[serde(default)]
    pub private: Private<SaleReasonPrivate>,
}

/// See [`SaleEvent::AmountSet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AmountSet {
    /// The amount now.
    pub amount: Money,
}
