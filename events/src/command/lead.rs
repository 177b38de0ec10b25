//! What can be asked of a lead.

use crate::event::{LeadProfile, ScoreFeatures, Usage};
use crate::ids::{FileId, LeadId, MemberId, NoteId};
use crate::values::{
    AttributeValue, Budget, Channel, Company, DomainSlug, Email, ExternalId, FeatureHash, FileName,
    FullName, Intent, JobTitle, Justification, LostReason, MessageDirection, ModelName, Money,
    NoteText, Origin, PainPoint, Phone, PromptVersion, ReasonText, Recommendation, Score, Source,
    Stage, Tag, TelegramUsername,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

super::commands! {
    /// A command to a lead.
    LeadCommand {
        /// Enter a lead.
        "create" => Create(CreateLead),
        /// Take a lead over from another system, with its past.
        "import" => Import(ImportLead),
        /// Change its details.
        "edit_details" => EditDetails(EditDetails),
        /// Give it an owner, or take it oneself.
        "assign" => Assign(AssignLead),
        /// Say that somebody has spoken with the person.
        "mark_contacted" => MarkContacted(MarkContacted),
        /// Say that it is worth a sale.
        "qualify" => Qualify(QualifyLead),
        /// Hand it to sales.
        "transfer_to_sales" => TransferToSales(TransferToSales),
        /// Say that it is not going to buy.
        "mark_lost" => MarkLost(MarkLost),
        /// Take it back one stage.
        "roll_back" => RollBack(RollBackLead),
        /// Begin anew with a lost one.
        "reopen" => Reopen(ReopenLead),
        /// Count messages.
        "log_message" => LogMessage(LogMessage),
        /// Write a note.
        "add_note" => AddNote(AddNote),
        /// Put a note on top.
        "pin_note" => PinNote(PinNote),
        /// Take a note from the top.
        "unpin_note" => UnpinNote(UnpinNote),
        /// Attach a file.
        "attach_file" => AttachFile(AttachFile),
        /// Remove a file.
        "remove_file" => RemoveFile(RemoveFile),
        /// Ask the advisor.
        "request_analysis" => RequestAnalysis(RequestAnalysis),
        /// Keep the advisor's answer.
        "record_analysis" => RecordAnalysis(RecordAnalysis),
        /// Close another lead in favour of this one.
        "merge" => Merge(MergeLead),
        /// Erase the person.
        "erase" => Erase(EraseLead),
    }
}

/// A field of a change: left alone, emptied (`null`) or set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// As it is.
    #[default]
    Keep,
    /// Empty afterwards.
    Clear,
    /// This afterwards.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether it changes nothing, whatever is there.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value afterwards, given the one before.
    #[must_use]
    pub fn applied(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Patch_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Option<T>>()
    }
}

/// See [`LeadCommand::Create`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLead {
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Who is to work it: an Agent may name only themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Its tags, of the workspace's vocabulary.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// The person.
    #[serde(default)]
    pub profile: LeadProfile,
    /// Create it although another lead has the same contact (Manager and above).
    #[serde(default)]
    pub allow_duplicate: bool,
}

/// See [`LeadCommand::Import`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportLead {
    /// The other system, as the mapping names it.
    pub origin: Origin,
    /// The lead's name there.
    pub external_id: ExternalId,
    /// Where it came from.
    pub source: Source,
    /// The stage it has, unless the outcome says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<crate::event::ImportedOutcome>,
    /// For which line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_domain: Option<DomainSlug>,
    /// Who is to work it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Its tags; unlike people's, an import's tags need not be in the vocabulary.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// Messages exchanged so far.
    #[serde(default)]
    pub message_count: u32,
    /// Columns that an Admin declared anonymous.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// The person.
    #[serde(default)]
    pub profile: LeadProfile,
    /// Create it although another lead has the same contact.
    #[serde(default)]
    pub allow_duplicate: bool,
}

