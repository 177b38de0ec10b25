//! Numbers about a workspace, its members and the read models themselves.

use crate::ids::{MemberId, WorkspaceId};
use crate::values::{
    Currency, DomainSlug, Email, Language, MemberName, Role, Source, Stage, WorkspaceName,
    WorkspaceSettings,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An amount per currency: sums never mix currencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrencyAmount {
    /// The currency.
    pub currency: Currency,
    /// Paid, in minor units.
    pub paid_minor: i64,
    /// Expected: 0.3 × kyc + 0.6 × agreement, in minor units.
    pub expected_minor: i64,
}

/// The numbers at a glance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overview {
    /// Leads, all of them (merged and erased ones are not counted).
    pub leads: u64,
    /// Leads without an owner.
    pub unowned: u64,
    /// Sales, all of them.
    pub sales: u64,
    /// Sales paid.
    pub converted: u64,
    /// Converted ÷ (converted + lost), 0.0–1.0; nothing when none has ended.
    pub win_rate: Option<f64>,
    /// Revenue per currency.
    pub revenue: Vec<CurrencyAmount>,
}

/// How many leads are in each stage, and sales in each of theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunnelStats {
    /// Leads by stage.
    pub leads: BTreeMap<Stage, u64>,
    /// Sales by stage.
    pub sales: BTreeMap<crate::values::SaleStage, u64>,
    /// Leads by tier; leads without a score are not counted.
    pub tiers: BTreeMap<crate::values::Tier, u64>,
}

/// How a source does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStats {
    /// Which.
    pub source: Source,
    /// Leads from it.
    pub leads: u64,
    /// Of those, with a paid sale.
    pub converted: u64,
    /// Of those, lost (or the sale was).
    pub lost: u64,
}

/// How a line of business does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainStats {
    /// Which; nothing for leads without one.
    pub business_domain: Option<DomainSlug>,
    /// Leads for it.
    pub leads: u64,
    /// Of those, with a paid sale.
    pub converted: u64,
}

/// How a member does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentStats {
    /// Who.
    pub member_id: MemberId,
    /// Their leads that are neither transferred nor lost.
    pub open_leads: u64,
    /// Their paid sales.
    pub converted: u64,
}

/// A month, by when leads were created and sales paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MonthStats {
    /// `2026-11`.
    pub month: String,
    /// Leads created.
    pub leads: u64,
    /// Sales paid.
    pub converted: u64,
}

/// How long leads have been where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageAging {
    /// The stage.
    pub stage: Stage,
    /// Leads over the workspace's deadline for it.
    pub overdue: u64,
}

/// What the advisor did. An Agent is told of their own leads alone: of no question to the
/// assistant, and of no budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AiStats {
    /// Analyses, all of them.
    pub analyses: u64,
    /// Of those, by who answered.
    pub models: BTreeMap<String, u64>,
    /// Answers that were remembered rather than asked for again.
    pub cache_hits: u64,
    /// Answers for which a model outside was asked.
    pub cache_misses: u64,
    /// Tokens sent to models outside, with questions to the assistant.
    pub input_tokens: u64,
    /// Tokens received from them.
    pub output_tokens: u64,
    /// What they cost, with questions to the assistant, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// What remembered answers would have cost, at the price of the others on average, in
    /// millionths of a US dollar.
    pub saved_micro_usd: u64,
    /// What they cost in this calendar month (UTC), with questions to the assistant, in millionths
    /// of a US dollar; 0 for an Agent.
    pub month_micro_usd: u64,
    /// What they may cost in a month, in millionths of a US dollar; 0 for an Agent.
    pub budget_micro_usd: u64,
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statistics {
    /// The numbers at a glance.
    pub overview: Overview,
    /// Stages.
    pub funnel: FunnelStats,
    /// Sources.
    pub sources: Vec<SourceStats>,
    /// Lines of business.
    pub domains: Vec<DomainStats>,
    /// Members; only their own row for an Agent.
    pub agents: Vec<AgentStats>,
    /// The last twelve months that had anything.
    pub months: Vec<MonthStats>,
    /// Late leads.
    pub aging: Vec<StageAging>,
    /// The advisor.
    #[serde(default)]
    pub ai: AiStats,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberView {
    /// Who.
    pub id: MemberId,
    /// Their version.
    pub version: u64,
    /// Their name.
    pub name: Option<MemberName>,
    /// Their e-mail address (shown to Admins and to themselves).
    pub email: Option<Email>,
    /// Their role.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// Whether they may work.
    pub active: bool,
    /// Whether a Telegram account is linked.
    pub telegram_linked: bool,
    /// Whether an identity of an OpenID Connect provider is linked.
    #[serde(default)]
    pub identity_linked: bool,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceView {
    /// Which.
    pub id: WorkspaceId,
    /// Its version.
    pub version: u64,
    /// Its name.
    pub name: WorkspaceName,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
    /// When it was founded.
    pub created_at: DateTime<Utc>,
}

/// A read model, its version and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// The version that is read.
    pub version: i32,
    /// The version that is being built beside it.
    pub building: Option<i32>,
    /// The slowest lane's place: `incarnation.xid.position`.
    pub position: String,
    /// Settled events that the slowest lane has still to take.
    pub behind: u64,
    /// Aggregates that wait behind an event that could not be processed.
    pub parked: u64,
}
