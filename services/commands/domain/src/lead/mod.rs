//! A lead: a possible customer, from the first sign of them until they are handed to sales or lost.
//!
//! ```text
//! new ──▶ contacted ──▶ qualified ──▶ transferred      lost ◀── from new, contacted, qualified
//!  ▲          │  ▲           │                           │
//!  └─rollback─┘  └─rollback──┘                           └─ reopen ─▶ new
//! ```
//!
//! Beside its stage a lead has a life: it is live until it is merged into another lead or its
//! person is erased, and after that nothing more is decided about it (a merged lead can still be
//! erased). What a stage needs is asked when the stage is entered, and not again: people correct
//! details freely afterwards.

mod add_note;
mod assign;
mod attach_file;
pub mod claims;
mod context;
mod create;
mod edit_details;
pub mod erase;
mod evolve;
mod import;
mod log_message;
mod mark_contacted;
mod mark_lost;
pub mod merge;
mod pin_note;
mod qualify;
mod record_analysis;
mod rejection;
mod remove_file;
mod reopen;
mod request_analysis;
mod roll_back;
mod transfer_to_sales;
mod unpin_note;

#[cfg(test)]
pub(crate) mod testing;

pub use context::{Duplicate, LeadContext, NamedOwner, owner_named_by};
pub use rejection::{LeadRejection, Need};

use crate::sale::SaleLead;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::LeadCommand;
use ael_events::event::{LeadEvent, LeadProfile, OverriddenAdvice};
use ael_events::ids::{FileId, LeadId, MemberId, NoteId};
use ael_events::private::Private;
use ael_events::values::{
    ContactKind, DomainSlug, Looked, Money, Recommendation, Score, Source, Stage, Tag,
    WorkspaceSettings,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that later decisions need to know about a lead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    life: Life,
    progress: Progress,
    source: Option<Source>,
    business_domain: Option<DomainSlug>,
    owner: Option<MemberId>,
    tags: BTreeSet<Tag>,
    message_count: u32,
    /// Each note, and whether it is pinned.
    notes: BTreeMap<NoteId, bool>,
    files: BTreeSet<FileId>,
    analysis: Option<Analysis>,
    absorbed: BTreeSet<LeadId>,
    /// The ways to reach the person that another lead claims.
    unclaimed: BTreeSet<ContactKind>,
    /// The person: the one part of a snapshot that is sealed.
    #[serde(default)]
    private: Private<LeadProfile>,
}

/// Whether there is still something to decide about a lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Life {
    /// Nobody entered it yet.
    #[default]
    Absent,
    Live,
    /// It turned out to be another lead.
    Merged {
        into: LeadId,
    },
    /// Its person was erased.
    Erased {
        merged_into: Option<LeadId>,
    },
}

/// How far it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    #[default]
    New,
    Contacted,
    Qualified,
    Transferred(Handover),
    Lost,
}

/// What sales is told about a lead that was handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// What the sale is expected to bring, or has brought.
    pub amount: Option<Money>,
    /// Whether it came from another system as won: its sale is paid from the start.
    pub won_elsewhere: bool,
}

/// The advisor's last answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The chance of a paid sale.
    pub score: Score,
    /// The advice.
    pub recommendation: Recommendation,
    /// When the analysis was made.
    pub analysed_at: DateTime<Utc>,
    /// Whether the lead's stage or business domain is another since.
    pub outdated: bool,
    /// The messages that it knew of.
    pub messages: u32,
}

impl Analysis {
    /// Whether it says nothing any more about the lead of today.
    #[must_use]
    fn is_stale(&self, messages: u32, now: DateTime<Utc>, settings: &WorkspaceSettings) -> bool {
        let looked = Looked {
            same_stage: !self.outdated,
            same_domain: !self.outdated,
            messages: (self.messages, messages),
            at: self.analysed_at,
        };
        looked.stale(now, settings.stale_days, &settings.advisor).is_some()
    }
}

