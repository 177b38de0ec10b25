//! Why something is not to happen to a member, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use ael_events::ids::MemberId;
use serde_json::{Value, json};

/// The fact that stands against a command to a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such member.
    #[error("there is no such member in this workspace")]
    NotFound,
    /// There is such a member.
    #[error("there is a member with this id already")]
    AlreadyExists,
    /// Nobody knows any more what they are called.
    #[error("this member's name was erased: give one")]
    NameUnknown,
    /// They may do nothing.
    #[error("this member is not active: reactivate them first")]
    NotActive,
    /// A workspace without an Admin could never have one again.
    #[error("this is the last active admin of the workspace: make somebody else an admin first")]
    LastAdmin,
    /// An account is one member's.
    #[error("this Telegram account belongs to member {by} already: unlink it there first")]
    TelegramTaken {
        /// Whose it is.
        by: MemberId,
    },
    /// An identity is one member's.
    #[error("this identity belongs to member {by} already: unlink it there first")]
    IdentityTaken {
        /// Whose it is.
        by: MemberId,
    },
    /// There is no account to speak of.
    #[error("this member has no Telegram account linked")]
    NoTelegram,
    /// A day has 24 hours.
    #[error("quiet hours are whole hours from 0 to 23, from one to another")]
    BadQuietHours {
        /// The hours that were named: from, to.
        hours: (u8, u8),
    },
}

impl MemberRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::NameUnknown => "name_unknown",
            Self::NotActive => "not_active",
            Self::LastAdmin => "last_admin",
            Self::TelegramTaken { .. } => "telegram_taken",
            Self::IdentityTaken { .. } => "identity_taken",
            Self::NoTelegram => "no_telegram",
            Self::BadQuietHours { .. } => "bad_quiet_hours",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::TelegramTaken { by } | Self::IdentityTaken { by } => json!({ "member_id": by }),
            Self::BadQuietHours { hours } => json!({ "hours": hours }),
            Self::NotFound
            | Self::AlreadyExists
            | Self::NameUnknown
            | Self::NotActive
            | Self::LastAdmin
            | Self::NoTelegram => Value::Null,
        }
    }
}

impl From<MemberRejection> for Rejected {
    fn from(rejection: MemberRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
