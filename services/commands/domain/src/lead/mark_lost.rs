//! Say that a lead is not going to buy, and why. What was handed to sales is lost there.

use super::{Lead, LeadRejection};
use ael_events::command::MarkLost;
use ael_events::event::{LeadEvent, Lost, OptionalText};
use ael_events::private::Private;
use ael_events::values::Stage;

pub(super) fn decide(lead: &Lead, command: MarkLost) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    lead.may_enter(Stage::Lost, &[Stage::New, Stage::Contacted, Stage::Qualified])?;
    if command.reason.needs_words() && command.text.is_none() {
        return Err(LeadRejection::LostReasonNeedsWords);
    }
    Ok(vec![LeadEvent::Lost(Lost {
        reason: command.reason,
        private: Private::Open(OptionalText { text: command.text }),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, contacted, given, lost, qualified, text, transferred};
    use crate::testing::{AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::LostReason;

    fn because(reason: LostReason) -> MarkLost {
        MarkLost { reason, text: None }
    }

    #[test]
    fn a_lead_is_lost_from_every_stage_before_sales() {
        let past = [captured(), contacted(), qualified()];
        for stages in 1..=3 {
            given(past[..stages].to_vec())
                .when(AGENT, because(LostReason::NoResponse))
                .then([lost()]);
        }
        given([captured()])
            .when(OTHER_AGENT, because(LostReason::NoResponse))
            .then_refused(Forbidden::NotYours);
    }

    #[test]
    fn what_sales_has_is_not_lost_here_and_what_is_lost_is_lost_once() {
        given([captured(), contacted(), qualified(), transferred()])
            .when(MANAGER, because(LostReason::NoBudget))
            .then_refused(LeadRejection::WrongStage {
                stage: Stage::Transferred,
                needs: &[Stage::New, Stage::Contacted, Stage::Qualified],
            });
        given([captured(), lost()])
            .when(AGENT, because(LostReason::NoBudget))
            .then_refused(LeadRejection::AlreadyAtStage { stage: Stage::Lost });
    }

    #[test]
    fn another_reason_is_said_in_words() {
        given([captured()])
            .when(AGENT, because(LostReason::Other))
            .then_refused(LeadRejection::LostReasonNeedsWords);
        let said = MarkLost { reason: LostReason::Other, text: Some(text("moved to the moon")) };
        given([captured()]).when(AGENT, said).then_events();
    }
}
