//! Why something is not to happen to a workspace, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use serde_json::{Value, json};

/// The fact that stands against a command to a workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NotFound,
    /// There is such a workspace.
    #[error("there is a workspace with this id already")]
    AlreadyExists,
}

impl WorkspaceRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::NotFound | Self::AlreadyExists => Value::Null,
        }
    }
}

impl From<WorkspaceRejection> for Rejected {
    fn from(rejection: WorkspaceRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
