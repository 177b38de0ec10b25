//! What is sent to make and change leads.

use ael_events::command::{
    CreateLead, DetailsPatch, EditDetails, LogMessage, MarkContacted, MarkLost, Patch, QualifyLead,
    TransferToSales,
};
use ael_events::event::LeadProfile;
use ael_events::ids::{LeadId, MemberId};
use ael_events::values::{
    Budget, Channel, Company, Contact, DomainSlug, Email, FullName, Intent, JobTitle,
    Justification, LostReason, MessageDirection, Money, NoteText, PainPoint, Phone, ReasonText,
    Source, Tag, TelegramUsername,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A lead that is entered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLead {
    /// Where it came from; `manual` when not said.
    #[serde(default = "manual")]
    pub(crate) source: Source,
    /// Who it is and how to reach them.
    pub(crate) contact: Contact,
    /// For which line of business: one of the workspace's.
    #[serde(default)]
    pub(crate) business_domain: Option<DomainSlug>,
    /// Who works it; nobody when not said.
    #[serde(default)]
    pub(crate) owner: Option<MemberId>,
    /// Tags of the workspace's vocabulary.
    #[serde(default)]
    pub(crate) tags: BTreeSet<Tag>,
    /// What they want.
    #[serde(default)]
    pub(crate) intent: Option<Intent>,
    /// What they are ready to spend.
    #[serde(default)]
    pub(crate) budget: Option<Budget>,
    /// What hurts them.
    #[serde(default)]
    pub(crate) pain_points: Vec<PainPoint>,
    /// Enter it although another lead has the same contact (Manager).
    #[serde(default)]
    pub(crate) allow_duplicate: bool,
}

const fn manual() -> Source {
    Source::Manual
}

impl From<NewLead> for CreateLead {
    fn from(new: NewLead) -> Self {
        let NewLead { contact, intent, budget, pain_points, .. } = new;
        Self {
            source: new.source,
            business_domain: new.business_domain,
            owner: new.owner,
            tags: new.tags,
            profile: LeadProfile { contact, intent, budget, pain_points },
            allow_duplicate: new.allow_duplicate,
        }
    }
}

/// What changes of a contact: a field that is absent stays, `null` clears it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContactChanges {
    /// The full name.
    pub(crate) full_name: Patch<FullName>,
    /// Where they work.
    pub(crate) company: Patch<Company>,
    /// As what.
    pub(crate) position: Patch<JobTitle>,
    /// Their e-mail address.
    pub(crate) email: Patch<Email>,
    /// Their phone number, E.164.
    pub(crate) phone: Patch<Phone>,
    /// Their Telegram name.
    pub(crate) telegram: Patch<TelegramUsername>,
}

/// What changes of a lead (RFC 7396): a field that is absent stays, `null` clears it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LeadChanges {
    /// What changes of the contact.
    pub(crate) contact: ContactChanges,
    /// The line of business.
    pub(crate) business_domain: Patch<DomainSlug>,
    /// All tags afterwards.
    pub(crate) tags: Patch<BTreeSet<Tag>>,
    /// What they want.
    pub(crate) intent: Patch<Intent>,
    /// What they are ready to spend.
    pub(crate) budget: Patch<Budget>,
    /// All pain points afterwards.
    pub(crate) pain_points: Patch<Vec<PainPoint>>,
    /// Change it although another lead has the same contact (Manager).
    pub(crate) allow_duplicate: bool,
}

impl From<LeadChanges> for EditDetails {
    fn from(changes: LeadChanges) -> Self {
        let contact = changes.contact;
        let allow_duplicate = changes.allow_duplicate;
        let changes = DetailsPatch {
            business_domain: changes.business_domain,
            tags: changes.tags,
            full_name: contact.full_name,
            company: contact.company,
            position: contact.position,
            email: contact.email,
            phone: contact.phone,
            telegram: contact.telegram,
            intent: changes.intent,
            budget: changes.budget,
            pain_points: changes.pain_points,
        };
        Self { changes, allow_duplicate }
    }
}

/// A stage that a lead moves forward to.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ForwardStage {
    /// Somebody reached the person; needs an e-mail, a phone or a Telegram name.
    Contacted,
    /// It is worth a sale; needs a full name and a business domain besides.
    Qualified,
}

/// The next stage.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageChange {
    /// Which.
    pub(crate) stage: ForwardStage,
}

impl From<StageChange> for ael_events::command::LeadCommand {
    fn from(change: StageChange) -> Self {
        match change.stage {
            ForwardStage::Contacted => MarkContacted {}.into(),
            ForwardStage::Qualified => QualifyLead {}.into(),
        }
    }
}

/// Why something is undone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// Why: at least ten characters.
    pub(crate) reason: Justification,
}

/// Why it came to nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Loss {
    /// Why.
    pub(crate) reason: LostReason,
    /// In words; needed for `other`.
    #[serde(default)]
    pub(crate) text: Option<ReasonText>,
}

impl From<Loss> for MarkLost {
    fn from(Loss { reason, text }: Loss) -> Self {
        Self { reason, text }
    }
}

/// Whose it is from now on.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// A member's id; `null` for nobody.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) owner: Option<MemberId>,
}

/// Messages that were exchanged with the person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Messages {
    /// How many, 1 to 1000; one when not said.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) count: u32,
    /// Who wrote.
    pub(crate) direction: MessageDirection,
    /// By which way.
    pub(crate) channel: Channel,
    /// What was said, when it is to be kept.
    #[serde(default)]
    pub(crate) text: Option<NoteText>,
}

const fn one() -> u32 {
    1
}

impl From<Messages> for LogMessage {
    fn from(Messages { count, direction, channel, text }: Messages) -> Self {
        Self { count, direction, channel, text }
    }
}

/// A note.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// What it says.
    pub(crate) text: NoteText,
}

/// A question to the advisor.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Analysis {
    /// Ask anew although the last analysis is fresh.
    pub(crate) force: bool,
}

/// A lead that goes to sales.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Transfer {
    /// What the sale is to bring.
    pub(crate) amount: Option<Money>,
    /// Why it goes although the advice is missing, stale or against it.
    pub(crate) reason: Option<ReasonText>,
}

impl From<Transfer> for TransferToSales {
    fn from(Transfer { amount, reason }: Transfer) -> Self {
        Self { amount, override_reason: reason }
    }
}

/// A lead that turned out to be the same person.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    /// The lead that is taken over: afterwards it refers here.
    pub(crate) other: LeadId,
}

/// Nothing more has to be said.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
