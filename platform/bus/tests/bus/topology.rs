//! The server is made like the topology, and what it makes is believed only after a look.

use crate::server::on_every_server;
use ael_bus::topology::{Drift, Topology, TopologyError, apply, check};
use std::time::Duration;

#[tokio::test]
async fn applying_makes_everything_once() {
    on_every_server(async |server| {
        let admin = server.bus("admin").await;
        let Topology { streams, buckets, consumers, .. } = &server.topology;
        let consumers: usize = consumers.iter().map(|consumer| consumer.durables().count()).sum();
        let all = streams.len() + buckets.len() + consumers;
        let missing = check(&admin, &server.topology).await.unwrap();
        assert_eq!(missing.len(), all);
        assert!(missing.iter().all(|drift| matches!(drift, Drift::Missing { .. })));
        let first = apply(&admin, &server.topology).await.unwrap();
        assert_eq!((first.made.len(), first.changed.len(), first.unchanged), (all, 0, 0));
        let second = apply(&admin, &server.topology).await.unwrap();
        assert_eq!((second.made.len(), second.changed.len(), second.unchanged), (0, 0, all));
        assert_eq!(check(&admin, &server.topology).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_differs_is_named_and_mended() {
    on_every_server(async |server| {
        let admin = server.bus("admin").await;
        let mut other = server.topology.clone();
        other.streams[1].max_age = Some(Duration::from_secs(60));
        other.consumers[0].ack_wait = Duration::from_secs(7);
        apply(&admin, &other).await.unwrap();
        let drifts = check(&admin, &server.topology).await.unwrap();
        assert_eq!(drifts.len(), 1 + 16);
        assert_eq!(drifts[0].to_string(), "stream JOBS: max_age is 60s instead of 86400s");
        assert_eq!(drifts[16].to_string(), "consumer projector-15: ack_wait is 7s instead of 30s");
        let mended = apply(&admin, &server.topology).await.unwrap();
        assert_eq!((mended.made.len(), mended.changed.len()), (0, 17));
        assert_eq!(check(&admin, &server.topology).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_in_the_servers_words() {
    on_every_server(async |server| {
        let admin = server.bus("admin").await;
        let mut other = server.topology.clone();
        other.streams[1].keeps = ael_bus::topology::Keeps::UntilDeleted;
        apply(&admin, &other).await.unwrap();
        let error = apply(&admin, &server.topology).await.unwrap_err();
        assert!(matches!(&error, TopologyError::Server { .. }), "{error}");
        assert!(error.to_string().contains("stream JOBS"), "{error}");
        assert!(error.to_string().contains("retention"), "{error}");
    })
    .await;
}

#[test]
fn the_page_for_people_names_every_user_stream_and_consumer() {
    let topology = Topology::embedded().unwrap();
    let page = topology.show();
    for user in topology.user_names() {
        assert!(page.contains(&format!("| {user} |")), "{user}");
    }
    assert!(page.contains("| EVENTS | `ael.evt.>` | for ever |"));
    assert!(page.contains("| JOBS | `ael.job.>` | until done, at most 1day |"), "{page}");
    assert!(page.contains("| projector-00 … projector-15 | EVENTS | `ael.evt.<lane>.>` | 30s |"));
    assert!(page.contains("`ael.cmd.cli.>`"));
}
