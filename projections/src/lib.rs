//! The read models: what people look at, built from what happened, and built anew whenever we like.
//!
//! - One folder per read model: its tables, a pure function per event, its rows.
//! - [`projector`]: keeps them, lane by lane, each event exactly once.
//! - [`rebuild()`]: a new version beside the old one, exchanged without a gap.
//! - [`audit`]: every row of theirs, compared with the fold of the events.
//! - [`VerifyDesk`]: the same over the bus, in pages, with the hash chain.
//!
//! Invariants: rows and checkpoints move in one transaction; a checkpoint never goes back;
//! whoever was erased is in no row; what cannot be processed waits with its reason and holds up
//! nobody else.

mod access;
mod ai_cache;
pub mod audit;
pub mod digest;
mod error;
pub mod lead_board;
pub mod lead_card;
pub mod members;
pub mod model;
mod opened;
pub mod projector;
mod rebuild;
pub mod sale_board;
#[cfg(test)]
mod samples;
pub mod search;
mod service;
mod source;
pub mod stats;
mod status;
mod tables;
pub mod timeline;
mod verify;
mod words;

pub use audit::{Audit, Findings};
pub use error::{ProjectionError, SourceError};
pub use opened::{EventFacts, Opened};
pub use projector::{Projector, ProjectorOptions, dead};
pub use rebuild::{Progress, Rebuilt, rebuild, rebuild_from};
pub use service::{Config, run};
pub use source::{EventSource, StoreSource};
pub use status::status;
pub use verify::VerifyDesk;

use sqlx::PgPool;
use sqlx::migrate::Migrator;

/// The read side's own tables: the books of the read models.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations/read");

/// The names of the read models.
pub const NAMES: &[&str] =
    &["lead_board", "lead_card", "timeline", "sale_board", "members", "access", "stats"];

/// Makes the first version of every read model, its views and the functions over them, where they
/// are missing.
///
/// # Errors
/// When PostgreSQL cannot be reached or refuses.
pub async fn ensure(pool: &PgPool) -> Result<(), ProjectionError> {
    tables::ensure(pool, &model::all()).await
}

/// The read models that have to be rebuilt before this program's queries understand them.
///
/// # Errors
/// When PostgreSQL cannot be reached or refuses.
pub async fn outdated(pool: &PgPool) -> Result<Vec<&'static str>, ProjectionError> {
    tables::outdated(pool, &model::all()).await
}
