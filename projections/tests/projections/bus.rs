//! Following the bus: in order as it comes, and from the store whatever it left out.

use crate::world::{World, created, eventually};
use ael_bus::topology::{self, Topology};
use ael_bus::{Bus, BusConfig, Headers, Publication};
use ael_events::envelope::CloudEvent;
use ael_events::event::{Contacted, LeadEvent, Recorded};
use ael_events::ids::{Lane, LeadId, MemberId};
use ael_events::order::Order;
use ael_events::query::LiveChange;
use ael_events::subjects;
use ael_projections::{EventSource as _, Projector, ProjectorOptions};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

struct Nats {
    child: Child,
    port: u16,
    topology: Topology,
    _folder: TempDir,
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn password(user: &str) -> SecretString {
    SecretString::from(format!("pw-{user}"))
}

impl Nats {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topology = Topology::embedded().unwrap();
        let passwords: BTreeMap<String, SecretString> =
            topology.user_names().map(|user| (user.to_owned(), password(user))).collect();
        let authorization = topology.server_authorization(|user| passwords.get(user)).unwrap();
        let store = folder.path().join("store");
        let text = format!("jetstream {{ store_dir: \"{}\" }}\n{authorization}", store.display());
        std::fs::write(folder.path().join("nats.conf"), text).unwrap();
        let child = Command::new("nats-server")
            .arg("-c")
            .arg(folder.path().join("nats.conf"))
            .args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = folder.path().join(format!("nats-server_{}.ports", child.id()));
        let mut port = None;
        eventually("the server says its port", async || {
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let rest = text.split("127.0.0.1:").nth(1).map(str::to_owned).unwrap_or_default();
            port = rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok());
            port.is_some()
        })
        .await;
        let nats = Self { child, port: port.unwrap(), topology, _folder: folder };
        topology::apply(&nats.bus("admin").await, &nats.topology).await.unwrap();
        nats
    }

    async fn bus(&self, user: &str) -> Bus {
        let url = format!("nats://127.0.0.1:{}", self.port);
        Bus::connect(&BusConfig::new(url, user, password(user))).await.unwrap()
    }
}

/// Every event of the store as the relay would send it, lane by lane.
async fn messages(world: &World) -> Vec<Publication> {
    let mut messages = Vec::new();
    for lane in Lane::all() {
        let events = world.source().lane_after(lane, Order::START, 1000).await.unwrap();
        let mut previous = Order::START;
        for event in &events {
            messages.push(message(event, previous));
            previous = event.order;
        }
    }
    messages
}

fn message(event: &Recorded, previous: Order) -> Publication {
    let envelope = CloudEvent::from_recorded(event).unwrap();
    Publication {
        subject: subjects::event(event.lane, event.workspace, &event.event_type),
        headers: Headers::new().with(subjects::HEADER_LANE_PREVIOUS, previous.to_string()),
        payload: serde_json::to_vec(&envelope).unwrap().into(),
    }
}

async fn listed(world: &World, stage: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM read.lead_board WHERE stage = $1")
        .bind(stage)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_bus_is_followed_its_gaps_are_mended_and_a_wiped_one_is_nothing_lost() {
    let (world, nats) = (World::new().await, Nats::start().await);
    // It would look at the store by itself long after this test has given up.
    let patient = ProjectorOptions {
        look_at_store: Duration::from_secs(60),
        heartbeat: Duration::from_millis(100),
        ..ProjectorOptions::default()
    };
    let stop = CancellationToken::new();
    let source = Arc::new(world.source());
    let bus = nats.bus("projections").await;
    let projector = Projector::new(world.pool.clone(), source, Some(bus), patient);
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(projector.run(stop.clone(), || ready.send(()).unwrap()));
    is_ready.await.unwrap();
    let queries = nats.bus("queries").await;
    let mut live = queries.subscribe(&subjects::live(world.workspace)).await.unwrap();
    queries.flush().await.unwrap();

    let (owner, lead) = (MemberId::generate(), LeadId::generate());
    world.lead(lead, [created("Olena", Some(owner))]).await;
    world.settled().await;
    let publisher = nats.bus("relay").await.event_publisher(subjects::EVENTS);
    let mut last = publisher.publish_batch(messages(&world).await, 0).await.unwrap();
    eventually("a message is taken", async || listed(&world, "new").await == 1).await;
    let notice = live.next().await.unwrap();
    let notice: LiveChange = serde_json::from_slice(&notice.payload).unwrap();
    assert_eq!((notice.id, notice.version, notice.owner), (lead.uuid(), 1, Some(owner)));

    // The message of the second event is lost; the third shows that there is a gap.
    world.lead(lead, [LeadEvent::Contacted(Contacted {})]).await;
    world.lead(lead, [LeadEvent::Contacted(Contacted {})]).await;
    world.settled().await;
    let third = messages(&world).await.pop().unwrap();
    last = publisher.publish_batch(vec![third], last).await.unwrap();
    eventually("the gap is mended", async || {
        let version: i64 = sqlx::query_scalar("SELECT version FROM read.lead_board")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        version == 3
    })
    .await;

    // Everything comes again, and then the stream is made anew and filled from the beginning.
    let before = world.everything().await;
    publisher.publish_batch(messages(&world).await, last).await.unwrap();
    let admin = nats.bus("admin").await;
    topology::recreate_stream(&admin, &nats.topology, subjects::EVENTS).await.unwrap();
    last = publisher.publish_batch(messages(&world).await, 0).await.unwrap();
    world.lead(LeadId::generate(), [created("Petro", None)]).await;
    world.settled().await;
    let fresh: Vec<_> = messages(&world).await;
    let known: Vec<_> = before.iter().filter(|(table, _)| table == "rm_timeline.entries").collect();
    assert_eq!(known[0].1.lines().count(), 3, "nothing was taken twice");
    publisher.publish_batch(fresh, last).await.unwrap();
    eventually("the new stream is followed", async || listed(&world, "new").await == 1).await;
    assert_eq!(listed(&world, "contacted").await, 1);
    stop.cancel();
    running.await.unwrap();
    drop(nats);
    world.end().await;
}
