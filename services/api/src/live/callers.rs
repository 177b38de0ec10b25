//! Everybody with an open socket, looked up once per credential however many sockets it has: at
//! connecting, at once when their membership or token changes, and now and then besides.
//!
//! # Invariants
//!
//! - **Who is revoked is gone within a second of the notice.** They are looked up at once and once
//!   more; so is who was let in before their notices were heard.
//! - **Nobody listens for longer than [`LONGEST_DOUBT`] without having been found good.** That is
//!   seen by a clock that waits for no look-up, however many are due and however long they take.

use super::caller::{Caller, concerns_callers};
use super::house::House;
use ael_client::ClientError;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::LiveChange;
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often it is looked who is due, and who is in doubt.
const SWEEP: Duration = Duration::from_secs(1);
/// How long somebody may go without being looked up.
const RECHECK: Duration = Duration::from_secs(30);
/// When somebody who could not be looked up is looked up again.
const RETRY: Duration = Duration::from_secs(5);
/// How long they may listen on while they cannot be looked up.
const LONGEST_DOUBT: Duration = Duration::from_secs(120);
/// A query service may remember for half a second who somebody was: a second look sees the change.
const SECOND_LOOK: Duration = Duration::from_millis(600);
/// How many are looked up at the same moment.
const AT_ONCE: usize = 16;

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// They may listen, as this.
    Is(Arc<Caller>),
    /// They may not any more.
    Gone,
    /// Nobody could say for too long.
    Doubtful,
}

/// Somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum NotSeated {
    /// They could not be looked up, or are not to be let in.
    #[error(transparent)]
    Asked(#[from] ClientError),
    /// They have as many sockets as one credential may have.
    #[error("{limit} sockets are open with this token already: close one")]
    TooMany {
        /// How many one credential may have.
        limit: usize,
    },
}

type Key = [u8; 32];

/// Those of a workspace, each with the number of their sockets.
type Guests = HashMap<Key, (Arc<Known>, usize)>;

/// Somebody and their open sockets.
#[derive(Debug)]
struct Known {
    workspace: WorkspaceId,
    credential: Credential,
    token: Option<Uuid>,
    standing: watch::Sender<Standing>,
    moments: Mutex<Moments>,
}

/// When they are to be looked up, and when they were found.
#[derive(Debug, Clone, Copy)]
struct Moments {
    due: Instant,
    /// When that was asked which was answered last.
    answered: Instant,
    /// Since when their notices are heard, as far as they were looked up after that.
    heard_since: Option<Instant>,
}

/// Nobody answers: it is of no use to ask for others now.
#[derive(Debug)]
struct NobodyThere;

/// Everybody with an open socket.
pub struct Callers {
    house: Arc<dyn House>,
    per_caller: usize,
    known: Mutex<HashMap<WorkspaceId, Guests>>,
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callers").field("known", &self.everybody().len()).finish_non_exhaustive()
    }
}

/// A socket's hold on who listens there. Dropping it gives the place free.
#[derive(Debug)]
pub struct Seat {
    callers: Arc<Callers>,
    key: Key,
    known: Arc<Known>,
    standing: watch::Receiver<Standing>,
}

