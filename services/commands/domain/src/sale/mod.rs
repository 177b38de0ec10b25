//! A sale: exactly one per transferred lead, followed to payment. It belongs to the lead's owner.
//!
//! ```text
//! new ──▶ kyc ──▶ agreement ──▶ paid
//!  └───────┴──────────┴──────▶ lost     (a reason is required)
//! ```
//!
//! A sale that was won in another system is opened and paid at once, its amount perhaps unknown.

mod mark_lost;
mod move_forward;
mod open;
mod rejection;
mod set_amount;

#[cfg(test)]
pub(crate) mod testing;

pub use rejection::SaleRejection;

use crate::Asked;
use crate::lead::Handover;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::SaleCommand;
use ael_events::event::SaleEvent;
use ael_events::ids::{LeadId, MemberId, SaleId};
use ael_events::values::{Money, SaleStage};
use serde::{Deserialize, Serialize};

/// Everything that later decisions need to know about a sale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sale {
    /// Nobody opened it yet.
    #[default]
    Unopened,
    /// It was opened.
    Opened(OpenedSale),
}

/// A sale that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedSale {
    /// The lead that was transferred.
    pub lead_id: LeadId,
    /// How far it has come.
    pub stage: SaleStage,
    /// What it is to bring, or has brought.
    pub amount: Option<Money>,
    /// Whether it came from another system, already paid.
    pub imported: bool,
}

/// What the handler found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleContext {
    /// Which sale.
    pub sale_id: SaleId,
    /// When, and on whose behalf.
    pub asked: Asked,
    /// The lead: the one that the command names when the sale is opened, else the sale's own.
    pub lead: Option<SaleLead>,
}

/// What a sale has to know of its lead ([`crate::lead::Lead::for_sale`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleLead {
    /// Which lead.
    pub lead_id: LeadId,
    /// Whose it is, and so the sale.
    pub owner: Option<MemberId>,
    /// What sales was told, if it was transferred.
    pub handover: Option<Handover>,
    /// Whether its person was erased: then nothing can be sealed any more.
    pub erased: bool,
}

impl Sale {
    /// What happens when this is asked of the sale.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &SaleContext,
        command: SaleCommand,
    ) -> Result<Vec<SaleEvent>, SaleRejection> {
        let owner = context.lead.and_then(|lead| lead.owner);
        let subject = Subject { exists: self.exists(), owner, named: None };
        who_may::check(who_may::sale(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            SaleCommand::Open(command) => open::decide(self, context, &command),
            SaleCommand::Move(command) => move_forward::decide(self, &command),
            SaleCommand::MarkLost(command) => mark_lost::decide(self, context, command),
            SaleCommand::SetAmount(command) => set_amount::decide(self, &command),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: SaleEvent) {
        if let SaleEvent::Opened(opened) = event {
            *self = Self::Opened(OpenedSale {
                lead_id: opened.lead_id,
                stage: SaleStage::New,
                amount: opened.amount,
                imported: opened.imported,
            });
            return;
        }
        let Self::Opened(sale) = self else { return };
        match event {
            SaleEvent::Opened(_) => {}
            SaleEvent::KycStarted(_) => sale.stage = SaleStage::Kyc,
            SaleEvent::AgreementStarted(_) => sale.stage = SaleStage::Agreement,
            SaleEvent::Paid(paid) => {
                sale.stage = SaleStage::Paid;
                sale.amount = paid.amount;
            }
            SaleEvent::Lost(_) => sale.stage = SaleStage::Lost,
            SaleEvent::AmountSet(set) => sale.amount = Some(set.amount),
        }
    }

    /// Whether it was opened.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.opened().is_some()
    }

    /// The sale, once it was opened.
    #[must_use]
    pub const fn opened(&self) -> Option<&OpenedSale> {
        match self {
            Self::Unopened => None,
            Self::Opened(sale) => Some(sale),
        }
    }

    /// The lead that was transferred, once the sale was opened.
    #[must_use]
    pub fn lead_id(&self) -> Option<LeadId> {
        self.opened().map(|sale| sale.lead_id)
    }

    /// The sale, while something can still be decided about it.
    fn running(&self) -> Result<&OpenedSale, SaleRejection> {
        let sale = self.opened().ok_or(SaleRejection::NotFound)?;
        match sale.stage {
            SaleStage::New | SaleStage::Kyc | SaleStage::Agreement => Ok(sale),
            stage @ (SaleStage::Paid | SaleStage::Lost) => Err(SaleRejection::Closed { stage }),
        }
    }
}

crate::decider::aggregate!(Sale, "sale", SaleContext, SaleCommand, SaleEvent, SaleRejection);
