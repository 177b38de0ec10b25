//! Erase the person of a lead: an Admin decides, or a schedule that one switched on.
//!
//! Who is erased is erased wherever they are: the leads that were merged with this one are the same
//! person, and are erased with it ([`reach`]).

use super::{Lead, LeadRejection, Life};
use ael_events::event::{Erased, LeadEvent};
use ael_events::ids::LeadId;

pub(super) fn decide(lead: &Lead) -> Result<Vec<LeadEvent>, LeadRejection> {
    match lead.life {
        Life::Live | Life::Merged { .. } => Ok(vec![LeadEvent::Erased(Erased {})]),
        Life::Absent => Err(LeadRejection::NotFound),
        Life::Erased { .. } => Err(LeadRejection::AlreadyErased),
    }
}

/// The other leads that are the same person: those that were merged into this one, and the one into
/// which this one was merged. Each of them may reach further.
#[must_use]
pub fn reach(lead: &Lead) -> Vec<LeadId> {
    lead.absorbed.iter().copied().chain(lead.merged_into()).collect()
}

/// What happens to another lead that is the same person; nothing if it is erased already.
#[must_use]
pub fn also(other: &Lead) -> Vec<LeadEvent> {
    decide(other).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::claims;
    use crate::lead::testing::{captured, erased, given, lead_id, merged_into, transferred};
    use crate::testing::{ADMIN, MANAGER, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::command::EraseLead;
    use ael_events::values::Role;

    #[test]
    fn an_admin_erases_a_person_once() {
        given([captured()]).when(ADMIN, EraseLead {}).then([erased()]);
        given([captured(), erased()])
            .when(ADMIN, EraseLead {})
            .then_refused(LeadRejection::AlreadyErased);
        given([]).when(ADMIN, EraseLead {}).then_refused(LeadRejection::NotFound);
        given([captured()])
            .when(MANAGER, EraseLead {})
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }

    #[test]
    fn retention_erases_by_the_schedule_of_an_admin() {
        let principal = ServicePrincipal::Retention;
        given([captured()]).when(service(principal), EraseLead {}).then([erased()]);
        given([captured()])
            .and(|context| context.asked.on_behalf_of = None)
            .when(service(principal), EraseLead {})
            .then_refused(Forbidden::OnBehalfOfNobody { principal, needs: Role::Admin });
    }

    #[test]
    fn nothing_of_the_person_is_left_and_their_contact_is_free() {
        let before = Lead::fold([captured(), transferred()]);
        let released = claims::change(&before, &[erased()]).released;
        assert_eq!(released.len(), 2);
        let mut after = before;
        after.evolve(erased());
        assert!(after.is_erased() && after.profile().is_none() && after.handover().is_some());
        let snapshot = serde_json::to_string(&after).unwrap();
        assert!(!snapshot.contains("example.com") && !snapshot.contains("+380"), "{snapshot}");
    }

    #[test]
    fn erasing_reaches_every_lead_that_is_the_same_person() {
        let winner = lead_id(200);
        given([captured(), merged_into(winner)]).when(ADMIN, EraseLead {}).then([erased()]);
        let merged = Lead::fold([captured(), merged_into(winner)]);
        assert_eq!(reach(&merged), [winner]);
        assert_eq!(also(&merged), [erased()]);
        let erased_before = Lead::fold([captured(), merged_into(winner), erased()]);
        assert_eq!(reach(&erased_before), [winner]);
        assert_eq!(also(&erased_before), []);
    }
}