impl Lead {
    /// What happens when this is asked of the lead.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &LeadContext,
        command: LeadCommand,
    ) -> Result<Vec<LeadEvent>, LeadRejection> {
        let subject =
            Subject { exists: self.exists(), owner: self.owner, named: owner_named_by(&command) };
        who_may::check(who_may::lead(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            LeadCommand::Create(command) => create::decide(self, by, context, command),
            LeadCommand::Import(command) => import::decide(self, by, context, command),
            LeadCommand::EditDetails(command) => edit_details::decide(self, by, context, command),
            LeadCommand::Assign(command) => assign::decide(self, by, context, command),
            LeadCommand::MarkContacted(_) => mark_contacted::decide(self),
            LeadCommand::Qualify(_) => qualify::decide(self),
            LeadCommand::TransferToSales(command) => {
                transfer_to_sales::decide(self, context, command)
            }
            LeadCommand::MarkLost(command) => mark_lost::decide(self, command),
            LeadCommand::RollBack(command) => roll_back::decide(self, command),
            LeadCommand::Reopen(command) => reopen::decide(self, command),
            LeadCommand::LogMessage(command) => log_message::decide(self, command),
            LeadCommand::AddNote(command) => add_note::decide(self, command),
            LeadCommand::PinNote(command) => pin_note::decide(self, &command),
            LeadCommand::UnpinNote(command) => unpin_note::decide(self, &command),
            LeadCommand::AttachFile(command) => attach_file::decide(self, command),
            LeadCommand::RemoveFile(command) => remove_file::decide(self, &command),
            LeadCommand::RequestAnalysis(command) => request_analysis::decide(self, &command),
            LeadCommand::RecordAnalysis(command) => record_analysis::decide(self, context, command),
            LeadCommand::Merge(command) => merge::decide(self, context, &command),
            LeadCommand::Erase(_) => erase::decide(self),
        }
    }

    /// Refuses to decide about a lead that is not there (any more).
    fn live(&self) -> Result<(), LeadRejection> {
        match self.life {
            Life::Live => Ok(()),
            Life::Absent => Err(LeadRejection::NotFound),
            Life::Merged { into } => Err(LeadRejection::Merged { into }),
            Life::Erased { .. } => Err(LeadRejection::Erased),
        }
    }

    /// What the lead lacks to be at this stage.
    fn lacks(&self, stage: Stage) -> Vec<Need> {
        let contact = self.profile().map(|profile| &profile.contact);
        let has = |need: Need| match need {
            Need::WayToReach => contact.is_some_and(|contact| contact.is_reachable()),
            Need::FullName => contact.is_some_and(|contact| contact.full_name.is_some()),
            Need::BusinessDomain => self.business_domain.is_some(),
        };
        let needs: &[Need] = match stage {
            Stage::New | Stage::Lost => &[],
            Stage::Contacted => &[Need::WayToReach],
            Stage::Qualified | Stage::Transferred => {
                &[Need::WayToReach, Need::FullName, Need::BusinessDomain]
            }
        };
        needs.iter().copied().filter(|need| !has(*need)).collect()
    }

    /// Refuses to enter a stage from another one than these, or without what it needs.
    fn may_enter(&self, stage: Stage, from: &'static [Stage]) -> Result<(), LeadRejection> {
        let is = self.stage();
        if is == stage {
            return Err(LeadRejection::AlreadyAtStage { stage });
        }
        if !from.contains(&is) {
            return Err(LeadRejection::WrongStage { stage: is, needs: from });
        }
        let missing = self.lacks(stage);
        if missing.is_empty() { Ok(()) } else { Err(LeadRejection::Lacks { stage, missing }) }
    }

    /// Whether it was ever entered.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.life != Life::Absent
    }

    /// Whether something can still be decided about it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.life == Life::Live
    }

    /// Whether its person was erased.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        matches!(self.life, Life::Erased { .. })
    }

    /// The lead that it turned out to be.
    #[must_use]
    pub const fn merged_into(&self) -> Option<LeadId> {
        match self.life {
            Life::Absent | Life::Live => None,
            Life::Merged { into } => Some(into),
            Life::Erased { merged_into } => merged_into,
        }
    }

    /// The leads that turned out to be this one.
    #[must_use]
    pub const fn absorbed(&self) -> &BTreeSet<LeadId> {
        &self.absorbed
    }

    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self.progress {
            Progress::New => Stage::New,
            Progress::Contacted => Stage::Contacted,
            Progress::Qualified => Stage::Qualified,
            Progress::Transferred(_) => Stage::Transferred,
            Progress::Lost => Stage::Lost,
        }
    }

    /// What sales was told, once it was handed over.
    #[must_use]
    pub const fn handover(&self) -> Option<Handover> {
        match self.progress {
            Progress::Transferred(handover) => Some(handover),
            Progress::New | Progress::Contacted | Progress::Qualified | Progress::Lost => None,
        }
    }

    /// Where it came from.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        self.source
    }

    /// Who works it.
    #[must_use]
    pub const fn owner(&self) -> Option<MemberId> {
        self.owner
    }

    /// For which line of business.
    #[must_use]
    pub const fn business_domain(&self) -> Option<&DomainSlug> {
        self.business_domain.as_ref()
    }

    /// Its tags.
    #[must_use]
    pub const fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }

    /// Messages exchanged.
    #[must_use]
    pub const fn message_count(&self) -> u32 {
        self.message_count
    }

    /// Its notes, and whether each is pinned.
    #[must_use]
    pub const fn notes(&self) -> &BTreeMap<NoteId, bool> {
        &self.notes
    }

    /// Its files.
    #[must_use]
    pub const fn files(&self) -> &BTreeSet<FileId> {
        &self.files
    }

    /// The advisor's last answer.
    #[must_use]
    pub const fn analysis(&self) -> Option<&Analysis> {
        self.analysis.as_ref()
    }

    /// What the advisor would say against a transfer now.
    #[must_use]
    pub fn advice_against_transfer(
        &self,
        now: DateTime<Utc>,
        settings: &WorkspaceSettings,
    ) -> Option<OverriddenAdvice> {
        match &self.analysis {
            None => Some(OverriddenAdvice::Missing),
            Some(analysis) if analysis.is_stale(self.message_count, now, settings) => {
                Some(OverriddenAdvice::Stale)
            }
            Some(analysis) if analysis.score < settings.min_transfer_score => {
                Some(OverriddenAdvice::Low)
            }
            Some(_) => None,
        }
    }

    /// The person, or what is left of them.
    #[must_use]
    pub const fn private(&self) -> &Private<LeadProfile> {
        &self.private
    }

    /// The person, while they are known.
    #[must_use]
    pub const fn profile(&self) -> Option<&LeadProfile> {
        self.private.open()
    }

    /// What the sale of this lead has to know of it; nothing when there is no such lead.
    #[must_use]
    pub fn for_sale(&self, lead_id: LeadId) -> Option<SaleLead> {
        self.exists().then(|| SaleLead {
            lead_id,
            owner: self.owner,
            handover: self.handover(),
            erased: self.is_erased(),
        })
    }
}

crate::decider::aggregate!(Lead, "lead", LeadContext, LeadCommand, LeadEvent, LeadRejection);
