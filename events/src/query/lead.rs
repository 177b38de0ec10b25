//! Questions about leads.

use super::sale::SaleSummary;
use crate::event::{OverriddenAdvice, ScoreFeatures};
use crate::ids::{FileId, LeadId, MemberId, NoteId, SaleId};
use crate::values::{
    AttributeValue, Budget, Contact, DomainSlug, FileName, Intent, Language, LostReason, ModelName,
    NoteText, PainPoint, ReasonText, Recommendation, Score, Source, Stage, StaleReason, Tag, Tier,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a page begins: opaque, checked when it comes back.
pub type Cursor = String;

/// Whose leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnerFilter {
    /// The asker's own.
    Me,
    /// Nobody's.
    Nobody,
    /// This member's.
    Member(MemberId),
}

/// Which leads. Everything that is given has to hold.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeadFilter {
    /// In one of these stages.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub stages: BTreeSet<Stage>,
    /// From one of these sources.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<Source>,
    /// For one of these lines of business.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub business_domains: BTreeSet<DomainSlug>,
    /// In one of these tiers.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tiers: BTreeSet<Tier>,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerFilter>,
    /// With this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// With at least this score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Score>,
    /// With at most this score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_score: Option<Score>,
    /// Created at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from: Option<DateTime<Utc>>,
    /// Created before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_to: Option<DateTime<Utc>>,
    /// Whether the advisor's answer says nothing any more about the lead of today (`ai_stale`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
    /// Part of a name, company, e-mail, phone or Telegram name; small typos are forgiven. 2 to 100
    /// characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// The words that are looked for hide themselves.
impl fmt::Debug for LeadFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeadFilter")
            .field("stages", &self.stages)
            .field("sources", &self.sources)
            .field("business_domains", &self.business_domains)
            .field("tiers", &self.tiers)
            .field("owner", &self.owner)
            .field("tag", &self.tag)
            .field("score", &(self.min_score, self.max_score))
            .field("created", &(self.created_from, self.created_to))
            .field("stale", &self.stale)
            .field("q", &self.q.as_ref().map(|_| "***"))
            .finish()
    }
}

/// By what leads are sorted; ties by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// When it was created.
    #[default]
    CreatedAt,
    /// When something last happened to it.
    UpdatedAt,
    /// Its score; leads without one come last.
    AiScore,
}

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    /// Largest or newest first.
    #[default]
    Descending,
    /// Smallest or oldest first.
    Ascending,
}

/// An order of leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeadSort {
    /// By what.
    pub by: SortKey,
    /// Which way.
    pub direction: SortDirection,
}

/// What an answer about leads may carry besides, so that nobody has to ask lead by lead.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeadInclude {
    /// The owner's name (a list has it anyway).
    Owner,
    /// The lead's sale in short, if the asker may see it.
    Sale,
}

/// See [`super::Query::ListLeads`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListLeads {
    /// Which.
    pub filter: LeadFilter,
    /// In which order.
    pub sort: LeadSort,
    /// In which order among those that `sort` finds equal; by another key than `sort`. Ties that
    /// are left go by id, the way of the last key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<LeadSort>,
    /// With what besides.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub include: BTreeSet<LeadInclude>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// See [`super::Query::LeadFeatures`]. Nothing in it says who the lead is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeadFeatures {
    /// What an outside advisor may be told.
    pub anonymous: ScoreFeatures,
    /// What stays in the house.
    pub inside: InsideFeatures,
    /// In which language the workspace wants its reasons.
    pub language: Language,
    /// From which score on the workspace transfers.
    pub min_transfer_score: Score,
    /// The version of the workspace's advisor, by which a remembered model is known to be the one
    /// that scores; 0 while nothing was learnt.
    #[serde(default)]
    pub advisor_version: u64,
    /// The version in which it was analysed last, if it was.
    #[serde(default)]
    pub analysed_version: Option<u64>,
    /// Why that analysis says nothing any more; nothing while it does.
    #[serde(default)]
    pub stale: Option<StaleReason>,
}

/// What the local model sees of a lead besides the anonymous features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InsideFeatures {
    /// Whether an e-mail address is known.
    pub has_email: bool,
    /// Whether a phone number is known.
    pub has_phone: bool,
    /// Whether their company is known.
    pub has_company: bool,
    /// Whether their position is known.
    pub has_position: bool,
    /// Whether a budget is known.
    pub has_budget: bool,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Whole days since anything happened to it.
    pub idle_days: u32,
    /// The attributes that an import declared anonymous.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// A page of anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The things, in order.
    pub items: Vec<T>,
    /// Where the next page begins; nothing on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

/// A page of leads.
pub type LeadPage = Page<LeadListItem>;

/// A lead in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeadListItem {
    /// Which.
    pub id: LeadId,
    /// Its version.
    pub version: u64,
    /// Its stage.
    pub stage: Stage,
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    pub business_domain: Option<DomainSlug>,
    /// Who works it.
    pub owner: Option<MemberId>,
    /// That member's name.
    pub owner_name: Option<String>,
    /// Who and how to reach.
    pub contact: Contact,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Messages exchanged.
    pub message_count: u32,
    /// Its score.
    pub ai_score: Option<Score>,
    /// Its tier.
    pub tier: Option<Tier>,
    /// The advice.
    pub ai_recommendation: Option<Recommendation>,
    /// Why the advice says nothing any more about the lead of today; nothing while it does.
    #[serde(default)]
    pub ai_stale: Option<StaleReason>,
    /// When it was created (when it happened).
    pub created_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// Whether the person was erased.
    pub erased: bool,
    /// Its sale in short: absent when it was not asked for, `null` when there is none that the
    /// asker may see.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub sale: Option<Option<SaleSummary>>,
}

