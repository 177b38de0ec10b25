//! Group commit: appends that wait at the same moment share a transaction, and nobody pays for a
//! neighbour with an answer.

use crate::support::{World, contacted, created, event, eventually, stream};
use ael_events::ids::LeadId;
use ael_seal::ContactKind;
use ael_store::{AppendError, Claim, ClaimRelease, DbRole, EventWriter, StoreError, WriterOptions};
use futures::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn appends_that_wait_together_share_a_transaction() {
    let world = World::new().await;
    let leads: Vec<LeadId> = (0..40).map(|_| LeadId::generate()).collect();
    let outcomes = join_all(leads.iter().map(|&lead| world.create(lead))).await;
    let orders: Vec<_> =
        outcomes.iter().map(|o| o.as_ref().unwrap().streams[0].orders[0]).collect();
    let transactions: BTreeSet<u64> = orders.iter().map(|order| order.xid).collect();
    assert!(transactions.len() < 10, "{} transactions for 40 appends", transactions.len());
    let positions: BTreeSet<i64> = orders.iter().map(|order| order.position).collect();
    assert_eq!(positions.len(), 40);
}

#[tokio::test]
async fn a_bad_neighbour_costs_time_and_never_an_answer() {
    let world = World::new().await;
    let old = LeadId::generate();
    world.create(old).await.unwrap();
    let leads: Vec<LeadId> = (0..30).map(|_| LeadId::generate()).collect();
    let appends = leads.iter().enumerate().map(|(at, &lead)| match at % 10 {
        // Exists already; follows a gap; can't even be written.
        3 => world.lead(old, 0, vec![created("again")]),
        6 => world.lead(lead, 4, vec![contacted()]),
        8 => world.lead(lead, 0, vec![event("lead.\0", json!({}))]),
        _ => world.lead(lead, 0, vec![created("Olena")]),
    });
    let outcomes = join_all(appends.map(|append| world.writer.append(append))).await;
    for (at, outcome) in outcomes.iter().enumerate() {
        let fits = match at % 10 {
            3 | 6 => matches!(outcome, Err(AppendError::VersionConflict)),
            8 => matches!(outcome, Err(AppendError::Failed(_))),
            _ => outcome.is_ok(),
        };
        assert!(fits, "append {at}: {outcome:?}");
    }
    for (at, &lead) in leads.iter().enumerate() {
        let expected = u64::from(!matches!(at % 10, 3 | 6 | 8));
        assert_eq!(world.version(lead).await, expected, "append {at}");
    }
    assert_eq!(world.version(old).await, 1);
}

#[tokio::test]
async fn two_writes_to_one_lead_go_one_after_the_other() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let other = LeadId::generate();
    let (first, second, neighbour) = tokio::join!(
        world.writer.append(world.lead(lead, 1, vec![contacted()])),
        world.writer.append(world.lead(lead, 2, vec![contacted()])),
        world.create(other),
    );
    assert!(first.is_ok() && second.is_ok() && neighbour.is_ok(), "{first:?} {second:?}");
    assert_eq!(world.version(lead).await, 3);
}

#[tokio::test]
async fn who_stops_waiting_takes_nothing_from_the_others() {
    let world = World::new().await;
    let (gone, stays) = (LeadId::generate(), LeadId::generate());
    let mut impatient = Box::pin(world.create(gone));
    // Polled once: the append is on its way. Then nobody waits for it any more.
    assert!(futures::poll!(&mut impatient).is_pending());
    drop(impatient);
    world.create(stays).await.unwrap();
    assert_eq!(world.version(stays).await, 1);
    eventually("the append that nobody waits for", || async { world.version(gone).await == 1 })
        .await;
}

#[tokio::test]
async fn workspaces_do_not_wait_for_each_other() {
    let world = World::new().await;
    let blocked = LeadId::generate();
    world.create(blocked).await.unwrap();
    // Somebody holds the very row that the next append of this workspace needs.
    let superuser = world.superuser().await;
    let mut holder = superuser.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO write.commands (workspace, principal, command_id, fingerprint, aggregate_id,
            version, recorded_at) VALUES ($1, 'operator', $2, sha256(''), $1, 1, now())",
    )
    .bind(world.workspace.uuid())
    .bind(blocked.uuid())
    .execute(&mut *holder)
    .await
    .unwrap();
    let mut append = world.lead(blocked, 1, vec![contacted()]);
    if let Some(answer) = &mut append.answer {
        answer.command_id = ael_events::ids::CommandId::from_uuid(blocked.uuid());
    }
    let elsewhere = async {
        let mut append = world.empty();
        append.workspace = ael_events::ids::WorkspaceId::generate();
        append.streams = vec![stream(LeadId::generate(), 0, vec![created("Olena")])];
        world.writer.append(append).await.unwrap();
    };
    let here = async {
        for _ in 0..20 {
            // Nobody waits for a lock longer than the horizon may stand still.
            let waited = world.writer.append(append.clone()).await;
            assert!(matches!(waited, Err(AppendError::Unavailable(_))), "{waited:?}");
        }
    };
    tokio::select! {
        () = elsewhere => {}
        () = here => panic!("the other workspace waited for twenty appends of this one"),
    }
    holder.rollback().await.unwrap();
    // The attempt that nobody waits for any more may have been the one that succeeded.
    let at_last = world.writer.append(append).await;
    assert!(matches!(at_last, Ok(_) | Err(AppendError::AlreadyAnswered(_))), "{at_last:?}");
}

