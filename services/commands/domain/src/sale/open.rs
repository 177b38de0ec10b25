//! Open the sale of a transferred lead: the process manager alone does it, once for each lead.
//!
//! A lead that was won in another system brings its sale along: it is paid from the start.

use super::{Sale, SaleContext, SaleRejection};
use ael_events::command::OpenSale;
use ael_events::event::{Opened, Paid, SaleEvent};
use ael_events::ids::SaleId;

pub(super) fn decide(
    sale: &Sale,
    context: &SaleContext,
    command: &OpenSale,
) -> Result<Vec<SaleEvent>, SaleRejection> {
    let lead_id = command.lead_id;
    if context.sale_id != SaleId::of(lead_id) {
        return Err(SaleRejection::OfAnotherLead { lead_id });
    }
    if sale.exists() {
        return Err(SaleRejection::AlreadyExists);
    }
    let lead = context.lead.filter(|lead| lead.lead_id == lead_id);
    let Some(handover) = lead.and_then(|lead| lead.handover) else {
        return Err(SaleRejection::LeadNotTransferred { lead_id });
    };
    let (amount, imported) = (handover.amount, handover.won_elsewhere);
    let opened = SaleEvent::Opened(Opened { lead_id, amount, imported });
    // Of an amount that is not even one kopiyka nothing is known.
    let brought = amount.filter(|amount| amount.amount_minor() > 0);
    let paid = imported.then_some(SaleEvent::Paid(Paid { amount: brought }));
    Ok([opened].into_iter().chain(paid).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fresh, given, handed_over, opened, paid};
    use super::*;
    use crate::lead::testing::{LEAD, hryvnias, lead_id};
    use crate::sale::SaleLead;
    use crate::testing::{ADMIN, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::{Actor, ServicePrincipal};

    const PROCESS_MANAGER: Actor = service(ServicePrincipal::ProcessManager);

    fn open() -> OpenSale {
        OpenSale { lead_id: LEAD }
    }

    #[test]
    fn a_transferred_lead_has_its_sale_opened_once() {
        given([]).when(PROCESS_MANAGER, open()).then([fresh()]);
        let amount = Some(hryvnias(700));
        given([])
            .and(|context| context.lead = Some(handed_over(amount, false)))
            .when(PROCESS_MANAGER, open())
            .then([opened(amount, false)]);
        given([fresh()]).when(PROCESS_MANAGER, open()).then_refused(SaleRejection::AlreadyExists);
    }

    #[test]
    fn a_lead_that_was_won_elsewhere_has_a_paid_sale_whose_amount_may_be_unknown() {
        for amount in [None, Some(hryvnias(700))] {
            given([])
                .and(|context| context.lead = Some(handed_over(amount, true)))
                .when(PROCESS_MANAGER, open())
                .then([opened(amount, true), paid(amount)]);
        }
        let nothing = Some(hryvnias(0));
        given([])
            .and(|context| context.lead = Some(handed_over(nothing, true)))
            .when(PROCESS_MANAGER, open())
            .then([opened(nothing, true), paid(None)]);
    }

    #[test]
    fn there_is_no_sale_without_a_transfer() {
        let not_handed_over = SaleLead { handover: None, ..handed_over(None, false) };
        for lead in [None, Some(not_handed_over)] {
            given([])
                .and(|context| context.lead = lead)
                .when(PROCESS_MANAGER, open())
                .then_refused(SaleRejection::LeadNotTransferred { lead_id: LEAD });
        }
    }

    #[test]
    fn a_sale_is_that_of_its_own_lead() {
        let other = lead_id(200);
        given([])
            .when(PROCESS_MANAGER, OpenSale { lead_id: other })
            .then_refused(SaleRejection::OfAnotherLead { lead_id: other });
    }

    #[test]
    fn no_person_opens_a_sale() {
        let principal = ServicePrincipal::ProcessManager;
        given([]).when(ADMIN, open()).then_refused(Forbidden::NotForPeople { principal });
    }

    #[test]
    fn the_sale_of_an_erased_person_is_opened_all_the_same() {
        given([])
            .and(|context| {
                context.lead = Some(SaleLead { erased: true, ..handed_over(None, false) });
            })
            .when(PROCESS_MANAGER, open())
            .then([fresh()]);
    }
}
