//! A copy of the projector: keeps its share of the lanes busy until it is told to stop.

use super::lane::LaneWork;
use super::leases::Leases;
use super::together::Together;
use crate::ai_cache::AiCache;
use crate::error::ProjectionError;
use crate::model::{self, ReadModel};
use crate::source::EventSource;
use crate::tables;
use ael_bus::Bus;
use ael_events::ids::Lane;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How a projector works. The defaults are right; tests are more impatient.
#[derive(Debug, Clone)]
pub struct ProjectorOptions {
    /// How many events go into one transaction, 1,000 at most.
    pub batch: usize,
    /// A silent lane looks at the store this often, so that no lost message can hide.
    pub look_at_store: Duration,
    /// How often a copy shows that it lives and looks at the lanes.
    pub heartbeat: Duration,
    /// After how long the lanes of a copy that died are free.
    pub lease: Duration,
    /// For how long an answer of a model outside is remembered.
    pub ai_cache_ttl: Duration,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        Self {
            batch: 300,
            look_at_store: Duration::from_secs(3),
            heartbeat: Duration::from_millis(700),
            // Short, since it only saves work: whoever waits for their own write waits for it.
            lease: Duration::from_millis(2_500),
            ai_cache_ttl: Duration::from_secs(3_600),
        }
    }
}

/// What the lanes of a copy share.
pub(crate) struct Shared {
    pub pool: PgPool,
    pub source: Arc<dyn EventSource>,
    pub bus: Option<Bus>,
    pub models: Vec<Arc<dyn ReadModel>>,
    pub options: ProjectorOptions,
    pub together: Arc<Together>,
    pub ai_cache: Option<AiCache>,
}

/// A copy of the projector.
pub struct Projector {
    shared: Arc<Shared>,
    leases: Leases,
    at_work: BTreeMap<Lane, (CancellationToken, JoinHandle<()>)>,
}

impl std::fmt::Debug for Projector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projector").field("lanes", &self.at_work.keys()).finish_non_exhaustive()
    }
}

impl Projector {
    /// A projector over a pool in the role of the projections. Without a bus it follows the store
    /// alone.
    #[must_use]
    pub fn new(
        pool: PgPool,
        source: Arc<dyn EventSource>,
        bus: Option<Bus>,
        mut options: ProjectorOptions,
    ) -> Self {
        options.batch = options.batch.clamp(1, 1000);
        let leases = Leases::new(pool.clone(), options.lease);
        let models = model::all();
        let together = Together::new(pool.clone(), Arc::clone(&source), models.clone());
        let together = Arc::new(together);
        let ai_cache = bus.clone().map(|bus| AiCache::new(bus, options.ai_cache_ttl));
        let shared = Shared { pool, source, bus, models, options, together, ai_cache };
        let shared = Arc::new(shared);
        Self { shared, leases, at_work: BTreeMap::new() }
    }

    /// Projects until `stop`, then gives its lanes up at once. `ready` is called when the tables
    /// are there and the first lanes are taken. Whatever fails is tried again: it ends only by
    /// `stop`.
    pub async fn run(mut self, stop: CancellationToken, ready: impl FnOnce() + Send) {
        let filling =
            self.shared.ai_cache.clone().map(|cache| {
                tokio::spawn(cache.keep_filled(self.shared.pool.clone(), stop.clone()))
            });
        let mut ready = Some(ready);
        let mut prepared = false;
        let mut beat = tokio::time::interval(self.shared.options.heartbeat);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = beat.tick() => {}
            }
            if let Err(error) = self.beat(&mut prepared).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the lanes could not be looked at, trying again"
                );
                continue;
            }
            if let Some(ready) = ready.take() {
                ready();
            }
        }
        if let Some(filling) = filling
            && let Err(error) = filling.await
        {
            tracing::error!(%error, "remembering answers broke off");
        }
        let lanes: BTreeSet<Lane> = self.at_work.keys().copied().collect();
        self.stop_lanes(&lanes).await;
        if let Err(error) = self.leases.leave().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the lanes could not be given up; they are free in a moment");
        }
    }

    async fn beat(&mut self, prepared: &mut bool) -> Result<(), ProjectionError> {
        if !*prepared {
            tables::ensure(&self.shared.pool, &self.shared.models).await?;
            *prepared = true;
        }
        // Lanes whose work ended by itself were taken by somebody else.
        let ended: BTreeSet<Lane> = self
            .at_work
            .iter()
            .filter(|(_, (_, work))| work.is_finished())
            .map(|(lane, _)| *lane)
            .collect();
        self.at_work.retain(|lane, _| !ended.contains(lane));
        if !ended.is_empty() {
            self.leases.release(&ended).await?;
        }
        let standing = self.leases.renew().await?;
        let lost: BTreeSet<Lane> =
            self.at_work.keys().filter(|lane| !standing.held.contains(lane)).copied().collect();
        self.stop_lanes(&lost).await;
        let excess: BTreeSet<Lane> = standing.held.iter().skip(standing.share).copied().collect();
        if !excess.is_empty() {
            self.stop_lanes(&excess).await;
            self.leases.release(&excess).await?;
        }
        let mut mine: BTreeSet<Lane> = standing.held.difference(&excess).copied().collect();
        let missing = standing.share.saturating_sub(mine.len());
        if missing > 0 {
            mine.extend(self.leases.take(missing).await?);
        }
        for lane in mine {
            self.start_lane(lane);
        }
        #[expect(clippy::cast_precision_loss, reason = "sixteen lanes at most")]
        metrics::gauge!("ael_projector_lanes").set(self.at_work.len() as f64);
        Ok(())
    }

    fn start_lane(&mut self, lane: Lane) {
        let shared = &self.shared;
        self.at_work.entry(lane).or_insert_with(|| {
            let stop = CancellationToken::new();
            let work = LaneWork::new(lane, shared.clone(), stop.clone());
            (stop, tokio::spawn(work.run()))
        });
    }

    async fn stop_lanes(&mut self, lanes: &BTreeSet<Lane>) {
        let stopping: Vec<_> = lanes.iter().filter_map(|lane| self.at_work.remove(lane)).collect();
        for (stop, _) in &stopping {
            stop.cancel();
        }
        for (_, work) in stopping {
            if let Err(error) = work.await {
                tracing::error!(%error, "the work on a lane broke off");
            }
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        for (stop, _) in self.at_work.values() {
            stop.cancel();
        }
    }
}
