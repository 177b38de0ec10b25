//! Rebuilding a read model: a new version is filled beside the old one from the store, and takes
//! its place when it has come as far. Readers see no gap, writers don't notice.

use crate::error::ProjectionError;
use crate::model::{self, ReadModel};
use crate::opened::Opened;
use crate::projector::apply::{Batch, Effect, Outcome, Scope, apply_in, apply_to};
use crate::projector::checkpoints::{Place, advance, be_patient, place_of};
use crate::source::{EventSource, StoreSource};
use crate::tables::{self, REBUILD_LOCK, REGISTRY_LOCK};
use ael_events::ids::Lane;
use ael_events::order::Order;
use ael_seal::MasterKeyring;
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::{Connection as _, PgConnection, PgPool};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many events are filled in at once.
const CHUNK: usize = 1000;
/// How many lanes are filled at the same time.
const LANES_AT_ONCE: usize = 2;
/// How many events of a lane may be filled in while the versions are exchanged.
const LAST_BIT: usize = 100;

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events taken so far.
    pub events: u64,
    /// Lanes that have come to their end.
    pub lanes_done: u64,
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// The version that is read now.
    pub version: i32,
    /// Events taken.
    pub events: u64,
}

/// A rebuild under way.
struct Rebuild<'a> {
    pool: &'a PgPool,
    source: &'a Arc<dyn EventSource>,
    model: &'a Arc<dyn ReadModel>,
    version: i32,
    events: AtomicU64,
    lanes_done: AtomicU64,
    progress: Mutex<&'a mut (dyn FnMut(Progress) + Send)>,
    stop: &'a CancellationToken,
}

/// Rebuilds a read model from what the store has, as [`rebuild_from`] does. `show` is told how many
/// events were taken, and of how many.
///
/// # Errors
/// See [`rebuild_from`].
pub async fn rebuild(
    pool: &PgPool,
    keyring: Arc<MasterKeyring>,
    name: &str,
    show: &(dyn Fn(u64, u64) + Sync),
) -> Result<Rebuilt, ProjectionError> {
    let total: i64 =
        sqlx::query_scalar("SELECT count(*) FROM write.events").fetch_one(pool).await?;
    let total = crate::model::to_u64(total);
    show(0, total);
    let mut progress = |progress: Progress| show(progress.events, total.max(progress.events));
    let source: Arc<dyn EventSource> = Arc::new(StoreSource::new(pool, keyring));
    let stop = CancellationToken::new();
    rebuild_from(pool, &source, &model::all(), name, &mut progress, &stop).await
}

/// Rebuilds a read model and lets the new version be read. Projectors may run meanwhile. If it is
/// stopped or dies, the old version stays, and the next rebuild clears away what is left.
///
/// # Errors
/// [`ProjectionError::Unknown`], [`ProjectionError::AlreadyRebuilding`],
/// [`ProjectionError::Stopped`], or what PostgreSQL or the store refused.
pub async fn rebuild_from(
    pool: &PgPool,
    source: &Arc<dyn EventSource>,
    models: &[Arc<dyn ReadModel>],
    name: &str,
    progress: &mut (dyn FnMut(Progress) + Send),
    stop: &CancellationToken,
) -> Result<Rebuilt, ProjectionError> {
    let model = models
        .iter()
        .find(|model| model.name() == name)
        .ok_or_else(|| ProjectionError::Unknown { name: name.to_owned() })?;
    // The lock lives as long as this connection of its own, however the rebuild ends.
    let mut alone = pool.acquire().await?.detach();
    let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(REBUILD_LOCK + number_of(name))
        .fetch_one(&mut alone)
        .await?;
    if !locked {
        return Err(ProjectionError::AlreadyRebuilding { name: model.name() });
    }
    let version = prepare(pool, model.as_ref()).await?;
    let rebuild = Rebuild {
        pool,
        source,
        model,
        version,
        events: AtomicU64::new(0),
        lanes_done: AtomicU64::new(0),
        progress: Mutex::new(progress),
        stop,
    };
    let result = rebuild.run().await;
    if result.is_err() {
        // Best effort: what stays is cleared away by the next rebuild.
        if let Err(error) = abandon(pool, model.as_ref(), version).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a half-built version stays until the next rebuild");
        }
    }
    alone.close().await?;
    result
}

