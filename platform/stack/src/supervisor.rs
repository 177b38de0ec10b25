//! Who keeps the processes of a system up: starts each, waits until it takes work, starts it again
//! when it dies (ever more slowly), and stops them all in order.

mod process;
mod ready;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::leftovers::ProcessIdentity;
use crate::{Account, Home, StackError};

pub use ready::Ready;

/// What stops before what: services first, the database last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Services of the house.
    Service,
    /// The bus.
    Bus,
    /// The database.
    Database,
}

/// Something to do before each start, such as clearing away what a crash left.
pub(crate) type BeforeStart = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// A process to keep up.
#[derive(Clone)]
pub struct ServiceSpec {
    /// Its name, unique in the system; also that of its log.
    pub name: String,
    /// When it stops, relative to others.
    pub tier: Tier,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment: nothing but this and a few harmless variables (`PATH`, `RUST_LOG` …).
    pub env: Vec<(String, String)>,
    /// As whom it runs; none for the same as we.
    pub account: Option<Account>,
    /// How it is known to take work.
    pub ready: Ready,
    /// How long it may take until then.
    pub ready_within: Duration,
    /// What asks it to stop.
    pub stop_signal: Signal,
    /// How long it may take to stop before it is killed.
    pub stop_within: Duration,
    pub(crate) before_start: Option<BeforeStart>,
}

impl ServiceSpec {
    /// A service of the house, which says itself when it is ready (see `ael_service::Health`).
    pub fn service(
        name: impl Into<String>,
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            name: name.into(),
            tier: Tier::Service,
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            account: None,
            ready: Ready::Notify,
            ready_within: Duration::from_secs(60),
            stop_signal: Signal::SIGTERM,
            stop_within: Duration::from_secs(20),
            before_start: None,
        }
    }

    /// The same with more environment.
    #[must_use]
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.env.extend(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The same with another way to be known as ready.
    #[must_use]
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready = ready;
        self
    }

    /// The same with another place in the order of stopping.
    #[must_use]
    pub fn tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// The same with another time until it must be ready.
    #[must_use]
    pub fn ready_within(mut self, time: Duration) -> Self {
        self.ready_within = time;
        self
    }

    /// The same with another time to stop in.
    #[must_use]
    pub fn stop_within(mut self, time: Duration) -> Self {
        self.stop_within = time;
        self
    }

    /// The n-th copy of this service: `relay`, `relay-2`, `relay-3` …
    #[must_use]
    pub fn copy(&self, number: usize) -> Self {
        let name = match number {
            0 | 1 => self.name.clone(),
            _ => format!("{}-{number}", self.name),
        };
        Self { name, ..self.clone() }
    }
}

impl std::fmt::Debug for ServiceSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment holds secrets.
        f.debug_struct("ServiceSpec")
            .field("name", &self.name)
            .field("program", &self.program)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// How a process is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Started, not yet ready.
    Starting,
    /// Takes work.
    Ready,
    /// Died and will be started again shortly.
    Waiting {
        /// Why it died.
        reason: String,
    },
    /// Never became ready; it is not tried again.
    Failed {
        /// Why.
        reason: String,
    },
    /// Stopped because somebody asked for it.
    Stopped,
}

/// What the supervisor knows about a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// How it is doing.
    pub status: Status,
    /// Its process id while it runs.
    pub pid: Option<i32>,
    /// How often it was started again after it died.
    pub restarts: u32,
}

/// What somebody asked of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Up,
    Stopped,
    Killed,
}

/// What the watching task and the supervisor both see.
#[derive(Debug)]
struct Watched {
    wanted: watch::Sender<Wanted>,
    status: watch::Sender<Status>,
    process: Mutex<(Option<ProcessIdentity>, u32)>,
}

#[derive(Debug)]
struct Service {
    spec: ServiceSpec,
    watched: Arc<Watched>,
    task: AbortHandle,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort(); // which drops the child and so kills it
    }
}

/// Keeps processes up. Dropping the last copy kills them; [`Supervisor::stop_all`] stops them in
/// order.
#[derive(Debug, Clone)]
pub struct Supervisor {
    home: Home,
    services: Arc<Mutex<BTreeMap<String, Arc<Service>>>>,
}

impl Supervisor {
    /// A supervisor whose logs and notes lie in a home that this process has claimed.
    pub(crate) fn new(home: Home) -> Self {
        Self { home, services: Arc::default() }
    }

    /// Starts a process, returns when it takes work, and keeps it up from then on.
    ///
    /// # Errors
    /// [`StackError::DidNotStart`], with the end of its log, when it dies before it is ready for
    /// the first time or is not ready in time: starting it again would not help.
    pub async fn start(&self, spec: ServiceSpec) -> Result<(), StackError> {
        self.services().retain(|name, _| *name != spec.name);
        let name = spec.name.clone();
        let watched = Arc::new(Watched {
            wanted: watch::Sender::new(Wanted::Up),
            status: watch::Sender::new(Status::Starting),
            process: Mutex::default(),
        });
        let log_length = self.log_length(&name);
        let life = process::keep_up(self.home.clone(), spec.clone(), watched.clone());
        let task = tokio::spawn(life).abort_handle();
        let service = Arc::new(Service { spec, watched, task });
        self.services().insert(name, service.clone());
        self.settled(&service, log_length).await
    }

