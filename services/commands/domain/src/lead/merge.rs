//! Close another lead in favour of this one, for both are the same person: a Manager decides.
//!
//! The lead that stays keeps its own values and takes those that it misses, an owner too; tags and
//! pain points are united, messages added up. Notes and files of the other stay in its history.
//! A lead with a sale has to stay, for the sale hangs on it; two with a sale each stay two.

use super::claims;
use super::{Lead, LeadContext, LeadRejection};
use ael_events::command::MergeLead;
use ael_events::event::{Assigned, LeadEvent, LeadProfile, MergedInto, OtherAbsorbed};
use ael_events::ids::LeadId;
use ael_events::private::Private;
use ael_events::values::{Contact, ContactKind, Stage};
use std::collections::BTreeSet;

pub(super) fn decide(
    lead: &Lead,
    context: &LeadContext,
    command: &MergeLead,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let id = command.other;
    if id == context.lead_id {
        return Err(LeadRejection::MergedWithItself);
    }
    let Some(other) = context.other.as_deref().filter(|other| other.is_live()) else {
        return Err(LeadRejection::OtherNotLive { other: id });
    };
    match (lead.stage() == Stage::Transferred, other.stage() == Stage::Transferred) {
        (_, false) => {}
        (false, true) => return Err(LeadRejection::OtherTransferred { other: id }),
        (true, true) => return Err(LeadRejection::BothTransferred { other: id }),
    }
    let profile = united(lead.profile(), other.profile());
    let absorbed = LeadEvent::Absorbed(OtherAbsorbed {
        other: id,
        business_domain: lead.business_domain.clone().or_else(|| other.business_domain.clone()),
        tags: lead.tags.union(&other.tags).cloned().collect(),
        message_count: lead.message_count.saturating_add(other.message_count),
        unclaimed: unclaimed(lead, other, &profile.contact),
        private: Private::Open(profile),
    });
    let taken_over = other.owner.filter(|_| lead.owner.is_none()).map(|owner| {
        LeadEvent::Assigned(Assigned { owner: Some(owner), previous: None, rule: None })
    });
    Ok(taken_over.into_iter().chain([absorbed]).collect())
}

/// What happens to the other lead, in the same transaction.
#[must_use]
pub fn close_other(winner: LeadId) -> Vec<LeadEvent> {
    vec![LeadEvent::MergedInto(MergedInto { into: winner })]
}

/// The winner's values, and the other's where the winner has none.
fn united(winner: Option<&LeadProfile>, other: Option<&LeadProfile>) -> LeadProfile {
    let mut profile = winner.cloned().unwrap_or_default();
    let other = other.cloned().unwrap_or_default();
    let (contact, others) = (&mut profile.contact, other.contact);
    *contact = Contact {
        full_name: contact.full_name.take().or(others.full_name),
        company: contact.company.take().or(others.company),
        position: contact.position.take().or(others.position),
        email: contact.email.take().or(others.email),
        phone: contact.phone.take().or(others.phone),
        telegram: contact.telegram.take().or(others.telegram),
    };
    profile.intent = profile.intent.or(other.intent);
    profile.budget = profile.budget.or(other.budget);
    for point in other.pain_points {
        if !profile.pain_points.contains(&point) {
            profile.pain_points.push(point);
        }
    }
    profile
}