#[tokio::test]
async fn a_lost_connection_is_no_answer_and_asking_again_is_safe() {
    let world =
        World::with(WriterOptions { append_connections: 2, ..WriterOptions::default() }).await;
    let superuser = world.superuser().await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE usename = 'ael_commands' AND datname = current_database()";
    let leads: Vec<LeadId> = (0..60).map(|_| LeadId::generate()).collect();
    let appends: Vec<_> =
        leads.iter().map(|&lead| world.lead(lead, 0, vec![created("Olena")])).collect();
    let writer = &world.writer;
    let work = join_all(appends.iter().enumerate().map(|(at, append)| async move {
        tokio::time::sleep(Duration::from_millis(at as u64 * 3)).await;
        writer.append(append.clone()).await
    }));
    let killing = async {
        for _ in 0..8 {
            sqlx::query(kill).execute(&superuser).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (outcomes, ()) = tokio::join!(work, killing);
    for (at, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(appended) => assert_eq!(appended.version, 1),
            Err(AppendError::Unavailable(_)) => {}
            Err(other) => panic!("append {at}: {other:?}"),
        }
        // The edge asks again with the same command id until it has an answer.
        eventually("an answer", || async {
            match world.writer.append(appends[at].clone()).await {
                Ok(_) | Err(AppendError::AlreadyAnswered(_)) => true,
                Err(AppendError::Unavailable(_)) => false,
                Err(other) => panic!("append {at}: {other:?}"),
            }
        })
        .await;
        assert_eq!(world.version(leads[at]).await, 1);
    }
}

/// A busy machine may make somebody wait for a lock longer than the horizon may stand still; a
/// deadlock is something else.
fn waited_too_long(error: &AppendError) -> bool {
    let AppendError::Unavailable(source) = error else { return false };
    let StoreError::Database(source) = &**source else { return false };
    source.as_database_error().and_then(|error| error.code()).as_deref() == Some("55P03")
}

/// Two copies of the service write to the same few leads and fight for the same few contacts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_copies_that_fight_for_everything_neither_deadlock_nor_lose() {
    let world = Arc::new(World::new().await);
    let url = world.database.url(DbRole::Commands).unwrap();
    let (keyring, options) = (world.keyring.clone(), WriterOptions::default());
    let other = EventWriter::connect(&url, keyring, options).await.unwrap();
    let leads: Arc<Vec<LeadId>> = Arc::new((0..5).map(|_| LeadId::generate()).collect());
    let tasks = (0..12_usize).map(|task| {
        let writer = if task % 2 == 0 { world.writer.clone() } else { other.clone() };
        let (world, leads) = (Arc::clone(&world), Arc::clone(&leads));
        tokio::spawn(async move {
            let mut written = 0;
            for round in 0..25_usize {
                // Two leads at once, in any order, as a merge does.
                let (one, two) = (leads[(task + round) % 5], leads[(task * 3 + round * 2 + 1) % 5]);
                let mut append = world.empty();
                for lead in BTreeSet::from([one, two]).into_iter().rev() {
                    let version = world.version(lead).await;
                    append.streams.push(stream(lead, version, vec![contacted()]));
                }
                let hmac = [u8::try_from((task + round) % 3).unwrap(); 32];
                let kind = ContactKind::Email;
                append.claims_released = vec![ClaimRelease { lead: one, kind: None }];
                append.claims_taken = vec![Claim { kind, hmac, lead: one, if_free: false }];
                let events = append.streams.len() as u64;
                match writer.append(append).await {
                    Ok(_) => written += events,
                    Err(AppendError::VersionConflict | AppendError::ContactTaken { .. }) => {}
                    Err(other) => assert!(waited_too_long(&other), "{other:?}"),
                }
            }
            written
        })
    });
    let written: u64 = join_all(tasks).await.into_iter().map(|task| task.unwrap()).sum();
    let mut versions = 0;
    for &lead in leads.iter() {
        versions += world.version(lead).await;
    }
    assert!(written > 20, "{written} events, the rest conflicts");
    assert_eq!(versions, written);
}

/// Rough, and on a machine that does other things: a group of fifty costs little more than one.
#[tokio::test]
async fn a_group_of_fifty_costs_little_more_than_one() {
    let world = World::new().await;
    for _ in 0..10 {
        world.create(LeadId::generate()).await.unwrap();
    }
    let (mut single, mut group) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let started = Instant::now();
        for _ in 0..10 {
            world.create(LeadId::generate()).await.unwrap();
        }
        single = single.min(started.elapsed().as_secs_f64() / 10.0);
        let appends: Vec<_> =
            (0..51).map(|_| world.lead(LeadId::generate(), 0, vec![created("Olena")])).collect();
        let started = Instant::now();
        for outcome in join_all(appends.into_iter().map(|a| world.writer.append(a))).await {
            outcome.unwrap();
        }
        group = group.min(started.elapsed().as_secs_f64() / 51.0);
    }
    println!("{:.3} ms alone, {:.3} ms each in a group", single * 1e3, group * 1e3);
    assert!(group * 3.0 < single, "{group} s each in a group, {single} s alone");
}
