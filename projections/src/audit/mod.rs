//! The audit: every row of every read model, compared with what folding the stored events gives.
//!
//! # Invariants
//!
//! - **What is compared is of one moment.** A page of aggregates, their events, the checkpoints and
//!   all rows that show them are read in one snapshot; folded are the events up to the checkpoints
//!   of that very snapshot. Commands may flow, projectors run, read models be exchanged: none of it
//!   is a difference.
//! - **Nothing is left out.** Rows are read by ranges of ids, so that a row of an aggregate that
//!   never was is found as well as one that is missing; every column is compared.
//! - **A read model that stands still is not clean**: what was acknowledged before the audit began
//!   has to be in it before the audit ends.
//! - **Nothing personal comes out**: of personal values only that they differ.

mod counters;
mod findings;
mod fold;
mod page;
mod reach;
pub mod row;
mod stretch;

pub use findings::{Difference, Findings, MOST_DIFFERENCES, Tally};
pub use reach::Reach;
pub use stretch::Place;

use crate::error::{ProjectionError, SourceError};
use crate::model::{self, ReadModel};
use crate::source::StoreSource;
use ael_events::event::Event;
use ael_events::ids::WorkspaceId;
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use ael_seal::MasterKeyring;
use ael_store::{ReadSnapshot, SettledReader};
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Whoever can fold a history in another way than the read models do: the domain. Nothing for
/// aggregates that no read model shows; the reason, where it cannot be folded.
pub type SecondOpinion = dyn Fn(AggregateKind, Uuid, Vec<Event>) -> Opinion + Send + Sync;

/// See [`SecondOpinion`].
pub type Opinion = Result<Option<AggregateDigest>, String>;

/// What is gone through, each kind page by page. A sale goes with its lead.
const KINDS: [AggregateKind; 6] = [
    AggregateKind::Workspace,
    AggregateKind::Member,
    AggregateKind::Invitation,
    AggregateKind::Token,
    AggregateKind::Advisor,
    AggregateKind::Lead,
];
/// How often a page is read again whose tables were exchanged just then.
const ATTEMPTS: u32 = 20;
/// How often a page is read again of which somebody was being erased just then: key and event go
/// together, and so whose key is gone is erased in the next snapshot, while others may be now.
const ERASURES: u32 = 20;

/// An audit of the read models. Cheap to make.
pub struct Audit {
    pool: PgPool,
    source: StoreSource,
    reader: SettledReader,
    models: Vec<Arc<dyn ReadModel>>,
    opinion: Box<SecondOpinion>,
}

/// Tries again what met tables that were just being exchanged for those of another version.
macro_rules! patiently {
    ($work:expr) => {{
        let mut attempt = 0;
        loop {
            attempt += 1;
            match $work.await {
                Err(error) if attempt < ATTEMPTS && is_exchange(&error) => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                outcome => break outcome,
            }
        }
    }};
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("models", &self.models).finish_non_exhaustive()
    }
}

impl Audit {
    /// Over a pool in the role of the projections.
    #[must_use]
    pub fn new(pool: &PgPool, keyring: Arc<MasterKeyring>, opinion: Box<SecondOpinion>) -> Self {
        let source = StoreSource::new(pool, keyring);
        let reader = SettledReader::new(pool.clone());
        Self { pool: pool.clone(), source, reader, models: model::all(), opinion }
    }

    /// Waits until the read models have taken everything that was acknowledged by now; not longer
    /// than `patience` without any progress.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn reach(&self, patience: Duration) -> Result<Reach, ProjectionError> {
        let reach = self.newest().await?;
        reach.wait(&self.pool, &self.models, patience).await?;
        Ok(reach)
    }

    async fn newest(&self) -> Result<Reach, ProjectionError> {
        Ok(Reach::of(self.reader.newest().await.map_err(SourceError::from)?))
    }

    /// Every workspace in which something happened.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn workspaces(&self) -> Result<BTreeSet<WorkspaceId>, ProjectionError> {
        let known = self.reader.workspaces().await.map_err(SourceError::from)?;
        Ok(known.into_iter().collect())
    }

    /// Every workspace of which a read model has a row although nothing ever happened in it.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn strangers(&self) -> Result<BTreeSet<WorkspaceId>, ProjectionError> {
        // What is shown has happened before: it is asked for first.
        let shown = patiently!(page::workspaces_shown(&self.pool, &self.models));
        let shown = shown?;
        let known = self.workspaces().await?;
        Ok(shown.difference(&known).copied().collect())
    }

    /// How many events a workspace has.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn size(&self, workspace: WorkspaceId) -> Result<u64, ProjectionError> {
        let mut snapshot = ReadSnapshot::begin(&self.pool).await.map_err(SourceError::from)?;
        Ok(snapshot.count(workspace).await.map_err(SourceError::from)?)
    }

    /// Compares everything of a workspace. `progress` is told how many events were gone through.
    ///
    /// # Errors
    /// When PostgreSQL or the store fails.
    pub async fn verify(
        &self,
        workspace: WorkspaceId,
        reach: &Reach,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Findings, ProjectionError> {
        let mut findings = Findings::of(&self.models);
        for kind in KINDS {
            let mut after = None;
            loop {
                let (part, last) = self.page(workspace, kind, after).await?;
                findings.add(part);
                progress(findings.events);
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        findings.add(self.counters(workspace).await?);
        for letter in crate::dead::list(&self.pool, workspace).await? {
            findings.tally(&letter.projection).parked += 1;
        }
        reach.behind(&self.pool, &self.models, workspace, &mut findings).await?;
        Ok(findings)
    }

    async fn counters(&self, workspace: WorkspaceId) -> Result<Findings, ProjectionError> {
        patiently!(counters::verify(&self.pool, workspace))
    }

    /// One page, compared; and after which aggregate the next begins.
    async fn page(
        &self,
        workspace: WorkspaceId,
        kind: AggregateKind,
        after: Option<Uuid>,
    ) -> Result<(Findings, Option<Uuid>), ProjectionError> {
        let (mut attempt, mut keyless_before) = (0, BTreeSet::new());
        loop {
            attempt += 1;
            let models = &self.models;
            let page = patiently!(page::read(&self.pool, models, workspace, kind, after))?;
            let last = page.last;
            let (findings, keyless) = fold::compare(self, page, kind).await?;
            if keyless.is_subset(&keyless_before) || attempt == ERASURES {
                return Ok((findings, last));
            }
            keyless_before = keyless;
        }
    }
}

fn is_exchange(error: &ProjectionError) -> bool {
    let ProjectionError::Database(error) = error else { return false };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "42P01" || code == "55P03")
}
