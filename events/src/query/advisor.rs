//! What the advisor needs to know of a workspace besides a lead's features, nobody's name among it.

use crate::ids::{LeadId, WorkspaceId};
use crate::values::{
    AgeBand, MessageBand, ModelName, PromptVersion, ReasonText, Recommendation, Score, Source,
    Stage,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trait that leads share.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case", tag = "feature", content = "value")]
pub enum Pattern {
    /// Any lead.
    Any,
    /// It came from there.
    Source(Source),
    /// It came as far as this stage, whatever became of it then.
    Stage(Stage),
    /// So many messages were exchanged, at least (not known of leads that came with their end).
    Messages(MessageBand),
    /// Whether its line of business was known.
    HasDomain(bool),
    /// It was worked for so long, at least (not known of leads that came with their end).
    Age(AgeBand),
}

/// How leads of a trait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WinRate {
    /// The trait.
    #[serde(flatten)]
    pub of: Pattern,
    /// How many ended, one way or the other.
    pub ended: u64,
    /// How many of those with a paid sale.
    pub won: u64,
}

/// See [`super::Query::AdvisorContext`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdvisorContext {
    /// How the workspace's leads ended, the newest of them. As far as the read models are.
    pub win_rates: Vec<WinRate>,
    /// What models outside have cost in this calendar month (UTC), in millionths of a US dollar.
    pub spent_micro_usd: u64,
    /// What they may cost in a month, in millionths of a US dollar.
    pub budget_micro_usd: u64,
}

/// A lead whose analysis is too old. See [`super::Query::StaleAnalyses`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StaleAnalysis {
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// Which lead.
    pub lead_id: LeadId,
    /// When it was analysed last.
    pub analysed_at: DateTime<Utc>,
}

/// An answer from outside as the bucket `ai_cache` keeps it, under its `cache_key`. It speaks of
/// features alone, never of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RememberedAnswer {
    /// The chance of a paid sale.
    pub score: Score,
    /// The advice.
    pub recommendation: Recommendation,
    /// The reason.
    pub reason: ReasonText,
    /// Who answered.
    pub model: ModelName,
    /// To which prompt.
    pub prompt_version: PromptVersion,
    /// When. Older ones than `AI_CACHE_TTL` are ignored.
    pub analysed_at: DateTime<Utc>,
    /// What it cost, which whoever finds it saves, in millionths of a US dollar.
    #[serde(default)]
    pub cost_micro_usd: u64,
}

/// Whether a provider outside is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderState {
    /// It is.
    Closed,
    /// It is being tried after a while.
    HalfOpen,
    /// It is left alone for a while.
    Open,
}

/// How it stands with a provider outside, as a copy of the advisor told last in the bucket
/// `advisor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderStanding {
    /// Which.
    pub provider: String,
    /// Which of its models.
    pub model: String,
    /// Whether it is asked.
    pub state: ProviderState,
    /// Until when it is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}
