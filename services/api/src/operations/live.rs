//! What changes, as it changes.

use super::Tag;
use super::once::Shown;
use crate::live::{Live, upgrade};
use crate::wire::{Caller, Params, Problem, bare};
use chrono::{DateTime, Utc};
use poem::{IntoResponse, Request, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// Listening.
#[derive(Debug)]
pub(crate) struct LiveApi(pub(crate) Live);

/// How somebody wants to listen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SocketParams {
    /// A ticket instead of the `Authorization` header, for browsers.
    #[schemars(with = "Option<String>")]
    ticket: Option<SecretString>,
    /// The last cursor that was told: what was missed since is told first.
    cursor: Option<String>,
}

/// A ticket.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Ticket")]
pub(crate) struct TicketMade {
    /// The ticket: shown this once, good once.
    ticket: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// An answer that turns the connection into a WebSocket.
#[derive(Debug)]
pub(crate) struct Upgraded(Response);

impl IntoResponse for Upgraded {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Upgraded {
    fn meta() -> MetaResponses {
        let upgraded = bare(101, "The connection is a WebSocket now.");
        MetaResponses { responses: vec![upgraded] }
    }

    fn register(_: &mut Registry) {}
}

#[OpenApi(tag = "Tag::Live")]
impl LiveApi {
    /// Hear what changes
    ///
    /// Becomes a WebSocket over which you are told what changed, after the read models show it:
    /// that it did, never what. Authenticate by the `Authorization` header, or by a ticket where
    /// headers cannot be sent. The messages are described in `docs/live.md`.
    #[oai(path = "/ws", method = "get", operation_id = "listen")]
    async fn listen(
        &self,
        request: &Request,
        query: Params<SocketParams>,
    ) -> Result<Upgraded, Problem> {
        let SocketParams { ticket, cursor } = query.0;
        Ok(Upgraded(upgrade(&self.0, request, ticket, cursor).await?))
    }

    /// Get a ticket for a WebSocket
    ///
    /// For browsers, which cannot send headers when they open one: good once, for 30 seconds, on
    /// whichever copy of the service.
    #[oai(path = "/ws/ticket", method = "post", operation_id = "create_ticket")]
    async fn ticket(&self, caller: Caller) -> Result<Shown<TicketMade>, Problem> {
        let issued = self.0.ticket(caller.workspace, caller.credential).await?;
        let ticket = issued.ticket.expose_secret().to_owned();
        Shown::of(&TicketMade { ticket, expires_at: issued.until })
    }
}
