//! Everybody with an open socket, looked up once per credential however many sockets it has: at
//! connecting, at once when their membership or token changes, and now and then besides.

use super::caller::Caller;
use super::house::House;
use ael_client::ClientError;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::LiveChange;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// How long somebody may go without being looked up.
const RECHECK: Duration = Duration::from_secs(30);
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

/// Somebody and their open sockets.
#[derive(Debug)]
struct Known {
    workspace: WorkspaceId,
    credential: Credential,
    token: Option<Uuid>,
    standing: watch::Sender<Standing>,
    moments: Mutex<Moments>,
}

/// When they were looked for, and when they were found.
#[derive(Debug, Clone, Copy)]
struct Moments {
    asked: Instant,
    answered: Instant,
}

/// Everybody with an open socket.
pub struct Callers {
    house: Arc<dyn House>,
    per_caller: usize,
    known: Mutex<HashMap<Key, (Arc<Known>, usize)>>,
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callers").field("known", &self.known().len()).finish_non_exhaustive()
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

    /// Waits until they stand otherwise.
    pub async fn changed(&mut self) {
        if self.standing.changed().await.is_err() {
            // The sender lives in what this seat holds.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.callers.known();
        if let Entry::Occupied(mut entry) = known.entry(self.key) {
            entry.get_mut().1 -= 1;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
    }
}

impl Callers {
    /// With so many sockets for each credential at most.
    pub fn new(house: Arc<dyn House>, per_caller: usize) -> Arc<Self> {
        Arc::new(Self { house, per_caller, known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, (Arc<Known>, usize)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (who, open) = known.entry(key).or_insert_with(|| {
            let token = token_of(&credential);
            let standing = watch::Sender::new(Standing::Is(caller.clone()));
            let moments = Mutex::new(Moments { asked: now, answered: now });
            (Arc::new(Known { workspace, credential, token, standing, moments }), 0)
        });
        if *open >= limit {
            return Err(NotSeated::TooMany { limit });
        }
        *open += 1;
        who.stands(Standing::Is(caller), now);
        let (known, standing) = (who.clone(), who.standing.subscribe());
        Ok(Seat { callers: self.clone(), key, known, standing })
    }

    /// Looks up anew whom a change concerns, in the background.
    pub fn noticed(self: &Arc<Self>, change: &LiveChange) {
        let concerned: Vec<Arc<Known>> = {
            let known = self.known();
            let here = known.values().filter(|(known, _)| known.workspace == change.workspace);
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

    /// Looks up anew who was not for a while.
    pub async fn sweep(&self) {
        let now = Instant::now();
        let due: Vec<Arc<Known>> = {
            let known = self.known();
            let is_due = |known: &Known| now.duration_since(known.moments().asked) >= RECHECK;
            let due = known.values().filter(|(known, _)| is_due(known));
            due.map(|(known, _)| known.clone()).collect()
        };
        self.recheck(due).await;
    }

    async fn recheck(&self, known: Vec<Arc<Known>>) {
        futures::stream::iter(known)
            .for_each_concurrent(AT_ONCE, |known| async move { self.look_up(&known).await })
            .await;
    }

    async fn look_up(&self, known: &Known) {
        let asked = Instant::now();
        known.moments().asked = asked;
        match self.house.who(known.workspace, &known.credential).await {
            Ok(caller) => known.stands(Standing::Is(Arc::new(caller)), asked),
            Err(ClientError::Rejected(_)) => known.stands(Standing::Gone, asked),
            Err(ClientError::Failed(_) | ClientError::Unavailable(_)) => {
                let answered = known.moments().answered;
                if asked.duration_since(answered) >= LONGEST_DOUBT {
                    known.standing.send_replace(Standing::Doubtful);
                }
            }
        }
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
        moments.answered = asked;
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
mod tests {
    use super::*;
    use crate::live::caller::tests::{caller, change};
    use crate::live::house::Stretch;
    use ael_events::answer::{Failed, Rejected};
    use ael_events::values::Role;
    use async_trait::async_trait;

    /// Answers as it is told.
    struct Told(Mutex<Option<Result<Caller, &'static str>>>);

    #[async_trait]
    impl House for Told {
        async fn who(&self, _: WorkspaceId, _: &Credential) -> Result<Caller, ClientError> {
            match self.0.lock().unwrap().clone() {
                Some(Ok(caller)) => Ok(caller),
                Some(Err(code)) => Err(ClientError::Rejected(Rejected::new(code, "no"))),
                None => {
                    let sentence = "away".to_owned();
                    Err(ClientError::Failed(Failed { sentence, retry_after_ms: 1 }))
                }
            }
        }

        async fn changes(
            &self,
            _: WorkspaceId,
            _: &Credential,
            _: Option<&str>,
        ) -> Result<Stretch, ClientError> {
            Ok(Stretch::default())
        }
    }

    struct Hall {
        house: Arc<Told>,
        callers: Arc<Callers>,
    }

    impl Hall {
        fn open() -> Self {
            let house = Arc::new(Told(Mutex::new(Some(Ok(caller(Role::Manager, None))))));
            Self { callers: Callers::new(house.clone(), 2), house }
        }

        fn say(&self, answer: Option<Result<Caller, &'static str>>) {
            *self.house.0.lock().unwrap() = answer;
        }

        async fn admit(&self, token: u128) -> Result<Seat, NotSeated> {
            let workspace = change("lead", 1, 1).workspace;
            let token = format!("ael_{workspace}_{}_secret", Uuid::from_u128(token));
            self.callers.admit(workspace, Credential::Token { token }).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_credential_has_so_many_sockets_and_a_closed_one_gives_its_place_free() {
        let hall = Hall::open();
        let first = hall.admit(5).await.unwrap();
        let _second = hall.admit(5).await.unwrap();
        assert!(matches!(hall.admit(5).await, Err(NotSeated::TooMany { limit: 2 })));
        hall.admit(6).await.unwrap();
        drop(first);
        hall.admit(5).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_remembered_who_has_no_socket() {
        let hall = Hall::open();
        drop(hall.admit(5).await.unwrap());
        hall.say(Some(Err("bad_token")));
        assert!(matches!(hall.admit(5).await, Err(NotSeated::Asked(_))));
        assert_eq!(hall.callers.known().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_revoked_token_and_a_demotion_are_seen_within_a_second() {
        let hall = Hall::open();
        let mut seat = hall.admit(5).await.unwrap();
        let began = Instant::now();
        hall.say(Some(Ok(caller(Role::Agent, None))));
        hall.callers.noticed(&change("member", 1, 2));
        seat.changed().await;
        let Standing::Is(now) = seat.standing() else { panic!("gone") };
        assert_eq!(now.role, Role::Agent);
        // The answer that follows at once may be half a second old.
        let callers = hall.callers.clone();
        callers.noticed(&change("token", 5, 2));
        tokio::time::sleep(Duration::from_millis(300)).await;
        hall.say(Some(Err("bad_token")));
        seat.changed().await;
        assert_eq!(seat.standing(), Standing::Gone);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn whom_a_change_does_not_concern_is_not_looked_up() {
        let hall = Hall::open();
        let seat = hall.admit(5).await.unwrap();
        hall.say(Some(Err("bad_token")));
        hall.callers.noticed(&change("member", 2, 2));
        hall.callers.noticed(&change("token", 6, 2));
        hall.callers.noticed(&change("lead", 1, 2));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(matches!(seat.standing(), Standing::Is(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_told_of_is_found_by_looking_now_and_then() {
        let hall = Hall::open();
        let seat = hall.admit(5).await.unwrap();
        hall.say(Some(Err("bad_token")));
        hall.callers.sweep().await;
        assert!(matches!(seat.standing(), Standing::Is(_)), "looked up a moment ago");
        tokio::time::sleep(RECHECK).await;
        hall.callers.sweep().await;
        assert_eq!(seat.standing(), Standing::Gone);
    }

    #[tokio::test(start_paused = true)]
    async fn while_nobody_can_say_who_they_are_they_listen_on_but_not_for_long() {
        let hall = Hall::open();
        let seat = hall.admit(5).await.unwrap();
        hall.say(None);
        tokio::time::sleep(RECHECK).await;
        hall.callers.sweep().await;
        assert!(matches!(seat.standing(), Standing::Is(_)));
        tokio::time::sleep(LONGEST_DOUBT).await;
        hall.callers.sweep().await;
        assert_eq!(seat.standing(), Standing::Doubtful);
    }
}
