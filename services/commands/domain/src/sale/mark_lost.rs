//! Say that a sale came to nothing, and why.

use super::{Sale, SaleContext, SaleRejection};
use ael_events::command::LoseSale;
use ael_events::event::{OptionalText, SaleEvent, SaleLost};
use ael_events::private::Private;

pub(super) fn decide(
    sale: &Sale,
    context: &SaleContext,
    command: LoseSale,
) -> Result<Vec<SaleEvent>, SaleRejection> {
    sale.running()?;
    let LoseSale { reason, text } = command;
    let erased = context.lead.is_some_and(|lead| lead.erased);
    let private = match (text, erased) {
        (Some(_), true) => return Err(SaleRejection::PersonErased),
        (None, true) => Private::Erased,
        (None, false) if reason.needs_words() => {
            return Err(SaleRejection::LostReasonNeedsWords);
        }
        (text, false) => Private::Open(OptionalText { text }),
    };
    Ok(vec![SaleEvent::Lost(SaleLost { reason, private })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agreement, fresh, given, handed_over, kyc, paid};
    use super::*;
    use crate::lead::testing::{hryvnias, text};
    use crate::sale::SaleLead;
    use crate::testing::{AGENT, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::{LostReason, SaleStage};

    fn lose() -> LoseSale {
        LoseSale { reason: LostReason::Competitor, text: None }
    }

    fn lost() -> SaleEvent {
        let private = Private::Open(OptionalText::default());
        SaleEvent::Lost(SaleLost { reason: LostReason::Competitor, private })
    }

    #[test]
    fn a_sale_is_lost_from_every_stage_before_paid() {
        let past = [fresh(), kyc(), agreement()];
        for stages in 1..=3 {
            given(past[..stages].to_vec()).when(AGENT, lose()).then([lost()]);
        }
        given([fresh()]).when(OTHER_AGENT, lose()).then_refused(Forbidden::NotYours);
    }

    #[test]
    fn what_is_paid_or_lost_is_not_lost_again() {
        for (end, stage) in [(paid(Some(hryvnias(1))), SaleStage::Paid), (lost(), SaleStage::Lost)]
        {
            given([fresh(), end]).when(AGENT, lose()).then_refused(SaleRejection::Closed { stage });
        }
    }

    #[test]
    fn another_reason_is_said_in_words() {
        let other = |text| LoseSale { reason: LostReason::Other, text };
        given([fresh()]).when(AGENT, other(None)).then_refused(SaleRejection::LostReasonNeedsWords);
        given([fresh()]).when(AGENT, other(Some(text("they moved")))).then_events();
    }

    #[test]
    fn nothing_is_written_about_an_erased_person() {
        let erased = || {
            given([fresh()]).and(|context| {
                context.lead = Some(SaleLead { erased: true, ..handed_over(None, false) });
            })
        };
        erased()
            .when(AGENT, LoseSale { text: Some(text("they moved")), ..lose() })
            .then_refused(SaleRejection::PersonErased);
        let private = Private::Erased;
        erased()
            .when(AGENT, LoseSale { reason: LostReason::Other, text: None })
            .then([SaleEvent::Lost(SaleLost { reason: LostReason::Other, private })]);
    }
}