impl Seat {
    /// In which workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.known.workspace
    }

    /// As whom.
    pub fn credential(&self) -> &Credential {
        &self.known.credential
    }

    /// How they stand now. [`Self::changed`] tells all the same of what is seen here first.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Waits until they stand otherwise, or may not listen from the beginning.
    pub async fn changed(&mut self) {
        if self.standing.changed().await.is_err() {
            // The sender lives in what this seat holds.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until they may not listen (any more); how they stand then.
    pub async fn ended(&self) -> Standing {
        let mut standing = self.standing.clone();
        let ended = standing.wait_for(|now| !matches!(now, Standing::Is(_))).await;
        ended.map_or(Standing::Gone, |standing| standing.clone())
    }

    /// Their notices are heard since a moment: who was found good before that is looked up again,
    /// for what was said meanwhile nobody here has heard.
    pub fn is_heard(&self, since: Instant) {
        let before = self.known.moments().heard_since.replace(since);
        if before != Some(since) {
            let (callers, known) = (self.callers.clone(), self.known.clone());
            tokio::spawn(async move {
                tokio::time::sleep(SECOND_LOOK).await;
                callers.recheck(vec![known]).await;
            });
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.callers.known();
        let Entry::Occupied(mut here) = known.entry(self.known.workspace) else { return };
        if let Entry::Occupied(mut entry) = here.get_mut().entry(self.key) {
            entry.get_mut().1 -= 1;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
        if here.get().is_empty() {
            here.remove();
        }
    }
}

impl Callers {
    /// With so many sockets for each credential at most.
    pub fn new(house: Arc<dyn House>, per_caller: usize) -> Arc<Self> {
        Arc::new(Self { house, per_caller, known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Guests>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn everybody(&self) -> Vec<Arc<Known>> {
        let known = self.known();
        known.values().flat_map(HashMap::values).map(|(known, _)| known.clone()).collect()
    }

    /// Looks up who is due, and ends the listening of who is in doubt, until it is to stop.
    pub fn watch(self: &Arc<Self>, stop: &CancellationToken) {
        let (callers, stops) = (self.clone(), stop.clone());
        tokio::spawn(async move {
            while stops.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
                callers.doubt();
            }
        });
        let (callers, stops) = (self.clone(), stop.clone());
        tokio::spawn(stops.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                callers.sweep().await;
            }
        }));
    }

    /// Lets somebody in who may listen.
    ///
    /// # Errors
    /// See [`NotSeated`].
    pub async fn admit(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        credential: Credential,
    ) -> Result<Seat, NotSeated> {
        let now = Instant::now();
        let caller = Arc::new(self.house.who(workspace, &credential).await?);
        let key = key_of(workspace, &credential);
        let limit = self.per_caller;
        let mut known = self.known();
        let (who, open) = known.entry(workspace).or_default().entry(key).or_insert_with(|| {
            let token = token_of(&credential);
            let standing = watch::Sender::new(Standing::Is(caller.clone()));
            let moments = Moments { due: now + RECHECK, answered: now, heard_since: None };
            let moments = Mutex::new(moments);
            (Arc::new(Known { workspace, credential, token, standing, moments }), 0)
        });
        if *open >= limit {
            return Err(NotSeated::TooMany { limit });
        }
        *open += 1;
        who.stands(Standing::Is(caller), now);
        let (known, mut standing) = (who.clone(), who.standing.subscribe());
        let is_good = matches!(&*standing.borrow(), Standing::Is(_));
        if !is_good {
            // Found out while this look was under way.
            standing.mark_changed();
        }
        Ok(Seat { callers: self.clone(), key, known, standing })
    }

    /// Looks up anew whom a change concerns, in the background.
    pub fn noticed(self: &Arc<Self>, change: &LiveChange) {
        if !concerns_callers(&change.topic) {
            return;
        }
        let concerned: Vec<Arc<Known>> = {
            let known = self.known();
            let here = known.get(&change.workspace).into_iter().flat_map(HashMap::values);
            here.filter(|(known, _)| known.is_concerned_by(change))
                .map(|(known, _)| known.clone())
                .collect()
        };
        if concerned.is_empty() {
            return;
        }
        let callers = self.clone();
        tokio::spawn(async move {
            callers.recheck(concerned.clone()).await;
            tokio::time::sleep(SECOND_LOOK).await;
            callers.recheck(concerned).await;
        });
    }

    /// Ends the listening of whoever was not found good for too long. Asks nobody.
    fn doubt(&self) {
        let now = Instant::now();
        for known in self.everybody() {
            known.doubt(now);
        }
    }

    /// Looks up anew who is due, those first who have waited longest.
    async fn sweep(&self) {
        let now = Instant::now();
        let everybody = self.everybody().into_iter();
        let dated = everybody.map(|known| {
            let due = known.moments().due;
            (due, known)
        });
        let mut due: Vec<(Instant, Arc<Known>)> = dated.filter(|(due, _)| *due <= now).collect();
        due.sort_by_key(|(due, _)| *due);
        self.look_up_all(due.into_iter().map(|(_, known)| known)).await;
    }

    /// Looks up these at once; whom it cannot, the sweep looks up soon.
    async fn recheck(&self, known: Vec<Arc<Known>>) {
        let now = Instant::now();
        for known in &known {
            known.moments().due = now;
        }
        self.look_up_all(known).await;
    }

    /// Looks up some, until nobody answers.
    async fn look_up_all(&self, known: impl IntoIterator<Item = Arc<Known>>) {
        let known = futures::stream::iter(known.into_iter().map(Ok));
        let looked = known.try_for_each_concurrent(AT_ONCE, |known| self.look_up(known)).await;
        if let Err(NobodyThere) = looked {
            tracing::debug!("nobody says who listens; it is asked again in a moment");
        }
    }

    async fn look_up(&self, known: Arc<Known>) -> Result<(), NobodyThere> {
        let asked = Instant::now();
        match self.house.who(known.workspace, &known.credential).await {
            Ok(caller) => known.stands(Standing::Is(Arc::new(caller)), asked),
            Err(ClientError::Rejected(_)) => known.stands(Standing::Gone, asked),
            Err(ClientError::Failed(_)) => known.moments().due = Instant::now() + RETRY,
            Err(ClientError::Unavailable(_)) => {
                // Behind those who wait: one whom nobody can look up holds up nobody else.
                known.moments().due = Instant::now() + RETRY;
                return Err(NobodyThere);
            }
        }
        Ok(())
    }
}

impl Known {
    fn moments(&self) -> MutexGuard<'_, Moments> {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found out when it was asked at a moment; what was found out later counts.
    fn stands(&self, standing: Standing, asked: Instant) {
        let mut moments = self.moments();
        if asked < moments.answered {
            return;
        }
        (moments.due, moments.answered) = (asked + RECHECK, asked);
        self.becomes(standing);
    }

    /// What is to be thought of them at a moment, a sweep before it would be too late.
    fn doubt(&self, now: Instant) {
        let moments = self.moments();
        let is_good = matches!(&*self.standing.borrow(), Standing::Is(_));
        if is_good && now + SWEEP >= moments.answered + LONGEST_DOUBT {
            self.becomes(Standing::Doubtful);
        }
    }

    fn becomes(&self, standing: Standing) {
        self.standing.send_if_modified(|now| {
            let changes = *now != standing;
            *now = standing;
            changes
        });
    }

    fn is_concerned_by(&self, change: &LiveChange) -> bool {
        match &*self.standing.borrow() {
            Standing::Is(caller) => caller.is_concerned_by(change, self.token),
            Standing::Gone | Standing::Doubtful => false,
        }
    }
}

fn key_of(workspace: WorkspaceId, credential: &Credential) -> Key {
    let written = serde_json::to_vec(credential).unwrap_or_default();
    Sha256::new().chain_update(workspace.uuid()).chain_update(written).finalize().into()
}

/// The token's id, where the credential is one of ours.
fn token_of(credential: &Credential) -> Option<Uuid> {
    match credential {
        Credential::Token { token } => token.split('_').nth(2)?.parse().ok(),
        Credential::Oidc { .. }
        | Credential::Telegram { .. }
        | Credential::Operator { .. }
        | Credential::Service { .. } => None,
    }
}

#[cfg(test)]
#[path = "callers_tests.rs"]
mod tests;
