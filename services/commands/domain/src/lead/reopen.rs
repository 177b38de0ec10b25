//! Begin anew with a lost lead, with a reason: a Manager's decision.

use super::{Lead, LeadRejection};
use ael_events::command::ReopenLead;
use ael_events::event::{LeadEvent, ReasonPrivate, Reopened};
use ael_events::private::Private;
use ael_events::values::Stage;

pub(super) fn decide(lead: &Lead, command: ReopenLead) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    lead.may_enter(Stage::New, &[Stage::Lost])?;
    let private = Private::Open(ReasonPrivate { reason: command.reason.into() });
    Ok(vec![LeadEvent::Reopened(Reopened { private })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::testing::{
        captured, contacted, given, justification, lost, qualified, transferred,
    };
    use crate::testing::{AGENT, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::values::Role;

    fn reopen() -> ReopenLead {
        ReopenLead { reason: justification() }
    }

    #[test]
    fn a_manager_begins_anew_with_a_lost_lead() {
        let past = [captured(), contacted(), lost()];
        let events = given(past.clone()).when(MANAGER, reopen()).then_events();
        assert!(matches!(events[..], [LeadEvent::Reopened(_)]));
        assert_eq!(Lead::fold(past.into_iter().chain(events)).stage(), Stage::New);
        given([captured(), lost()])
            .when(AGENT, reopen())
            .then_refused(Forbidden::RoleTooLow { needs: Role::Manager });
    }

    #[test]
    fn what_is_not_lost_is_not_reopened() {
        given([captured()])
            .when(MANAGER, reopen())
            .then_refused(LeadRejection::AlreadyAtStage { stage: Stage::New });
        for (past, stage) in [
            (vec![captured(), contacted()], Stage::Contacted),
            (vec![captured(), contacted(), qualified(), transferred()], Stage::Transferred),
        ] {
            given(past)
                .when(MANAGER, reopen())
                .then_refused(LeadRejection::WrongStage { stage, needs: &[Stage::Lost] });
        }
    }
}
