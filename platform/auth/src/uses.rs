//! When tokens were last used: noted in memory on the way, written every few seconds for all of
//! them together. It is told in lists of tokens and decides nothing.

use ael_events::ids::{TokenId, WorkspaceId};
use ael_store::{StoreError, auth};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often what was noted is written.
const PAUSE: Duration = Duration::from_secs(10);
/// How many tokens one statement notes: it must not last.
const AT_ONCE: usize = 500;
/// How many tokens are noted while the database is away.
const CAPACITY: usize = 100_000;

type Noted = HashMap<(WorkspaceId, TokenId), DateTime<Utc>>;

/// The uses that are not written yet. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenUses {
    pool: PgPool,
    noted: Arc<Mutex<Noted>>,
}

impl TokenUses {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, noted: Arc::default() }
    }

    /// Notes that a token let somebody in now.
    pub(crate) fn note(&self, workspace: WorkspaceId, token: TokenId, at: DateTime<Utc>) {
        let mut noted = self.noted();
        if noted.len() < CAPACITY || noted.contains_key(&(workspace, token)) {
            noted.insert((workspace, token), at);
        }
    }

    /// Writes what was noted every ten seconds, and a last time at the end.
    pub async fn keep(self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        loop {
            let is_over = tokio::time::timeout(PAUSE, &mut ended).await.is_ok();
            if let Err(error) = self.write().await {
                tracing::warn!(%error, "when tokens were last used could not be written");
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes what was noted. What could not be written stays noted.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn write(&self) -> Result<(), StoreError> {
        let noted = std::mem::take(&mut *self.noted());
        let all: Vec<_> = noted.into_iter().map(|((of, token), at)| (of, token, at)).collect();
        for (number, some) in all.chunks(AT_ONCE).enumerate() {
            if let Err(error) = auth::note_token_uses(&self.pool, some).await {
                let mut noted = self.noted();
                for (workspace, token, at) in &all[number * AT_ONCE..] {
                    noted.entry((*workspace, *token)).or_insert(*at);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
