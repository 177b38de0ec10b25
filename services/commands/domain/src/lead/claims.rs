//! Which ways to reach a person a lead claims for itself, so that no other lead has them too.
//!
//! A permitted duplicate does not claim what another lead claims (its event lists that as
//! `unclaimed`), until it is edited to another value or the two are merged. A lead that is merged
//! or erased claims nothing.

use crate::lead::Lead;
use ael_events::command::{DetailsPatch, LeadCommand, Patch};
use ael_events::event::LeadEvent;
use ael_events::values::{Contact, ContactKind};
use std::collections::BTreeSet;
use std::fmt;

/// A way to reach a person, in the form in which two spellings of it are equal. Hides itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Which way.
    pub kind: ContactKind,
    /// The address, number or name. Personal.
    pub normalised: String,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({}, ***)", self.kind)
    }
}

/// What an append has to take and to release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimChange {
    /// Claimed from now on; it must not be another lead's.
    pub taken: Vec<Claim>,
    /// Free from now on.
    pub released: Vec<Claim>,
}

/// Every way to reach the person of this contact.
#[must_use]
pub fn of(contact: &Contact) -> BTreeSet<Claim> {
    ContactKind::ALL.iter().filter_map(|kind| of_kind(contact, *kind)).collect()
}

/// This way to reach the person of this contact.
pub(super) fn of_kind(contact: &Contact, kind: ContactKind) -> Option<Claim> {
    let normalised = match kind {
        ContactKind::Email => contact.email.as_ref().map(|email| email.as_str().to_owned()),
        ContactKind::Phone => contact.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        ContactKind::Telegram => contact.telegram.as_ref().map(|name| name.normalised()),
    };
    normalised.map(|normalised| Claim { kind, normalised })
}

/// What a lead claims now.
#[must_use]
pub fn held(lead: &Lead) -> BTreeSet<Claim> {
    let Some(profile) = lead.profile().filter(|_| lead.is_live()) else {
        return BTreeSet::new();
    };
    let mut claims = of(&profile.contact);
    claims.retain(|claim| !lead.unclaimed.contains(&claim.kind));
    claims
}

/// What the events change about a lead's claims.
#[must_use]
pub fn change(before: &Lead, events: &[LeadEvent]) -> ClaimChange {
    if !events.iter().any(touches_claims) {
        return ClaimChange::default();
    }
    let mut after = before.clone();
    for event in events {
        after.evolve(event.clone());
    }
    let (before, after) = (held(before), held(&after));
    ClaimChange {
        taken: after.difference(&before).cloned().collect(),
        released: before.difference(&after).cloned().collect(),
    }
}

const fn touches_claims(event: &LeadEvent) -> bool {
    match event {
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => true,
        LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::Analysed(_) => false,
    }
}

/// What a command would claim anew: the handler looks up which other lead claims it already.
#[must_use]
pub fn wanted(lead: &Lead, command: &LeadCommand) -> Vec<Claim> {
    match command {
        LeadCommand::Create(command) => of(&command.profile.contact).into_iter().collect(),
        LeadCommand::Import(command) => of(&command.profile.contact).into_iter().collect(),
        LeadCommand::EditDetails(command) => {
            let has = lead.profile().map(|profile| of(&profile.contact)).unwrap_or_default();
            let set = set_by(&command.changes);
            set.into_iter().filter(|claim| !has.contains(claim)).collect()
        }
        LeadCommand::Assign(_)
        | LeadCommand::MarkContacted(_)
        | LeadCommand::Qualify(_)
        | LeadCommand::TransferToSales(_)
        | LeadCommand::MarkLost(_)
        | LeadCommand::RollBack(_)
        | LeadCommand::Reopen(_)
        | LeadCommand::LogMessage(_)
        | LeadCommand::AddNote(_)
        | LeadCommand::PinNote(_)
        | LeadCommand::UnpinNote(_)
        | LeadCommand::AttachFile(_)
        | LeadCommand::RemoveFile(_)
        | LeadCommand::RequestAnalysis(_)
        | LeadCommand::RecordAnalysis(_)
        | LeadCommand::Merge(_)
        | LeadCommand::Erase(_) => Vec::new(),
    }
}

fn set_by(changes: &DetailsPatch) -> BTreeSet<Claim> {
    fn set<T: Clone>(patch: &Patch<T>) -> Option<T> {
        match patch {
            Patch::Keep | Patch::Clear => None,
            Patch::Set(value) => Some(value.clone()),
        }
    }
    of(&Contact {
        email: set(&changes.email),
        phone: set(&changes.phone),
        telegram: set(&changes.telegram),
        ..Contact::default()
    })
}
