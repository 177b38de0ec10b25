//! Tickets for browsers, which cannot send headers when they open a WebSocket.
//!
//! # Invariants
//!
//! - **A ticket is good once, on whichever replica, for half a minute.** Redeeming removes it by
//!   compare-and-set: of two who try, one gets in.
//! - **The bus holds no open secret.** The key is a hash of the ticket; the value is the caller's
//!   credential, sealed with a key that only the ticket gives.

use ael_bus::{Bucket, BucketError};
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use chrono::{DateTime, TimeDelta, Utc};
use hkdf::Hkdf;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// How long a ticket is good.
pub const GOOD_FOR: TimeDelta = TimeDelta::seconds(30);

const BYTES: usize = 32;

/// A ticket could not be issued or is not good.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// It is none, was used, or its time is over: never said which.
    #[error("the ticket is not good (any more): get a new one by POST /api/v1/ws/ticket")]
    NotGood,
    /// The tickets cannot be reached now.
    #[error("tickets cannot be had or redeemed now: try again in a moment")]
    Unavailable(#[source] BucketError),
    /// The operating system gave no random bytes.
    #[error("a ticket could not be made: try again in a moment")]
    Unmade,
}

/// What a ticket stands for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// As whom.
    pub credential: Credential,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for Admit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admit").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

/// A ticket as it is shown, once.
#[derive(Debug)]
pub struct Issued {
    /// The ticket.
    pub ticket: SecretString,
    /// Until when it is good.
    pub until: DateTime<Utc>,
}

/// The tickets of all replicas.
#[derive(Debug, Clone)]
pub struct Tickets(Bucket);

impl Tickets {
    /// In the bucket of this name in the topology.
    #[must_use]
    pub const fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// Makes a ticket for a caller who was let in.
    ///
    /// # Errors
    /// See [`TicketError`]; never `NotGood`.
    pub async fn issue(
        &self,
        workspace: WorkspaceId,
        credential: Credential,
        now: DateTime<Utc>,
    ) -> Result<Issued, TicketError> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        getrandom::fill(&mut *bytes).map_err(|_| TicketError::Unmade)?;
        let until = now + GOOD_FOR;
        let name = name_of(&bytes);
        let admit = Admit { workspace, credential, until };
        let sealed = seal(&bytes, &name, &admit).ok_or(TicketError::Unmade)?;
        self.0.create(&name, sealed).await.map_err(TicketError::Unavailable)?;
        let ticket = SecretString::from(URL_SAFE_NO_PAD.encode(*bytes));
        Ok(Issued { ticket, until })
    }

    /// Lets somebody in by a ticket, which is good for nothing afterwards.
    ///
    /// # Errors
    /// See [`TicketError`].
    pub async fn redeem(
        &self,
        ticket: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<Admit, TicketError> {
        let bytes = read(ticket.expose_secret()).ok_or(TicketError::NotGood)?;
        let name = name_of(&bytes);
        let entry = self.0.get(&name).await.map_err(TicketError::Unavailable)?;
        let entry = entry.ok_or(TicketError::NotGood)?;
        let admit = open(&bytes, &name, &entry.value).ok_or(TicketError::NotGood)?;
        match self.0.delete(&name, Some(entry.revision)).await {
            Ok(()) => {}
            Err(BucketError::Conflict { .. }) => return Err(TicketError::NotGood),
            Err(
                error @ (BucketError::Missing { .. }
                | BucketError::InvalidKey { .. }
                | BucketError::Unavailable { .. }),
            ) => return Err(TicketError::Unavailable(error)),
        }
        if admit.until <= now { Err(TicketError::NotGood) } else { Ok(admit) }
    }
}

fn read(ticket: &str) -> Option<Zeroizing<[u8; BYTES]>> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(ticket).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// Under which key it lies: from it nobody finds the ticket.
fn name_of(ticket: &[u8; BYTES]) -> String {
    Sha256::digest(ticket).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cipher whose key comes from the ticket. Each ticket is used for one value alone, and so the
/// nonce may stand still.
fn cipher(ticket: &[u8; BYTES]) -> Option<ChaCha20Poly1305> {
    let mut key = Zeroizing::new([0_u8; 32]);
    Hkdf::<Sha256>::new(None, ticket).expand(b"ael-api/ws-ticket/1", &mut *key).ok()?;
    ChaCha20Poly1305::new_from_slice(&*key).ok()
}

const NONCE: [u8; 12] = [0; 12];

fn seal(ticket: &[u8; BYTES], name: &str, admit: &Admit) -> Option<Vec<u8>> {
    let open = Zeroizing::new(serde_json::to_vec(admit).ok()?);
    let payload = Payload { msg: &open, aad: name.as_bytes() };
    cipher(ticket)?.encrypt(&NONCE.into(), payload).ok()
}

fn open(ticket: &[u8; BYTES], name: &str, sealed: &[u8]) -> Option<Admit> {
    let payload = Payload { msg: sealed, aad: name.as_bytes() };
    let open = Zeroizing::new(cipher(ticket)?.decrypt(&NONCE.into(), payload).ok()?);
    serde_json::from_slice(&open).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit() -> Admit {
        Admit {
            workspace: WorkspaceId::generate(),
            credential: Credential::Token { token: "ael_w_t_open-secret".to_owned() },
            until: Utc::now(),
        }
    }

    #[test]
    fn what_a_ticket_stands_for_is_opened_by_that_ticket_alone() {
        let (ticket, other) = ([7; BYTES], [8; BYTES]);
        let (name, admit) = (name_of(&ticket), admit());
        let sealed = seal(&ticket, &name, &admit).unwrap();
        assert_eq!(open(&ticket, &name, &sealed), Some(admit));
        assert_eq!(open(&other, &name, &sealed), None);
        assert_eq!(open(&ticket, &name_of(&other), &sealed), None);
        assert_eq!(open(&ticket, &name, &sealed[1..]), None);
    }

    #[test]
    fn neither_the_key_nor_the_value_nor_a_log_shows_a_secret() {
        let ticket = [7; BYTES];
        let (name, admit) = (name_of(&ticket), admit());
        let sealed = seal(&ticket, &name, &admit).unwrap();
        let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
        assert!(!holds(&sealed, b"open-secret") && !holds(&sealed, &ticket));
        assert!(!name.contains(&URL_SAFE_NO_PAD.encode(ticket)));
        assert!(!format!("{admit:?}").contains("open-secret"));
    }

    #[test]
    fn what_is_no_ticket_is_none() {
        let whole = URL_SAFE_NO_PAD.encode([7; BYTES]);
        assert!(read(&whole).is_some());
        for text in ["", "x", &whole[1..], &format!("{whole}AAAA"), "ключ"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
