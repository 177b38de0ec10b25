//! Why the read models could not be kept.

use std::sync::Arc;

/// The projector could not do its work. Nothing is half done: rows and checkpoints move together
/// or not at all.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// PostgreSQL could not be reached, or refused a statement.
    #[error("the database refused or could not be reached")]
    Database(#[from] sqlx::Error),
    /// A read model's tables refused what an event would have written.
    #[error("the tables of {projection} refused a row")]
    Write {
        /// The read model.
        projection: &'static str,
        /// What PostgreSQL said.
        source: sqlx::Error,
    },
    /// The store could not give or open the events.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Another copy took the lane over and has come further.
    #[error("another copy projects this lane")]
    LostRace,
    /// Nothing of this name is projected.
    #[error("there is no read model {name}: see `ael projection list`")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The read model is being rebuilt by somebody else.
    #[error("{name} is being rebuilt already")]
    AlreadyRebuilding {
        /// The read model.
        name: &'static str,
    },
    /// The rebuild was stopped before it was done; the old version is still read.
    #[error("the rebuild was stopped; the version that was read before is still read")]
    Stopped,
    /// What several lanes needed together could not be had.
    #[error(transparent)]
    Shared(Arc<ProjectionError>),
    /// The work on a batch broke off by a defect; nothing of it took effect.
    #[error("the work on a batch of events broke off by a defect")]
    BrokenOff,
    /// The stream of events could not be followed.
    #[error("the stream of events could not be followed")]
    Bus(#[from] ael_bus::ConsumeError),
    /// The keys of the provider whose sign-in tokens are taken cannot be had.
    #[error("the keys of the sign-in provider cannot be fetched")]
    Provider(#[from] ael_auth::FetchError),
    /// A setting cannot be used.
    #[error("a setting cannot be used")]
    Config(#[from] ael_service::ConfigError),
    /// The bus cannot be entered.
    #[error("the bus cannot be reached")]
    Enter(#[from] ael_bus::BusError),
}

/// The store could not give or open events.
#[derive(Debug, thiserror::Error)]
#[error("the events could not be read")]
pub struct SourceError(#[from] ael_store::StoreError);

impl ProjectionError {
    /// Whether one of several lanes may be the cause, so that each should be tried alone: values
    /// that are refused, a lock or a time limit, a lane that went to another copy, a row that
    /// cannot be read. If the database is away, it is away for all of them.
    pub(crate) fn may_be_one_lanes(&self) -> bool {
        let is_passing = |error: &sqlx::Error| {
            error.as_database_error().and_then(|error| error.code()).is_some_and(|code| {
                ["55", "40", "57014"].iter().any(|class| code.starts_with(class))
            })
        };
        match self {
            Self::Database(source) => is_passing(source),
            Self::Write { source, .. } => self.is_about_values() || is_passing(source),
            Self::Source(SourceError(source)) => !source.is_transient(),
            Self::Shared(source) => source.may_be_one_lanes(),
            Self::LostRace => true,
            Self::Unknown { .. }
            | Self::AlreadyRebuilding { .. }
            | Self::Stopped
            | Self::BrokenOff
            | Self::Bus(_)
            | Self::Provider(_)
            | Self::Config(_)
            | Self::Enter(_) => false,
        }
    }

    /// Whether PostgreSQL refused the values themselves: asking again cannot help.
    pub(crate) fn is_about_values(&self) -> bool {
        let Self::Write { source, .. } = self else { return false };
        source.as_database_error().and_then(|error| error.code()).is_some_and(|code| {
            // Data exception, integrity constraint, program limit (a row too large).
            ["22", "23", "54"].iter().any(|class| code.starts_with(class))
        })
    }
}
