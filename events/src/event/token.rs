//! What can have happened to an API token.

use crate::ids::{MemberId, TokenId};
use crate::private::Private;
use crate::values::{Scope, TokenLabel};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

super::events! {
    /// An event of a token.
    TokenEvent {
        /// A token was made.
        "token.created.v1" => Created(TokenCreated),
        /// It is good for nothing any more.
        "token.revoked.v1" => Revoked(TokenRevoked),
    }
}

/// The sealed part of [`TokenCreated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenPrivate {
    /// What it is for, in its owner's words.
    pub label: TokenLabel,
}

/// See [`TokenEvent::Created`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenCreated {
    /// Whose rights it carries, at most.
    pub member_id: MemberId,
    /// SHA-256 of the secret, hexadecimal; the secret itself is kept nowhere.
    pub secret_hash: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// Until when; for ever, when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The token by which it was made: revoked with that one. None, when it was made otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<TokenId>,
    /// What it is for.
    #[serde(default)]
    pub private: Private<TokenPrivate>,
}

/// See [`TokenEvent::Revoked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {}
