//! The provider's keys, remembered: for ten minutes without asking, for a day when it is away, and
//! asked for at once, though not too often, when a token names one that we do not know.

use super::issuer::{FetchError, Issuer};
use super::signature::Signing;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

/// How long things may take and hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// For the provider to answer, and for anybody to wait for it.
    pub(super) patience: Duration,
    /// For which keys are used without asking again.
    pub(super) fresh: Duration,
    /// Between two times that the provider is asked.
    pub(super) pause: Duration,
    /// The same while there are no keys at all.
    pub(super) first_pause: Duration,
    /// For which keys are used while the provider is away.
    pub(super) stale: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(3),
            fresh: Duration::from_secs(600),
            pause: Duration::from_secs(30),
            first_pause: Duration::from_secs(1),
            stale: Duration::from_secs(24 * 3600),
        }
    }
}

/// How many requests wait for the provider at once: the others are told to come again, so that a
/// slow provider does not hold up those who need none.
const WAITING: usize = 16;

/// A token's key is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The provider publishes no such key.
    Unknown,
    /// There is one of that name, for something else.
    Unfit,
    /// The provider could not be asked.
    Away,
}

#[derive(Debug)]
struct Key {
    name: String,
    signings: Vec<Signing>,
    key: DecodingKey,
}

#[derive(Debug)]
struct KeySet {
    fetched: Instant,
    keys: Vec<Key>,
}

impl KeySet {
    fn knows(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    fn pick(&self, name: &str, signing: Signing) -> Result<DecodingKey, NoKey> {
        let named = || self.keys.iter().filter(|key| key.name == name);
        match named().find(|key| key.signings.contains(&signing)) {
            Some(key) => Ok(key.key.clone()),
            None if named().next().is_some() => Err(NoKey::Unfit),
            None => Err(NoKey::Unknown),
        }
    }
}

#[derive(Debug, Default)]
struct Attempt {
    at: Option<Instant>,
    failed: bool,
}

/// The keys that are known, and the way to know more.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: Issuer,
    pace: Pace,
    known: RwLock<Option<Arc<KeySet>>>,
    last: Mutex<Attempt>,
    waiting: Semaphore,
}

impl Keys {
    pub(super) fn new(issuer: Issuer, pace: Pace) -> Self {
        let (known, last) = (RwLock::default(), Mutex::default());
        Self { issuer, pace, known, last, waiting: Semaphore::new(WAITING) }
    }

    /// The key of this name, if it is one for this way of signing.
    pub(super) async fn find(&self, name: &str, signing: Signing) -> Result<DecodingKey, NoKey> {
        let known = self.known();
        let knows = known.as_ref().filter(|set| set.knows(name));
        if let Some(set) = knows.filter(|set| set.fetched.elapsed() < self.pace.fresh) {
            return set.pick(name, signing);
        }
        let answered = self.ask(knows.is_some()).await;
        match self.known() {
            Some(set) if set.knows(name) => set.pick(name, signing),
            Some(_) if answered => Err(NoKey::Unknown),
            Some(_) | None => Err(NoKey::Away),
        }
    }

    /// Asks the provider for its keys, unless it was asked just now. Whether what is known is its
    /// last word; who can do without (`or_not`) does not wait for others who are asking.
    async fn ask(&self, or_not: bool) -> bool {
        let Ok(_permit) = self.waiting.try_acquire() else { return false };
        let turn = async {
            match or_not {
                true => self.last.try_lock().ok(),
                false => Some(self.last.lock().await),
            }
        };
        let turn = tokio::time::timeout(self.pace.patience, turn).await;
        let Ok(Some(mut last)) = turn else { return false };
        let pause = match self.known() {
            Some(_) => self.pace.pause,
            None => self.pace.first_pause,
        };
        if last.at.is_some_and(|at| at.elapsed() < pause) {
            return !last.failed;
        }
        // Whoever gives up while the provider is asked has asked it all the same.
        *last = Attempt { at: Some(Instant::now()), failed: true };
        let fetched = self.issuer.keys().await;
        *last = Attempt { at: Some(Instant::now()), failed: fetched.is_err() };
        match fetched {
            Ok(keys) => self.take(&keys),
            Err(error) => self.go_on_without(&error),
        }
        !last.failed
    }

    fn take(&self, keys: &[Value]) {
        let keys: Vec<Key> = keys.iter().filter_map(usable).collect();
        tracing::debug!(keys = keys.len(), "the sign-in provider told its keys");
        let set = Arc::new(KeySet { fetched: Instant::now(), keys });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
    }

    fn go_on_without(&self, error: &FetchError) {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, "the sign-in provider's keys could not be fetched");
    }

    /// What is known and not too old to be used.
    fn known(&self) -> Option<Arc<KeySet>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.filter(|set| set.fetched.elapsed() < self.pace.stale)
    }
}

/// A published key, if it is one that signatures are checked with.
fn usable(published: &Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(published.clone()).ok()?;
    let common = &jwk.common;
    let is_for_signatures = match &common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
    };
    let operations = common.key_operations.as_ref();
    let may_verify = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
    let stated = match published.get("alg") {
        None | Some(Value::Null) => None,
        Some(stated) => Some(Signing::parse(stated.as_str()?)?),
    };
    let name = common.key_id.clone().filter(|_| is_for_signatures && may_verify)?;
    let signings: Vec<Signing> = ways_of(&jwk.algorithm)
        .iter()
        .copied()
        .filter(|way| stated.is_none_or(|stated| stated == *way))
        .collect();
    if signings.is_empty() {
        return None;
    }
    Some(Key { name, signings, key: DecodingKey::from_jwk(&jwk).ok()? })
}

/// The ways of signing that a key of this kind is good for.
fn ways_of(kind: &AlgorithmParameters) -> &'static [Signing] {
    if let AlgorithmParameters::RSA(_) = kind {
        &[Signing::Rs256, Signing::Ps256]
    } else if let AlgorithmParameters::EllipticCurve(key) = kind
        && key.curve == EllipticCurve::P256
    {
        &[Signing::Es256]
    } else if let AlgorithmParameters::OctetKeyPair(key) = kind
        && key.curve == EllipticCurve::Ed25519
    {
        &[Signing::EdDsa]
    } else {
        &[]
    }
}
