//! Why a command was not carried out: refused for good, or failed for now.

use ael_auth::Denied;
use ael_events::answer::{CommandAnswer, Failed, Rejected};
use ael_events::event::BadEvent;
use ael_store::StoreError;
use std::sync::Arc;

/// Something that should work did not: told to the operator in full, to the asker in brief.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The store cannot be reached, or did not do what it should.
    #[error("the store did not answer as it should")]
    Store(#[from] StoreError),
    /// What the store holds cannot be read, or what was decided cannot be written.
    #[error("an event cannot be read or written")]
    Event(#[from] BadEvent),
    /// A state or a request cannot be written as JSON.
    #[error("a value cannot be read or written as JSON")]
    Json(#[from] serde_json::Error),
    /// The store was away or busy while it appended; it may have happened, and asking again tells.
    #[error("the store was away or busy")]
    Away(#[source] Arc<StoreError>),
    /// The append was a mistake of ours.
    #[error("an append could not be carried out")]
    Append(#[source] Arc<StoreError>),
    /// The world changed under every attempt.
    #[error("others changed the same thing again and again ({attempts} attempts)")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
}

impl Trouble {
    /// What the asker is told: nothing happened, and when to ask again.
    pub(crate) fn answer(&self) -> Failed {
        let is_passing = match self {
            Self::Store(source) => source.is_transient(),
            Self::Away(_) | Self::Contended { .. } => true,
            Self::Event(_) | Self::Json(_) | Self::Append(_) => false,
        };
        let (sentence, retry_after_ms) = match self {
            Self::Contended { .. } => {
                ("others are changing the same thing right now: nothing was done, ask again", 50)
            }
            Self::Store(_) | Self::Away(_) if is_passing => {
                ("the database is away or busy: nothing is lost, ask again in a moment", 500)
            }
            Self::Store(_) | Self::Away(_) | Self::Event(_) | Self::Json(_) | Self::Append(_) => {
                ("something is wrong on our side: nothing was done, ask the operator", 2_000)
            }
        };
        Failed { sentence: sentence.to_owned(), retry_after_ms }
    }
}

/// A command that was not accepted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Asking again cannot help.
    Rejected(Rejected),
    /// Asking again may help.
    Failed(Failed),
}

impl From<Rejected> for Refused {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        if let Denied::Unavailable(source) = &denied {
            tracing::warn!(
                error = source as &dyn std::error::Error,
                "who asks cannot be looked up"
            );
        }
        match denied.into_refusal() {
            Ok(rejected) => Self::Rejected(rejected),
            Err(failed) => Self::Failed(failed),
        }
    }
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        tracing::warn!(error = &trouble as &dyn std::error::Error, "a command failed");
        Self::Failed(trouble.answer())
    }
}

impl From<Refused> for CommandAnswer {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(rejected) => Self::Rejected(rejected),
            Refused::Failed(failed) => Self::Failed(failed),
        }
    }
}
