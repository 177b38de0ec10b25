//! The operations of the interface: one file per part of it.

mod assistant;
mod audit;
mod bulk;
mod lead_bodies;
mod lead_changes;
mod lead_params;
mod leads;
mod live;
mod members;
mod once;
mod sales;
mod statistics;
mod tokens;
mod workspace;

pub(crate) use assistant::{AssistantApi, Question};
pub(crate) use audit::AuditApi;
pub(crate) use lead_changes::LeadChangesApi;
pub(crate) use leads::LeadsApi;
pub(crate) use live::LiveApi;
pub(crate) use members::MembersApi;
pub(crate) use sales::SalesApi;
pub(crate) use statistics::StatisticsApi;
pub(crate) use tokens::TokensApi;
pub(crate) use workspace::WorkspaceApi;

use poem_openapi::Tags;

/// The parts of the interface, in the order in which a newcomer meets them.
#[derive(Tags)]
pub(crate) enum Tag {
    /// People who may become customers: from the first message to the transfer to sales.
    Leads,
    /// What became of transferred leads, up to the payment.
    Sales,
    /// The numbers of the workspace, or of an Agent's own leads.
    Statistics,
    /// Questions in plain words, and drafts of changes.
    Assistant,
    /// Who works here: yourself, the members, invitations.
    People,
    /// What opens this interface.
    Tokens,
    /// What the workspace decides for itself.
    Workspace,
    /// What happened, who did it, and whether what is shown is true.
    Audit,
    /// What changes, as it changes.
    Live,
}