/// A value that is there, be it `null`: not the same as one that is absent.
fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// See [`super::Query::GetLead`]. At most one of `as_of` and `version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLead {
    /// Which.
    pub lead_id: LeadId,
    /// As we knew it then (by `recorded_at`, unless `effective`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// As it was at this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Let `as_of` mean when things happened rather than when we learned of them.
    #[serde(default)]
    pub effective: bool,
    /// With what besides. A sale is shown as it is now: only with the lead as it is now.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub include: BTreeSet<LeadInclude>,
}

impl GetLead {
    /// Asks for a lead as it is now, and for nothing besides.
    #[must_use]
    pub const fn now(lead_id: LeadId) -> Self {
        let include = BTreeSet::new();
        Self { lead_id, as_of: None, version: None, effective: false, include }
    }
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteView {
    /// Which.
    pub id: NoteId,
    /// The text; nothing after erasure.
    pub text: Option<NoteText>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it is on top.
    pub pinned: bool,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileView {
    /// Which.
    pub id: FileId,
    /// Its name; nothing after erasure.
    pub name: Option<FileName>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// When it was attached.
    pub at: DateTime<Utc>,
}

/// What the advisor said last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisView {
    /// The chance of a paid sale.
    pub ai_score: Score,
    /// The advice.
    pub ai_recommendation: Recommendation,
    /// Why.
    pub ai_reason: Option<ReasonText>,
    /// When.
    pub last_ai_analysis_at: DateTime<Utc>,
    /// Who answered.
    pub model: ModelName,
    /// What was looked at.
    pub features: ScoreFeatures,
    /// The version that the lead had with it.
    #[serde(default)]
    pub version: u64,
    /// What of the lead is another since, although it may be as before again: its stage or its line
    /// of business.
    #[serde(default)]
    pub outdated: Option<StaleReason>,
}

/// A lead, whole: what is known about it after all (or some) of its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeadView {
    /// Which.
    pub id: LeadId,
    /// Its version: the number of its events.
    pub version: u64,
    /// Its stage.
    pub stage: Stage,
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    pub business_domain: Option<DomainSlug>,
    /// Who works it.
    pub owner: Option<MemberId>,
    /// Who and how to reach.
    pub contact: Contact,
    /// What they want.
    pub intent: Option<Intent>,
    /// What they are ready to spend.
    pub budget: Option<Budget>,
    /// What hurts them.
    pub pain_points: Vec<PainPoint>,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Messages exchanged.
    pub message_count: u32,
    /// Its notes, pinned ones first, else in order.
    pub notes: Vec<NoteView>,
    /// Its files.
    pub files: Vec<FileView>,
    /// What the advisor said last.
    pub analysis: Option<AnalysisView>,
    /// Why that says nothing any more about the lead of today; nothing while it does.
    #[serde(default)]
    pub ai_stale: Option<StaleReason>,
    /// Whether an analysis was asked for and has not come.
    pub analysis_pending: bool,
    /// Why it was lost.
    pub lost_reason: Option<LostReason>,
    /// In words.
    pub lost_text: Option<ReasonText>,
    /// Its sale.
    pub sale_id: Option<SaleId>,
    /// Which advice the manager overrode.
    pub overridden: Option<OverriddenAdvice>,
    /// The lead that has it all now, when it was merged.
    pub merged_into: Option<LeadId>,
    /// The leads that it took over.
    pub absorbed: Vec<LeadId>,
    /// Whether it came by an import.
    pub imported: bool,
    /// Its anonymous attributes.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// When it was created (when it happened).
    pub created_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// When its stage last changed.
    pub stage_since: DateTime<Utc>,
    /// Whether the person was erased.
    pub erased: bool,
}

/// The answer to [`super::Query::GetLead`]: the lead, and what was asked for besides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeadDetails {
    /// The lead.
    #[serde(flatten)]
    pub lead: LeadView,
    /// The name of its owner (of then, where the lead is shown as it was): only when it was asked
    /// for and somebody owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// Its sale in short: absent when it was not asked for, `null` when there is none that the
    /// asker may see.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub sale: Option<Option<SaleSummary>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_that_names_one_key_is_asked_as_before_there_were_two() {
        let sort = json!({ "by": "ai_score", "direction": "ascending" });
        let asked: ListLeads = serde_json::from_value(json!({ "sort": sort })).unwrap();
        assert_eq!((asked.sort.by, asked.then), (SortKey::AiScore, None));
        assert!(serde_json::to_value(&asked).unwrap().get("then").is_none());
        let then = json!({ "by": "created_at" });
        let asked: ListLeads = serde_json::from_value(json!({ "then": then })).unwrap();
        assert_eq!(asked.then, Some(LeadSort::default()));
    }
}
