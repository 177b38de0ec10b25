//! Let an older model, or the rules, score again: an Admin decides.

use super::{Advisor, AdvisorRejection};
use ael_events::command::RollBackModel;
use ael_events::event::{AdvisorEvent, ModelRolledBack};

pub(super) fn decide(
    advisor: &Advisor,
    command: RollBackModel,
) -> Result<Vec<AdvisorEvent>, AdvisorRejection> {
    let RollBackModel { to } = command;
    if let Some(version) = to
        && !(1..=advisor.newest).contains(&version)
    {
        return Err(AdvisorRejection::NoSuchModel { version, newest: advisor.newest });
    }
    if advisor.champion == to {
        return Ok(Vec::new());
    }
    Ok(vec![AdvisorEvent::RolledBack(ModelRolledBack { to })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, rolled_back, trained};
    use super::*;
    use crate::testing::{ADMIN, MANAGER, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::values::Role;

    #[test]
    fn an_admin_goes_back_to_any_kept_model_or_to_the_rules_and_forth_again() {
        let two = || [trained(1, None), trained(2, Some(1))];
        given(two()).when(ADMIN, RollBackModel { to: Some(1) }).then([rolled_back(Some(1))]);
        given(two()).when(ADMIN, RollBackModel { to: None }).then([rolled_back(None)]);
        given(two()).when(ADMIN, RollBackModel { to: Some(2) }).then_nothing();
        let [one, other] = two();
        given([one, other, rolled_back(None)])
            .when(ADMIN, RollBackModel { to: Some(2) })
            .then([rolled_back(Some(2))]);
        given([]).when(ADMIN, RollBackModel { to: None }).then_nothing();
    }

    #[test]
    fn what_was_never_kept_cannot_score() {
        for version in [0, 2] {
            given([trained(1, None)])
                .when(ADMIN, RollBackModel { to: Some(version) })
                .then_refused(AdvisorRejection::NoSuchModel { version, newest: 1 });
        }
    }

    #[test]
    fn going_back_is_a_persons_decision() {
        given([trained(1, None)])
            .when(MANAGER, RollBackModel { to: None })
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        let principal = ServicePrincipal::Scoring;
        given([trained(1, None)])
            .when(service(principal), RollBackModel { to: None })
            .then_refused(Forbidden::NotForService { principal });
    }
}
