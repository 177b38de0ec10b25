//! Give a lead its owner, or take it: an Agent takes what is nobody's, a Manager gives and takes
//! back, and a rule does what the Manager who switched it on could do.

use super::{Lead, LeadContext, LeadRejection};
use ael_events::actor::Actor;
use ael_events::command::AssignLead;
use ael_events::event::{Assigned, LeadEvent};

pub(super) fn decide(
    lead: &Lead,
    by: &Actor,
    context: &LeadContext,
    command: AssignLead,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let by_rule = matches!(by, Actor::Service { .. });
    if by_rule != command.rule.is_some() {
        return Err(LeadRejection::RuleMisnamed);
    }
    if command.owner == lead.owner {
        return Ok(Vec::new());
    }
    context.owner_is_active(by, command.owner)?;
    Ok(vec![LeadEvent::Assigned(Assigned {
        owner: command.owner,
        previous: lead.owner,
        rule: command.rule,
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::NamedOwner;
    use crate::lead::testing::{captured, captured_unowned, given};
    use crate::testing::{AGENT, MANAGER, OLENA, OTHER_AGENT, TARAS, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::ids::MemberId;
    use ael_events::values::Role;

    fn to(owner: Option<MemberId>) -> AssignLead {
        AssignLead { owner, rule: None }
    }

    fn assigned(owner: Option<MemberId>, previous: Option<MemberId>) -> LeadEvent {
        LeadEvent::Assigned(Assigned { owner, previous, rule: None })
    }

    #[test]
    fn an_agent_takes_a_lead_that_nobody_owns() {
        given([captured_unowned()])
            .when(OTHER_AGENT, to(Some(TARAS)))
            .then([assigned(Some(TARAS), None)]);
        given([captured()]).when(AGENT, to(Some(OLENA))).then_nothing();
    }

    #[test]
    fn an_agent_neither_takes_from_another_nor_gives_nor_gives_back() {
        given([captured()]).when(OTHER_AGENT, to(Some(TARAS))).then_refused(Forbidden::OnlyTaking);
        given([captured_unowned()])
            .when(AGENT, to(Some(TARAS)))
            .then_refused(Forbidden::OnlyTaking);
        given([captured()]).when(AGENT, to(None)).then_refused(Forbidden::OnlyTaking);
    }

    #[test]
    fn a_manager_gives_to_whoever_is_active_and_takes_back() {
        given([captured()])
            .and(|context| context.named_owner = NamedOwner::Active)
            .when(MANAGER, to(Some(TARAS)))
            .then([assigned(Some(TARAS), Some(OLENA))]);
        given([captured()]).when(MANAGER, to(None)).then([assigned(None, Some(OLENA))]);
        given([captured()])
            .and(|context| context.named_owner = NamedOwner::NotActive)
            .when(MANAGER, to(Some(TARAS)))
            .then_refused(LeadRejection::OwnerNotActive { owner: TARAS });
        given([captured_unowned()]).when(MANAGER, to(None)).then_nothing();
    }

    #[test]
    fn a_rule_assigns_in_its_own_name_for_a_manager() {
        let rule = service(ServicePrincipal::AssignmentRule);
        let named = AssignLead { owner: Some(TARAS), rule: Some("round robin".into()) };
        let active = |context: &mut LeadContext| context.named_owner = NamedOwner::Active;
        given([captured_unowned()]).and(active).when(rule, named.clone()).then([
            LeadEvent::Assigned(Assigned {
                owner: Some(TARAS),
                previous: None,
                rule: Some("round robin".into()),
            }),
        ]);
        given([captured_unowned()])
            .and(active)
            .when(rule, to(Some(TARAS)))
            .then_refused(LeadRejection::RuleMisnamed);
        given([captured_unowned()])
            .and(active)
            .when(MANAGER, named.clone())
            .then_refused(LeadRejection::RuleMisnamed);
        given([captured_unowned()])
            .and(|context| context.asked.on_behalf_of = Some(Role::Agent))
            .when(rule, named)
            .then_refused(Forbidden::OnBehalfOfNobody {
                principal: ServicePrincipal::AssignmentRule,
                needs: Role::Manager,
            });
    }
}
