//! A token: a key for software, which carries the rights of a member at most.
//!
//! ```text
//! created ─▶ active ─▶ revoked      (or over, when its day has come)
//! ```

mod create;
mod rejection;
mod revoke;

#[cfg(test)]
pub(crate) mod testing;

pub use rejection::TokenRejection;

use crate::Asked;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::TokenCommand;
use ael_events::event::{TokenEvent, TokenPrivate};
use ael_events::ids::{MemberId, TokenId};
use ael_events::private::Private;
use ael_events::values::{Role, Scope};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything that later decisions need to know about a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    standing: Standing,
    member_id: Option<MemberId>,
    scopes: BTreeSet<Scope>,
    expires_at: Option<DateTime<Utc>>,
    /// What it is for, in its owner's words: the one part of a snapshot that is sealed.
    #[serde(default)]
    private: Private<TokenPrivate>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Nobody made it yet.
    #[default]
    Absent,
    Active,
    Revoked,
}

/// What the handler found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenContext {
    /// When, and on whose behalf.
    pub asked: Asked,
    /// The member whose rights a new token is to carry; nothing when there is none.
    pub owner: Option<TokenOwner>,
    /// The token by which they ask, if by one.
    pub made_with: Option<TokenId>,
}

/// The member whose rights a token carries ([`crate::member::Member::token_owner`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenOwner {
    /// Their role.
    pub role: Role,
    /// Whether they may use it now.
    pub active: bool,
}

impl Token {
    /// What happens when this is asked of the token.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &TokenContext,
        command: TokenCommand,
    ) -> Result<Vec<TokenEvent>, TokenRejection> {
        let subject = match &command {
            TokenCommand::Create(create) => {
                Subject { exists: true, owner: create.member_id.of(by), named: None }
            }
            TokenCommand::Revoke(_) => {
                Subject { exists: self.exists(), owner: self.member_id, named: None }
            }
        };
        who_may::check(who_may::token(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            TokenCommand::Create(command) => create::decide(self, by, context, command),
            TokenCommand::Revoke(_) => revoke::decide(self),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: TokenEvent) {
        match event {
            TokenEvent::Created(created) => {
                self.standing = Standing::Active;
                self.member_id = Some(created.member_id);
                self.scopes = created.scopes;
                self.expires_at = created.expires_at;
                self.private = created.private;
            }
            TokenEvent::Revoked(_) => self.standing = Standing::Revoked,
        }
    }

    /// Whether it was ever made.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.standing != Standing::Absent
    }

    /// Whether it is still good, by its standing (its day may be over).
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whose rights it carries.
    #[must_use]
    pub const fn member_id(&self) -> Option<MemberId> {
        self.member_id
    }

    /// What it is good for.
    #[must_use]
    pub const fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// Until when it is good.
    #[must_use]
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

/// Whether a text can be a SHA-256 in hexadecimal.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

crate::decider::aggregate!(Token, "token", TokenContext, TokenCommand, TokenEvent, TokenRejection);
