//! What can have happened to a lead.

use crate::ids::{FileId, LeadId, MemberId, NoteId, SaleId};
use crate::private::Private;
use crate::values::{
    AttributeValue, Budget, Channel, Contact, ContactKind, DomainSlug, ExternalId, FeatureHash,
    FileName, Intent, LostReason, MessageDirection, ModelName, Money, NoteText, Origin, PainPoint,
    PromptVersion, ReasonText, Recommendation, Score, Source, Stage, Tag,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

super::events! {
    /// An event of a lead.
    LeadEvent {
        /// Somebody entered it, or a scanner or partner sent it.
        "lead.created.v1" => Created(Created),
        /// It came from another system, with its past.
        "lead.imported.v1" => Imported(Imported),
        /// Its details are now these.
        "lead.details_edited.v1" => DetailsEdited(DetailsEdited),
        /// It has this owner now, or none.
        "lead.assigned.v1" => Assigned(Assigned),
        /// Somebody has spoken with the person.
        "lead.contacted.v1" => Contacted(Contacted),
        /// It is worth a sale.
        "lead.qualified.v1" => Qualified(Qualified),
        /// It was handed to sales.
        "lead.transferred.v1" => Transferred(Transferred),
        /// It is not going to buy.
        "lead.lost.v1" => Lost(Lost),
        /// It went back one stage.
        "lead.rolled_back.v1" => RolledBack(RolledBack),
        /// A lost one is new again.
        "lead.reopened.v1" => Reopened(Reopened),
        /// Messages were exchanged.
        "lead.message_logged.v2" => MessageLogged(MessageLogged),
        /// Somebody wrote a note.
        "lead.note_added.v1" => NoteAdded(NoteAdded),
        /// A note was put on top.
        "lead.note_pinned.v1" => NotePinned(NotePinned),
        /// A note was taken from the top.
        "lead.note_unpinned.v1" => NoteUnpinned(NoteUnpinned),
        /// A file was attached.
        "lead.file_attached.v1" => FileAttached(FileAttached),
        /// A file was removed, its bytes too.
        "lead.file_removed.v1" => FileRemoved(FileRemoved),
        /// Somebody asked the advisor.
        "lead.analysis_requested.v1" => AnalysisRequested(AnalysisRequested),
        /// The advisor answered.
        "lead.analysed.v1" => Analysed(AnalysisRecorded),
        /// It turned out to be another lead, and is closed in favour of that one.
        "lead.merged_into.v1" => MergedInto(MergedInto),
        /// Another lead turned out to be this one, and what it had is here now.
        "lead.absorbed.v1" => Absorbed(OtherAbsorbed),
        /// The person was erased: their data key is destroyed.
        "lead.erased.v1" => Erased(Erased),
    }
}

/// What a lead says about a person; sealed as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadProfile {
    /// Who they are and how to reach them.
    #[serde(default)]
    pub contact: Contact,
    /// What they want.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// What they are ready to spend, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What hurts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pain_points: Vec<PainPoint>,
}

/// See [`LeadEvent::Created`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Who works it, if somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// The lead that has the same contact, when a Manager created this one all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<LeadId>,
    /// The ways to reach the person that another lead keeps: this one does not claim them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unclaimed: BTreeSet<ContactKind>,
    /// The person.
    #[serde(default)]
    pub private: Private<LeadProfile>,
}

/// How an imported lead ended, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImportedOutcome {
    /// Transferred, with a paid sale; an unknown amount is counted by no revenue.
    Won {
        /// What was paid, where the file has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// Lost.
    Lost {
        /// Why.
        reason: LostReason,
    },
}

/// The sealed part of [`Imported`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedPrivate {
    /// The lead's name in the other system.
    pub external_id: ExternalId,
    /// The person.
    #[serde(default)]
    pub profile: LeadProfile,
}

/// See [`LeadEvent::Imported`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    /// The other system, as the mapping names it.
    pub origin: Origin,
    /// Where it came from.
    pub source: Source,
    /// The stage it has; follows from the outcome where there is one.
    pub stage: Stage,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ImportedOutcome>,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Who works it, if somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// Messages exchanged before the import.
    #[serde(default)]
    pub message_count: u32,
    /// Columns that an Admin declared anonymous, for the advisor.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// The lead that has the same contact, when the importing Admin let it be created all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<LeadId>,
    /// The ways to reach the person that another lead keeps: this one does not claim them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unclaimed: BTreeSet<ContactKind>,
    /// The person.
    #[serde(default)]
    pub private: Private<ImportedPrivate>,
}

/// See [`LeadEvent::DetailsEdited`]. Holds the details as they are afterwards, so that reading it
/// cannot fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DetailsEdited {
    /// The names of the fields that changed.
    pub changed: BTreeSet<String>,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// The lead that has the same contact, when a Manager took it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<LeadId>,
    /// The ways to reach the person that another lead keeps: this one does not claim them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unclaimed: BTreeSet<ContactKind>,
    /// The person.
    #[serde(default)]
    pub private: Private<LeadProfile>,
}

/// See [`LeadEvent::Assigned`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    /// Who works it now; nobody, when it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Who did before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<MemberId>,
    /// The rule that decided, when a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// See [`LeadEvent::Contacted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contacted {}

/// See [`LeadEvent::Qualified`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Qualified {}

/// What the advisor would have said against a transfer that was made all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverriddenAdvice {
    /// There was no analysis.
    Missing,
    /// The analysis was stale.
    Stale,
    /// The score was under the workspace's minimum.
    Low,
}

