//! Group commit: appends of one workspace that wait at the same moment share one transaction.
//!
//! While one call is under way, others gather and go together next. A violation (or a lock that
//! somebody holds for too long) rolls the whole call back; it is then halved until the guilty
//! append stands alone, so that a neighbour's refusal costs time, never an answer. The work is done
//! by a task of its own: whoever stops waiting for an answer takes nothing from the others, and the
//! append may still happen.

use super::call::{CallError, Violation, assemble, call};
use super::prepare::Prepared;
use super::{AppendError, Appended};
use crate::answers::{self, StoredAnswer};
use crate::claims;
use crate::{StoreError, WriterOptions};
use ael_events::ids::WorkspaceId;
use sqlx::PgPool;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// An append that waits, and who waits for it.
#[derive(Debug)]
pub(crate) struct Job {
    prepared: Prepared,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// The queues of all workspaces. A workspace has one exactly while a task works it off.
#[derive(Debug)]
pub(crate) struct Groups {
    append: PgPool,
    read: PgPool,
    max_group: usize,
    max_events: usize,
    queues: Mutex<HashMap<WorkspaceId, VecDeque<Job>>>,
}

type Working<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Groups {
    pub(crate) fn new(append: PgPool, read: PgPool, options: &WriterOptions) -> Self {
        let (max_group, max_events) = (options.max_group.max(1), options.max_group_events.max(1));
        Self { append, read, max_group, max_events, queues: Mutex::default() }
    }

    /// Queues an append and waits for its outcome.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        prepared: Prepared,
    ) -> Result<Appended, AppendError> {
        let workspace = prepared.workspace;
        let (answer, outcome) = oneshot::channel();
        let first = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !queues.contains_key(&workspace);
            queues.entry(workspace).or_default().push_back(Job { prepared, answer });
            first
        };
        if first {
            tokio::spawn(Arc::clone(self).work_off(workspace));
        }
        // The task is gone only when the process ends or it panicked: nobody knows what happened.
        outcome.await.unwrap_or_else(|_| {
            let gone = sqlx::Error::WorkerCrashed;
            Err(AppendError::Unavailable(StoreError::Database(gone).into()))
        })
    }

    async fn work_off(self: Arc<Self>, workspace: WorkspaceId) {
        let mut leave = Leave { groups: &self, workspace, done: false };
        while let Some(group) = self.next_group(workspace) {
            self.run(group).await;
        }
        leave.done = true;
    }

    /// The appends that go together next; without any, the queue is closed.
    fn next_group(&self, workspace: WorkspaceId) -> Option<Vec<Job>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(&workspace)?;
        let mut group: Vec<Job> = Vec::new();
        let mut later = VecDeque::new();
        let mut events = 0;
        while let Some(job) = queue.pop_front() {
            let rows = job.prepared.events.len();
            let full = group.len() >= self.max_group
                || (!group.is_empty() && events + rows > self.max_events);
            if full {
                later.push_back(job);
                break;
            }
            // Two that write to the same aggregate cannot both succeed together: the second goes
            // next time.
            let collides = |other: &Job| other.prepared.collides_with(&job.prepared);
            if group.iter().any(collides) || later.iter().any(collides) {
                later.push_back(job);
            } else {
                events += rows;
                group.push(job);
            }
        }
        later.append(queue);
        *queue = later;
        if group.is_empty() {
            queues.remove(&workspace);
            return None;
        }
        Some(group)
    }

    fn run(&self, mut group: Vec<Job>) -> Working<'_> {
        Box::pin(async move {
            let rows: Vec<&Prepared> = group.iter().map(|job| &job.prepared).collect();
            match call(&self.append, &rows).await {
                Ok(appended) => {
                    for (job, appended) in group.into_iter().zip(appended) {
                        // Whoever asked may have gone; it happened all the same.
                        let _ = job.answer.send(Ok(appended));
                    }
                }
                Err(CallError::Violation(_) | CallError::Broken(_) | CallError::NotDone(_))
                    if group.len() > 1 =>
                {
                    let second = group.split_off(group.len() / 2);
                    self.run(group).await;
                    self.run(second).await;
                }
                Err(error) => {
                    for job in group {
                        let outcome = self.explain(&job.prepared, &error).await;
                        let _ = job.answer.send(outcome);
                    }
                }
            }
        })
    }

    /// What an error of a call means for one append.
    async fn explain(
        &self,
        prepared: &Prepared,
        error: &CallError,
    ) -> Result<Appended, AppendError> {
        match error {
            CallError::Violation(violation) => match self.refusal(prepared, *violation).await? {
                Some(refusal) => Err(refusal),
                None => self.once_more(prepared).await,
            },
            CallError::Unknown(error) => self.look_up(prepared, error).await,
            CallError::NotBegun(error) | CallError::NotDone(error) => {
                Err(AppendError::Unavailable(Arc::clone(error)))
            }
            CallError::Broken(error) => Err(AppendError::Failed(Arc::clone(error))),
        }
    }

    /// The refusal that a violation means; nothing, when its cause has gone in the meantime.
    async fn refusal(
        &self,
        prepared: &Prepared,
        violation: Violation,
    ) -> Result<Option<AppendError>, StoreError> {
        if let Some(answer) = self.answered(prepared).await? {
            return Ok(Some(AppendError::AlreadyAnswered(Box::new(answer))));
        }
        Ok(match violation {
            Violation::Version => Some(AppendError::VersionConflict),
            Violation::Credential => Some(AppendError::CredentialTaken),
            Violation::Key => Some(AppendError::KeyDestroyed),
            Violation::LastAdmin => Some(AppendError::LastAdmin),
            Violation::Command => {
                if let Some(answer) = &prepared.answer {
                    let (workspace, id) = (prepared.workspace, answer.command_id);
                    answers::forget_expired(&self.append, workspace, &answer.principal, id).await?;
                }
                None
            }
            Violation::Contact => {
                let taken = claims::taken(&self.read, prepared.workspace, &prepared.claims).await?;
                taken.map(|(kind, holder)| AppendError::ContactTaken { kind, holder })
            }
        })
    }

    async fn once_more(&self, prepared: &Prepared) -> Result<Appended, AppendError> {
        match call(&self.append, &[prepared]).await {
            Ok(appended) => appended.into_iter().next().ok_or_else(|| {
                AppendError::Failed(StoreError::bad_row("an append without an outcome").into())
            }),
            Err(CallError::Violation(violation)) => {
                let refusal = self.refusal(prepared, violation).await?;
                Err(refusal.unwrap_or(AppendError::VersionConflict))
            }
            Err(CallError::Unknown(error)) => self.look_up(prepared, &error).await,
            Err(CallError::NotBegun(error) | CallError::NotDone(error)) => {
                Err(AppendError::Unavailable(error))
            }
            Err(CallError::Broken(error)) => Err(AppendError::Failed(error)),
        }
    }

    /// The connection was lost: it happened if its events are there, since all of an append happens
    /// or nothing. If they aren't, it may still be under way, and only asking again will tell.
    async fn look_up(
        &self,
        prepared: &Prepared,
        error: &Arc<StoreError>,
    ) -> Result<Appended, AppendError> {
        let unknown = |_| AppendError::Unavailable(Arc::clone(error));
        if !prepared.events.is_empty() {
            let orders = answers::orders_of(&self.read, prepared).await.map_err(unknown)?;
            if orders.len() == prepared.events.len() {
                return Ok(assemble(prepared, &mut orders.into_iter()));
            }
        }
        match self.answered(prepared).await.map_err(unknown)? {
            Some(answer) => Err(AppendError::AlreadyAnswered(Box::new(answer))),
            None => Err(AppendError::Unavailable(Arc::clone(error))),
        }
    }

    async fn answered(&self, prepared: &Prepared) -> Result<Option<StoredAnswer>, StoreError> {
        let Some(answer) = &prepared.answer else { return Ok(None) };
        let (workspace, id) = (prepared.workspace, answer.command_id);
        answers::find(&self.read, workspace, &answer.principal, id).await
    }
}

/// Closes the queue even when the task panics, so that whoever waits in it hears of it.
struct Leave<'a> {
    groups: &'a Groups,
    workspace: WorkspaceId,
    done: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.done {
            let mut queues = self.groups.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.remove(&self.workspace);
        }
    }
}
