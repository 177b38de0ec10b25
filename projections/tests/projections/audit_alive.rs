//! An audit of read models that are alive: events flow, versions are exchanged, people are erased.

use crate::world::{World, created};
use ael_events::event::{Contacted, Erased, LeadEvent};
use ael_events::ids::LeadId;
use ael_projections::{Audit, Projector, ProjectorOptions, rebuild};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_beside_writers_projectors_and_rebuilds_raises_no_false_alarm() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let options = ProjectorOptions {
        batch: 7,
        look_at_store: Duration::from_millis(30),
        heartbeat: Duration::from_millis(100),
        ..ProjectorOptions::default()
    };
    let projector = Projector::new(world.pool.clone(), Arc::new(world.source()), None, options);
    let running = tokio::spawn(projector.run(stop.clone(), || {}));
    let done = CancellationToken::new();
    let writing = async {
        for number in 0..120 {
            let lead = LeadId::generate();
            let name = format!("Lead {number}");
            world.lead(lead, [created(&name, None), LeadEvent::Contacted(Contacted {})]).await;
            if number % 3 == 0 {
                world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
            }
        }
        for name in ael_projections::NAMES {
            rebuild(&world.pool, world.keyring.clone(), name, &|_, _| {}).await.unwrap();
        }
        done.cancel();
    };
    let auditing = async {
        let audit = Audit::new(&world.pool, world.keyring.clone(), Box::new(|_, _, _| Ok(None)));
        let mut audits = 0;
        let mut last = false;
        while !last {
            last = done.is_cancelled();
            let reach = audit.reach(Duration::from_secs(20)).await.unwrap();
            let findings = audit.verify(world.workspace, &reach, &|_| {}).await.unwrap();
            assert_eq!(findings.faults(), 0, "audit {audits}: {:#?}", findings.differences);
            audits += 1;
        }
        audits
    };
    let ((), audits) = tokio::join!(writing, auditing);
    assert!(audits > 1, "the last audit saw everything: {audits}");
    stop.cancel();
    running.await.unwrap();
    world.end().await;
}