    fn log_length(&self, name: &str) -> u64 {
        std::fs::metadata(self.home.log(name)).map_or(0, |log| log.len())
    }

    /// Waits until a process that was asked to be up is, or has failed.
    async fn settled(&self, service: &Service, log_length: u64) -> Result<(), StackError> {
        let mut status = service.watched.status.subscribe();
        let settled = status
            .wait_for(|status| match status {
                Status::Starting | Status::Waiting { .. } => false,
                Status::Ready | Status::Failed { .. } | Status::Stopped => true,
            })
            .await;
        let detail = match settled.as_deref() {
            Ok(Status::Ready) => return Ok(()),
            Ok(Status::Failed { reason }) => reason.clone(),
            _ => "it was stopped while starting".to_owned(),
        };
        let log_tail = crate::logs::tail(&self.home.log(&service.spec.name), log_length);
        Err(StackError::DidNotStart { service: service.spec.name.clone(), detail, log_tail })
    }

    /// Asks a process to stop and returns when it has; it stays known and can be resumed.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn stop(&self, name: &str) -> Result<(), StackError> {
        self.bring_down(name, Wanted::Stopped).await
    }

    /// Kills a process as kill -9 does; it stays down until it is resumed.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn kill(&self, name: &str) -> Result<(), StackError> {
        self.bring_down(name, Wanted::Killed).await
    }

    async fn bring_down(&self, name: &str, wanted: Wanted) -> Result<(), StackError> {
        let service = self.service(name)?;
        service.watched.wanted.send_replace(wanted);
        let mut status = service.watched.status.subscribe();
        if status.wait_for(|status| *status == Status::Stopped).await.is_err() {
            tracing::debug!(name, "the supervisor itself has ended, and its services with it");
        }
        Ok(())
    }

    /// Starts a stopped or killed process again and returns when it takes work.
    ///
    /// # Errors
    /// When there is no such service or it does not come up.
    pub async fn resume(&self, name: &str) -> Result<(), StackError> {
        let service = self.service(name)?;
        let log_length = self.log_length(name);
        if *service.watched.wanted.borrow() != Wanted::Up {
            service.watched.status.send_replace(Status::Starting);
            service.watched.wanted.send_replace(Wanted::Up);
        }
        self.settled(&service, log_length).await
    }

    /// Sends a signal to a process. One that dies of it is started again, as after any crash.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn signal(&self, name: &str, signal: Signal) -> Result<(), StackError> {
        if let Some(process) = self.service(name)?.watched.process().0 {
            process.signal(signal);
        }
        Ok(())
    }

    /// Waits until a process takes work again, for instance after a crash.
    ///
    /// # Errors
    /// When there is no such service, or it failed or was stopped.
    pub async fn wait_ready(&self, name: &str) -> Result<(), StackError> {
        let service = self.service(name)?;
        self.settled(&service, self.log_length(name)).await
    }

    /// Stops everything: services first and side by side, then the bus, then the database.
    pub async fn stop_all(&self) {
        for tier in [Tier::Service, Tier::Bus, Tier::Database] {
            let names: Vec<String> = self
                .services()
                .values()
                .filter(|service| service.spec.tier == tier)
                .map(|service| service.spec.name.clone())
                .collect();
            join_all(names.iter().map(|name| self.stop(name))).await;
        }
        self.services().clear();
    }

    /// How every process is doing.
    pub fn report(&self) -> Vec<ServiceReport> {
        let services = self.services();
        let report = |service: &Arc<Service>| {
            let (process, restarts) = *service.watched.process();
            ServiceReport {
                name: service.spec.name.clone(),
                status: service.watched.status.borrow().clone(),
                pid: process.map(ProcessIdentity::pid),
                restarts,
            }
        };
        services.values().map(report).collect()
    }

    /// Forgets every process without waiting, so that none is started again, and gives those that
    /// run for somebody else to end.
    pub(crate) fn abandon(&self) -> Vec<ProcessIdentity> {
        let services = std::mem::take(&mut *self.services());
        services.values().filter_map(|service| service.watched.process().0).collect()
    }

    fn service(&self, name: &str) -> Result<Arc<Service>, StackError> {
        let unknown = || StackError::UnknownService { service: name.to_owned() };
        self.services().get(name).cloned().ok_or_else(unknown)
    }

    fn services(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Service>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn process(&self) -> std::sync::MutexGuard<'_, (Option<ProcessIdentity>, u32)> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
