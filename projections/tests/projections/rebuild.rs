//! Building read models anew, while the world goes on.

use crate::world::{World, created, eventually};
use ael_events::event::{Contacted, LeadEvent, Recorded};
use ael_events::ids::{Lane, LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::AggregateKind;
use ael_projections::{
    EventSource, Opened, Progress, ProjectionError, Projector, ProjectorOptions, SourceError,
    StoreSource, model, rebuild, rebuild_from,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn impatient() -> ProjectorOptions {
    ProjectorOptions {
        batch: 50,
        look_at_store: Duration::from_millis(50),
        heartbeat: Duration::from_millis(100),
        lease: Duration::from_millis(1500),
        ..ProjectorOptions::default()
    }
}

#[tokio::test]
async fn a_read_model_is_rebuilt_while_commands_flow_and_projectors_run() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let options = impatient();
    let projector =
        Projector::new(world.pool.clone(), Arc::new(world.source()), None, options.clone());
    let running = tokio::spawn(projector.run(stop.clone(), || {}));
    for number in 0..100 {
        world.lead(LeadId::generate(), [created(&format!("Before {number}"), None)]).await;
    }
    let writing = async {
        for number in 0..100 {
            let lead = LeadId::generate();
            let name = format!("Meanwhile {number}");
            world.lead(lead, [created(&name, None), LeadEvent::Contacted(Contacted {})]).await;
        }
    };
    let rebuilding = async {
        for name in ael_projections::NAMES {
            let built = rebuild(&world.pool, world.keyring.clone(), name, &|_, _| {}).await;
            assert_eq!(built.unwrap().version, 2, "{name}");
        }
    };
    tokio::join!(writing, rebuilding);
    eventually("every lead is counted", async || world.counter("leads", "").await == 200).await;
    eventually("every lead is listed", async || {
        let listed: i64 = sqlx::query_scalar("SELECT count(*) FROM read.lead_board")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        listed == 200
    })
    .await;
    stop.cancel();
    running.await.unwrap();
    world.project(100).await;
    let lived = world.everything().await;
    for name in ael_projections::NAMES {
        rebuild(&world.pool, world.keyring.clone(), name, &|_, _| {}).await.unwrap();
    }
    assert_eq!(lived, world.everything().await, "replayed at rest, it is the same");
    for status in ael_projections::status(&world.pool).await.unwrap() {
        assert_eq!((status.version, status.building, status.behind), (3, None, 0));
    }
    world.end().await;
}

/// A store that says when it is asked, and answers when it is let.
struct Gated {
    inner: StoreSource,
    gate: Arc<Semaphore>,
    asked: Notify,
}

#[async_trait]
impl EventSource for Gated {
    async fn lane_after(
        &self,
        lane: Lane,
        after: Order,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError> {
        self.asked.notify_one();
        self.gate.acquire().await.unwrap().forget();
        self.inner.lane_after(lane, after, limit).await
    }

    async fn aggregate_after(
        &self,
        workspace: WorkspaceId,
        aggregate: AggregateKind,
        id: Uuid,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, SourceError> {
        self.inner.aggregate_after(workspace, aggregate, id, after, limit).await
    }

    async fn open(&self, events: &[Recorded]) -> Result<Vec<Opened>, SourceError> {
        self.inner.open(events).await
    }
}

#[tokio::test]
async fn two_rebuilds_of_one_read_model_are_refused_and_a_stopped_one_leaves_the_old_version() {
    let world = World::new().await;
    for number in 0..40 {
        world.lead(LeadId::generate(), [created(&format!("Lead {number}"), None)]).await;
    }
    world.project(100).await;
    let gate = Arc::new(Semaphore::new(0));
    let gated = Gated { inner: world.source(), gate: gate.clone(), asked: Notify::new() };
    let gated = Arc::new(gated);
    let source: Arc<dyn EventSource> = gated.clone();
    let (models, stop) = (model::all(), CancellationToken::new());
    let mut progress = |_: Progress| {};
    let first = rebuild_from(&world.pool, &source, &models, "stats", &mut progress, &stop);
    let second = async {
        gated.asked.notified().await;
        let second = rebuild(&world.pool, world.keyring.clone(), "stats", &|_, _| {}).await;
        stop.cancel();
        gate.add_permits(1_000);
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert!(matches!(first, Err(ProjectionError::Stopped)), "{first:?}");
    assert!(matches!(second, Err(ProjectionError::AlreadyRebuilding { .. })), "{second:?}");
    assert_eq!(world.counter("leads", "").await, 40, "the old version is read");
    let schemas: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rm\\_stats\\_%'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(schemas, 1);
    world.end().await;
}

#[tokio::test]
async fn what_a_killed_rebuild_left_is_cleared_away_by_the_next() {
    let world = World::new().await;
    world.lead(LeadId::generate(), [created("Olena", None)]).await;
    world.project(100).await;
    for left in [
        "CREATE SCHEMA rm_stats_7",
        "CREATE TABLE rm_stats_7.facts (half boolean)",
        "UPDATE read.projections SET building = 7 WHERE name = 'stats'",
        "INSERT INTO read.checkpoints (projection, version, lane) VALUES ('stats', 7, 3)",
    ] {
        sqlx::query(left).execute(&world.pool).await.unwrap();
    }
    let built = rebuild(&world.pool, world.keyring.clone(), "stats", &|_, _| {}).await.unwrap();
    assert_eq!(built.version, 8);
    assert_eq!(world.counter("leads", "").await, 1);
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'rm\\_stats\\_%'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(schemas, ["rm_stats_8"]);
    world.end().await;
}

#[tokio::test]
async fn what_is_no_read_model_is_not_rebuilt() {
    let world = World::new().await;
    let refused = rebuild(&world.pool, world.keyring.clone(), "leads", &|_, _| {}).await;
    assert!(matches!(refused, Err(ProjectionError::Unknown { .. })), "{refused:?}");
    world.end().await;
}

#[tokio::test]
async fn a_timeline_of_the_release_before_stands_still_until_it_is_rebuilt() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, [created("Olena", None)]).await;
    world.member("Anna").await;
    world.project(100).await;
    let before = "DROP VIEW read.timeline; \
        ALTER TABLE rm_timeline_1.entries DROP COLUMN incarnation, DROP COLUMN xid, \
            DROP COLUMN event_name; \
        ALTER TABLE rm_timeline_1.entries RENAME COLUMN subject TO lead_id; \
        CREATE VIEW read.timeline WITH (security_invoker = true) AS \
            SELECT * FROM rm_timeline_1.entries; \
        ALTER VIEW read.timeline OWNER TO ael_projections; \
        UPDATE read.projections SET shape = 1 WHERE name = 'timeline'";
    sqlx::raw_sql(before).execute(&world.superuser).await.unwrap();
    world.lead(lead, [LeadEvent::Contacted(Contacted {})]).await;
    assert_eq!(world.project(100).await, 0);
    let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&world.pool);
    assert_eq!(count("SELECT count(*) FROM read.timeline").await.unwrap(), 2, "it stands still");
    let stage = "SELECT count(*) FROM read.lead_board WHERE stage = 'contacted'";
    assert_eq!(count(stage).await.unwrap(), 1, "the others go on");
    rebuild(&world.pool, world.keyring.clone(), "timeline", &|_, _| {}).await.unwrap();
    let all = "SELECT count(*) FROM read.timeline WHERE event_name IN ('lead.created', \
               'lead.contacted', 'member.joined') AND incarnation = 1";
    assert_eq!(count(all).await.unwrap(), 3);
    world.end().await;
}
