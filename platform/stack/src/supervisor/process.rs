//! The life of one supervised process, start after start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::sync::watch;

use super::{ServiceSpec, Status, Wanted, Watched};
use crate::leftovers::ProcessIdentity;
use crate::spawn::{Launch, spawn};
use crate::{Home, StackError, files, logs};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A process that ran this long was healthy: its next death is a new story.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// How one run of a process ended.
enum Ended {
    AsWanted,
    ByItself { reason: String, was_ready: bool, lasted: Duration },
}

/// Runs the process whenever it is wanted; the supervisor aborts this when it is dropped.
pub(super) async fn keep_up(home: Home, spec: ServiceSpec, watched: Arc<Watched>) {
    let mut wanted = watched.wanted.subscribe();
    let mut pause = FIRST_PAUSE;
    let mut proven = false;
    loop {
        if *wanted.borrow_and_update() != Wanted::Up {
            watched.status.send_replace(Status::Stopped);
            if wanted.changed().await.is_err() {
                return;
            }
            (pause, proven) = (FIRST_PAUSE, false);
            continue;
        }
        watched.status.send_replace(Status::Starting);
        let ended = match run_once(&home, &spec, &watched, &mut wanted).await {
            Ok(ended) => ended,
            Err(error) => Ended::ByItself {
                reason: error.to_string(),
                was_ready: false,
                lasted: Duration::ZERO,
            },
        };
        let Ended::ByItself { reason, was_ready, lasted } = ended else { continue };
        proven |= was_ready;
        if !proven {
            watched.status.send_replace(Status::Failed { reason });
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        }
        if lasted > HEALTHY_AFTER {
            pause = FIRST_PAUSE;
        }
        watched.process().1 += 1;
        tracing::warn!(service = spec.name, reason, pause_ms = pause.as_millis(), "restarting");
        watched.status.send_replace(Status::Waiting { reason });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = wanted.changed() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn run_once(
    home: &Home,
    spec: &ServiceSpec,
    watched: &Watched,
    wanted: &mut watch::Receiver<Wanted>,
) -> Result<Ended, StackError> {
    if let Some(before_start) = &spec.before_start {
        before_start().await;
    }
    let failed = |error: std::io::Error| StackError::ProgramFailed {
        program: spec.program.display().to_string(),
        outcome: "not started".to_owned(),
        said: error.to_string(),
    };
    let (ready, notify) = spec.ready.listen().map_err(failed)?;
    let launch = Launch {
        program: spec.program.clone(),
        args: spec.args.clone(),
        env: spec.env.iter().cloned().chain(notify).collect(),
        account: spec.account.clone(),
        log: logs::open(&home.log(&spec.name))?,
        farewell: spec.stop_signal,
    };
    let child = spawn(launch).await.map_err(failed)?;
    let identity = child.id().and_then(|pid| ProcessIdentity::of(pid.cast_signed()));
    let note = home.run().join(format!("{}.pid", spec.name));
    if let Some(identity) = identity {
        identity.note(&note)?;
    }
    watched.process().0 = identity;
    let ended = watch_over(child, ready, spec, watched, wanted).await;
    watched.process().0 = None;
    files::remove(&note)?;
    Ok(ended)
}

async fn watch_over(
    mut child: Child,
    mut ready: super::ready::Signal,
    spec: &ServiceSpec,
    watched: &Watched,
    wanted: &mut watch::Receiver<Wanted>,
) -> Ended {
    let started = Instant::now();
    let too_late = tokio::time::sleep(spec.ready_within);
    tokio::pin!(too_late);
    let mut is_ready = false;
    let reason = loop {
        tokio::select! {
            exit = child.wait() => break match exit {
                Ok(status) => format!("it ended ({status})"),
                Err(error) => format!("it was lost ({error})"),
            },
            () = &mut ready, if !is_ready => {
                is_ready = true;
                let after_ms = started.elapsed().as_millis();
                tracing::debug!(service = spec.name, after_ms, "ready");
                watched.status.send_replace(Status::Ready);
            }
            () = &mut too_late, if !is_ready => {
                bring_down(&mut child, spec, Wanted::Killed).await;
                break format!("it was not ready within {} s", spec.ready_within.as_secs());
            }
            changed = wanted.changed() => {
                let now = if changed.is_ok() { *wanted.borrow() } else { Wanted::Killed };
                if now != Wanted::Up {
                    bring_down(&mut child, spec, now).await;
                    return Ended::AsWanted;
                }
            }
        }
    };
    Ended::ByItself { reason, was_ready: is_ready, lasted: started.elapsed() }
}

/// Ends a process: asked to stop, it has its time before it is killed.
async fn bring_down(child: &mut Child, spec: &ServiceSpec, how: Wanted) {
    let process = child.id().and_then(|pid| ProcessIdentity::of(pid.cast_signed()));
    if let (Wanted::Stopped, Some(process)) = (how, process) {
        process.signal(spec.stop_signal);
        if tokio::time::timeout(spec.stop_within, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(service = spec.name, "did not stop in time and is killed");
    }
    if let Some(process) = process {
        process.signal(Signal::SIGKILL);
    }
    if let Err(error) = child.wait().await {
        tracing::warn!(service = spec.name, %error, "its end was not seen");
    }
}
