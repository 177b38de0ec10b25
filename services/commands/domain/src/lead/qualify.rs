//! Say that a lead is worth a sale: somebody has spoken with them, and it is known who they are,
//! how to reach them and for which line of business.

use super::{Lead, LeadRejection};
use ael_events::event::{LeadEvent, Qualified};
use ael_events::values::Stage;

pub(super) fn decide(lead: &Lead) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    lead.may_enter(Stage::Qualified, &[Stage::Contacted])?;
    Ok(vec![LeadEvent::Qualified(Qualified {})])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::Need;
    use crate::lead::testing::{
        captured, captured_unknown, contacted, created, given, ivan, lost, qualified,
    };
    use crate::testing::{AGENT, OLENA, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::command::QualifyLead;

    #[test]
    fn a_contacted_lead_of_whom_all_is_known_is_qualified_by_its_owner() {
        given([captured(), contacted()]).when(AGENT, QualifyLead {}).then([qualified()]);
        given([captured(), contacted()])
            .when(OTHER_AGENT, QualifyLead {})
            .then_refused(Forbidden::NotYours);
    }

    #[test]
    fn a_lead_is_not_qualified_before_somebody_has_spoken_with_them() {
        for (past, stage) in
            [(vec![captured()], Stage::New), (vec![captured(), lost()], Stage::Lost)]
        {
            given(past)
                .when(AGENT, QualifyLead {})
                .then_refused(LeadRejection::WrongStage { stage, needs: &[Stage::Contacted] });
        }
        given([captured(), contacted(), qualified()])
            .when(AGENT, QualifyLead {})
            .then_refused(LeadRejection::AlreadyAtStage { stage: Stage::Qualified });
    }

    #[test]
    fn a_qualified_lead_has_a_name_a_way_to_reach_them_and_a_domain() {
        let mut nameless = ivan();
        nameless.contact.full_name = None;
        let lacking = [
            (
                LeadEvent::Created(created(Some(OLENA), Some("first"), nameless)),
                vec![Need::FullName],
            ),
            (LeadEvent::Created(created(Some(OLENA), None, ivan())), vec![Need::BusinessDomain]),
            (captured_unknown(), vec![Need::WayToReach, Need::FullName, Need::BusinessDomain]),
        ];
        for (lead, missing) in lacking {
            given([lead, contacted()])
                .when(AGENT, QualifyLead {})
                .then_refused(LeadRejection::Lacks { stage: Stage::Qualified, missing });
        }
    }
}
