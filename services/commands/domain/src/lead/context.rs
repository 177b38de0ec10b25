//! What has to be found out before something is decided about a lead.

use crate::Asked;
use crate::lead::{Lead, LeadRejection};
use ael_events::actor::Actor;
use ael_events::command::LeadCommand;
use ael_events::ids::{LeadId, MemberId};
use ael_events::values::{ContactKind, DomainSlug, Role, Tag, WorkspaceSettings};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the handler found out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadContext {
    /// Which lead.
    pub lead_id: LeadId,
    /// When, and on whose behalf.
    pub asked: Asked,
    /// The workspace's settings.
    pub settings: Arc<WorkspaceSettings>,
    /// What is known of the owner that the command names ([`owner_named_by`]).
    pub named_owner: NamedOwner,
    /// Other leads' claims on what [`crate::lead::claims::wanted`] wants.
    pub duplicates: Vec<Duplicate>,
    /// The lead that is to be merged into this one, as it is now.
    pub other: Option<Box<Lead>>,
}

impl LeadContext {
    /// A context in which nothing else had to be found out.
    #[must_use]
    pub const fn new(lead_id: LeadId, asked: Asked, settings: Arc<WorkspaceSettings>) -> Self {
        Self {
            lead_id,
            asked,
            settings,
            named_owner: NamedOwner::Nobody,
            duplicates: Vec::new(),
            other: None,
        }
    }
}

/// What is known of the owner that a command names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NamedOwner {
    /// None was named, or it is who decides.
    #[default]
    Nobody,
    /// An active member of the workspace.
    Active,
    /// No member, or one who is not active any more.
    NotActive,
}

/// Another lead that claims the same way to reach the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Which way.
    pub kind: ContactKind,
    /// Which lead.
    pub lead_id: LeadId,
    /// Whose it is.
    pub owner: Option<MemberId>,
}

/// The owner whom a command names, and whom the handler has to look up.
#[must_use]
pub const fn owner_named_by(command: &LeadCommand) -> Option<MemberId> {
    match command {
        LeadCommand::Create(command) => command.owner,
        LeadCommand::Import(command) => command.owner,
        LeadCommand::Assign(command) => command.owner,
        LeadCommand::EditDetails(_)
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
        | LeadCommand::Erase(_) => None,
    }
}

/// What a permitted duplicate keeps in mind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clash {
    /// The lead that claims it.
    pub(super) duplicate_of: Option<LeadId>,
    /// Which ways to reach the person it claims.
    pub(super) kinds: BTreeSet<ContactKind>,
}

impl LeadContext {
    /// Refuses a line of business that the workspace does not have.
    pub(super) fn knows_domain(&self, domain: Option<&DomainSlug>) -> Result<(), LeadRejection> {
        let known = &self.settings.business_domains;
        match domain {
            Some(domain) if !known.contains(domain) => Err(LeadRejection::UnknownDomain {
                domain: domain.clone(),
                known: known.as_slice().to_vec(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a tag that is not of the workspace's vocabulary.
    pub(super) fn knows_tags<'a>(
        &self,
        mut tags: impl Iterator<Item = &'a Tag>,
    ) -> Result<(), LeadRejection> {
        match tags.find(|tag| !self.settings.tags.contains(*tag)) {
            Some(tag) => Err(LeadRejection::UnknownTag { tag: tag.clone() }),
            None => Ok(()),
        }
    }

    /// Refuses an owner who could not work the lead. Who decides is active, or could not decide.
    pub(super) fn owner_is_active(
        &self,
        by: &Actor,
        owner: Option<MemberId>,
    ) -> Result<(), LeadRejection> {
        match (owner, self.named_owner) {
            (None, _) | (Some(_), NamedOwner::Active) => Ok(()),
            (Some(owner), NamedOwner::Nobody | NamedOwner::NotActive) => {
                let decides = matches!(by, Actor::Member { id, .. } if *id == owner);
                if decides { Ok(()) } else { Err(LeadRejection::OwnerNotActive { owner }) }
            }
        }
    }

    /// Refuses a person whom another lead has already, unless somebody who may wants it so.
    pub(super) fn clash(
        &self,
        by: &Actor,
        allow_duplicate: bool,
        wanted: &BTreeSet<ContactKind>,
    ) -> Result<Clash, LeadRejection> {
        let mut clash = Clash::default();
        let others = self
            .duplicates
            .iter()
            .filter(|other| other.lead_id != self.lead_id && wanted.contains(&other.kind));
        for other in others {
            if !(allow_duplicate && may_duplicate(by)) {
                let Duplicate { kind, lead_id, owner } = *other;
                return Err(LeadRejection::DuplicateContact { lead_id, owner, kind });
            }
            clash.duplicate_of.get_or_insert(other.lead_id);
            clash.kinds.insert(other.kind);
        }
        Ok(clash)
    }
}

/// A Manager may; a service that got as far as this acts on behalf of an Admin.
fn may_duplicate(by: &Actor) -> bool {
    match by {
        Actor::Member { role, .. } => *role >= Role::Manager,
        Actor::Service { .. } => true,
        Actor::Operator => false,
    }
}