/// Which lock belongs to a read model: few enough names that a simple hash keeps them apart.
fn number_of(name: &str) -> i64 {
    name.bytes().fold(7_i64, |hash, byte| (hash * 31 + i64::from(byte)) % 0xffff)
}

/// Clears away what an earlier rebuild left, and makes the new version's empty tables.
async fn prepare(pool: &PgPool, model: &dyn ReadModel) -> Result<i32, ProjectionError> {
    let mut connection = pool.acquire().await?;
    let active: i32 = sqlx::query_scalar("SELECT version FROM read.projections WHERE name = $1")
        .bind(model.name())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| ProjectionError::Unknown { name: model.name().to_owned() })?;
    let there = tables::versions_there(&mut connection, model.name()).await?;
    for version in there.iter().filter(|version| **version != active) {
        let mut tx = connection.begin().await?;
        tables::outlast_autovacuum(&mut tx).await?;
        tables::drop_version(&mut tx, model.name(), *version).await?;
        tx.commit().await?;
    }
    let next = there.iter().copied().max().unwrap_or(active).max(active) + 1;
    let mut tx = connection.begin().await?;
    tables::create_version(&mut tx, model, next).await?;
    sqlx::query("UPDATE read.projections SET building = $2 WHERE name = $1")
        .bind(model.name())
        .bind(next)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(next)
}

async fn abandon(
    pool: &PgPool,
    model: &dyn ReadModel,
    version: i32,
) -> Result<(), ProjectionError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    tables::outlast_autovacuum(&mut tx).await?;
    tables::drop_version(&mut tx, model.name(), version).await?;
    sqlx::query("UPDATE read.projections SET building = NULL WHERE name = $1 AND building = $2")
        .bind(model.name())
        .bind(version)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

