//! Hand a qualified lead to sales: a Manager's decision.
//!
//! The advisor advises and people decide: a missing, stale or low analysis never forbids it, but
//! then the Manager gives a reason, which the event keeps.

use super::{Lead, LeadContext, LeadRejection};
use ael_events::command::TransferToSales;
use ael_events::event::{LeadEvent, OptionalText, Transferred};
use ael_events::ids::SaleId;
use ael_events::private::Private;
use ael_events::values::Stage;

pub(super) fn decide(
    lead: &Lead,
    context: &LeadContext,
    command: TransferToSales,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    match lead.stage() {
        Stage::Qualified => {}
        stage @ Stage::Transferred => return Err(LeadRejection::AlreadyAtStage { stage }),
        stage @ (Stage::New | Stage::Contacted | Stage::Lost) => {
            return Err(LeadRejection::NotQualified { stage });
        }
    }
    let overridden = lead.advice_against_transfer(context.asked.now, &context.settings);
    if let (Some(advice), None) = (overridden, &command.override_reason) {
        return Err(LeadRejection::OverrideReasonNeeded { advice });
    }
    Ok(vec![LeadEvent::Transferred(Transferred {
        sale_id: SaleId::of(context.lead_id),
        amount: command.amount,
        overridden,
        private: Private::Open(OptionalText { text: command.override_reason }),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{
        LEAD, analysed, analysis, captured, contacted, erased, given, hryvnias, lead_id, lost,
        merged_into, qualified, text, transferred,
    };
    use crate::testing::{ADMIN, AGENT, MANAGER, now};
    use crate::who_may::Forbidden;
    use ael_events::event::{AnalysisRecorded, OverriddenAdvice};
    use ael_events::values::Role;
    use chrono::TimeDelta;

    fn transfer() -> TransferToSales {
        TransferToSales::default()
    }

    fn with_reason() -> TransferToSales {
        TransferToSales { override_reason: Some(text("they called me")), ..transfer() }
    }

    fn ready(analysis: LeadEvent) -> [LeadEvent; 4] {
        [captured(), contacted(), qualified(), analysis]
    }

    #[test]
    fn a_manager_transfers_a_qualified_lead_that_the_advisor_recommends() {
        for by in [MANAGER, ADMIN] {
            given(ready(analysed(0.9))).when(by, transfer()).then([transferred()]);
        }
        let amount = Some(hryvnias(1_000));
        given(ready(analysed(0.6))).when(MANAGER, TransferToSales { amount, ..transfer() }).then([
            LeadEvent::Transferred(Transferred {
                sale_id: SaleId::of(LEAD),
                amount,
                overridden: None,
                private: Private::Open(OptionalText::default()),
            }),
        ]);
    }

    #[test]
    fn an_agent_cannot_transfer_a_lead_to_sales() {
        given(ready(analysed(0.9)))
            .when(AGENT, transfer())
            .then_refused(Forbidden::RoleTooLow { needs: Role::Manager });
    }

    #[test]
    fn only_a_qualified_lead_is_transferred_and_only_once() {
        for (past, stage) in [
            (vec![captured()], Stage::New),
            (vec![captured(), contacted()], Stage::Contacted),
            (vec![captured(), contacted(), qualified(), lost()], Stage::Lost),
        ] {
            given(past)
                .when(MANAGER, with_reason())
                .then_refused(LeadRejection::NotQualified { stage });
        }
        given([captured(), contacted(), qualified(), transferred()])
            .when(MANAGER, with_reason())
            .then_refused(LeadRejection::AlreadyAtStage { stage: Stage::Transferred });
    }

    #[test]
    fn against_the_advice_a_manager_needs_a_reason_which_is_kept() {
        let week_ago = AnalysisRecorded {
            analysed_at: now() - TimeDelta::days(7),
            ..analysis(Stage::Qualified, 0.9)
        };
        let before_qualified = analysis(Stage::Contacted, 0.9);
        for (past, advice) in [
            (vec![captured(), contacted(), qualified()], OverriddenAdvice::Missing),
            (ready(LeadEvent::Analysed(week_ago)).to_vec(), OverriddenAdvice::Stale),
            (ready(LeadEvent::Analysed(before_qualified)).to_vec(), OverriddenAdvice::Stale),
            (ready(analysed(0.59)).to_vec(), OverriddenAdvice::Low),
        ] {
            given(past.clone())
                .when(MANAGER, transfer())
                .then_refused(LeadRejection::OverrideReasonNeeded { advice });
            let events = given(past).when(MANAGER, with_reason()).then_events();
            let LeadEvent::Transferred(event) = &events[0] else { panic!("{events:?}") };
            assert_eq!(event.overridden, Some(advice));
            assert_eq!(event.private.open().unwrap().text, Some(text("they called me")));
        }
    }

    #[test]
    fn an_analysis_of_less_than_the_stale_days_is_good() {
        let six_days_ago = AnalysisRecorded {
            analysed_at: now() - TimeDelta::days(7) + TimeDelta::seconds(1),
            ..analysis(Stage::Qualified, 0.9)
        };
        given(ready(LeadEvent::Analysed(six_days_ago)))
            .when(MANAGER, transfer())
            .then([transferred()]);
    }

    #[test]
    fn a_reason_that_is_not_needed_is_simply_kept() {
        let events = given(ready(analysed(0.9))).when(MANAGER, with_reason()).then_events();
        let LeadEvent::Transferred(event) = &events[0] else { panic!("{events:?}") };
        assert_eq!(event.overridden, None);
        assert!(event.private.open().unwrap().text.is_some());
    }

    #[test]
    fn a_merged_or_erased_lead_is_not_transferred() {
        let other = lead_id(200);
        given([captured(), contacted(), qualified(), merged_into(other)])
            .when(MANAGER, with_reason())
            .then_refused(LeadRejection::Merged { into: other });
        given([captured(), contacted(), qualified(), erased()])
            .when(MANAGER, with_reason())
            .then_refused(LeadRejection::Erased);
    }
}
