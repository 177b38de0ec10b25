//! Leads: their owners, their duplicates, and the other leads that a merge or an erasure reaches.

use super::Matter;
use super::lead_rows::{self, claims_of};
use crate::draft::{Decision, Draft};
use crate::failure::{Refused, Trouble};
use crate::repository::Freshness;
use crate::stored::Known;
use ael_domain::lead::{Lead, LeadContext, NamedOwner, claims, erase, merge, owner_named_by};
use ael_events::command::{LeadCommand, To};
use ael_events::event::LeadEvent;
use ael_events::ids::LeadId;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<LeadId, LeadCommand>,
) -> Result<Decision, Refused> {
    let Some(settings) = matter.settings().await? else {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    };
    let repository = &matter.desk.repository;
    let (workspace, freshness) = (matter.workspace(), matter.freshness);
    // An import is often repeated, and a look costs less than an append that is refused.
    let begins = matches!(to.command, LeadCommand::Create(_));
    let lead = match begins {
        true => repository.beginning_lead(workspace, to.id, freshness).await?,
        false => repository.lead(workspace, to.id, freshness).await?,
    };
    if let Err(unexpected) = matter.is_expected(&lead) {
        return Ok(unexpected);
    }
    let other = other_of(matter, &to.command).await?;
    let mut context = LeadContext::new(to.id, matter.asked(), settings);
    context.named_owner = named_owner(matter, &to.command).await?;
    context.other = other.as_ref().map(|other| Box::new(other.state.clone()));
    if matter.freshness.is_anew() {
        let wanted = claims::wanted(&lead.state, &to.command);
        context.duplicates = lead_rows::duplicates(matter, to.id, wanted).await?;
    }
    let by = &matter.principal.actor;
    let events = match lead.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&lead);
    add(matter, &mut draft, &lead, events.clone()).await?;
    match (&to.command, &other) {
        (LeadCommand::Merge(_), Some(other)) if !events.is_empty() => {
            let closing = merge::close_other(to.id);
            add(matter, &mut draft, other, closing).await?;
        }
        (LeadCommand::Erase(_), _) if !events.is_empty() => {
            erase_all(matter, &mut draft, &lead).await?;
        }
        (_, _) => {}
    }
    Ok(Decision::Write(Box::new(draft)))
}

/// Adds a lead's events and the claims that they take and release.
async fn add(
    matter: &Matter<'_>,
    draft: &mut Draft,
    lead: &Known<Lead>,
    events: Vec<LeadEvent>,
) -> Result<(), Trouble> {
    let change = claims::change(&lead.state, &events);
    let id = LeadId::from_uuid(lead.id);
    draft.append.claims_released.extend(lead_rows::released(id, &change));
    draft.append.claims_taken.extend(claims_of(matter, id, change.taken).await?);
    let after = draft.add(lead, lead.id, events)?;
    if draft.lead.is_none() {
        draft.lead = Some(after);
    }
    Ok(())
}

/// The lead that is to be merged into this one; none, when there is no such lead.
async fn other_of(
    matter: &Matter<'_>,
    command: &LeadCommand,
) -> Result<Option<Arc<Known<Lead>>>, Trouble> {
    let LeadCommand::Merge(merge) = command else { return Ok(None) };
    let repository = &matter.desk.repository;
    let other = repository.lead(matter.workspace(), merge.other, Freshness::Anew).await?;
    Ok(Some(other).filter(|other| other.version > 0))
}

async fn named_owner(matter: &Matter<'_>, command: &LeadCommand) -> Result<NamedOwner, Refused> {
    let by = matter.principal.actor.member();
    Ok(match owner_named_by(command).filter(|owner| Some(*owner) != by) {
        None => NamedOwner::Nobody,
        Some(owner) if matter.active_role(owner).await?.is_some() => NamedOwner::Active,
        Some(_) => NamedOwner::NotActive,
    })
}

/// Erases with a lead all the others that are the same person: each one's key and claims.
async fn erase_all(
    matter: &Matter<'_>,
    draft: &mut Draft,
    lead: &Known<Lead>,
) -> Result<(), Trouble> {
    let mut seen = BTreeSet::from([LeadId::from_uuid(lead.id)]);
    let mut waiting = erase::reach(&lead.state);
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let other = matter.load::<Lead>(id.uuid()).await?;
        waiting.extend(erase::reach(&other.state));
        let events = erase::also(&other.state);
        draft.add(&other, other.id, events)?;
    }
    for id in seen {
        draft.destroy(id);
    }
    draft.lead = None;
    Ok(())
}
