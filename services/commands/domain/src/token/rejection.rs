//! Why something is not to happen to a token, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use ael_events::values::{Role, Scope};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The fact that stands against a command to a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such token.
    #[error("there is no such token in this workspace")]
    NotFound,
    /// There is such a token.
    #[error("there is a token with this id already")]
    AlreadyExists,
    /// A token carries somebody's rights.
    #[error("a token carries the rights of an active member, and there is no such one")]
    OwnerNotActive,
    /// It would be good for nothing.
    #[error("a token is good for something: name a scope at least")]
    NoScopes,
    /// It would carry more than its owner has.
    #[error("the scope {scope} needs the role {needs}, which the token's owner does not have")]
    ScopeTooWide {
        /// Which scope.
        scope: Scope,
        /// The role that it needs.
        needs: Role,
    },
    /// The hash is none.
    #[error("the hash of the secret is not SHA-256: 64 hexadecimal digits are expected")]
    BadHash,
    /// It would be over before it began.
    #[error("a token ends in the future, not at {expires_at}")]
    EndsInThePast {
        /// Until when it was to be good.
        expires_at: DateTime<Utc>,
    },
}

impl TokenRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::OwnerNotActive => "owner_not_active",
            Self::NoScopes => "no_scopes",
            Self::ScopeTooWide { .. } => "scope_too_wide",
            Self::BadHash => "bad_hash",
            Self::EndsInThePast { .. } => "ends_in_the_past",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::ScopeTooWide { scope, needs } => json!({ "scope": scope, "needs": needs }),
            Self::EndsInThePast { expires_at } => json!({ "expires_at": expires_at }),
            Self::NotFound
            | Self::AlreadyExists
            | Self::OwnerNotActive
            | Self::NoScopes
            | Self::BadHash => Value::Null,
        }
    }
}

impl From<TokenRejection> for Rejected {
    fn from(rejection: TokenRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
