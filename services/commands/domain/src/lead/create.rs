//! Enter a lead: everybody may, for themselves or for nobody; a Manager for anybody.
//!
//! A person whom another lead has already is refused, with that lead's id and owner, unless a
//! Manager wants the duplicate all the same.

use super::claims;
use super::{Lead, LeadContext, LeadRejection};
use ael_events::actor::Actor;
use ael_events::command::CreateLead;
use ael_events::event::{Created, LeadEvent};
use ael_events::private::Private;

pub(super) fn decide(
    lead: &Lead,
    by: &Actor,
    context: &LeadContext,
    command: CreateLead,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    if lead.exists() {
        return Err(LeadRejection::AlreadyExists);
    }
    context.knows_domain(command.business_domain.as_ref())?;
    context.knows_tags(command.tags.iter())?;
    context.owner_is_active(by, command.owner)?;
    let wanted = claims::of(&command.profile.contact).into_iter().map(|claim| claim.kind).collect();
    let clash = context.clash(by, command.allow_duplicate, &wanted)?;
    Ok(vec![LeadEvent::Created(Created {
        source: command.source,
        business_domain: command.business_domain,
        owner: command.owner,
        tags: command.tags,
        duplicate_of: clash.duplicate_of,
        unclaimed: clash.kinds,
        private: Private::Open(command.profile),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, created, domain, duplicate, given, ivan, lead_id};
    use crate::lead::{NamedOwner, claims};
    use crate::testing::{ADMIN, AGENT, MANAGER, OLENA, TARAS, tag};
    use crate::who_may::Forbidden;
    use crate::{Asked, Decider as _, InTheFuture};
    use ael_events::ids::MemberId;
    use ael_events::values::{ContactKind, Source};
    use std::collections::BTreeSet;

    fn create(owner: Option<MemberId>) -> CreateLead {
        CreateLead {
            source: Source::Scanner,
            business_domain: Some(domain("first")),
            owner,
            tags: BTreeSet::new(),
            profile: ivan(),
            allow_duplicate: false,
        }
    }

    #[test]
    fn an_agent_enters_a_lead_for_themselves_or_for_nobody_and_for_no_other() {
        given([]).when(AGENT, create(Some(OLENA))).then([captured()]);
        let unowned = LeadEvent::Created(created(None, Some("first"), ivan()));
        given([]).when(AGENT, create(None)).then([unowned]);
        given([]).when(AGENT, create(Some(TARAS))).then_refused(Forbidden::OnlyForYourself);
    }

    #[test]
    fn a_manager_enters_a_lead_for_whoever_is_active() {
        let owned = LeadEvent::Created(created(Some(TARAS), Some("first"), ivan()));
        given([])
            .and(|context| context.named_owner = NamedOwner::Active)
            .when(MANAGER, create(Some(TARAS)))
            .then([owned]);
        for standing in [NamedOwner::NotActive, NamedOwner::Nobody] {
            given([])
                .and(|context| context.named_owner = standing)
                .when(MANAGER, create(Some(TARAS)))
                .then_refused(LeadRejection::OwnerNotActive { owner: TARAS });
        }
    }

    #[test]
    fn a_lead_is_entered_once() {
        given([captured()]).when(ADMIN, create(None)).then_refused(LeadRejection::AlreadyExists);
    }

    #[test]
    fn a_business_domain_is_one_of_the_workspaces() {
        let elsewhere = CreateLead { business_domain: Some(domain("fourth")), ..create(None) };
        let known = vec![domain("first"), domain("second"), domain("third")];
        given([])
            .when(AGENT, elsewhere)
            .then_refused(LeadRejection::UnknownDomain { domain: domain("fourth"), known });
        let unknown = CreateLead { business_domain: None, ..create(None) };
        given([]).when(AGENT, unknown).then_events();
    }

    #[test]
    fn a_tag_is_one_of_the_vocabulary() {
        let tagged = |word| CreateLead { tags: [tag(word)].into(), ..create(None) };
        given([]).when(AGENT, tagged("vip")).then_events();
        given([])
            .when(AGENT, tagged("gossip"))
            .then_refused(LeadRejection::UnknownTag { tag: tag("gossip") });
    }

    #[test]
    fn a_person_whom_another_lead_has_is_refused_with_its_id_and_owner() {
        let refused = LeadRejection::DuplicateContact {
            lead_id: lead_id(200),
            owner: Some(TARAS),
            kind: ContactKind::Email,
        };
        let allowed = CreateLead { allow_duplicate: true, ..create(None) };
        for (by, command) in [(MANAGER, create(None)), (AGENT, allowed)] {
            given([])
                .and(|context| context.duplicates = vec![duplicate(ContactKind::Email)])
                .when(by, command)
                .then_refused(refused.clone());
        }
    }

    #[test]
    fn a_duplicate_that_a_manager_wants_claims_only_what_is_free() {
        let events = given([])
            .and(|context| context.duplicates = vec![duplicate(ContactKind::Email)])
            .when(MANAGER, CreateLead { allow_duplicate: true, ..create(None) })
            .then_events();
        let LeadEvent::Created(created) = &events[0] else { panic!("{events:?}") };
        assert_eq!(created.duplicate_of, Some(lead_id(200)));
        let taken = claims::change(&Lead::default(), &events).taken;
        let kinds: Vec<_> = taken.iter().map(|claim| claim.kind).collect();
        assert_eq!(kinds, [ContactKind::Phone]);
        assert_eq!(Lead::fold(events).unclaimed, [ContactKind::Email].into());
    }

    #[test]
    fn nothing_is_entered_that_has_not_happened_yet() {
        let tomorrow = crate::testing::now() + chrono::TimeDelta::days(1);
        given([])
            .and(|context| context.asked = Asked { occurred_at: tomorrow, ..context.asked })
            .when(AGENT, create(None))
            .then_refused(InTheFuture { occurred_at: tomorrow });
    }
}
