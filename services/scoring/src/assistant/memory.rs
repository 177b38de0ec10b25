//! What was last said in a conversation, so that "her" and "the second one" mean somebody: ten
//! turns of half an hour at most, on the bus, so that any copy of the service goes on with it.
//!
//! # Invariants
//!
//! - **A conversation is its member's.** Workspace and member are part of the key, so that nobody
//!   goes on with another's, whatever name they give it.
//! - **The bus holds no open text.** Names are hashes; values are sealed with a key that only this
//!   service's copies can make.
//! - **Nobody is remembered by name.** Leads are remembered by their ids and looked up anew, with
//!   the rights that the asker has by then.

use ael_bus::{Bucket, BucketError};
use ael_events::ids::{LeadId, MemberId, WorkspaceId};
use ael_events::values::ConversationName;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use chrono::{DateTime, TimeDelta, Utc};
use hkdf::Hkdf;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a turn is remembered.
const REMEMBERED: TimeDelta = TimeDelta::minutes(30);
/// How many turns are.
const TURNS: usize = 10;
/// How many leads have names of their own in a conversation.
const LEADS: usize = 60;
/// How long remembering may take: without it the answer is still one.
const PATIENCE: Duration = Duration::from_millis(800);
const NONCE: usize = 24;

/// What was said. In place of names there are pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) at: DateTime<Utc>,
    pub(crate) question: String,
    pub(crate) answer: String,
}

/// What is remembered of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// What was said, the oldest first, where a language model was told of it.
    pub(crate) said: Vec<Said>,
    /// The leads of the last answer, in their order.
    pub(crate) spoken_of: Vec<LeadId>,
    /// When they were spoken of.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The leads that have a pseudonym, in the order of these.
    pub(crate) pseudonyms: Vec<LeadId>,
}

impl Remembered {
    /// What is still to be remembered now.
    pub(crate) fn fresh(mut self, now: DateTime<Utc>) -> Self {
        self.said.retain(|said| now - said.at <= REMEMBERED);
        if self.at.is_none_or(|at| now - at > REMEMBERED) {
            return Self::default();
        }
        let too_many = self.said.len().saturating_sub(TURNS);
        self.said.drain(..too_many);
        if self.pseudonyms.len() > LEADS {
            self.pseudonyms.clear();
            self.said.clear();
        }
        self
    }
}

/// Whose conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversation<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) member: MemberId,
    pub(crate) name: &'a ConversationName,
}

impl Conversation<'_> {
    fn key(&self) -> String {
        let name = format!("{}|{}|{}", self.workspace, self.member, self.name.as_str());
        Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The memory of all copies.
pub(crate) struct Memory {
    bucket: Bucket,
    key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Memory {
    /// In a bucket, sealed by what only the copies of this service know: their way into the bus.
    pub(crate) fn new(bucket: Bucket, password: &SecretString) -> Self {
        Self { bucket, key: key_of(password) }
    }

    /// What is remembered; nothing, when it cannot be had: an answer without it is still one.
    pub(crate) async fn recall(
        &self,
        conversation: Conversation<'_>,
        now: DateTime<Utc>,
    ) -> Remembered {
        let key = conversation.key();
        match tokio::time::timeout(PATIENCE, self.bucket.get(&key)).await {
            Ok(Ok(Some(entry))) => {
                open(&self.key, &key, &entry.value).unwrap_or_default().fresh(now)
            }
            Ok(Ok(None)) => Remembered::default(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a conversation cannot be remembered");
                Remembered::default()
            }
            Err(_) => {
                tracing::warn!("remembering a conversation takes too long");
                Remembered::default()
            }
        }
    }

    /// Keeps it.
    pub(crate) async fn keep(&self, conversation: Conversation<'_>, remembered: &Remembered) {
        let key = conversation.key();
        let Some(sealed) = seal(&self.key, &key, remembered) else {
            tracing::error!("a conversation cannot be sealed and is forgotten");
            return;
        };
        let kept: Result<Result<u64, BucketError>, _> =
            tokio::time::timeout(PATIENCE, self.bucket.put(&key, sealed)).await;
        match kept {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a conversation cannot be kept"),
            Err(_) => tracing::warn!("keeping a conversation takes too long"),
        }
    }
}

fn key_of(password: &SecretString) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let secret = Hkdf::<Sha256>::new(None, password.expose_secret().as_bytes());
    // 32 bytes are never too many.
    if secret.expand(b"ael assistant memory 1", &mut *key).is_err() {
        tracing::error!("the assistant's memory has no key: it is not kept");
    }
    key
}

fn seal(key: &[u8; 32], name: &str, remembered: &Remembered) -> Option<Vec<u8>> {
    let plain = Zeroizing::new(serde_json::to_vec(remembered).ok()?);
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).ok()?;
    let payload = Payload { msg: &plain, aad: name.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(nonce), payload).ok()?;
    Some([&nonce[..], &sealed].concat())
}

/// Nothing, when it was sealed by another key or for another conversation.
fn open(key: &[u8; 32], name: &str, sealed: &[u8]) -> Option<Remembered> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let payload = Payload { msg: sealed, aad: name.as_bytes() };
    let plain = XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(nonce), payload).ok()?;
    serde_json::from_slice(&Zeroizing::new(plain)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(at: DateTime<Utc>) -> Remembered {
        let said =
            Said { at, question: "what about Lead A?".into(), answer: "Lead A is new".into() };
        let lead = LeadId::generate();
        Remembered { said: vec![said], spoken_of: vec![lead], at: Some(at), pseudonyms: vec![lead] }
    }

    #[test]
    fn what_is_remembered_opens_for_its_own_conversation_alone() {
        let key = key_of(&SecretString::from("a password of the bus"));
        let kept = remembered(Utc::now());
        let sealed = seal(&key, "one", &kept).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("Lead A"));
        assert_eq!(open(&key, "one", &sealed), Some(kept));
        assert_eq!(open(&key, "other", &sealed), None);
        let other = key_of(&SecretString::from("another password"));
        assert_eq!(open(&other, "one", &sealed), None);
        assert_eq!(open(&key, "one", &sealed[..20]), None);
    }

    #[test]
    fn conversations_of_the_same_name_are_not_the_same_for_two_members() {
        let name = ConversationName::parse("today").unwrap();
        let workspace = WorkspaceId::generate();
        let of = |member| Conversation { workspace, member, name: &name }.key();
        assert_ne!(of(MemberId::generate()), of(MemberId::generate()));
    }

    #[test]
    fn ten_turns_of_half_an_hour_are_remembered() {
        let now = Utc::now();
        let mut kept = remembered(now);
        let said = kept.said[0].clone();
        kept.said = vec![said; 14];
        assert_eq!(kept.clone().fresh(now).said.len(), TURNS);
        assert_eq!(kept.clone().fresh(now + TimeDelta::minutes(29)).spoken_of, kept.spoken_of);
        assert_eq!(kept.fresh(now + TimeDelta::minutes(31)), Remembered::default());
    }
}
