//! Services are started when they are ready, started again when they die, and stopped in order.

use std::path::Path;
use std::time::Duration;

use crate::support::{eventually, is_alive};
use ael_service::{Env, Health};
use ael_stack::{Ready, ServiceSpec, StackError, StackOptions, Status, ThrowawayStack};
use nix::sys::signal::Signal;

/// A stack without servers: nothing but a home and a supervisor.
async fn supervised() -> ThrowawayStack {
    ThrowawayStack::start(&[], |_| StackOptions::default()).await.unwrap()
}

fn shell(name: &str, script: &str) -> ServiceSpec {
    ServiceSpec::service(name, "/bin/sh", ["-c", script]).ready(Ready::Started)
}

fn when_exists(file: &Path) -> Ready {
    let file = file.to_owned();
    Ready::probe(move || {
        let there = file.exists();
        async move { there }
    })
}

#[tokio::test]
async fn a_service_is_up_when_it_says_so() {
    let stack = supervised().await;
    let program = std::env::current_exe().unwrap();
    let args = ["--exact", "supervision::helper_service", "--ignored", "--nocapture"];
    let spec = ServiceSpec::service("relay", program, args);
    stack.supervisor().start(spec.copy(1)).await.unwrap();
    stack.supervisor().start(spec.copy(2)).await.unwrap();
    let report = stack.supervisor().report();
    let names: Vec<&str> = report.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["relay", "relay-2"]);
    assert!(report.iter().all(|one| one.status == Status::Ready));
    stack.supervisor().stop("relay").await.unwrap();
    let log = std::fs::read_to_string(stack.running().home().log("relay")).unwrap();
    assert!(log.contains("left in peace"), "{log}");
    assert_eq!(stack.supervisor().report()[1].status, Status::Ready);
}

#[tokio::test]
#[ignore = "a process of its own for the test of services"]
async fn helper_service() {
    let stop = ael_service::shutdown::signal().unwrap();
    Health::new(&Env::of_process(), &["bus"]).set("bus", true);
    stop.cancelled().await;
    println!("left in peace");
}

#[tokio::test]
async fn a_service_that_dies_is_started_again() {
    let stack = supervised().await;
    let supervisor = stack.supervisor();
    supervisor.start(shell("queries", "exec sleep 600")).await.unwrap();
    let first = supervisor.report()[0].pid.unwrap();
    supervisor.signal("queries", Signal::SIGKILL).unwrap();
    eventually("the service to be up again", || {
        let report = &supervisor.report()[0];
        report.restarts == 1 && report.status == Status::Ready && report.pid != Some(first)
    })
    .await;
}

#[tokio::test]
async fn a_killed_service_stays_down_until_it_is_resumed() {
    let stack = supervised().await;
    let supervisor = stack.supervisor();
    supervisor.start(shell("queries", "exec sleep 600")).await.unwrap();
    supervisor.kill("queries").await.unwrap();
    assert_eq!(supervisor.report()[0].status, Status::Stopped);
    assert_eq!(supervisor.report()[0].pid, None);
    supervisor.resume("queries").await.unwrap();
    supervisor.resume("queries").await.unwrap();
    assert_eq!(supervisor.report()[0].status, Status::Ready);
    assert_eq!(supervisor.report()[0].restarts, 0);
}

#[tokio::test]
async fn a_service_that_never_comes_up_is_not_tried_again_and_says_why() {
    let stack = supervised().await;
    let script = "echo NATS_URL is not set >&2; exit 3";
    let spec = shell("commands", script).ready(when_exists(Path::new("/nonexistent")));
    let refusal = stack.supervisor().start(spec).await.unwrap_err();
    assert!(matches!(refusal, StackError::DidNotStart { .. }));
    let said = refusal.to_string();
    assert!(said.contains("exit status: 3") && said.contains("NATS_URL is not set"), "{said}");
    let status = stack.supervisor().report()[0].status.clone();
    assert!(matches!(status, Status::Failed { .. }));

    let late = shell("late", "exec sleep 600").ready(when_exists(Path::new("/nonexistent")));
    let late = late.ready_within(Duration::from_millis(300));
    let refusal = stack.supervisor().start(late).await.unwrap_err().to_string();
    assert!(refusal.contains("was not ready within"), "{refusal}");
}

#[tokio::test]
async fn a_service_sees_only_the_secrets_it_was_given() {
    let stack = supervised().await;
    let file = stack.folder().join("seen");
    let script = format!("env > {0}.part; mv {0}.part {0}; exec sleep 600", file.display());
    let spec = shell("api", &script).ready(when_exists(&file)).env([("NATS_USER", "api")]);
    stack.supervisor().start(spec).await.unwrap();
    let seen = std::fs::read_to_string(&file).unwrap();
    assert!(seen.contains("NATS_USER=api") && seen.contains("PATH="));
    assert!(!seen.contains("CARGO"), "{seen}");
}

#[tokio::test]
async fn a_service_that_ignores_the_request_to_stop_is_killed() {
    let stack = supervised().await;
    let file = stack.folder().join("deaf");
    let script = format!("trap '' TERM; touch {}; while :; do sleep 1; done", file.display());
    let spec = shell("deaf", &script).ready(when_exists(&file));
    let spec = spec.stop_within(Duration::from_millis(200));
    stack.supervisor().start(spec).await.unwrap();
    let pid = stack.supervisor().report()[0].pid.unwrap();
    stack.supervisor().stop("deaf").await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn services_stop_before_the_bus_and_the_bus_before_the_database() {
    let stack = supervised().await;
    let order = stack.folder().join("order");
    for (name, tier) in [
        ("database", ael_stack::Tier::Database),
        ("bus", ael_stack::Tier::Bus),
        ("relay", ael_stack::Tier::Service),
    ] {
        let up = stack.folder().join(name);
        let script = format!(
            "trap 'echo {name} >> {}; exit 0' TERM; touch {}; while :; do sleep 0.1; done",
            order.display(),
            up.display()
        );
        let spec = shell(name, &script).ready(when_exists(&up)).tier(tier);
        stack.supervisor().start(spec).await.unwrap();
    }
    stack.supervisor().stop_all().await;
    assert_eq!(std::fs::read_to_string(&order).unwrap(), "relay\nbus\ndatabase\n");
    assert!(stack.supervisor().report().is_empty());
}

#[tokio::test]
async fn an_unknown_service_is_named() {
    let stack = supervised().await;
    let refusal = stack.supervisor().stop("coffee").await.unwrap_err();
    assert_eq!(refusal.to_string(), "there is no service named coffee");
}
