//! Working on what a consumer brings: in the order of its key, side by side across keys.
//!
//! # Invariants
//!
//! - **Order within a key.** A message is begun when the one before it of the same key has come to
//!   an end; one without a key waits behind nobody. A slow key holds up no other.
//! - **Acknowledged when done.** What is held is said to be worked on; what was not done when work
//!   has to stop goes back in its order, and what a dead copy held comes again by itself.
//! - **Bounded.** No more is held than the consumer gives out unacknowledged.

use ael_bus::{Consumer, Delivered};
use futures::FutureExt as _;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a pull waits for the next message.
const PULL: Duration = Duration::from_secs(5);
/// How often it is said of what is held that it is worked on; the server waits eight seconds.
const SIGN_OF_LIFE: Duration = Duration::from_millis(2_500);
/// How many messages are taken at once.
const BATCH: usize = 128;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing more is to be done.
    Done,
    /// It was not done, since work has to stop: another copy does it.
    Back,
}

/// The work on messages.
pub(crate) trait Work: Send + Sync + 'static {
    /// What a message says.
    type Item: Send + Sync + 'static;

    /// Reads it and says behind what it waits; otherwise, why it cannot be read.
    fn read(&self, message: &Delivered) -> Result<(Option<i64>, Self::Item), String>;

    /// Works on it; gives up soon after `stop`.
    fn work(
        &self,
        item: &Self::Item,
        message: &Delivered,
        stop: &CancellationToken,
    ) -> impl Future<Output = Fate> + Send;

    /// Buries what cannot be worked on, for this reason (without personal data).
    fn bury(
        &self,
        message: &Delivered,
        reason: &str,
        stop: &CancellationToken,
    ) -> impl Future<Output = Fate> + Send;
}

/// A message that is held.
struct Held<I> {
    message: Delivered,
    item: Result<I, String>,
}

/// All that is held, and who waits behind whom.
struct State<I> {
    all: BTreeMap<u64, Arc<Held<I>>>,
    waiting: HashMap<i64, VecDeque<u64>>,
}

struct Hall<W: Work> {
    work: Arc<W>,
    state: Mutex<State<W::Item>>,
    room: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Works on what the consumer brings, holding no more than `most`, until told to stop; then
/// finishes what is under way and gives back the rest.
pub(crate) async fn in_order<W: Work>(
    mut consumer: Consumer,
    name: &str,
    most: usize,
    work: Arc<W>,
    stop: CancellationToken,
) {
    let state = State { all: BTreeMap::new(), waiting: HashMap::new() };
    let (room, tasks) = (Notify::new(), TaskTracker::new());
    let hall = Arc::new(Hall { work, state: Mutex::new(state), room, stop, tasks });
    let alive = tokio::spawn(say_alive(Arc::clone(&hall)));
    let mut said = false;
    while !hall.stop.is_cancelled() {
        let free = most.saturating_sub(hall.state().all.len());
        if free == 0 {
            tokio::select! {
                () = hall.stop.cancelled() => break,
                () = hall.room.notified() => continue,
            }
        }
        let batch = tokio::select! {
            () = hall.stop.cancelled() => break,
            batch = consumer.next_batch(free.min(BATCH), PULL) => batch,
        };
        match batch {
            Ok(batch) => {
                said = false;
                batch.into_iter().for_each(|message| hall.take(message));
            }
            Err(error) if said => tracing::debug!(%error, name, "still nothing can be taken"),
            Err(error) => {
                tracing::warn!(%error, name, "nothing can be taken for now; trying again");
                said = true;
            }
        }
    }
    hall.tasks.close();
    hall.tasks.wait().await;
    alive.abort();
    hall.give_back().await;
    consumer.close().await;
}

/// Says of all that is held that it is worked on.
async fn say_alive<W: Work>(hall: Arc<Hall<W>>) {
    let mut signs = tokio::time::interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        signs.tick().await;
        let held: Vec<_> = hall.state().all.values().cloned().collect();
        for held in held {
            if let Err(error) = held.message.in_progress().await {
                tracing::debug!(%error, "a message may be given to somebody else besides");
            }
        }
    }
}

impl<W: Work> Hall<W> {
    fn state(&self) -> MutexGuard<'_, State<W::Item>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message in: it is begun, or waits behind another one of its key.
    fn take(self: &Arc<Self>, message: Delivered) {
        let sequence = message.stream_sequence;
        let (key, item) = match self.work.read(&message) {
            Ok((key, item)) => (key, Ok(item)),
            Err(reason) => (None, Err(reason)),
        };
        let mut state = self.state();
        if state.all.contains_key(&sequence) {
            // We were slow to say that we work on it.
            return;
        }
        state.all.insert(sequence, Arc::new(Held { message, item }));
        let Some(key) = key else {
            let hall = Arc::clone(self);
            self.tasks.spawn(async move { hall.attend(sequence).await });
            return;
        };
        let queue = state.waiting.entry(key).or_default();
        queue.push_back(sequence);
        if queue.len() == 1 {
            let hall = Arc::clone(self);
            self.tasks.spawn(async move { hall.attend_all(key).await });
        }
    }

    /// Works on what waits behind a key, one after the other.
    async fn attend_all(self: Arc<Self>, key: i64) {
        while let Some(sequence) = self.first(key) {
            self.attend(sequence).await;
            if self.stop.is_cancelled() {
                return;
            }
            if let Some(queue) = self.state().waiting.get_mut(&key) {
                queue.pop_front();
            }
        }
    }

    /// What is next behind a key; the key is forgotten with its last message.
    fn first(&self, key: i64) -> Option<u64> {
        let mut state = self.state();
        let first = state.waiting.get(&key).and_then(|queue| queue.front().copied());
        if first.is_none() {
            state.waiting.remove(&key);
        }
        first
    }

    async fn attend(&self, sequence: u64) {
        let Some(held) = self.state().all.get(&sequence).cloned() else { return };
        if self.stop.is_cancelled() {
            return;
        }
        let message = &held.message;
        let fate = match &held.item {
            Err(reason) => self.work.bury(message, reason, &self.stop).await,
            Ok(item) => {
                let working = AssertUnwindSafe(self.work.work(item, message, &self.stop));
                match working.catch_unwind().await {
                    Ok(fate) => fate,
                    Err(_) => {
                        metrics::counter!("ael_bot_broken_off_total").increment(1);
                        tracing::error!(sequence, "work broke off by a defect");
                        self.work.bury(message, "work on it broke off", &self.stop).await
                    }
                }
            }
        };
        match fate {
            Fate::Back => {}
            Fate::Done => {
                if let Err(error) = message.ack_confirmed().await {
                    tracing::debug!(%error, "a message that is done may come again");
                }
                self.state().all.remove(&sequence);
                self.room.notify_one();
            }
        }
    }

    /// Gives back what was not done, in its order.
    async fn give_back(&self) {
        let held = std::mem::take(&mut self.state().all);
        for held in held.into_values() {
            if let Err(error) = held.message.nak(None).await {
                tracing::debug!(%error, "a message comes again by itself");
            }
        }
    }
}
