//! Personal API tokens: what opens this interface.

use super::Tag;
use super::lead_bodies::Nothing;
use super::lead_params::PageParams;
use super::once::{Shown, no_randomness, once};
use crate::desk::Desk;
use crate::wire::{Body, Found, Maker, Params, Path, Problem, Reader, Writer, Written};
use ael_client::NewToken;
use ael_events::command::{Command, CreateToken, MemberRef, RevokeToken, To, TokenCommand};
use ael_events::ids::{MemberId, TokenId};
use ael_events::query::{ListTokens, Query, TokenPage};
use ael_events::values::{Scope, TokenLabel};
use chrono::{DateTime, Utc};
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Making and revoking tokens.
#[derive(Debug)]
pub(crate) struct TokensApi(pub(crate) Desk);

/// A token that is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// What it is for.
    label: TokenLabel,
    /// What it is good for: at least one, and no more than its owner and the token that makes it.
    scopes: BTreeSet<Scope>,
    /// Whose it is; yours when not said.
    #[serde(default)]
    member_id: Option<MemberId>,
    /// Until when; for ever when not said.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A token with its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TokenMade {
    /// Its name, by which it is revoked.
    id: TokenId,
    /// The whole token: shown this once.
    token: String,
    /// What it is good for.
    scopes: BTreeSet<Scope>,
    /// Until when.
    expires_at: Option<DateTime<Utc>>,
}

fn to_token(id: TokenId, command: impl Into<TokenCommand>) -> Command {
    Command::Token(To { id, command: command.into() })
}

#[OpenApi(tag = "Tag::Tokens")]
impl TokensApi {
    /// List tokens
    ///
    /// Your own; an Admin sees everybody's. Never their secrets.
    #[oai(path = "/tokens", method = "get", operation_id = "list_tokens")]
    async fn list(
        &self,
        reader: Reader,
        query: Params<PageParams>,
    ) -> Result<Found<TokenPage>, Problem> {
        let PageParams { cursor, limit } = query.0;
        let asked = ListTokens { cursor, limit };
        Ok(Found::raw(self.0.ask(&reader, Query::ListTokens(asked)).await?))
    }

    /// Make a token
    ///
    /// For yourself, or as an Admin for anybody. Made with a token, it is revoked with that one. It
    /// is shown this once: a repeated request is answered 409 `secret_already_shown`.
    #[oai(path = "/tokens", method = "post", operation_id = "create_token")]
    async fn create(
        &self,
        maker: Maker,
        body: Body<NewTokenBody>,
    ) -> Result<Shown<TokenMade>, Problem> {
        let NewTokenBody { label, scopes, member_id, expires_at } = body.0;
        let member_id = member_id.map_or(MemberRef::Me, MemberRef::Id);
        let id = TokenId::from_uuid(maker.new_id());
        let minted = NewToken::mint_as(maker.caller.workspace, id).map_err(no_randomness)?;
        let secret_hash = minted.secret_hash;
        let command =
            CreateToken { member_id, label, secret_hash, scopes: scopes.clone(), expires_at };
        once(self.0.make(&maker, to_token(id, command)).await)?;
        let token = minted.text.expose_secret().to_owned();
        Shown::of(&TokenMade { id, token, scopes, expires_at })
    }

    /// Revoke a token
    ///
    /// Within a second it opens nothing any more, anywhere; nor does what was made with it.
    #[oai(path = "/tokens/:id/revoke", method = "post", operation_id = "revoke_token")]
    async fn revoke(
        &self,
        writer: Writer,
        id: Path<TokenId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_token(id.0, RevokeToken {})).await?))
    }

    /// Revoke a token
    ///
    /// The same as `POST /tokens/{id}/revoke`.
    #[oai(path = "/tokens/:id", method = "delete", operation_id = "delete_token")]
    async fn delete(&self, writer: Writer, id: Path<TokenId>) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_token(id.0, RevokeToken {})).await?))
    }
}
