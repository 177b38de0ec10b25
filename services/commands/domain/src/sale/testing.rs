//! A sale's story in short words, for the tests of its rules.

use super::{Sale, SaleContext, SaleLead};
use crate::lead::Handover;
use crate::lead::testing::LEAD;
use crate::testing::{Given, OLENA, asked, given_in};
use ael_events::event::{AgreementStarted, KycStarted, Opened, Paid, SaleEvent};
use ael_events::ids::SaleId;
use ael_events::values::Money;

/// What sales was told about Olena's lead.
pub(crate) fn handed_over(amount: Option<Money>, won_elsewhere: bool) -> SaleLead {
    let handover = Some(Handover { amount, won_elsewhere });
    SaleLead { lead_id: LEAD, owner: Some(OLENA), handover, erased: false }
}

/// The sale of Olena's lead.
pub(crate) fn context() -> SaleContext {
    let lead = Some(handed_over(None, false));
    SaleContext { sale_id: SaleId::of(LEAD), asked: asked(), lead }
}

pub(crate) fn given(events: impl IntoIterator<Item = SaleEvent>) -> Given<Sale, SaleContext> {
    given_in(context(), events)
}

pub(crate) const fn opened(amount: Option<Money>, imported: bool) -> SaleEvent {
    SaleEvent::Opened(Opened { lead_id: LEAD, amount, imported })
}

pub(crate) const fn fresh() -> SaleEvent {
    opened(None, false)
}

pub(crate) const fn kyc() -> SaleEvent {
    SaleEvent::KycStarted(KycStarted {})
}

pub(crate) const fn agreement() -> SaleEvent {
    SaleEvent::AgreementStarted(AgreementStarted {})
}

pub(crate) const fn paid(amount: Option<Money>) -> SaleEvent {
    SaleEvent::Paid(Paid { amount })
}
