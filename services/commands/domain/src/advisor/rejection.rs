//! Why something is not to happen to an advisor, each as a fact.

use crate::InTheFuture;
use crate::refusal::rejected;
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use serde_json::{Value, json};

/// The fact that stands against a command to an advisor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdvisorRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// It is not this workspace's advisor.
    #[error("there is no such advisor in this workspace")]
    NotFound,
    /// Another model scores by now.
    #[error("another model scores than the one that this one was judged against: train anew")]
    ChampionChanged {
        /// The model that scores; the rules, where there is none.
        champion: Option<u32>,
    },
    /// It won, and is not there.
    #[error("the new model did no worse than the old one, but it was not sent along")]
    ModelMissing,
    /// It lost, and is to be kept all the same.
    #[error("the new model did worse than the one that scores: it is not kept")]
    ChallengerIsWorse,
    /// The figures cannot be.
    #[error("such figures cannot be: AUC, Brier score and ECE are 0 to 1, a log-loss is 0 or more")]
    NoFigures,
    /// Its newest outcome is still to come.
    #[error("a model cannot have learnt from outcomes that are still to come")]
    LearntFromTheFuture,
    /// There is no such model.
    #[error("there is no model {version}: the newest is {newest} (0: there is none)")]
    NoSuchModel {
        /// Which was asked for.
        version: u32,
        /// The newest that there is.
        newest: u32,
    },
}

impl AdvisorRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) => "in_the_future",
            Self::NotFound => "not_found",
            Self::ChampionChanged { .. } => "champion_changed",
            Self::ModelMissing => "model_missing",
            Self::ChallengerIsWorse => "challenger_is_worse",
            Self::NoFigures => "no_figures",
            Self::LearntFromTheFuture => "learnt_from_the_future",
            Self::NoSuchModel { .. } => "no_such_model",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at }) => json!({ "at": occurred_at }),
            Self::ChampionChanged { champion } => json!({ "champion": champion }),
            Self::NoSuchModel { version, newest } => {
                json!({ "version": version, "newest": newest })
            }
            Self::NotFound
            | Self::ModelMissing
            | Self::ChallengerIsWorse
            | Self::NoFigures
            | Self::LearntFromTheFuture => Value::Null,
        }
    }
}

impl From<AdvisorRejection> for Rejected {
    fn from(rejection: AdvisorRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
