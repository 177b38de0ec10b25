//! What changes in a workspace, heard once per process and passed on to every socket there.

use super::callers::Callers;
use super::message::Outgoing;
use super::recent::Recent;
use ael_bus::{Bus, BusError, Link, PublishError, Subscription};
use ael_events::ids::WorkspaceId;
use ael_events::query::LiveChange;
use ael_events::subjects;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, OnceCell, broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

/// A change, read and written once for all who hear of it.
#[derive(Debug)]
pub struct Told {
    /// What changed, for the see-rule.
    pub change: LiveChange,
    /// As it is sent.
    pub text: Utf8Bytes,
    /// The how-manieth notice of the room it is.
    pub number: u64,
}

/// What a socket hears.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Something changed.
    Change(Arc<Told>),
    /// The bus was away: something may have been missed.
    Gap,
}

/// How many things a room remembers to have told of.
const REMEMBERED: usize = 8_192;

/// A workspace with open sockets. Dropping the last hold on it ends the listening.
#[derive(Debug)]
pub struct Room {
    opened: Instant,
    notices: broadcast::Sender<Notice>,
    recent: Arc<std::sync::Mutex<Recent>>,
    heard_by_server: OnceCell<()>,
    /// Set once, right after it was made.
    pump: std::sync::OnceLock<AbortHandle>,
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(pump) = self.pump.get() {
            pump.abort();
        }
    }
}

impl Room {
    /// A room, and what fills it.
    pub(super) fn new(queue: usize, callers: Arc<Callers>) -> (Self, Pump) {
        let notices = broadcast::Sender::new(queue);
        let recent = Arc::new(std::sync::Mutex::new(Recent::new(REMEMBERED)));
        let pump = Pump { notices: notices.clone(), recent: recent.clone(), callers, number: 0 };
        let (heard_by_server, none) = (OnceCell::new(), std::sync::OnceLock::new());
        let opened = Instant::now();
        (Self { opened, notices, recent, heard_by_server, pump: none }, pump)
    }

    /// Since when it listens to the workspace, which tells it from an earlier room there.
    pub const fn opened(&self) -> Instant {
        self.opened
    }

    /// Hears from now on. Who falls behind by more than the room keeps is told so.
    pub fn hear(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// By which notice this version of a thing, or a newer one, was told lately.
    pub fn told(&self, id: Uuid, version: u64) -> Option<u64> {
        lock(&self.recent).number_of(id, version)
    }
}

/// A workspace could not be listened to.
#[derive(Debug, thiserror::Error)]
pub enum NotHeard {
    /// The bus takes nothing.
    #[error("live changes cannot be heard")]
    Subscribe(#[from] PublishError),
    /// The bus does not answer.
    #[error("live changes cannot be heard")]
    Bus(#[from] BusError),
}

/// The rooms of this process.
#[derive(Debug)]
pub struct Hub {
    bus: Bus,
    callers: Arc<Callers>,
    queue: usize,
    rooms: Mutex<HashMap<WorkspaceId, Weak<Room>>>,
}

impl Hub {
    /// With so many notices kept for slow sockets.
    pub fn new(bus: Bus, callers: Arc<Callers>, queue: usize) -> Self {
        Self { bus, callers, queue, rooms: Mutex::default() }
    }

    /// A workspace's room, listening.
    ///
    /// # Errors
    /// When the bus is away.
    pub async fn enter(&self, workspace: WorkspaceId) -> Result<Arc<Room>, NotHeard> {
        let room = self.room(workspace).await?;
        // What is asked for after this, and what is said after it, leaves nothing out between.
        room.heard_by_server.get_or_try_init(|| self.bus.flush()).await?;
        Ok(room)
    }

    async fn room(&self, workspace: WorkspaceId) -> Result<Arc<Room>, PublishError> {
        let mut rooms = self.rooms.lock().await;
        if let Some(room) = rooms.get(&workspace).and_then(Weak::upgrade) {
            return Ok(room);
        }
        let subscription = self.bus.subscribe(&subjects::live(workspace)).await?;
        let (room, pump) = Room::new(self.queue, self.callers.clone());
        let pump = tokio::spawn(pump.run(subscription, self.bus.watch_link()));
        room.pump.set(pump.abort_handle()).ok();
        let room = Arc::new(room);
        rooms.insert(workspace, Arc::downgrade(&room));
        Ok(room)
    }

    /// Forgets the rooms that nobody is in.
    pub async fn tidy(&self) {
        self.rooms.lock().await.retain(|_, room| room.strong_count() > 0);
    }
}

fn lock(recent: &std::sync::Mutex<Recent>) -> std::sync::MutexGuard<'_, Recent> {
    recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What fills a room.
#[derive(Debug)]
pub(super) struct Pump {
    notices: broadcast::Sender<Notice>,
    recent: Arc<std::sync::Mutex<Recent>>,
    callers: Arc<Callers>,
    number: u64,
}

impl Pump {
    async fn run(mut self, mut subscription: Subscription, mut link: watch::Receiver<Link>) {
        let mut connects = link.borrow_and_update().connects;
        loop {
            tokio::select! {
                message = subscription.next() => {
                    let Some(message) = message else { break };
                    self.pass_on(&message.payload);
                }
                changed = link.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let now = link.borrow_and_update().connects;
                    if now != connects {
                        connects = now;
                        self.say(Notice::Gap);
                    }
                }
            }
        }
        // Whoever is still here finds out by asking, and is told that the bus is away.
        self.say(Notice::Gap);
    }

    pub(super) fn pass_on(&mut self, payload: &[u8]) {
        match serde_json::from_slice::<LiveChange>(payload) {
            Ok(change) => {
                self.number += 1;
                self.callers.noticed(&change);
                lock(&self.recent).note(change.id, change.version, self.number);
                let text = Outgoing::of(&change).text();
                self.say(Notice::Change(Arc::new(Told { change, text, number: self.number })));
            }
            Err(error) => tracing::warn!(%error, "a live notice cannot be read"),
        }
    }

    pub(super) fn say(&self, notice: Notice) {
        // It fails when nobody listens just now.
        self.notices.send(notice).ok();
    }
}
