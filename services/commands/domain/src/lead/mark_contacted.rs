//! Say that somebody has spoken with the person: there has to be a way to reach them.

use super::{Lead, LeadRejection};
use ael_events::event::{Contacted, LeadEvent};
use ael_events::values::Stage;

pub(super) fn decide(lead: &Lead) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    lead.may_enter(Stage::Contacted, &[Stage::New])?;
    Ok(vec![LeadEvent::Contacted(Contacted {})])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::Need;
    use crate::lead::testing::{
        captured, captured_unknown, captured_unowned, contacted, created, given, lost, qualified,
        transferred,
    };
    use crate::testing::{AGENT, MANAGER, OLENA, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::command::MarkContacted;
    use ael_events::event::LeadProfile;
    use ael_events::values::Contact;

    #[test]
    fn the_owner_marks_a_new_lead_contacted() {
        given([captured()]).when(AGENT, MarkContacted {}).then([contacted()]);
        given([captured()]).when(MANAGER, MarkContacted {}).then([contacted()]);
    }

    #[test]
    fn an_agent_takes_a_lead_before_moving_it() {
        for lead in [captured(), captured_unowned()] {
            given([lead]).when(OTHER_AGENT, MarkContacted {}).then_refused(Forbidden::NotYours);
        }
    }

    #[test]
    fn nobody_has_spoken_with_a_person_who_cannot_be_reached() {
        let missing = vec![Need::WayToReach];
        given([captured_unknown()])
            .when(AGENT, MarkContacted {})
            .then_refused(LeadRejection::Lacks { stage: Stage::Contacted, missing });
        let contact = Contact { telegram: Some("ivan_f".parse().unwrap()), ..Contact::default() };
        let profile = LeadProfile { contact, ..LeadProfile::default() };
        given([LeadEvent::Created(created(Some(OLENA), None, profile))])
            .when(AGENT, MarkContacted {})
            .then([contacted()]);
    }

    #[test]
    fn only_a_new_lead_becomes_contacted() {
        given([captured(), contacted()])
            .when(AGENT, MarkContacted {})
            .then_refused(LeadRejection::AlreadyAtStage { stage: Stage::Contacted });
        for (past, stage) in [
            (vec![captured(), contacted(), qualified()], Stage::Qualified),
            (vec![captured(), contacted(), qualified(), transferred()], Stage::Transferred),
            (vec![captured(), lost()], Stage::Lost),
        ] {
            given(past)
                .when(AGENT, MarkContacted {})
                .then_refused(LeadRejection::WrongStage { stage, needs: &[Stage::New] });
        }
    }

    #[test]
    fn a_lead_that_is_not_there_is_not_found() {
        for by in [AGENT, MANAGER] {
            given([]).when(by, MarkContacted {}).then_refused(LeadRejection::NotFound);
        }
    }
}
