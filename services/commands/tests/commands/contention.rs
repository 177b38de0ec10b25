//! Many at once: nothing is lost, nothing is counted twice, nobody waits for ever.

use crate::world::{NO_SNAPSHOT, World, acting_as, lead, message, named, request};
use ael_bus::RequestError;
use ael_events::answer::CommandAnswer;
use ael_events::subjects::{self, Edge};
use ael_events::values::{AggregateKind, Role};
use futures::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_messages_is_counted_exactly_once_each() {
    let world = World::with_copies(2).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let client = world.client(Edge::Cli).await;
    let asked: Vec<_> =
        (0..64).map(|_| request(acting_as(world.admin), lead(id, message()))).collect();
    // Everything is asked twice at the same moment.
    let twice = asked.iter().chain(&asked);
    let answers = join_all(twice.map(|one| client.command(world.workspace, one))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.repeated).count(), 64);
    let versions: BTreeSet<u64> = answers.iter().map(|answer| answer.version).collect();
    assert_eq!(versions, (2..=65).collect());
    let loaded = world.load(AggregateKind::Lead, id.uuid()).await;
    assert_eq!(loaded.version, 65);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_take_the_same_lead_do_not_both_get_it() {
    let world = World::with_copies(2).await;
    let client = world.client(Edge::Cli).await;
    for _ in 0..8 {
        let agents = [world.member(Role::Agent).await, world.member(Role::Agent).await];
        let id = world.lead(world.admin, named("Olena")).await;
        let take = |agent| {
            let take = ael_events::command::AssignLead { owner: Some(agent), rule: None };
            request(acting_as(agent), lead(id, take))
        };
        let asked = agents.map(take);
        let answers = join_all(asked.iter().map(|one| client.command(world.workspace, one))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_stop_answers_everything_that_came() {
    let mut world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let bus = world.bus(Edge::Cli.token()).await;
    let asked: Vec<_> =
        (0..200).map(|_| request(acting_as(world.admin), lead(id, message()))).collect();
    let workspace = world.workspace;
    // Each is asked once: it is answered, or nobody was there any more to whom it could come.
    let asking = tokio::spawn(async move {
        let subject = subjects::command(Edge::Cli, workspace, AggregateKind::Lead);
        let wait = Duration::from_secs(20);
        let ask = |one| bus.ask::<_, CommandAnswer>(&subject, one, wait);
        join_all(asked.iter().map(ask)).await
    });
    let reader = world.writer().await;
    crate::world::wait_until("some commands are under way", async || {
        let loaded = reader.load(workspace, AggregateKind::Lead, id.uuid(), NO_SNAPSHOT).await;
        loaded.unwrap().version > 5
    })
    .await;
    world.stop().await;
    let answers = asking.await.unwrap();
    for answer in &answers {
        let answered = matches!(answer, Ok(CommandAnswer::Accepted(_)));
        let nobody_there = matches!(answer, Err(RequestError::NoResponders { .. }));
        assert!(answered || nobody_there, "{answer:?}");
    }
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
    let version = world.load(AggregateKind::Lead, id.uuid()).await.version;
    assert_eq!(version, 1 + accepted, "what was carried out was answered");
}