/// See [`LeadEvent::Transferred`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transferred {
    /// The sale that is to be opened.
    pub sale_id: SaleId,
    /// What it is expected to bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Which advice the manager overrode; the reason is in the sealed part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<OverriddenAdvice>,
    /// The manager's reason, where one was given.
    #[serde(default)]
    pub private: Private<OptionalText>,
}

/// See [`LeadEvent::Lost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    /// Why.
    pub reason: LostReason,
    /// Why, in words, where they were given.
    #[serde(default)]
    pub private: Private<OptionalText>,
}

/// A sealed text that may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OptionalText {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<ReasonText>,
}

/// A sealed reason that has to be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonPrivate {
    /// The reason.
    pub reason: ReasonText,
}

/// See [`LeadEvent::RolledBack`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolledBack {
    /// The stage that it left.
    pub from: Stage,
    /// The stage that it has now.
    pub to: Stage,
    /// Why.
    #[serde(default)]
    pub private: Private<ReasonPrivate>,
}

/// See [`LeadEvent::Reopened`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reopened {
    /// Why.
    #[serde(default)]
    pub private: Private<ReasonPrivate>,
}

/// See [`LeadEvent::MessageLogged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageLogged {
    /// How many messages, 1 at least.
    pub count: u32,
    /// Who spoke.
    pub direction: MessageDirection,
    /// By which way.
    pub channel: Channel,
    /// What was said, where somebody wrote it down.
    #[serde(default, skip_serializing_if = "Private::is_erased")]
    pub private: Private<TextPrivate>,
}

/// A sealed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextPrivate {
    /// The text.
    pub text: NoteText,
}

/// The sealed part of [`NoteAdded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotePrivate {
    /// The note.
    pub text: NoteText,
}

/// See [`LeadEvent::NoteAdded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteAdded {
    /// Its name.
    pub note_id: NoteId,
    /// The note.
    #[serde(default)]
    pub private: Private<NotePrivate>,
}

/// See [`LeadEvent::NotePinned`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotePinned {
    /// Which note.
    pub note_id: NoteId,
}

/// See [`LeadEvent::NoteUnpinned`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteUnpinned {
    /// Which note.
    pub note_id: NoteId,
}

/// The sealed part of [`FileAttached`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilePrivate {
    /// The file's name.
    pub name: FileName,
}

/// See [`LeadEvent::FileAttached`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileAttached {
    /// Its name in the storage.
    pub file_id: FileId,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its media type, by its content.
    pub media_type: String,
    /// The file's name.
    #[serde(default)]
    pub private: Private<FilePrivate>,
}

/// See [`LeadEvent::FileRemoved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRemoved {
    /// Which file.
    pub file_id: FileId,
}

/// See [`LeadEvent::AnalysisRequested`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisRequested {
    /// Whether a remembered answer is to be passed over.
    #[serde(default)]
    pub force: bool,
}

/// All that an outside advisor may see of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreFeatures {
    /// Where it came from.
    pub source: Source,
    /// Its stage when it was analysed.
    pub stage: Stage,
    /// Messages exchanged by then.
    pub message_count: u32,
    /// Whether its line of business was known.
    pub has_domain: bool,
    /// Its age in whole days.
    pub age_days: u32,
}

/// What an answer cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens sent.
    pub input_tokens: u32,
    /// Tokens received.
    pub output_tokens: u32,
    /// The cost in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// How long the answer took, in milliseconds.
    pub latency_ms: u64,
    /// Whether it was remembered rather than asked.
    pub cached: bool,
}

/// See [`LeadEvent::Analysed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisRecorded {
    /// The chance of a paid sale.
    pub score: Score,
    /// The advice.
    pub recommendation: Recommendation,
    /// When the analysis was made.
    pub analysed_at: DateTime<Utc>,
    /// Who answered: a model's name and version.
    pub model: ModelName,
    /// Which prompt, or `local`.
    pub prompt_version: PromptVersion,
    /// What was looked at.
    pub features: ScoreFeatures,
    /// SHA-256 of the canonical features, hexadecimal.
    pub feature_hash: FeatureHash,
    /// Under which key an answer from outside is remembered; nothing, when nobody was asked there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<FeatureHash>,
    /// What it cost.
    pub usage: Usage,
    /// What the model itself said, where `score` is that calibrated by outcomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_score: Option<Score>,
    /// What the model advised by that score of its own, where ours is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_recommendation: Option<Recommendation>,
    /// The reason, in the workspace's language.
    #[serde(default)]
    pub private: Private<ReasonPrivate>,
}

/// See [`LeadEvent::MergedInto`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MergedInto {
    /// The lead that has it all now.
    pub into: LeadId,
}

/// The sealed part of [`OtherAbsorbed`]: the winner's profile as it is afterwards.
pub type AbsorbedPrivate = LeadProfile;

/// See [`LeadEvent::Absorbed`]. Holds the details as they are afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherAbsorbed {
    /// The lead that was closed in favour of this one.
    pub other: LeadId,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// The messages of both.
    pub message_count: u32,
    /// The ways to reach the person that another lead keeps: this one does not claim them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unclaimed: BTreeSet<ContactKind>,
    /// The person.
    #[serde(default)]
    pub private: Private<AbsorbedPrivate>,
}

/// See [`LeadEvent::Erased`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {}
