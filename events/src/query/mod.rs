//! What can be asked of the read models, and what is answered.

mod advisor;
mod assistant;
mod audit;
mod lead;
mod learning;
mod live;
mod people;
mod sale;
mod stats;
mod verify;

pub use advisor::{
    AdvisorContext, Pattern, ProviderStanding, ProviderState, RememberedAnswer, StaleAnalysis,
    WinRate,
};
pub use assistant::{AssistantAnswer, AssistantRequest, MentionedLead, Proposal};
pub use audit::{
    AggregateDigest, AuditEvent, DeadLetter, EventPage, FieldChange, HistoryEntry, HistoryPage,
    LeadHistory, ListEvents,
};
pub use lead::{
    AnalysisView, Cursor, FileView, GetLead, InsideFeatures, LeadDetails, LeadFeatures, LeadFilter,
    LeadInclude, LeadListItem, LeadPage, LeadSort, LeadView, ListLeads, NoteView, OwnerFilter,
    Page, SortDirection, SortKey,
};
pub use learning::{
    GetModel, KeptModel, ModelList, TrainingExample, TrainingExamples, TrainingState, TrainingView,
};
pub use live::{ChangePage, ListChanges, LiveChange, Topic};
pub use people::{
    InvitationPage, InvitationView, ListInvitations, ListTokens, Me, Membership, TokenPage,
    TokenView,
};
pub use sale::{GetSale, ListSales, SalePage, SaleSummary, SaleView};
pub use stats::{
    AgentStats, AiStats, CurrencyAmount, DomainStats, FunnelStats, MemberView, MonthStats,
    Overview, ProjectionStatus, SourceStats, StageAging, Statistics, WorkspaceView,
};
pub use verify::{ChainState, Fault, VerifyPage, VerifyRequest};

use crate::command::Credential;
use crate::ids::LeadId;
use crate::order::PositionToken;
use crate::values::TelegramUserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A question to the read models. Its name is the last token of its subject.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "query", content = "with")]
pub enum Query {
    /// A page of leads that the asker may see.
    #[serde(rename = "list_leads")]
    ListLeads(ListLeads),
    /// One lead, now or as it was.
    #[serde(rename = "get_lead")]
    GetLead(GetLead),
    /// What happened to a lead: who did what, when and why.
    #[serde(rename = "lead_history")]
    LeadHistory(LeadHistory),
    /// A page of sales.
    #[serde(rename = "list_sales")]
    ListSales(ListSales),
    /// One sale.
    #[serde(rename = "get_sale")]
    GetSale(GetSale),
    /// The numbers of the workspace, or of the asker's own leads for an Agent.
    #[serde(rename = "statistics")]
    Statistics {},
    /// The members (contact details for Admins only).
    #[serde(rename = "list_members")]
    ListMembers {},
    /// A page of one's own tokens, without their secrets; of everybody's for an Admin.
    #[serde(rename = "list_tokens")]
    ListTokens(ListTokens),
    /// A page of the invitations, without their codes (Admin).
    #[serde(rename = "list_invitations")]
    ListInvitations(ListInvitations),
    /// A page of everything that happened (Admin).
    #[serde(rename = "list_events")]
    ListEvents(ListEvents),
    /// What changed since a cursor, of what the asker may see.
    #[serde(rename = "list_changes")]
    ListChanges(ListChanges),
    /// Who asks, and in which role.
    #[serde(rename = "me")]
    Me {},
    /// The workspace and its settings.
    #[serde(rename = "get_workspace")]
    GetWorkspace {},
    /// What the advisor looks at of a lead, nobody's name among it: all that the scoring service
    /// may ask. Answered by [`LeadFeatures`].
    #[serde(rename = "lead_features")]
    LeadFeatures {
        /// Which lead.
        lead_id: LeadId,
    },
    /// A page of leads that ended, as they were when a score was due: what the advisor learns
    /// from, nobody's name among it. The newest come first, 100,000 at most (Admin, scoring).
    /// Answered by pages of [`TrainingExample`].
    #[serde(rename = "training_examples")]
    TrainingExamples(TrainingExamples),
    /// Who scores, and what was learnt so far (Admin, scoring).
    #[serde(rename = "list_models")]
    ListModels {},
    /// One kept model (Admin, scoring).
    #[serde(rename = "get_model")]
    GetModel(GetModel),
    /// How much there is to learn from in every workspace (scoring; the subject's workspace is not
    /// looked at).
    #[serde(rename = "training_states")]
    TrainingStates {},
    /// What the advisor needs to know of the workspace besides (scoring). Answered by
    /// [`AdvisorContext`].
    #[serde(rename = "advisor_context")]
    AdvisorContext {},
    /// Leads that are being worked and whose analysis is older than their workspace's `stale_days`,
    /// the oldest first, 100 at most (scoring; the subject's workspace is not looked at). Answered
    /// by a list of [`StaleAnalysis`].
    #[serde(rename = "stale_analyses")]
    StaleAnalyses {},
    /// What could not be processed and waits (Admin).
    #[serde(rename = "list_dead")]
    ListDead {},
    /// The read models, their versions and how far they have come (operator).
    #[serde(rename = "list_projections")]
    ListProjections {},
    /// Every workspace (operator; the subject's workspace is not looked at).
    #[serde(rename = "list_workspaces")]
    ListWorkspaces {},
    /// The member behind an account, a name or an id in the workspace (operator).
    #[serde(rename = "find_member")]
    FindMember {
        /// An id, or a part of a name or an e-mail address.
        text: String,
    },
    /// In which workspaces a Telegram account is an active member's (the bot; the subject's
    /// workspace is not looked at). Answered by a list of [`Membership`].
    #[serde(rename = "find_account")]
    FindAccount {
        /// The account.
        user_id: TelegramUserId,
    },
}

