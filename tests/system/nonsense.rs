//! What nobody can understand, and what is as large as the server lets through, on every subject
//! that anybody may speak to: it is refused, and harms nobody.

use crate::house::{House, items};
use crate::speaker::Speaker;
use crate::truth::Truth;
use ael_bus::topology::Topology;
use ael_events::answer::{CommandAnswer, QueryAnswer};
use ael_events::query::Query;
use ael_events::subjects::{Edge, MAX_REQUEST_BYTES};
use ael_events::values::AggregateKind;
use nix::unistd::Pid;
use serde_json::Value;

/// Malformed and oversized.
fn nonsense(largest: usize) -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"\xd0".to_vec(),
        b"{\"command_id\":1,\"credential\":[],\"query\":7}".to_vec(),
        vec![b'['; 200_000],
        vec![b' '; MAX_REQUEST_BYTES + 1],
        vec![b'['; largest],
    ]
}

fn processes(house: &House) -> Vec<Pid> {
    let mut all = house.processes("ael run ");
    all.extend(house.processes("nats-server"));
    all.sort();
    all
}

/// Everybody who was there is still there and does what they are there for.
async fn assert_nobody_was_harmed(house: &House, before: &[Pid]) {
    house.said_by(&["lead", "create", "--name", "Ada Unharmed"]);
    house.until("a new lead to be listed", || {
        (items(&house.json(&["lead", "list"])).len() == 1).then_some(())
    });
    Truth(house).assert_stream_is_the_store().await;
    house.assert_sound();
    assert_eq!(processes(house), before, "a process ended:\n{}", house.said());
}

/// Every subject of requests of an edge, known and unknown.
fn requests(kind: &str, edge: Edge, workspace: &str) -> Vec<String> {
    let topics: Vec<String> = match kind {
        "cmd" => AggregateKind::ALL.iter().map(ToString::to_string).collect(),
        "qry" => Query::NAMES.iter().map(ToString::to_string).collect(),
        _ => vec!["assistant".to_owned(), "understand".to_owned(), "verify".to_owned()],
    };
    let mut all: Vec<String> =
        topics.iter().map(|topic| format!("ael.{kind}.{edge}.{workspace}.{topic}")).collect();
    for odd in ["w", "w.lead", "w.lead.more"] {
        all.push(format!("ael.{kind}.{edge}.{odd}"));
    }
    all
}

fn is_rejected(kind: &str, answer: &[u8]) -> bool {
    if kind == "cmd" {
        matches!(serde_json::from_slice(answer), Ok(CommandAnswer::Rejected(_)))
    } else {
        matches!(serde_json::from_slice(answer), Ok(QueryAnswer::<Value>::Rejected(_)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_of_any_size_is_rejected_on_every_subject_and_harms_nobody() {
    let house = House::start(&[]);
    let before = processes(&house);
    let largest = house.bus("cli").await.server().max_payload_bytes;
    let workspace = house.first_workspace().0.to_string();
    let topology = Topology::embedded().unwrap();
    let mut rejected = 0;
    for edge in Edge::ALL {
        let user = topology.users.iter().find(|user| user.name == edge.token()).unwrap();
        let mut speaker = Speaker::of(&house, &user.name).await;
        for kind in &user.asks {
            for subject in requests(kind, edge, &workspace) {
                for payload in nonsense(largest) {
                    let answer = speaker.ask(&subject, &payload).await;
                    // Nobody serves this yet: when somebody does, it is to be rejected, too.
                    let served = subject.ends_with(".verify") || subject.ends_with(".assistant");
                    if kind == "ask" && !served {
                        assert_eq!(answer, None, "{subject} is served: let it reject here");
                        continue;
                    }
                    let answer = answer.unwrap_or_else(|| panic!("nobody serves {subject}"));
                    let said = String::from_utf8_lossy(&answer);
                    let bytes = payload.len();
                    assert!(is_rejected(kind, &answer), "{bytes} bytes to {subject}: {said}");
                    rejected += 1;
                }
            }
        }
    }
    println!("{rejected} requests were rejected");
    assert!(rejected > 500);
    assert_nobody_was_harmed(&house, &before).await;
}

/// Wake-ups, streams, buckets, acknowledgements, the server's own subjects: whatever a service may
/// say anything to.
#[tokio::test(flavor = "multi_thread")]
async fn nonsense_in_streams_buckets_and_wake_ups_harms_nobody() {
    let house = House::start(&[]);
    let before = processes(&house);
    let largest = house.bus("cli").await.server().max_payload_bytes;
    let workspace = house.first_workspace().0.to_string();
    let topology = Topology::embedded().unwrap();
    for user in topology.users.iter().filter(|user| !user.administers) {
        let mut speaker = Speaker::of(&house, &user.name).await;
        let mut subjects = topology.permissions(user).publish;
        if user.name == "relay" {
            for event in ["lead.created", "lead.transferred", "lead.imported"] {
                subjects.push(format!("ael.evt.03.{workspace}.{event}"));
            }
        }
        for pattern in subjects {
            let subject = pattern.replace('*', &workspace).replace('>', "w");
            for payload in nonsense(largest) {
                speaker.say(&subject, &payload).await;
            }
            speaker.settle().await;
        }
    }
    assert_nobody_was_harmed(&house, &before).await;
}
