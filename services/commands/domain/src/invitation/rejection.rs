//! Why something is not to happen to an invitation, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use ael_events::ids::MemberId;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The fact that stands against a command to an invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such invitation.
    #[error("there is no such invitation in this workspace")]
    NotFound,
    /// There is such an invitation.
    #[error("there is an invitation with this id already")]
    AlreadyExists,
    /// The hash is none.
    #[error("the hash of the code is not SHA-256: 64 hexadecimal digits are expected")]
    BadHash,
    /// It would be over before it began.
    #[error("an invitation ends in the future, not at {expires_at}")]
    EndsInThePast {
        /// Until when it was to be good.
        expires_at: DateTime<Utc>,
    },
    /// There is no invitation with this code. Says no more than that to who only guesses.
    #[error("this invitation code is not known: ask for a new link")]
    WrongCode,
    /// Its day is over.
    #[error("this invitation was good until {expires_at}: ask for a new one")]
    Expired {
        /// Until when it was good.
        expires_at: DateTime<Utc>,
    },
    /// It is good for once.
    #[error("this invitation was accepted already")]
    AlreadyAccepted,
    /// It was taken back.
    #[error("this invitation was taken back: ask for a new one")]
    Revoked,
    /// Who comes is a member.
    #[error("there is a member with this id already")]
    MemberExists,
    /// An account is one member's.
    #[error("this Telegram account belongs to a member of this workspace already")]
    TelegramTaken {
        /// Whose it is.
        by: MemberId,
    },
}

impl InvitationRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::BadHash => "bad_hash",
            Self::EndsInThePast { .. } => "ends_in_the_past",
            Self::WrongCode => "wrong_code",
            Self::Expired { .. } => "expired",
            Self::AlreadyAccepted => "already_accepted",
            Self::Revoked => "revoked",
            Self::MemberExists => "member_exists",
            Self::TelegramTaken { .. } => "telegram_taken",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::EndsInThePast { expires_at } | Self::Expired { expires_at } => {
                json!({ "expires_at": expires_at })
            }
            Self::TelegramTaken { by } => json!({ "member_id": by }),
            Self::NotFound
            | Self::AlreadyExists
            | Self::BadHash
            | Self::WrongCode
            | Self::AlreadyAccepted
            | Self::Revoked
            | Self::MemberExists => Value::Null,
        }
    }
}

impl From<InvitationRejection> for Rejected {
    fn from(rejection: InvitationRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
