//! Take a lead back one stage, with a reason: a Manager's decision.

use super::{Lead, LeadRejection};
use ael_events::command::RollBackLead;
use ael_events::event::{LeadEvent, ReasonPrivate, RolledBack};
use ael_events::private::Private;
use ael_events::values::Stage;

pub(super) fn decide(lead: &Lead, command: RollBackLead) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let (from, to) = match lead.stage() {
        Stage::Contacted => (Stage::Contacted, Stage::New),
        Stage::Qualified => (Stage::Qualified, Stage::Contacted),
        stage @ (Stage::New | Stage::Transferred | Stage::Lost) => {
            let needs = &[Stage::Contacted, Stage::Qualified];
            return Err(LeadRejection::WrongStage { stage, needs });
        }
    };
    let reason = command.reason.into();
    let private = Private::Open(ReasonPrivate { reason });
    Ok(vec![LeadEvent::RolledBack(RolledBack { from, to, private })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::testing::{
        analysis, captured, contacted, given, justification, lost, qualified, transferred,
    };
    use crate::testing::{AGENT, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::values::Role;

    fn roll_back() -> RollBackLead {
        RollBackLead { reason: justification() }
    }

    #[test]
    fn a_manager_takes_a_lead_back_one_stage() {
        for (past, from, to) in [
            (vec![captured(), contacted()], Stage::Contacted, Stage::New),
            (vec![captured(), contacted(), qualified()], Stage::Qualified, Stage::Contacted),
        ] {
            let private = Private::Open(ReasonPrivate { reason: justification().into() });
            let event = LeadEvent::RolledBack(RolledBack { from, to, private });
            given(past.clone()).when(MANAGER, roll_back()).then([event.clone()]);
            assert_eq!(Lead::fold(past.into_iter().chain([event])).stage(), to);
        }
    }

    #[test]
    fn an_agent_cannot_take_a_lead_back() {
        given([captured(), contacted()])
            .when(AGENT, roll_back())
            .then_refused(Forbidden::RoleTooLow { needs: Role::Manager });
    }

    #[test]
    fn a_new_transferred_or_lost_lead_has_no_way_back() {
        for (past, stage) in [
            (vec![captured()], Stage::New),
            (vec![captured(), contacted(), qualified(), transferred()], Stage::Transferred),
            (vec![captured(), contacted(), lost()], Stage::Lost),
        ] {
            let needs = &[Stage::Contacted, Stage::Qualified];
            given(past)
                .when(MANAGER, roll_back())
                .then_refused(LeadRejection::WrongStage { stage, needs });
        }
    }

    #[test]
    fn another_stage_outdates_the_analysis() {
        let analysed = LeadEvent::Analysed(analysis(Stage::Contacted, 0.9));
        let mut lead = Lead::fold([captured(), contacted(), analysed]);
        assert!(!lead.analysis().unwrap().outdated);
        lead.evolve(qualified());
        assert!(lead.analysis().unwrap().outdated);
    }
}
