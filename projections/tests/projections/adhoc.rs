use crate::world::{World, created, eventually};
use ael_events::event::{Contacted, LeadEvent};
use ael_events::ids::LeadId;
use ael_projections::{Projector, ProjectorOptions, rebuild};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many() {
    let world = World::new().await;
    let t = std::time::Instant::now();
    for chunk in 0..125 {
        let writes = (0..64).map(|n| {
            let world = &world;
            async move {
                let lead = LeadId::generate();
                world.lead(lead, [created(&format!("Olena {chunk} {n} Petrenko"), None), LeadEvent::Contacted(Contacted {})]).await;
            }
        });
        futures::future::join_all(writes).await;
    }
    println!("wrote 16000 in {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let stop = CancellationToken::new();
    let p = Projector::new(world.pool.clone(), Arc::new(world.source()), None, ProjectorOptions::default());
    let running = tokio::spawn(p.run(stop.clone(), || {}));
    eventually("all", async || {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        world.counter("leads", "").await == 8000
    }).await;
    println!("caught up in {:?}", t.elapsed());
    for name in ael_projections::NAMES {
        let t = std::time::Instant::now();
        rebuild(&world.pool, world.keyring.clone(), name, &|_, _| {}).await.unwrap();
        println!("rebuilt {name} in {:?}", t.elapsed());
    }
    stop.cancel();
    running.await.unwrap();
    world.end().await;
}