/// The ways to reach the person that neither of the two claims: a third lead does.
fn unclaimed(winner: &Lead, other: &Lead, after: &Contact) -> BTreeSet<ContactKind> {
    let (ours, theirs) = (claims::held(winner), claims::held(other));
    let free = claims::of(after).into_iter();
    free.filter(|claim| !ours.contains(claim) && !theirs.contains(claim))
        .map(|claim| claim.kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::testing::{
        LEAD, captured, captured_unknown, captured_unowned, contacted, created, erased, given,
        ivan, lead_id, lost, merged_into, qualified, transferred,
    };
    use crate::testing::{AGENT, MANAGER, OLENA, TARAS, tag};
    use crate::who_may::Forbidden;
    use ael_events::event::{Created, MessageLogged};
    use ael_events::values::{Channel, MessageDirection, Role};

    const OTHER: LeadId = lead_id(200);

    fn merge() -> MergeLead {
        MergeLead { other: OTHER }
    }

    fn other(events: impl IntoIterator<Item = LeadEvent>) -> impl FnOnce(&mut LeadContext) {
        let other = Box::new(Lead::fold(events));
        move |context| context.other = Some(other)
    }

    fn messages(count: u32) -> LeadEvent {
        LeadEvent::MessageLogged(MessageLogged {
            count,
            direction: MessageDirection::Outgoing,
            channel: Channel::Phone,
            private: Private::Erased,
        })
    }

    #[test]
    fn the_lead_that_stays_takes_what_it_misses_and_adds_up_the_messages() {
        let mut theirs = ivan();
        theirs.contact.telegram = Some("ivan_f".parse().unwrap());
        theirs.contact.email = Some("other@example.com".parse().unwrap());
        theirs.pain_points = vec!["too slow".parse().unwrap()];
        let their =
            Created { tags: [tag("vip")].into(), ..created(Some(TARAS), Some("second"), theirs) };
        let past = [captured(), messages(3)];
        let events = given(past.clone())
            .and(other([LeadEvent::Created(their), messages(4)]))
            .when(MANAGER, merge())
            .then_events();
        let lead = Lead::fold(past.into_iter().chain(events));
        let profile = lead.profile().unwrap();
        assert_eq!(profile.contact.email, ivan().contact.email, "its own values stay");
        assert!(profile.contact.telegram.is_some() && profile.pain_points.len() == 1);
        assert_eq!(lead.business_domain().unwrap().as_str(), "first");
        assert_eq!((lead.owner(), lead.message_count()), (Some(OLENA), 7));
        assert!(lead.tags().contains(&tag("vip")));
        assert_eq!(lead.absorbed(), &[OTHER].into());
    }

    #[test]
    fn an_unowned_lead_takes_the_owner_of_the_other() {
        let events = given([captured_unowned()])
            .and(other([captured()]))
            .when(MANAGER, merge())
            .then_events();
        assert_eq!(Lead::fold([captured_unowned()].into_iter().chain(events)).owner(), Some(OLENA));
    }

    #[test]
    fn the_other_lead_is_closed_and_its_contact_goes_to_the_one_that_stays() {
        // A permitted duplicate is the one that stays: what the first holder claimed is its now.
        let duplicate = LeadEvent::Created(Created {
            duplicate_of: Some(OTHER),
            unclaimed: [ContactKind::Email, ContactKind::Phone].into(),
            ..created(None, None, ivan())
        });
        let winner = Lead::fold([duplicate.clone()]);
        let loser = Lead::fold([captured()]);
        assert!(claims::held(&winner).is_empty());
        let events =
            given([duplicate]).and(other([captured()])).when(MANAGER, merge()).then_events();
        let (ours, theirs) =
            (claims::change(&winner, &events), claims::change(&loser, &close_other(LEAD)));
        assert_eq!(ours.taken, theirs.released);
        assert_eq!((ours.taken.len(), theirs.taken.len()), (2, 0));
        let closed = Lead::fold([captured()].into_iter().chain(close_other(LEAD)));
        assert_eq!(closed.merged_into(), Some(LEAD));
    }

    #[test]
    fn what_a_third_lead_claims_stays_its_own() {
        let duplicate = LeadEvent::Created(Created {
            duplicate_of: Some(lead_id(300)),
            unclaimed: [ContactKind::Email].into(),
            ..created(None, None, ivan())
        });
        let events = given([captured_unknown()])
            .and(other([duplicate]))
            .when(MANAGER, merge())
            .then_events();
        let taken = claims::change(&Lead::fold([captured_unknown()]), &events).taken;
        let kinds: Vec<_> = taken.iter().map(|claim| claim.kind).collect();
        assert_eq!(kinds, [ContactKind::Phone]);
    }

    #[test]
    fn an_agent_cannot_merge() {
        given([captured()])
            .and(other([captured()]))
            .when(AGENT, merge())
            .then_refused(Forbidden::RoleTooLow { needs: Role::Manager });
    }

    #[test]
    fn only_two_live_leads_are_merged() {
        given([captured()])
            .when(MANAGER, MergeLead { other: LEAD })
            .then_refused(LeadRejection::MergedWithItself);
        let gone = || LeadRejection::OtherNotLive { other: OTHER };
        given([captured()]).when(MANAGER, merge()).then_refused(gone());
        for past in [vec![], vec![captured(), erased()], vec![captured(), merged_into(LEAD)]] {
            given([captured()]).and(other(past)).when(MANAGER, merge()).then_refused(gone());
        }
        given([captured(), merged_into(OTHER)])
            .and(other([captured()]))
            .when(MANAGER, merge())
            .then_refused(LeadRejection::Merged { into: OTHER });
    }

    #[test]
    fn a_lead_with_a_sale_stays() {
        let sold = || [captured(), contacted(), qualified(), transferred()];
        given(sold()).and(other([captured(), lost()])).when(MANAGER, merge()).then_events();
        given([captured()])
            .and(other(sold()))
            .when(MANAGER, merge())
            .then_refused(LeadRejection::OtherTransferred { other: OTHER });
        given(sold())
            .and(other(sold()))
            .when(MANAGER, merge())
            .then_refused(LeadRejection::BothTransferred { other: OTHER });
    }
}
