//! Batches of different lanes that wait at the same moment share a transaction.
//!
//! While one transaction is under way, other lanes gather and go together next: the less there is
//! to do in each lane, the more of them share a commit. A lane that somebody else holds goes alone,
//! beside the others; what cannot be applied together is applied lane by lane: a neighbour's
//! trouble costs time, never an event.

use super::apply::{Batch, Outcome, apply, apply_together};
use crate::error::ProjectionError;
use crate::model::ReadModel;
use crate::opened::Opened;
use crate::source::EventSource;
use ael_events::event::Recorded;
use ael_events::ids::Lane;
use ael_events::order::Order;
use sqlx::PgPool;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How many events go into one transaction, unless one lane brings more.
const MOST: usize = 300;
/// How many transactions are under way at once. Two would each do half of what one does, for the
/// same price.
const AT_ONCE: usize = 1;

/// What came of a lane's batch, and its events in the open.
pub(crate) type Done = Result<(Outcome, Vec<Opened>), ProjectionError>;

#[derive(Debug)]
struct Waiting {
    lane: Lane,
    previous: Order,
    events: Vec<Recorded>,
    answer: oneshot::Sender<Done>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    at_work: usize,
}

/// The lanes that wait for their turn.
pub(crate) struct Together {
    pool: PgPool,
    source: Arc<dyn EventSource>,
    models: Vec<Arc<dyn ReadModel>>,
    queue: Mutex<Queue>,
}

impl Together {
    pub(crate) fn new(
        pool: PgPool,
        source: Arc<dyn EventSource>,
        models: Vec<Arc<dyn ReadModel>>,
    ) -> Self {
        Self { pool, source, models, queue: Mutex::default() }
    }

    /// Applies a batch of a lane, together with whatever else waits.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        lane: Lane,
        previous: Order,
        events: Vec<Recorded>,
    ) -> Done {
        let (answer, done) = oneshot::channel();
        let begin = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push_back(Waiting { lane, previous, events, answer });
            let begin = queue.at_work < AT_ONCE;
            queue.at_work += usize::from(begin);
            begin
        };
        if begin {
            tokio::spawn(Arc::clone(self).work_off());
        }
        // The work broke off: nothing of it took effect, or it shows in the checkpoint.
        done.await.unwrap_or(Err(ProjectionError::BrokenOff))
    }

    async fn work_off(self: Arc<Self>) {
        let mut leave = Leave { together: &self, done: false };
        while let Some(group) = self.next_group() {
            Arc::clone(&self).run(group).await;
        }
        leave.done = true;
    }

    /// The batches that go together next; without any, one less is at work.
    fn next_group(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut group = Vec::new();
        let mut events = 0;
        while let Some(next) = queue.waiting.front()
            && (group.is_empty() || events + next.events.len() <= MOST)
        {
            events += next.events.len();
            group.extend(queue.waiting.pop_front());
        }
        if group.is_empty() {
            queue.at_work -= 1;
            return None;
        }
        Some(group)
    }

    async fn run(self: Arc<Self>, group: Vec<Waiting>) {
        let all: Vec<Recorded> =
            group.iter().flat_map(|waiting| waiting.events.iter().cloned()).collect();
        match self.source.open(&all).await {
            Ok(mut opened) => {
                let mut each = Vec::with_capacity(group.len());
                for waiting in group.iter().rev() {
                    each.push(opened.split_off(opened.len().saturating_sub(waiting.events.len())));
                }
                each.reverse();
                self.apply_all(group, each).await;
            }
            Err(error) => {
                let error = ProjectionError::from(error);
                if !error.may_be_one_lanes() {
                    return share(group, error);
                }
                for waiting in group {
                    match self.source.open(&waiting.events).await {
                        Ok(opened) => Arc::clone(&self).answer_alone(waiting, opened).await,
                        // Whoever waited may have been told to stop.
                        Err(error) => drop(waiting.answer.send(Err(error.into()))),
                    }
                }
            }
        }
    }

    async fn apply_all(self: Arc<Self>, group: Vec<Waiting>, opened: Vec<Vec<Opened>>) {
        let batches: Vec<Batch<'_>> = group
            .iter()
            .zip(&opened)
            .map(|(waiting, events)| Batch {
                lane: waiting.lane,
                previous: waiting.previous,
                events,
            })
            .collect();
        match apply_together(&self.pool, &self.models, &batches).await {
            Ok(outcomes) => {
                for ((waiting, opened), outcome) in group.into_iter().zip(opened).zip(outcomes) {
                    let Some(outcome) = outcome else {
                        tokio::spawn(Arc::clone(&self).answer_alone(waiting, opened));
                        continue;
                    };
                    let _ = waiting.answer.send(Ok((outcome, opened)));
                }
            }
            Err(error) if !error.may_be_one_lanes() => share(group, error),
            Err(error) => {
                tracing::debug!(%error, lanes = group.len(), "lanes are applied one by one");
                for (waiting, opened) in group.into_iter().zip(opened) {
                    Arc::clone(&self).answer_alone(waiting, opened).await;
                }
            }
        }
    }

    async fn answer_alone(self: Arc<Self>, waiting: Waiting, opened: Vec<Opened>) {
        let Waiting { lane, previous, answer, .. } = waiting;
        let batch = Batch { lane, previous, events: &opened };
        let outcome = apply(&self.pool, &self.models, batch).await;
        let _ = answer.send(outcome.map(|outcome| (outcome, opened)));
    }
}

/// Tells every lane what none of them can help; each tries again after a pause.
fn share(group: Vec<Waiting>, error: ProjectionError) {
    let error = Arc::new(error);
    for waiting in group {
        let _ = waiting.answer.send(Err(ProjectionError::Shared(Arc::clone(&error))));
    }
}

/// Makes room for another even when the work panics.
struct Leave<'a> {
    together: &'a Together,
    done: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.done {
            let mut queue = self.together.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.at_work -= 1;
            // Whoever waits hears that nobody works for them, and comes again.
            queue.waiting.clear();
        }
    }
}
