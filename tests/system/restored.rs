//! A database or a bus that comes from a backup: one of them is older than the other then.

use crate::house::{House, first_of, postgres_program};
use crate::load::{Load, Promised, assert_promises_are_kept, assert_promises_are_told};
use crate::truth::Truth;
use ael_events::subjects;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Writes until the store holds so many more events; gives what was acknowledged.
async fn write_some(house: &House, seed: u64) -> Promised {
    let truth = Truth(house);
    let before = truth.stored().await.len();
    let load = Load::begin(&house.client().await, house.first_workspace(), 4, seed);
    truth.until_stored(before + 60).await;
    let mut promised = Promised::new();
    load.end(&mut promised).await;
    promised
}

/// A dump of the database, as a nightly backup makes it.
fn dump(house: &House) -> PathBuf {
    let file = house.home().parent().unwrap().join("backup.dump");
    let url = house.running().superuser_url().unwrap();
    let mut dump = Command::new(postgres_program("pg_dump"));
    done(dump.arg("--format=custom").arg("--file").arg(&file).arg(url.expose_secret()));
    file
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:?}: {said}", command.get_program());
}

/// Puts the dump into the place of the database, while no service runs.
async fn restore(house: &House, dump: &Path) {
    let servers = house.start_servers_alone();
    let url = house.running().superuser_url().unwrap();
    let elsewhere = url.expose_secret().replace("/ael", "/postgres");
    let mut connection = sqlx::PgConnection::connect(&elsewhere).await.unwrap();
    connection.execute("DROP DATABASE ael WITH (FORCE)").await.unwrap();
    let mut restore = Command::new(postgres_program("pg_restore"));
    done(restore.args(["--exit-on-error", "--create", "--dbname"]).arg(&elsewhere).arg(dump));
    connection.close().await.unwrap();
    servers.stop();
}

fn copy(from: &Path, to: &Path) {
    done(Command::new("cp").arg("-a").arg(from).arg(to));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_older_than_the_stream_publishes_nothing_until_the_stream_is_rebuilt() {
    let mut house = House::start(&[]);
    let kept = write_some(&house, 1_000).await;
    let backup = dump(&house);
    let lost = write_some(&house, 2_000).await;
    let known = Truth(&house).assert_stream_is_the_store().await as u64;
    house.stop();
    restore(&house, &backup).await;
    house.start_again(&[]);

    // Commands are taken all the same, and published is nothing.
    let since = write_some(&house, 3_000).await;
    let bus = house.bus("relay").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let state = bus.stream(subjects::EVENTS).state().await.unwrap();
        assert_eq!(state.messages, known, "something was published behind what is not known");
        tokio::task::yield_now().await;
    }
    house.said_by(&["stream", "rebuild"]);

    let truth = Truth(&house);
    truth.assert_stream_is_the_store().await;
    house.assert_sound();
    let promised: Promised = kept.into_iter().chain(since).collect();
    assert_promises_are_kept(&truth, &promised).await;
    let who = house.first_workspace();
    assert_promises_are_told(&house.client().await, who, &promised, 50).await;
    let stored = truth.leads().await;
    let back = lost.keys().find(|lead| stored.contains_key(&lead.uuid()));
    assert_eq!(back, None, "what came after the backup is gone with the database, whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_older_than_the_database_is_filled_up_and_a_new_life_goes_on_after_it() {
    let mut house = House::start(&[]);
    let mut promised = write_some(&house, 1_000).await;
    Truth(&house).assert_stream_is_the_store().await;
    house.stop();
    let old_bus = house.home().parent().unwrap().join("old-bus");
    copy(&house.bus_files(), &old_bus);
    house.start_again(&[]);
    promised.extend(write_some(&house, 2_000).await);
    let backup = dump(&house);
    house.stop();
    restore(&house, &backup).await;
    std::fs::remove_dir_all(house.bus_files()).unwrap();
    copy(&old_bus, &house.bus_files());
    house.start_again(&[]);
    promised.extend(write_some(&house, 3_000).await);

    let truth = Truth(&house);
    truth.assert_stream_is_the_store().await;
    house.assert_sound();
    assert_promises_are_kept(&truth, &promised).await;
    let who = house.first_workspace();
    assert_promises_are_told(&house.client().await, who, &promised, 50).await;
    let lives: i32 = sqlx::query_scalar("SELECT max(incarnation) FROM write.events")
        .fetch_one(&mut truth.database().await)
        .await
        .unwrap();
    assert_eq!(lives, 2, "after the restore a new life begins");
    assert!(first_of(&house.json(&["projection", "list"]))["behind"] == 0);
}
