//! Move a sale to its next stage, one after another; with `paid` comes what was paid.

use super::{Sale, SaleRejection};
use ael_events::command::MoveSale;
use ael_events::event::{AgreementStarted, KycStarted, Paid, SaleEvent};
use ael_events::values::SaleStage;

pub(super) fn decide(sale: &Sale, command: &MoveSale) -> Result<Vec<SaleEvent>, SaleRejection> {
    let sale = sale.running()?;
    let (stage, to) = (sale.stage, command.to);
    if to == stage {
        return Err(SaleRejection::AlreadyAtStage { stage });
    }
    if to == SaleStage::Lost {
        return Err(SaleRejection::LostNeedsReason);
    }
    let (next, event) = match stage {
        SaleStage::New => (SaleStage::Kyc, SaleEvent::KycStarted(KycStarted {})),
        SaleStage::Kyc => (SaleStage::Agreement, SaleEvent::AgreementStarted(AgreementStarted {})),
        SaleStage::Agreement => {
            (SaleStage::Paid, SaleEvent::Paid(Paid { amount: command.amount.or(sale.amount) }))
        }
        SaleStage::Paid | SaleStage::Lost => return Err(SaleRejection::Closed { stage }),
    };
    if to != next {
        return Err(SaleRejection::NotNextStage { stage, to, next });
    }
    if let SaleEvent::Paid(paid) = &event {
        if paid.amount.is_none_or(|amount| amount.amount_minor() == 0) {
            return Err(SaleRejection::AmountNeeded);
        }
    } else if command.amount.is_some() {
        return Err(SaleRejection::AmountBeforePaid);
    }
    Ok(vec![event])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agreement, fresh, given, kyc, opened, paid};
    use super::*;
    use crate::lead::testing::hryvnias;
    use crate::testing::{AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::Money;

    fn to(to: SaleStage) -> MoveSale {
        MoveSale { to, amount: None }
    }

    fn to_paid(amount: Money) -> MoveSale {
        MoveSale { to: SaleStage::Paid, amount: Some(amount) }
    }

    #[test]
    fn a_sale_goes_one_stage_after_another() {
        given([fresh()]).when(AGENT, to(SaleStage::Kyc)).then([kyc()]);
        given([fresh(), kyc()]).when(AGENT, to(SaleStage::Agreement)).then([agreement()]);
        given([fresh(), kyc(), agreement()])
            .when(AGENT, to_paid(hryvnias(700)))
            .then([paid(Some(hryvnias(700)))]);
    }

    #[test]
    fn no_stage_is_skipped_repeated_or_gone_back_to() {
        let skipped = |stage, to, next| SaleRejection::NotNextStage { stage, to, next };
        given([fresh()]).when(MANAGER, to(SaleStage::Agreement)).then_refused(skipped(
            SaleStage::New,
            SaleStage::Agreement,
            SaleStage::Kyc,
        ));
        given([fresh()]).when(MANAGER, to_paid(hryvnias(1))).then_refused(skipped(
            SaleStage::New,
            SaleStage::Paid,
            SaleStage::Kyc,
        ));
        given([fresh(), kyc()]).when(MANAGER, to(SaleStage::New)).then_refused(skipped(
            SaleStage::Kyc,
            SaleStage::New,
            SaleStage::Agreement,
        ));
        given([fresh(), kyc()])
            .when(MANAGER, to(SaleStage::Kyc))
            .then_refused(SaleRejection::AlreadyAtStage { stage: SaleStage::Kyc });
        given([fresh()])
            .when(MANAGER, to(SaleStage::Lost))
            .then_refused(SaleRejection::LostNeedsReason);
    }

    #[test]
    fn a_paid_sale_has_an_amount() {
        given([fresh(), kyc(), agreement()])
            .when(AGENT, to(SaleStage::Paid))
            .then_refused(SaleRejection::AmountNeeded);
        given([fresh(), kyc(), agreement()])
            .when(AGENT, to_paid(hryvnias(0)))
            .then_refused(SaleRejection::AmountNeeded);
        given([opened(Some(hryvnias(700)), false), kyc(), agreement()])
            .when(AGENT, to(SaleStage::Paid))
            .then([paid(Some(hryvnias(700)))]);
        given([fresh()])
            .when(AGENT, MoveSale { to: SaleStage::Kyc, amount: Some(hryvnias(1)) })
            .then_refused(SaleRejection::AmountBeforePaid);
    }

    #[test]
    fn a_paid_sale_stays_paid() {
        let past = [fresh(), kyc(), agreement(), paid(Some(hryvnias(700)))];
        for stage in [SaleStage::New, SaleStage::Kyc, SaleStage::Agreement, SaleStage::Paid] {
            given(past.clone())
                .when(MANAGER, to(stage))
                .then_refused(SaleRejection::Closed { stage: SaleStage::Paid });
        }
    }

    #[test]
    fn an_agent_moves_the_sales_of_their_own_leads() {
        given([fresh()]).when(OTHER_AGENT, to(SaleStage::Kyc)).then_refused(Forbidden::NotYours);
        given([fresh()]).when(MANAGER, to(SaleStage::Kyc)).then([kyc()]);
        given([]).when(MANAGER, to(SaleStage::Kyc)).then_refused(SaleRejection::NotFound);
    }

    #[test]
    fn a_sale_follows_the_owner_of_its_lead() {
        let reassigned = || {
            given([fresh()]).and(|context| {
                let owner = Some(crate::testing::TARAS);
                context.lead = context.lead.map(|lead| crate::sale::SaleLead { owner, ..lead });
            })
        };
        reassigned().when(OTHER_AGENT, to(SaleStage::Kyc)).then([kyc()]);
        reassigned().when(AGENT, to(SaleStage::Kyc)).then_refused(Forbidden::NotYours);
    }
}
