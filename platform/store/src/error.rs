//! Why the store could not do what it was asked.

use ael_seal::SealError;
use std::borrow::Cow;
use std::sync::Arc;

/// The store failed. Nothing is half done by any of these: a statement happens as a whole or not at
/// all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none of a PostgreSQL database.
    #[error("not the address of a PostgreSQL database")]
    Address(#[source] sqlx::Error),
    /// PostgreSQL could not be reached, or refused a statement.
    #[error("the database refused or could not be reached")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought to the present form.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Personal data could not be sealed or opened.
    #[error("personal data could not be sealed or opened")]
    Seal(#[from] SealError),
    /// A stored row is not of its form.
    #[error("a stored row is not of its form: {what}")]
    BadRow {
        /// What is wrong with it.
        what: Cow<'static, str>,
    },
    /// Something could not be written as JSON or read from it.
    #[error("not JSON as it should be")]
    Json(#[from] serde_json::Error),
    /// What several needed together could not be had.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// Somebody else extended the hash chain at the same moment: there are two leaders.
    #[error("somebody else extends the hash chain")]
    AnotherChainer,
    /// No database for tests was named.
    #[error("AEL_TEST_DATABASE_URL is not set: it should be a superuser's address")]
    NoTestDatabase,
}

impl StoreError {
    pub(crate) fn bad_row(what: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRow { what: what.into() }
    }

    /// Whether asking again later may help: the database is away, busy or starting.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => transient(error),
            Self::AnotherChainer => true,
            Self::Shared(source) => source.is_transient(),
            Self::Address(_)
            | Self::Migrate(_)
            | Self::Seal(_)
            | Self::BadRow { .. }
            | Self::Json(_)
            | Self::NoTestDatabase => false,
        }
    }
}

/// Whether the connection was lost: one that waited in a pool may have been dead for long.
pub(crate) fn lost_connection(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) => code.starts_with("57P") || code.starts_with("08"),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed),
    }
}

fn transient(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|error| error.code()) {
        // Connection, rollback, resources, operator's intervention, lock not available.
        Some(code) => ["08", "40", "53", "57", "55"].iter().any(|class| code.starts_with(class)),
        None => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        ),
    }
}