impl Rebuild<'_> {
    async fn run(&self) -> Result<Rebuilt, ProjectionError> {
        let mut analysed = false;
        loop {
            self.lanes_done.store(0, Ordering::Relaxed);
            futures::stream::iter(Lane::all().map(|lane| self.fill(lane)))
                .buffer_unordered(LANES_AT_ONCE)
                .try_collect::<()>()
                .await?;
            if !analysed {
                tables::analyse(self.pool, self.model.name(), self.version).await?;
                analysed = true;
            }
            self.go_on()?;
            if let Some(old) = self.swap().await? {
                self.drop_old(old).await;
                let events = self.events.load(Ordering::Relaxed);
                return Ok(Rebuilt { version: self.version, events });
            }
        }
    }

    /// Fills a lane to its present end; reads a chunk while the one before is written.
    async fn fill(&self, lane: Lane) -> Result<(), ProjectionError> {
        let mut connection = self.pool.acquire().await?;
        let place = place_of(&mut connection, self.model, self.version, lane).await?;
        drop(connection);
        let mut previous = place.at;
        let mut chunk = read(self.source.clone(), self.model.clone(), lane, previous).await?;
        while let Some(last) = chunk.last().map(|opened| opened.facts.order) {
            self.go_on()?;
            let batch = Batch { lane, previous, events: &chunk };
            let scope = Scope::Building(self.model, self.version);
            // Opening is work: in a task of its own, it does not keep the transaction waiting.
            let reading = tokio::spawn(read(self.source.clone(), self.model.clone(), lane, last));
            if let Outcome::Behind(_) = apply_in(self.pool, scope, batch).await? {
                return Err(ProjectionError::LostRace);
            }
            self.report(chunk.len(), 0);
            chunk = reading.await.map_err(|_| ProjectionError::Stopped)??;
            previous = last;
        }
        self.report(0, 1);
        Ok(())
    }

    fn go_on(&self) -> Result<(), ProjectionError> {
        if self.stop.is_cancelled() { Err(ProjectionError::Stopped) } else { Ok(()) }
    }

    fn report(&self, events: usize, lanes: u64) {
        let more = u64::try_from(events).unwrap_or(0);
        let events = self.events.fetch_add(more, Ordering::Relaxed) + more;
        let lanes_done = self.lanes_done.fetch_add(lanes, Ordering::Relaxed) + lanes;
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        (*progress)(Progress { events, lanes_done });
    }

    /// Exchanges the versions if the new one has come as far as the old one, or nearly. Nobody
    /// projects meanwhile, so it does not wait long for anything. Nothing: it is not there yet.
    async fn swap(&self) -> Result<Option<i32>, ProjectionError> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        be_patient(&mut tx).await?;
        sqlx::query("SET LOCAL lock_timeout = '2s'").execute(&mut *tx).await?;
        match self.exchange(&mut tx).await {
            Ok(Some(old)) => {
                tx.commit().await?;
                Ok(Some(old))
            }
            Ok(None) => Ok(None),
            Err(error) if is_lock_timeout(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, tx: &mut PgConnection) -> Result<Option<i32>, ProjectionError> {
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(REGISTRY_LOCK)
            .execute(&mut *tx)
            .await?;
        let old: i32 = sqlx::query_scalar("SELECT version FROM read.projections WHERE name = $1")
            .bind(self.model.name())
            .fetch_one(&mut *tx)
            .await?;
        for lane in Lane::all() {
            let behind = place_of(tx, self.model, old, lane).await?;
            let new = place_of(tx, self.model, self.version, lane).await?;
            if new.at < behind.at && !self.fill_last_bit(tx, new, behind.at, lane).await? {
                return Ok(None);
            }
        }
        tables::point_views(tx, self.model.as_ref(), self.version).await?;
        sqlx::query(
            "UPDATE read.projections \
             SET version = $2, building = NULL, shape = $3, rebuilt_at = now() WHERE name = $1",
        )
        .bind(self.model.name())
        .bind(self.version)
        .bind(self.model.shape())
        .execute(tx)
        .await?;
        Ok(Some(old))
    }

    async fn fill_last_bit(
        &self,
        tx: &mut PgConnection,
        place: Place,
        upto: Order,
        lane: Lane,
    ) -> Result<bool, ProjectionError> {
        let recorded = self.source.lane_after(lane, place.at, LAST_BIT).await?;
        let Some(last) = recorded.last().map(|event| event.order) else { return Ok(false) };
        if last < upto {
            return Ok(false);
        }
        let opened = self.source.open(&recorded).await?;
        let batch = Batch { lane, previous: place.at, events: &opened };
        apply_to(tx, &[&place], &[batch], &[], &mut [Effect::default()]).await?;
        advance(tx, &[(&place, last)]).await?;
        Ok(true)
    }

    /// Readers of the old version may still be at it: it is dropped when they have finished, or by
    /// the next rebuild.
    async fn drop_old(&self, old: i32) {
        for _ in 0..5 {
            match self.try_drop(old).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "still being read");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        tracing::warn!(projection = self.model.name(), old, "the old version could not be dropped");
    }

    async fn try_drop(&self, old: i32) -> Result<(), ProjectionError> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        sqlx::query("SET LOCAL lock_timeout = '2s'").execute(&mut *tx).await?;
        tables::drop_version(&mut tx, self.model.name(), old).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The next events of a lane; opened those that are the read model's concern.
async fn read(
    source: Arc<dyn EventSource>,
    model: Arc<dyn ReadModel>,
    lane: Lane,
    after: Order,
) -> Result<Vec<Opened>, ProjectionError> {
    let recorded = source.lane_after(lane, after, CHUNK).await?;
    let (concerns, others): (Vec<_>, Vec<_>) =
        recorded.into_iter().partition(|event| model.concerns(event.aggregate));
    let mut events = source.open(&concerns).await?;
    events.extend(others.iter().map(Opened::unread));
    events.sort_by_key(|opened| opened.facts.order);
    Ok(events)
}

fn is_lock_timeout(error: &ProjectionError) -> bool {
    let ProjectionError::Database(error) = error else { return false };
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "55P03")
}
