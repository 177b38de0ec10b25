//! What the live part asks of the rest of the house: who somebody is, and what they missed.

use super::caller::Caller;
use ael_client::ClientError;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::LiveChange;
use async_trait::async_trait;

/// A stretch of what happened, as far as the asker may know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The changes, in order.
    pub changes: Vec<LiveChange>,
    /// Where it goes on.
    pub cursor: String,
    /// Whether nothing follows at the moment.
    pub is_end: bool,
    /// Whether the cursor that was asked with is of no use any more: the answer is about now.
    pub reset: bool,
}

/// The questions.
#[async_trait]
pub trait House: Send + Sync + 'static {
    /// Who somebody is now.
    async fn who(&self, workspace: WorkspaceId, by: &Credential) -> Result<Caller, ClientError>;

    /// What happened after a cursor; without one, where now is.
    async fn changes(
        &self,
        workspace: WorkspaceId,
        by: &Credential,
        cursor: Option<&str>,
    ) -> Result<Stretch, ClientError>;
}