/// A change of details, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DetailsPatch {
    /// The line of business.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub business_domain: Patch<DomainSlug>,
    /// All tags afterwards.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tags: Patch<BTreeSet<Tag>>,
    /// The full name.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub full_name: Patch<FullName>,
    /// The company.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub company: Patch<Company>,
    /// The position in it.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub position: Patch<JobTitle>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<Email>,
    /// The phone number.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub phone: Patch<Phone>,
    /// The Telegram user name.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub telegram: Patch<TelegramUsername>,
    /// What they want.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub intent: Patch<Intent>,
    /// What they are ready to spend.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget: Patch<Budget>,
    /// All pain points afterwards.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub pain_points: Patch<Vec<PainPoint>>,
}

/// See [`LeadCommand::EditDetails`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditDetails {
    /// What changes.
    pub changes: DetailsPatch,
    /// Take the contact although another lead has it (Manager and above).
    #[serde(default)]
    pub allow_duplicate: bool,
}

/// See [`LeadCommand::Assign`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignLead {
    /// The owner afterwards; nobody, when missing.
    #[serde(default, deserialize_with = "Option::deserialize")]
    pub owner: Option<MemberId>,
    /// The rule that decided, when a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// See [`LeadCommand::MarkContacted`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkContacted {}

/// See [`LeadCommand::Qualify`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualifyLead {}

/// See [`LeadCommand::TransferToSales`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferToSales {
    /// What it is expected to bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Needed when the analysis is missing, stale or low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<ReasonText>,
}

/// See [`LeadCommand::MarkLost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkLost {
    /// Why.
    pub reason: LostReason,
    /// In words; needed for `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<ReasonText>,
}

/// See [`LeadCommand::RollBack`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBackLead {
    /// Why, in ten characters at least.
    pub reason: Justification,
}

/// See [`LeadCommand::Reopen`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenLead {
    /// Why, in ten characters at least.
    pub reason: Justification,
}

/// See [`LeadCommand::LogMessage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogMessage {
    /// How many, 1 to 1,000.
    pub count: u32,
    /// Who spoke.
    pub direction: MessageDirection,
    /// By which way.
    pub channel: Channel,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<NoteText>,
}

/// See [`LeadCommand::AddNote`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddNote {
    /// Its name, made at the edge.
    pub note_id: NoteId,
    /// The note.
    pub text: NoteText,
}

/// See [`LeadCommand::PinNote`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinNote {
    /// Which note.
    pub note_id: NoteId,
}

/// See [`LeadCommand::UnpinNote`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpinNote {
    /// Which note.
    pub note_id: NoteId,
}

/// See [`LeadCommand::AttachFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachFile {
    /// Its name in the storage.
    pub file_id: FileId,
    /// The file's name.
    pub name: FileName,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its media type, by its content.
    pub media_type: String,
}

/// See [`LeadCommand::RemoveFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveFile {
    /// Which file.
    pub file_id: FileId,
}

/// See [`LeadCommand::RequestAnalysis`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAnalysis {
    /// Whether a remembered answer is to be passed over.
    #[serde(default)]
    pub force: bool,
}

/// See [`LeadCommand::RecordAnalysis`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordAnalysis {
    /// The chance of a paid sale.
    pub score: Score,
    /// The advice.
    pub recommendation: Recommendation,
    /// The reason, in the workspace's language.
    pub reason: ReasonText,
    /// When the analysis was made.
    pub analysed_at: DateTime<Utc>,
    /// Who answered.
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
    #[serde(default)]
    pub usage: Usage,
    /// What the model itself said, where `score` is that calibrated by outcomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_score: Option<Score>,
    /// What the model advised by that score of its own, where ours is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_recommendation: Option<Recommendation>,
}

/// See [`LeadCommand::Merge`]. Sent to the lead that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeLead {
    /// The lead that is closed in favour of this one.
    pub other: LeadId,
}

/// See [`LeadCommand::Erase`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseLead {}
