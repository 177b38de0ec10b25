//! Several copies of the projector share the lanes, and one alone takes them all.

use crate::world::{World, created, eventually};
use ael_events::ids::{Lane, LeadId};
use ael_projections::{Projector, ProjectorOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The advisory lock of lane 0, as `pg_locks` shows it; the others follow.
const LANE_LOCK: i64 = 0x0061_656c_0100;

fn start(world: &World) -> (CancellationToken, JoinHandle<()>) {
    let options = ProjectorOptions {
        batch: 50,
        look_at_store: Duration::from_millis(50),
        heartbeat: Duration::from_millis(100),
        lease: Duration::from_millis(1500),
        ..ProjectorOptions::default()
    };
    let stop = CancellationToken::new();
    let projector = Projector::new(world.pool.clone(), Arc::new(world.source()), None, options);
    (stop.clone(), tokio::spawn(projector.run(stop, || {})))
}

async fn shares(world: &World) -> Vec<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM read.lane_leases WHERE holder IS NOT NULL AND until > now() \
         GROUP BY holder ORDER BY 1",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn copies_share_the_lanes_fairly_and_take_over_from_one_that_goes_or_dies() {
    let world = World::new().await;
    let (stop_first, first) = start(&world);
    eventually("one copy has all", async || shares(&world).await == [16]).await;
    let (stop_second, second) = start(&world);
    eventually("two copies have half each", async || shares(&world).await == [8, 8]).await;
    stop_first.cancel();
    first.await.unwrap();
    eventually("one goes, the other has all", async || shares(&world).await == [16]).await;
    second.abort();
    let (stop_third, third) = start(&world);
    eventually("one dies, the next has all", async || {
        world.lead(LeadId::generate(), [created("Olena", None)]).await;
        shares(&world).await == [16]
    })
    .await;
    eventually("nothing stays behind", async || {
        let status = ael_projections::status(&world.pool).await.unwrap();
        status.iter().all(|one| one.behind == 0)
    })
    .await;
    stop_second.cancel();
    stop_third.cancel();
    third.await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_lane_that_somebody_holds_waits_alone_and_the_others_go_on() {
    let world = World::new().await;
    let leads: Vec<LeadId> = (0..60).map(|_| LeadId::generate()).collect();
    let held = Lane::of(leads[0].uuid());
    let mut holder = world.superuser.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LANE_LOCK + i64::from(held.number()))
        .execute(&mut *holder)
        .await
        .unwrap();
    let (stop, projector) = start(&world);
    for lead in &leads {
        world.lead(*lead, [created("Olena", None)]).await;
    }
    let is_there = async |lead: &LeadId| {
        sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT FROM read.lead_board WHERE id = $1)")
            .bind(lead.uuid())
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    for lead in leads.iter().filter(|lead| Lane::of(lead.uuid()) != held) {
        eventually("the other lanes go on", async || is_there(lead).await).await;
    }
    assert!(!is_there(&leads[0]).await);
    holder.rollback().await.unwrap();
    eventually("the lane goes on when it is free", async || is_there(&leads[0]).await).await;
    stop.cancel();
    projector.await.unwrap();
    world.end().await;
}
