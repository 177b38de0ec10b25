//! The private servers start, stop, come back after every kind of kill, and lose nothing.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::support::{as_process, eventually, is_alive, sql, working_in};
use ael_stack::{
    Home, NATS, NatsOptions, POSTGRES, PostgresOptions, Stack, StackError, StackOptions, Status,
    ThrowawayStack,
};
use nix::sys::signal::Signal;

const AUTHORIZATION: &str = "authorization { users = [ { user: cli, password: secret } ] }";

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o711)).tempdir().unwrap()
}

async fn start(home: &Home) -> Result<Stack, StackError> {
    let claimed = home.claim(&["cli"]).await?;
    Stack::start(claimed, StackOptions::embedded(AUTHORIZATION)).await
}

#[tokio::test]
async fn a_second_start_continues_where_the_first_stopped() {
    let folder = folder();
    let home = Home::at(folder.path().join(".ael")).unwrap();
    let stack = start(&home).await.unwrap();
    assert!(matches!(home.running(), Err(StackError::StillStarting { .. })));
    assert!(matches!(start(&home).await, Err(StackError::AlreadyRunning { .. })));
    stack.publish_ready([("api".to_owned(), "http://127.0.0.1:8080".to_owned())]).unwrap();
    let first = home.running().unwrap();
    assert_eq!(first.state().endpoints["api"], "http://127.0.0.1:8080");
    sql(&first, "create table kept as select 'still here' as what").await.unwrap();
    stack.stop().await.unwrap();
    assert!(matches!(home.running(), Err(StackError::NotRunning { .. })));
    assert_eq!(working_in(&first.state().postgres.as_ref().unwrap().data), 0);

    let stack = start(&home).await.unwrap();
    let second = stack.running();
    assert_eq!(second.state().postgres, first.state().postgres);
    assert_eq!(second.state().nats, first.state().nats);
    let kept = sql(&second, "select what from kept").await.unwrap();
    assert_eq!(kept.as_deref(), Some("still here"));
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn the_database_is_set_up_as_the_house_needs_it() {
    let only_postgres = |_: &_| StackOptions {
        postgres: Some(PostgresOptions {
            settings: vec![("max_connections".into(), "33".into())],
            ..PostgresOptions::default()
        }),
        nats: None,
    };
    let stack = ThrowawayStack::start(&[], only_postgres).await.unwrap();
    let running = stack.running();
    for (setting, expected) in [
        ("fsync", "on"),
        ("jit", "off"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C.UTF-8"),
        ("listen_addresses", "127.0.0.1"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("max_connections", "33"),
    ] {
        let found = sql(&running, &format!("select current_setting('{setting}')")).await.unwrap();
        assert_eq!(found.as_deref(), Some(expected), "{setting}");
    }
    assert_eq!(sql(&running, "select current_database()::text").await.unwrap().unwrap(), "ael");
    let url = running.role_url("postgres").unwrap();
    let wrong = secrecy::ExposeSecret::expose_secret(&url).replacen(":", ":x", 2);
    assert!(sqlx::Connection::connect(&wrong).await.map(|_: sqlx::PgConnection| ()).is_err());
    assert!(running.nats_url().is_none());
}

#[tokio::test]
async fn a_killed_postgresql_comes_back_by_itself_with_what_was_committed() {
    let stack = ThrowawayStack::start(&[], |_| StackOptions {
        postgres: Some(PostgresOptions::default()),
        nats: None,
    });
    let stack = stack.await.unwrap();
    let running = stack.running();
    sql(&running, "create table kept as select 'committed' as what").await.unwrap();
    let supervisor = stack.supervisor();
    let pid = supervisor.report()[0].pid.unwrap();
    supervisor.signal(POSTGRES, Signal::SIGKILL).unwrap();
    eventually("the kill to be noticed", || !is_alive(pid)).await;
    eventually("PostgreSQL to be started again", || {
        let report = &supervisor.report()[0];
        report.restarts == 1 && report.status == Status::Ready
    })
    .await;
    let kept = sql(&running, "select what from kept").await.unwrap();
    assert_eq!(kept.as_deref(), Some("committed"));
    stack.restart_postgres().await.unwrap();
    assert!(sql(&running, "select what from kept").await.is_ok());
}

#[tokio::test]
async fn a_busy_session_that_outlives_a_killed_server_does_not_keep_it_down() {
    let stack = ThrowawayStack::start(&[], |_| StackOptions {
        postgres: Some(PostgresOptions::default()),
        nats: None,
    });
    let stack = stack.await.unwrap();
    let running = stack.running();
    // Such a session looks for its server's death only when it waits, which this one never does.
    let busy = {
        let running = running.clone();
        tokio::spawn(async move {
            sql(&running, "/* busy */ select count(*)::text from generate_series(1, 1e12)").await
        })
    };
    let busy_now = "select count(*)::text from pg_stat_activity where query like '/* busy%'";
    while sql(&running, busy_now).await.unwrap().as_deref() != Some("1") {}
    stack.restart_postgres().await.unwrap();
    assert!(sql(&running, "select 1::text").await.is_ok());
    assert!(busy.await.unwrap().is_err());
}

#[tokio::test]
async fn a_bus_can_be_killed_and_wiped() {
    let nats = NatsOptions { authorization: AUTHORIZATION.into(), ..NatsOptions::default() };
    let only_nats = |_: &_| StackOptions { postgres: None, nats: Some(nats) };
    let stack = ThrowawayStack::start(&["cli"], only_nats).await.unwrap();
    let store = stack.stack().nats().unwrap().store().to_owned();
    let kept = store.join("jetstream/kept");
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::write(&kept, "").unwrap();
    stack.restart_nats().await.unwrap();
    assert!(kept.exists());
    stack.wipe_nats().await.unwrap();
    assert!(!kept.exists());
    assert_eq!(stack.supervisor().report()[0].status, Status::Ready);
    stack.supervisor().signal(NATS, Signal::SIGKILL).unwrap();
    eventually("the bus to be back", || stack.supervisor().report()[0].restarts == 1).await;
    stack.supervisor().wait_ready(NATS).await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let nats = NatsOptions { authorization: "nonsense: true".into(), ..NatsOptions::default() };
    let options = |_: &_| StackOptions { postgres: None, nats: Some(nats) };
    let refusal = ThrowawayStack::start(&[], options).await.unwrap_err();
    assert!(matches!(refusal, StackError::DidNotStart { .. }));
    let said = refusal.to_string();
    assert!(said.contains("nats did not start") && said.contains("unknown field"), "{said}");

    let program = Some("/nonexistent/nats-server".into());
    let nats = NatsOptions { program, ..NatsOptions::default() };
    let options = |_: &_| StackOptions { postgres: None, nats: Some(nats) };
    let refusal = ThrowawayStack::start(&[], options).await.unwrap_err().to_string();
    assert!(refusal.contains("apt-get install nats-server"), "{refusal}");
}

#[tokio::test]
async fn a_home_that_the_database_cannot_reach_keeps_its_data_elsewhere() {
    if !nix::unistd::geteuid().is_root() {
        return; // only root runs the database as somebody else
    }
    let folder = folder();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let home = Home::at(folder.path().join(".ael")).unwrap();
    let stack = start(&home).await.unwrap();
    let first = stack.running().state().postgres.clone().unwrap();
    assert!(first.data.starts_with("/var/lib/ael"), "{first:?}");
    assert_eq!(home.path().join("pg").canonicalize().unwrap(), first.data);
    stack.stop().await.unwrap();
    let stack = start(&home).await.unwrap();
    assert_eq!(stack.running().state().postgres.as_ref(), Some(&first));
    stack.stop().await.unwrap();
    std::fs::remove_dir_all(first.data.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_throwaway_stack_leaves_nothing() {
    let stack = ThrowawayStack::start(&["cli"], |_| StackOptions::embedded(AUTHORIZATION));
    let stack = stack.await.unwrap();
    let folder = stack.folder().to_owned();
    let pids: Vec<i32> = stack.supervisor().report().iter().filter_map(|one| one.pid).collect();
    assert_eq!(pids.len(), 2);
    drop(stack);
    assert!(!folder.exists());
    assert!(!pids.into_iter().any(is_alive));
}

#[tokio::test]
async fn a_killed_system_leaves_nothing_that_the_next_start_cannot_mend() {
    let folder = folder();
    let home = Home::at(folder.path().join(".ael")).unwrap();
    let mut holder = as_process("servers::helper_holds_a_stack");
    let mut holder = holder.env("AEL_HOME", home.path()).stdout(Stdio::null()).spawn().unwrap();
    eventually("the system to be ready", || home.running().is_ok()).await;
    let running = home.running().unwrap();
    sql(&running, "create table kept as select 'committed' as what").await.unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(matches!(home.running(), Err(StackError::NotRunning { .. })));
    let stack = start(&home).await.unwrap();
    let kept = sql(&stack.running(), "select what from kept").await.unwrap();
    assert_eq!(kept.as_deref(), Some("committed"));
    let report = stack.supervisor().report();
    assert!(report.iter().all(|one| one.status == Status::Ready && one.restarts == 0));
    stack.stop().await.unwrap();
    assert_eq!(working_in(&home.path().join("pg")), 0);
}

#[tokio::test]
async fn the_servers_stop_when_their_system_is_killed() {
    let folder = folder();
    let home = Home::at(folder.path().join(".ael")).unwrap();
    let mut holder = as_process("servers::helper_holds_a_stack");
    let mut holder = holder.env("AEL_HOME", home.path()).stdout(Stdio::null()).spawn().unwrap();
    eventually("the system to be ready", || home.running().is_ok()).await;
    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually("PostgreSQL to be gone", || working_in(&home.path().join("pg")) == 0).await;
}

#[tokio::test]
#[ignore = "a process of its own for the tests that kill one"]
async fn helper_holds_a_stack() {
    let home = Home::at(std::env::var_os("AEL_HOME").unwrap()).unwrap();
    let stack = start(&home).await.unwrap();
    stack.publish_ready([]).unwrap();
    std::future::pending::<()>().await;
}
