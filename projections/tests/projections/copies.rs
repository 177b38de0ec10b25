//! Several copies of the projector share the lanes, and one alone takes them all.

use crate::world::{World, created, eventually};
use ael_events::ids::LeadId;
use ael_projections::{Projector, ProjectorOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn start(world: &World) -> (CancellationToken, JoinHandle<()>) {
    let options = ProjectorOptions {
        batch: 50,
        look_at_store: Duration::from_millis(50),
        heartbeat: Duration::from_millis(100),
        lease: Duration::from_millis(1500),
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
