//! Change a lead's details, field by field: an Agent those of their own leads and of nobody's.
//!
//! A way to reach the person that does not change keeps its claim, or its lack of one; a new one
//! that another lead claims is refused, unless a Manager wants it so.

use super::claims;
use super::{Lead, LeadContext, LeadRejection};
use ael_events::actor::Actor;
use ael_events::command::{DetailsPatch, EditDetails, Patch};
use ael_events::event::{DetailsEdited, LeadEvent, LeadProfile};
use ael_events::private::Private;
use ael_events::values::{Contact, ContactKind, DomainSlug, Tag};
use std::collections::BTreeSet;

pub(super) fn decide(
    lead: &Lead,
    by: &Actor,
    context: &LeadContext,
    command: EditDetails,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let mut details = Details::of(lead);
    details.apply(command.changes);
    if details.changed.is_empty() {
        return Ok(Vec::new());
    }
    if details.changed.contains("business_domain") {
        context.knows_domain(details.business_domain.as_ref())?;
    }
    context.knows_tags(details.tags.difference(&lead.tags))?;
    let (kept, wanted) = contacts(lead, &details.profile.contact);
    let clash = context.clash(by, command.allow_duplicate, &wanted)?;
    Ok(vec![LeadEvent::DetailsEdited(DetailsEdited {
        changed: details.changed,
        business_domain: details.business_domain,
        tags: details.tags,
        duplicate_of: clash.duplicate_of,
        unclaimed: kept.intersection(&lead.unclaimed).copied().chain(clash.kinds).collect(),
        private: Private::Open(details.profile),
    })])
}

/// The ways to reach the person that stay as they are, and those that are new.
fn contacts(lead: &Lead, after: &Contact) -> (BTreeSet<ContactKind>, BTreeSet<ContactKind>) {
    let before = lead.profile().map(|profile| claims::of(&profile.contact)).unwrap_or_default();
    let (kept, wanted): (Vec<_>, Vec<_>) =
        claims::of(after).into_iter().partition(|claim| before.contains(claim));
    let kinds = |claims: Vec<claims::Claim>| claims.into_iter().map(|claim| claim.kind).collect();
    (kinds(kept), kinds(wanted))
}

/// The details as they become, and which of them became other than they were.
struct Details {
    changed: BTreeSet<String>,
    business_domain: Option<DomainSlug>,
    tags: BTreeSet<Tag>,
    profile: LeadProfile,
}

impl Details {
    fn of(lead: &Lead) -> Self {
        Self {
            changed: BTreeSet::new(),
            business_domain: lead.business_domain.clone(),
            tags: lead.tags.clone(),
            profile: lead.profile().cloned().unwrap_or_default(),
        }
    }

    fn apply(&mut self, patch: DetailsPatch) {
        let Self { changed, business_domain, tags, profile } = self;
        let contact = &mut profile.contact;
        one(changed, "business_domain", business_domain, patch.business_domain);
        one(changed, "full_name", &mut contact.full_name, patch.full_name);
        one(changed, "company", &mut contact.company, patch.company);
        one(changed, "position", &mut contact.position, patch.position);
        one(changed, "email", &mut contact.email, patch.email);
        one(changed, "phone", &mut contact.phone, patch.phone);
        one(changed, "telegram", &mut contact.telegram, patch.telegram);
        one(changed, "intent", &mut profile.intent, patch.intent);
        one(changed, "budget", &mut profile.budget, patch.budget);
        all(changed, "tags", tags, patch.tags);
        all(changed, "pain_points", &mut profile.pain_points, patch.pain_points);
    }
}

fn one<T: PartialEq>(
    changed: &mut BTreeSet<String>,
    name: &str,
    field: &mut Option<T>,
    patch: Patch<T>,
) {
    let after = match patch {
        Patch::Keep => return,
        Patch::Clear => None,
        Patch::Set(value) => Some(value),
    };
    if *field != after {
        *field = after;
        changed.insert(name.to_owned());
    }
}

