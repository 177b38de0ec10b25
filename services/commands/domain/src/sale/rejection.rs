//! Why something is not to happen to a sale, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use ael_events::ids::LeadId;
use ael_events::values::SaleStage;
use serde_json::{Value, json};

/// The fact that stands against a command to a sale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaleRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such sale.
    #[error("there is no such sale in this workspace")]
    NotFound,
    /// It was opened before.
    #[error("the sale of this lead was opened already")]
    AlreadyExists,
    /// A sale belongs to one lead, and its id follows from the lead's.
    #[error("this is not the sale of lead {lead_id}: a sale's id follows from its lead's")]
    OfAnotherLead {
        /// The lead that was named.
        lead_id: LeadId,
    },
    /// There is no sale without a transfer.
    #[error("lead {lead_id} was not transferred to sales, so it has no sale")]
    LeadNotTransferred {
        /// Which.
        lead_id: LeadId,
    },
    /// Paid and lost sales stay as they are.
    #[error("the sale is {stage}, and stays so")]
    Closed {
        /// The stage that it has.
        stage: SaleStage,
    },
    /// It has that stage.
    #[error("the sale is {stage} already")]
    AlreadyAtStage {
        /// Which.
        stage: SaleStage,
    },
    /// One stage after another.
    #[error("the sale is {stage}, and its next stage is {next}, not {to}")]
    NotNextStage {
        /// The stage that it has.
        stage: SaleStage,
        /// The stage that was asked for.
        to: SaleStage,
        /// The stage that comes next.
        next: SaleStage,
    },
    /// A lost sale has a reason.
    #[error("a sale is lost for a reason: mark it lost and give one")]
    LostNeedsReason,
    /// The reason `other` says nothing by itself.
    #[error("the reason “other” needs a text that says which")]
    LostReasonNeedsWords,
    /// Money that came is more than none.
    #[error("a paid sale needs an amount greater than zero: say what was paid")]
    AmountNeeded,
    /// Only what was paid is said with a move.
    #[error("an amount belongs to the move to paid: set the amount by itself")]
    AmountBeforePaid,
    /// Nothing can be written about a person who was erased.
    #[error("the person of this sale was erased, so no text can be kept: leave it out")]
    PersonErased,
}

impl SaleRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::OfAnotherLead { .. } => "of_another_lead",
            Self::LeadNotTransferred { .. } => "lead_not_transferred",
            Self::Closed { .. } => "closed",
            Self::AlreadyAtStage { .. } => "already_at_stage",
            Self::NotNextStage { .. } => "not_next_stage",
            Self::LostNeedsReason => "lost_needs_reason",
            Self::LostReasonNeedsWords => "reason_needs_words",
            Self::AmountNeeded => "amount_needed",
            Self::AmountBeforePaid => "amount_before_paid",
            Self::PersonErased => "erased",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::OfAnotherLead { lead_id } | Self::LeadNotTransferred { lead_id } => {
                json!({ "lead_id": lead_id })
            }
            Self::Closed { stage } | Self::AlreadyAtStage { stage } => json!({ "stage": stage }),
            Self::NotNextStage { stage, to, next } => {
                json!({ "stage": stage, "to": to, "next": next })
            }
            Self::NotFound
            | Self::AlreadyExists
            | Self::LostNeedsReason
            | Self::LostReasonNeedsWords
            | Self::AmountNeeded
            | Self::AmountBeforePaid
            | Self::PersonErased => Value::Null,
        }
    }
}

impl From<SaleRejection> for Rejected {
    fn from(rejection: SaleRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
