//! The house behind the bus, as the live part asks it.

use super::caller::Caller;
use super::house::{House, Stretch};
use ael_client::{Client, ClientError};
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{ChangePage, ListChanges, Me, Query, QueryRequest};
use async_trait::async_trait;
use std::time::Duration;

/// How many changes are asked for at once.
const LIMIT: u16 = 200;
/// A socket asks again by itself: a query service that is away is found out soon.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the query service.
#[derive(Debug, Clone)]
pub struct ClientHouse(Client);

impl ClientHouse {
    /// By this client's way.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client.with_patience(PATIENCE))
    }
}

fn question(by: &Credential, query: Query) -> QueryRequest {
    QueryRequest { credential: by.clone(), after: None, query }
}

#[async_trait]
impl House for ClientHouse {
    async fn who(&self, workspace: WorkspaceId, by: &Credential) -> Result<Caller, ClientError> {
        let me: Me = self.0.query(workspace, &question(by, Query::Me {})).await?;
        Ok(Caller { member: me.member.id, role: me.member.role, scopes: me.scopes })
    }

    async fn changes(
        &self,
        workspace: WorkspaceId,
        by: &Credential,
        cursor: Option<&str>,
    ) -> Result<Stretch, ClientError> {
        let cursor = cursor.map(str::to_owned);
        let asked = Query::ListChanges(ListChanges { cursor, limit: Some(LIMIT) });
        let page: ChangePage = self.0.query(workspace, &question(by, asked)).await?;
        Ok(Stretch {
            is_end: page.items.len() < usize::from(LIMIT),
            changes: page.items,
            cursor: page.next_cursor,
            reset: page.reset,
        })
    }
}
