//! Say what a sale is to bring, before it is paid or lost.

use super::{Sale, SaleRejection};
use ael_events::command::SetAmount;
use ael_events::event::{AmountSet, SaleEvent};

pub(super) fn decide(sale: &Sale, command: &SetAmount) -> Result<Vec<SaleEvent>, SaleRejection> {
    let sale = sale.running()?;
    let amount = command.amount;
    if sale.amount == Some(amount) {
        return Ok(Vec::new());
    }
    Ok(vec![SaleEvent::AmountSet(AmountSet { amount })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fresh, given, kyc, opened, paid};
    use super::*;
    use crate::lead::testing::hryvnias;
    use crate::testing::{AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::SaleStage;

    fn set(amount: i64) -> SetAmount {
        SetAmount { amount: hryvnias(amount) }
    }

    #[test]
    fn the_amount_is_set_until_the_sale_is_closed() {
        let amount_set = SaleEvent::AmountSet(AmountSet { amount: hryvnias(5) });
        given([fresh()]).when(AGENT, set(5)).then([amount_set.clone()]);
        given([fresh(), kyc()]).when(MANAGER, set(5)).then([amount_set]);
        given([fresh(), paid(Some(hryvnias(5)))])
            .when(MANAGER, set(6))
            .then_refused(SaleRejection::Closed { stage: SaleStage::Paid });
        given([fresh()]).when(OTHER_AGENT, set(5)).then_refused(Forbidden::NotYours);
    }

    #[test]
    fn the_same_amount_is_no_news() {
        given([opened(Some(hryvnias(5)), false)]).when(AGENT, set(5)).then_nothing();
    }
}