fn all<T: PartialEq + Default>(
    changed: &mut BTreeSet<String>,
    name: &str,
    field: &mut T,
    patch: Patch<T>,
) {
    let after = match patch {
        Patch::Keep => return,
        Patch::Clear => T::default(),
        Patch::Set(value) => value,
    };
    if *field != after {
        *field = after;
        changed.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::testing::{
        analysis, captured, captured_unowned, created, domain, duplicate, given, ivan, lead_id,
    };
    use crate::testing::{AGENT, MANAGER, OLENA, OTHER_AGENT, TARAS, tag};
    use crate::who_may::Forbidden;
    use ael_events::event::Created;
    use ael_events::values::Stage;

    fn edit(changes: DetailsPatch) -> EditDetails {
        EditDetails { changes, allow_duplicate: false }
    }

    fn new_email() -> DetailsPatch {
        DetailsPatch {
            email: Patch::Set("new@example.com".parse().unwrap()),
            ..DetailsPatch::default()
        }
    }

    #[test]
    fn an_edit_says_what_changed_and_how_it_is_now() {
        let changes = DetailsPatch {
            business_domain: Patch::Set(domain("second")),
            tags: Patch::Set([tag("vip")].into()),
            phone: Patch::Clear,
            full_name: Patch::Set("Іван Франко".parse().unwrap()),
            pain_points: Patch::Set(vec!["too slow".parse().unwrap()]),
            ..DetailsPatch::default()
        };
        let events = given([captured()]).when(AGENT, edit(changes)).then_events();
        let LeadEvent::DetailsEdited(edited) = &events[0] else { panic!("{events:?}") };
        let changed: Vec<_> = edited.changed.iter().map(String::as_str).collect();
        assert_eq!(changed, ["business_domain", "pain_points", "phone", "tags"]);
        let profile = edited.private.open().unwrap();
        assert!(profile.contact.phone.is_none() && profile.contact.email.is_some());
    }

    #[test]
    fn an_edit_that_changes_nothing_is_no_event() {
        given([captured()]).when(AGENT, edit(DetailsPatch::default())).then_nothing();
        let same = DetailsPatch {
            business_domain: Patch::Set(domain("first")),
            telegram: Patch::Clear,
            tags: Patch::Clear,
            ..DetailsPatch::default()
        };
        given([captured()]).when(AGENT, edit(same)).then_nothing();
    }

    #[test]
    fn an_agent_edits_their_own_leads_and_nobodys_and_no_others() {
        given([captured_unowned()]).when(OTHER_AGENT, edit(new_email())).then_events();
        given([captured()]).when(MANAGER, edit(new_email())).then_events();
        given([captured()]).when(OTHER_AGENT, edit(new_email())).then_refused(Forbidden::NotYours);
    }

    #[test]
    fn a_new_domain_or_tag_is_one_of_the_workspaces_and_an_old_one_may_stay() {
        let known = vec![domain("first"), domain("second"), domain("third")];
        let elsewhere = DetailsPatch {
            business_domain: Patch::Set(domain("fourth")),
            ..DetailsPatch::default()
        };
        given([captured()])
            .when(AGENT, edit(elsewhere))
            .then_refused(LeadRejection::UnknownDomain { domain: domain("fourth"), known });
        let tagged = |words: &[&str]| DetailsPatch {
            tags: Patch::Set(words.iter().map(|word| tag(word)).collect()),
            ..DetailsPatch::default()
        };
        given([captured()])
            .when(AGENT, edit(tagged(&["gossip"])))
            .then_refused(LeadRejection::UnknownTag { tag: tag("gossip") });
        let old = Created {
            tags: [tag("gossip")].into(),
            business_domain: Some(domain("fourth")),
            ..created(Some(OLENA), None, ivan())
        };
        given([LeadEvent::Created(old)])
            .when(AGENT, edit(tagged(&["gossip", "vip"])))
            .then_events();
    }

    #[test]
    fn a_contact_that_another_lead_claims_is_refused_unless_a_manager_wants_it() {
        let refused = LeadRejection::DuplicateContact {
            lead_id: lead_id(200),
            owner: Some(TARAS),
            kind: ContactKind::Email,
        };
        let clashing = || {
            given([captured()])
                .and(|context| context.duplicates = vec![duplicate(ContactKind::Email)])
        };
        clashing().when(MANAGER, edit(new_email())).then_refused(refused.clone());
        let allowed = EditDetails { changes: new_email(), allow_duplicate: true };
        clashing().when(AGENT, allowed.clone()).then_refused(refused);
        let events = clashing().when(MANAGER, allowed).then_events();
        let lead = Lead::fold([captured()]);
        let change = claims::change(&lead, &events);
        assert!(change.taken.is_empty(), "another lead has it");
        assert_eq!(change.released.len(), 1, "the old address is free");
    }

    #[test]
    fn a_claim_moves_with_the_contact_and_what_stays_is_not_asked_again() {
        let before = Lead::fold([captured()]);
        let command = edit(new_email());
        let wanted = claims::wanted(&before, &command.clone().into());
        assert_eq!(wanted.len(), 1);
        // The phone clashes, but it is not what changes.
        let events = given([captured()])
            .and(|context| context.duplicates = vec![duplicate(ContactKind::Phone)])
            .when(AGENT, command)
            .then_events();
        let change = claims::change(&before, &events);
        assert_eq!(change.taken, wanted);
        assert_eq!(change.released[0].normalised, "ivan@example.com");
    }

    #[test]
    fn a_permitted_duplicate_claims_its_contact_once_it_is_another() {
        let duplicate = Created {
            unclaimed: [ContactKind::Email].into(),
            ..created(None, Some("first"), ivan())
        };
        let before = Lead::fold([LeadEvent::Created(duplicate.clone())]);
        let renamed = DetailsPatch { company: Patch::Clear, ..DetailsPatch::default() };
        assert!(claims::wanted(&before, &edit(renamed).into()).is_empty());
        let events =
            given([LeadEvent::Created(duplicate)]).when(AGENT, edit(new_email())).then_events();
        let change = claims::change(&before, &events);
        assert_eq!((change.taken.len(), change.released.len()), (1, 0));
    }

    #[test]
    fn another_business_domain_outdates_the_analysis() {
        let analysed = LeadEvent::Analysed(analysis(Stage::New, 0.9));
        let other = DetailsPatch {
            business_domain: Patch::Set(domain("second")),
            ..DetailsPatch::default()
        };
        for (changes, outdated) in [(other, true), (new_email(), false)] {
            let mut lead = Lead::fold([captured(), analysed.clone()]);
            for event in
                given([captured(), analysed.clone()]).when(AGENT, edit(changes)).then_events()
            {
                lead.evolve(event);
            }
            assert_eq!(lead.analysis().unwrap().outdated, outdated);
        }
    }
}
