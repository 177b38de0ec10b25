//! Questions about who may come in: tokens and invitations. What opens a door is in no answer.

use super::lead::{Cursor, Page};
use super::stats::MemberView;
use crate::ids::{InvitationId, MemberId, TokenId, WorkspaceId};
use crate::values::{
    Email, InvitationState, Language, MemberName, Role, Scope, TokenLabel, WorkspaceName,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who asks: the answer to [`super::Query::Me`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The member.
    #[serde(flatten)]
    pub member: MemberView,
    /// What the token is good for; everything that the role may, when it isn't said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<Scope>>,
}

/// A workspace in which a Telegram account is a member's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// Which.
    pub workspace: WorkspaceId,
    /// What it is called.
    pub name: WorkspaceName,
    /// Who they are there.
    pub member_id: MemberId,
}

/// See [`super::Query::ListTokens`]. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListTokens {
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// See [`super::Query::ListInvitations`]. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListInvitations {
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// A page of tokens.
pub type TokenPage = Page<TokenView>;

/// A page of invitations.
pub type InvitationPage = Page<InvitationView>;

/// A token, without anything that would open a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Which.
    pub id: TokenId,
    /// Its version.
    pub version: u64,
    /// What it is for, in its owner's words.
    pub label: Option<TokenLabel>,
    /// Whose rights it carries, at most.
    pub member_id: MemberId,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is good; for ever, when not said.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it last let somebody in, up to some seconds ago; never, when not said.
    #[serde(default)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// An invitation, without its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationView {
    /// Which.
    pub id: InvitationId,
    /// Its version.
    pub version: u64,
    /// Who is invited.
    pub name: Option<MemberName>,
    /// Their e-mail address.
    pub email: Option<Email>,
    /// The role that awaits them.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// What became of it.
    pub state: InvitationState,
    /// The member that they became.
    pub member_id: Option<MemberId>,
    /// When they were invited.
    pub created_at: DateTime<Utc>,
    /// Until when the code is good.
    pub expires_at: DateTime<Utc>,
}
