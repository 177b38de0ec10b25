//! How soon the system is back, and that one thing which is broken or slow holds up nothing else.

use crate::house::{House, first_of, items, to_lead};
use crate::load::{Load, Promised, Who, assert_promises_are_kept, assert_promises_are_told};
use crate::truth::Truth;
use ael_client::Client;
use ael_events::answer::Accepted;
use ael_events::command::{CreateLead, Credential};
use ael_events::event::LeadProfile;
use ael_events::ids::{Lane, LeadId};
use ael_events::query::{GetLead, LeadView, Query, QueryRequest};
use ael_events::values::Source;
use sqlx::{Connection as _, Executor as _};
use std::time::{Duration, Instant};

/// After a kill of any one process a command is carried out, and seen in the read models, within
/// this time.
const BACK_WITHIN: Duration = Duration::from_secs(30);

async fn create(client: &Client, (workspace, member): Who, lead: LeadId) -> Accepted {
    let command = CreateLead {
        source: Source::Manual,
        business_domain: None,
        owner: None,
        tags: Default::default(),
        profile: LeadProfile::default(),
        allow_duplicate: false,
    };
    client.command(workspace, &to_lead(lead, member, command)).await.unwrap()
}

/// A question after a lead that waits for what was written.
fn after(written: &Accepted, (_, member): Who) -> QueryRequest {
    let lead_id = LeadId::from_uuid(written.aggregate_id);
    QueryRequest {
        credential: Credential::Operator { as_member: Some(member) },
        after: written.position,
        query: Query::GetLead(GetLead::now(lead_id)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_kill_a_command_is_carried_out_and_seen_within_thirty_seconds() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    for victim in [
        "run commands",
        "run relay",
        "run projections",
        "run queries",
        "run jobs",
        "nats-server",
        "postgres -D",
    ] {
        let client = house.client().await.with_patience(BACK_WITHIN);
        let begun = Instant::now();
        assert!(house.kill_all(victim) > 0, "no process {victim}");
        let written = create(&client, who, LeadId::generate()).await;
        let seen: LeadView = client.query(who.0, &after(&written, who)).await.unwrap();
        assert_eq!(seen.version, 1);
        let took = begun.elapsed();
        println!("{victim}: back after {took:?}");
        assert!(took < BACK_WITHIN, "{victim}: back only after {took:?}");
    }
    Truth(&house).assert_stream_is_the_store().await;
    house.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_bus_comes_back_from_the_store() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    let client = house.client().await;
    let load = Load::begin(&client, who, 1, 1);
    house.until("some events", || {
        house.json(&["stats"])["overview"]["leads"].as_u64().filter(|leads| *leads >= 5)
    });
    house.wipe_bus();
    let mut promised = Promised::new();
    load.end(&mut promised).await;
    let truth = Truth(&house);
    truth.assert_stream_is_the_store().await;
    house.assert_sound();
    assert_promises_are_kept(&truth, &promised).await;
    assert_promises_are_told(&client, who, &promised, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_lane_holds_up_nobody_else() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    let client = house.client().await;
    let lead = LeadId::generate();
    let slow = Lane::of(lead.uuid());
    let other = std::iter::repeat_with(LeadId::generate)
        .find(|other| Lane::of(other.uuid()) != slow)
        .unwrap();
    let mut holder = Truth(&house).database().await;
    let lock = crate::trouble::lane_lock(slow);
    holder.execute(&*format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await.unwrap();
    let in_the_slow_lane = create(&client, who, lead).await;
    let beside = create(&client, who, other).await;
    let seen: LeadView = client.query(who.0, &after(&beside, who)).await.unwrap();
    assert_eq!(seen.version, 1, "another lane goes on");
    let hasty = client.clone().with_patience(Duration::from_secs(2));
    let unseen = hasty.query::<LeadView>(who.0, &after(&in_the_slow_lane, who)).await;
    assert!(unseen.is_err(), "a held lane was projected: the test holds up nobody");
    // The relay goes on, too: only the read models wait.
    Truth(&house).assert_stream_is_the_store().await;
    holder.close().await.unwrap();
    let seen: LeadView = client.query(who.0, &after(&in_the_slow_lane, who)).await.unwrap();
    assert_eq!(seen.version, 1);
    house.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_transaction_delays_what_is_published_and_loses_nothing() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    let client = house.client().await;
    let truth = Truth(&house);
    let mut holder = truth.database().await;
    holder.execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    let mut promised = Promised::new();
    let load = Load::begin(&client, who, 4, 1);
    // Commands are acknowledged all the while.
    truth.until_stored(60).await;
    holder.close().await.unwrap();
    load.end(&mut promised).await;
    truth.assert_stream_is_the_store().await;
    house.assert_sound();
    assert_promises_are_kept(&truth, &promised).await;
}

/// The read models' tables refuse the values of one event; when that is mended, it is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_waits_alone_and_is_taken_when_the_cause_is_mended() {
    let house = House::start(&[]);
    let who = house.first_workspace();
    let client = house.client().await;
    let truth = Truth(&house);
    let (poisoned, healthy) = (LeadId::generate(), LeadId::generate());
    let board = "ALTER TABLE rm_lead_board_1.leads";
    let refuse = format!("{board} ADD CONSTRAINT poison CHECK (id <> '{poisoned}')");
    truth.database().await.execute(&*refuse).await.unwrap();
    create(&client, who, poisoned).await;
    let written = create(&client, who, healthy).await;
    let seen: LeadView = client.query(who.0, &after(&written, who)).await.unwrap();
    assert_eq!(seen.version, 1);
    let dead = house.until("the poison event to be parked", || {
        let dead = house.json(&["dead", "list"]);
        (!items(&dead).is_empty()).then_some(dead)
    });
    let aggregate = first_of(&dead)["aggregate"].as_str().unwrap();
    assert!(aggregate.contains(&poisoned.to_string()), "{aggregate} waits");
    assert_eq!(items(&dead).len(), 1, "one event waits, in one read model");
    let mend = format!("{board} DROP CONSTRAINT poison");
    truth.database().await.execute(&*mend).await.unwrap();
    house.said_by(&["dead", "retry", "--all"]);
    assert!(items(&house.json(&["dead", "list"])).is_empty());
    truth.assert_stream_is_the_store().await;
    house.assert_sound();
    let leads = house.json(&["lead", "list"]);
    let listed = |lead: LeadId| items(&leads).iter().any(|one| one["id"] == lead.to_string());
    assert!(listed(poisoned) && listed(healthy));
}