impl Query {
    /// The names of all of them.
    pub const NAMES: &'static [&'static str] = &[
        "list_leads",
        "get_lead",
        "lead_history",
        "list_sales",
        "get_sale",
        "statistics",
        "list_members",
        "list_tokens",
        "list_invitations",
        "list_events",
        "list_changes",
        "me",
        "get_workspace",
        "lead_features",
        "training_examples",
        "list_models",
        "get_model",
        "training_states",
        "advisor_context",
        "stale_analyses",
        "list_dead",
        "list_projections",
        "list_workspaces",
        "find_member",
        "find_account",
    ];

    /// The name: the last token of its subject.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ListLeads(_) => "list_leads",
            Self::GetLead(_) => "get_lead",
            Self::LeadHistory(_) => "lead_history",
            Self::ListSales(_) => "list_sales",
            Self::GetSale(_) => "get_sale",
            Self::Statistics {} => "statistics",
            Self::ListMembers {} => "list_members",
            Self::ListTokens(_) => "list_tokens",
            Self::ListInvitations(_) => "list_invitations",
            Self::ListEvents(_) => "list_events",
            Self::ListChanges(_) => "list_changes",
            Self::Me {} => "me",
            Self::GetWorkspace {} => "get_workspace",
            Self::LeadFeatures { .. } => "lead_features",
            Self::TrainingExamples(_) => "training_examples",
            Self::ListModels {} => "list_models",
            Self::GetModel(_) => "get_model",
            Self::TrainingStates {} => "training_states",
            Self::AdvisorContext {} => "advisor_context",
            Self::StaleAnalyses {} => "stale_analyses",
            Self::ListDead {} => "list_dead",
            Self::ListProjections {} => "list_projections",
            Self::ListWorkspaces {} => "list_workspaces",
            Self::FindMember { .. } => "find_member",
            Self::FindAccount { .. } => "find_account",
        }
    }
}

/// Who is looked for hides itself.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with: &dyn fmt::Debug = match self {
            Self::ListLeads(list) => list,
            Self::GetLead(get) => get,
            Self::LeadHistory(history) => history,
            Self::ListSales(list) => list,
            Self::GetSale(get) => get,
            Self::ListTokens(list) => list,
            Self::ListInvitations(list) => list,
            Self::ListEvents(list) => list,
            Self::ListChanges(list) => list,
            Self::LeadFeatures { lead_id } => lead_id,
            Self::TrainingExamples(page) => page,
            Self::GetModel(get) => get,
            Self::FindMember { .. } | Self::FindAccount { .. } => &"***",
            Self::Statistics {}
            | Self::ListMembers {}
            | Self::Me {}
            | Self::GetWorkspace {}
            | Self::ListModels {}
            | Self::TrainingStates {}
            | Self::AdvisorContext {}
            | Self::StaleAnalyses {}
            | Self::ListDead {}
            | Self::ListProjections {}
            | Self::ListWorkspaces {} => &(),
        };
        f.debug_tuple(self.name()).field(with).finish()
    }
}

/// What travels on `ael.qry.<edge>.<workspace>.<query>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// Who asks.
    pub credential: Credential,
    /// Answer only what includes this write; waited for, within bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PositionToken>,
    /// The question.
    pub query: Query,
}
