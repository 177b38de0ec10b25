//! What the assistant sees: the read models, with the eyes of whoever asks. There is no way to have
//! anything done here.

use ael_client::{Client, ClientError};
use ael_events::answer::Failed;
use ael_events::command::Credential;
use ael_events::ids::{LeadId, WorkspaceId};
use ael_events::query::{
    GetLead, LeadDetails, LeadInclude, LeadPage, ListLeads, ListMembers, ListSales, Me, MemberPage,
    MemberView, Query, QueryRequest, SalePage, Statistics, WorkspaceView,
};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where questions are answered: `queries`, or a stand-in of a test.
#[async_trait]
pub(crate) trait Window: Send + Sync {
    /// Answers a question; decides what the asker may see.
    async fn look(
        &self,
        workspace: WorkspaceId,
        request: QueryRequest,
    ) -> Result<Box<RawValue>, ClientError>;
}

#[async_trait]
impl Window for Client {
    async fn look(
        &self,
        workspace: WorkspaceId,
        request: QueryRequest,
    ) -> Result<Box<RawValue>, ClientError> {
        self.query_raw(workspace, &request).await
    }
}

/// Somebody's eyes.
#[derive(Clone)]
pub(crate) struct Eyes {
    pub(crate) window: Arc<dyn Window>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) credential: Credential,
}

impl Eyes {
    async fn look<T: DeserializeOwned>(&self, query: Query) -> Result<T, ClientError> {
        let request = QueryRequest { credential: self.credential.clone(), after: None, query };
        let json = self.window.look(self.workspace, request).await?;
        serde_json::from_str(json.get()).map_err(|error| {
            let (kind, column) = (error.classify(), error.column());
            tracing::error!(?kind, column, "an answer has another form than expected");
            let sentence = "an answer could not be read: ask again in a moment".to_owned();
            ClientError::Failed(Failed { sentence, retry_after_ms: 1_000 })
        })
    }

    pub(crate) async fn me(&self) -> Result<Me, ClientError> {
        self.look(Query::Me {}).await
    }

    pub(crate) async fn workspace(&self) -> Result<WorkspaceView, ClientError> {
        self.look(Query::GetWorkspace {}).await
    }

    pub(crate) async fn leads(&self, list: ListLeads) -> Result<LeadPage, ClientError> {
        self.look(Query::ListLeads(list)).await
    }

    pub(crate) async fn statistics(&self) -> Result<Statistics, ClientError> {
        self.look(Query::Statistics {}).await
    }

    pub(crate) async fn sales(&self, list: ListSales) -> Result<SalePage, ClientError> {
        self.look(Query::ListSales(list)).await
    }

    /// Everybody: who is spoken of may be anybody.
    pub(crate) async fn members(&self) -> Result<Vec<MemberView>, ClientError> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let list = ListMembers { cursor, limit: Some(200) };
            let page: MemberPage = self.look(Query::ListMembers(list)).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// A lead with its owner's name and its sale, where the asker's token is good for sales;
    /// nothing, when there is none that may be seen.
    pub(crate) async fn lead(&self, id: LeadId) -> Result<Option<LeadDetails>, ClientError> {
        let with = |include: &[LeadInclude]| {
            let include = include.iter().copied().collect::<BTreeSet<_>>();
            Query::GetLead(GetLead { include, ..GetLead::now(id) })
        };
        let whole = self.look(with(&[LeadInclude::Owner, LeadInclude::Sale])).await;
        let found = match whole {
            Err(ClientError::Rejected(refusal)) if refusal.code == "scope_missing" => {
                self.look(with(&[LeadInclude::Owner])).await
            }
            answered => answered,
        };
        match found {
            Ok(lead) => Ok(Some(lead)),
            Err(ClientError::Rejected(refusal)) if refusal.code == "not_found" => Ok(None),
            Err(error) => Err(error),
        }
    }
}
