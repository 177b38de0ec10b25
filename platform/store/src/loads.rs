//! Loads of one workspace that wait at the same moment share a round trip.
//!
//! While one call is under way, others gather and go together next. What is wrong with one
//! aggregate is said to whoever asked for it; that the database is away is said to all.

use crate::StoreError;
use crate::error::lost_connection;
use crate::load::{self, BadLoad, LoadedWithKey, Name};
use ael_events::ids::WorkspaceId;
use ael_seal::MasterKeyring;
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How many aggregates are loaded in one call, at most.
const MOST: usize = 64;

/// Which loads can share a call: the tenant, and the form of snapshots that is of use.
type Kind = (WorkspaceId, u32);

#[derive(Debug)]
struct Waiting {
    name: Name,
    answer: oneshot::Sender<Result<LoadedWithKey, BadLoad>>,
}

/// The loads that wait. A kind is listed exactly while a task works it off.
#[derive(Debug)]
pub(crate) struct Loads {
    pool: PgPool,
    keyring: Arc<MasterKeyring>,
    queues: Mutex<HashMap<Kind, Vec<Waiting>>>,
}

impl Loads {
    pub(crate) fn new(pool: PgPool, keyring: Arc<MasterKeyring>) -> Self {
        Self { pool, keyring, queues: Mutex::default() }
    }

    /// Loads an aggregate, together with whatever else waits.
    pub(crate) async fn load(
        self: &Arc<Self>,
        name: Name,
        format: u32,
    ) -> Result<LoadedWithKey, StoreError> {
        let kind = (name.workspace, format);
        let (answer, outcome) = oneshot::channel();
        let first = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !queues.contains_key(&kind);
            queues.entry(kind).or_default().push(Waiting { name, answer });
            first
        };
        if first {
            tokio::spawn(Arc::clone(self).work_off(kind));
        }
        match outcome.await {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(BadLoad::Events(error))) => Err(error),
            // Alone it passes over a snapshot that can't be read, or hears of its own trouble.
            Ok(Err(BadLoad::Snapshot(_))) | Err(_) => {
                load::load(&self.pool, &self.keyring, name, format).await
            }
        }
    }

    async fn work_off(self: Arc<Self>, kind: Kind) {
        let mut leave = Leave { loads: &self, kind, done: false };
        while let Some(group) = self.next_group(kind) {
            let names: Vec<Name> = group.iter().map(|one| one.name).collect();
            match self.load_many(&names, kind.1).await {
                Ok(loaded) => {
                    for (one, loaded) in group.into_iter().zip(loaded) {
                        // Whoever asked may have gone.
                        let _ = one.answer.send(loaded);
                    }
                }
                // Whoever hears nothing goes alone, and hears of their own trouble.
                Err(error) if !error.is_transient() => {
                    tracing::debug!(%error, "loads go on one by one");
                }
                Err(error) => {
                    let error = Arc::new(error);
                    for one in group {
                        let shared = StoreError::Shared(Arc::clone(&error));
                        let _ = one.answer.send(Err(BadLoad::Events(shared)));
                    }
                }
            }
        }
        leave.done = true;
    }

    /// Loads without an effect are tried again when a connection turns out to be dead, until none
    /// of those in the pool can be to blame.
    async fn load_many(
        &self,
        names: &[Name],
        format: u32,
    ) -> Result<Vec<Result<LoadedWithKey, BadLoad>>, StoreError> {
        let mut attempts = self.pool.size() + 1;
        loop {
            attempts = attempts.saturating_sub(1);
            match load::load_many(&self.pool, &self.keyring, names, Some(format)).await {
                Err(error) if attempts > 0 && lost_connection(&error) => {
                    tracing::debug!(%error, "a connection was dead; loading by another one");
                }
                outcome => return outcome,
            }
        }
    }

    /// The loads that go together next; without any, the kind is struck off.
    fn next_group(&self, kind: Kind) -> Option<Vec<Waiting>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(&kind)?;
        if queue.is_empty() {
            queues.remove(&kind);
            return None;
        }
        let rest = queue.split_off(queue.len().min(MOST));
        Some(std::mem::replace(queue, rest))
    }
}

/// Strikes the kind off even when the task panics, so that whoever waits goes on alone.
struct Leave<'a> {
    loads: &'a Loads,
    kind: Kind,
    done: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.done {
            let mut queues = self.loads.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.remove(&self.kind);
        }
    }
}
