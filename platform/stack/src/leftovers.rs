//! Processes that outlived their supervisor (it was killed with -9): found again and stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{StackError, files};

/// A process together with the moment it started, so that a reused number is not mistaken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessIdentity {
    pid: i32,
    started: u64,
}

impl ProcessIdentity {
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, started: start_time(pid)? })
    }

    pub(crate) fn pid(self) -> i32 {
        self.pid
    }

    pub(crate) fn is_alive(self) -> bool {
        start_time(self.pid) == Some(self.started)
    }

    pub(crate) fn signal(self, signal: Signal) {
        if self.is_alive() {
            match kill(Pid::from_raw(self.pid), signal) {
                // It may have ended in between; then there is nothing left to tell it.
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => tracing::warn!(%error, pid = self.pid, %signal, "not signalled"),
            }
        }
    }

    /// Notes the process in a file, for the next start after a crash of ours.
    pub(crate) fn note(self, path: &Path) -> Result<(), StackError> {
        files::write_private(path, &format!("{} {}\n", self.pid, self.started))
    }

    fn noted(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let (pid, started) = text.trim().split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, started: started.parse().ok()? })
    }
}

/// When the process started, in clock ticks since boot; none for one that is gone or only waits
/// to be buried. (Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold blanks.)
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Stops every process that an earlier supervisor noted in `folder` and left behind.
pub(crate) async fn stop_noted(folder: &Path) -> Result<(), StackError> {
    let entries = fs::read_dir(folder).map_err(StackError::file("read", folder))?;
    let notes: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pid"))
        .collect();
    let left: Vec<ProcessIdentity> =
        notes.iter().filter_map(|path| ProcessIdentity::noted(path)).collect();
    // PostgreSQL takes SIGTERM as "when the last client has left", SIGINT as "now, in order".
    stop(&left, &[(Signal::SIGTERM, 6), (Signal::SIGINT, 6), (Signal::SIGKILL, 5)]).await;
    notes.iter().try_for_each(|path| files::remove(path))
}

/// Stops every server process that works in the given data folder, gently first.
pub(crate) async fn stop_working_in(folder: &Path) {
    let left = working_in(folder);
    if !left.is_empty() {
        tracing::warn!(processes = left.len(), "stopping a PostgreSQL left behind by a crash");
        stop(&left, &[(Signal::SIGINT, 8), (Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)]).await;
    }
}

/// The processes whose working directory is `folder`, which is how PostgreSQL's are known.
pub(crate) fn working_in(folder: &Path) -> Vec<ProcessIdentity> {
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .filter(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim().starts_with("postgres") || name.trim().starts_with("postmaster")
        })
        .filter_map(ProcessIdentity::of)
        .collect()
}

/// Sends each signal in turn, giving the processes so many seconds to follow it.
async fn stop(processes: &[ProcessIdentity], steps: &[(Signal, u64)]) {
    for (signal, seconds) in steps {
        processes.iter().for_each(|process| process.signal(*signal));
        let deadline = Instant::now() + Duration::from_secs(*seconds);
        while processes.iter().any(|process| process.is_alive()) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The same for a value that is being dropped, which cannot wait for a runtime: kills at once.
pub(crate) fn kill_now(processes: &[ProcessIdentity]) {
    processes.iter().for_each(|process| process.signal(Signal::SIGKILL));
    let deadline = Instant::now() + Duration::from_secs(5);
    while processes.iter().any(|process| process.is_alive()) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_noted_process_is_stopped_and_a_reused_number_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let identity = ProcessIdentity::of(child.id().cast_signed()).unwrap();
        let stranger = ProcessIdentity { started: identity.started + 1, ..identity };
        stranger.note(&folder.path().join("old.pid")).unwrap();
        stop_noted(folder.path()).await.unwrap();
        assert!(identity.is_alive());
        identity.note(&folder.path().join("relay.pid")).unwrap();
        stop_noted(folder.path()).await.unwrap();
        assert!(!identity.is_alive());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        child.wait().unwrap();
    }
}
