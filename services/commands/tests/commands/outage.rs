//! When something is away: nothing is lost, nothing is done twice, and everybody is told.

use crate::world::{World, acting_as, lead, message, named, request};
use ael_client::ClientError;
use ael_events::subjects::Edge;
use ael_events::values::AggregateKind;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::time::Duration;

/// Closes the door of a database, or opens it, for everybody but superusers.
async fn set_open(world: &World, is_open: bool) {
    let (name, server) = world.server();
    let mut server = PgConnection::connect(&server).await.unwrap();
    server.execute(&*format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {is_open}")).await.unwrap();
    if !is_open {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        sqlx::query(end).bind(&name).execute(&mut server).await.unwrap();
    }
}

#[tokio::test]
async fn while_the_database_is_away_a_command_fails_and_later_it_is_carried_out_once() {
    let world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let client = world.client(Edge::Cli).await;
    let asked = request(acting_as(world.admin), lead(id, message()));
    set_open(&world, false).await;
    let short = client.clone().with_patience(Duration::from_millis(300));
    match short.command(world.workspace, &asked).await {
        Err(ClientError::Failed(failed)) => {
            assert!(failed.retry_after_ms > 0);
            assert!(failed.sentence.contains("nothing is lost"), "{}", failed.sentence);
        }
        other => panic!("{other:?}"),
    }
    set_open(&world, true).await;
    let accepted = client.command(world.workspace, &asked).await.unwrap();
    assert_eq!(accepted.version, 2);
    assert!(client.command(world.workspace, &asked).await.unwrap().repeated);
    assert_eq!(world.load(AggregateKind::Lead, id.uuid()).await.version, 2);
}

#[tokio::test]
async fn while_the_service_is_away_an_edge_asks_until_it_is_back() {
    let mut world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let client = world.client(Edge::Cli).await;
    world.stop().await;
    let asked = request(acting_as(world.admin), lead(id, message()));
    let short = client.clone().with_patience(Duration::from_millis(100));
    let answer = short.command(world.workspace, &asked).await;
    assert!(matches!(answer, Err(ClientError::Unavailable(_))), "{answer:?}");
    let workspace = world.workspace;
    let asking = tokio::spawn(async move { client.command(workspace, &asked).await });
    world.start_a_copy();
    assert_eq!(asking.await.unwrap().unwrap().version, 2);
}
