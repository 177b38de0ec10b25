//! Answers of models outside, remembered: in this process first, then in the bucket that the
//! projector fills. Who asks outside agrees with everybody in this process and with all other
//! copies, so that the same question is asked once, however many want to know at the same moment.

use crate::flights::{Flights, Others, Turn};
use ael_bus::{BucketError, Bus, LazyBucket};
use ael_events::query::RememberedAnswer;
use ael_events::subjects;
use ael_events::values::FeatureHash;
use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache as Memory;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many answers a process remembers by itself.
const MOST: u64 = 50_000;
/// How often a copy looks whether the other one has its answer.
const LOOK: Duration = Duration::from_millis(50);

/// What is known of a question.
#[derive(Debug)]
pub(crate) enum Known {
    /// Somebody has asked already.
    Answer(Arc<RememberedAnswer>),
    /// Nobody has: whoever gets this asks, and says how it went.
    Ask(Flight),
    /// Somebody asks just now, and it comes to nothing or takes too long.
    InVain,
}

/// The leave to ask outside, until its time is over.
#[derive(Debug)]
pub(crate) struct Flight {
    key: FeatureHash,
    /// None, when the copies cannot agree now: rather asked twice than not at all.
    revision: Option<u64>,
    /// Those in this process who want to know the same wait for this.
    turn: Option<Turn>,
}

/// What the copies know of a question.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Agreed {
    Asking { until: DateTime<Utc> },
    Answered { answer: RememberedAnswer },
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Cache {
    memory: Memory<FeatureHash, Arc<RememberedAnswer>>,
    shared: LazyBucket,
    agreed: LazyBucket,
    flights: Flights,
    ttl: TimeDelta,
}

impl Cache {
    /// A cache of answers that are good for so long.
    #[must_use]
    pub fn new(bus: &Bus, ttl: Duration) -> Self {
        // No time to live of its own: an answer's age counts from when it was given.
        let memory = Memory::builder().max_capacity(MOST).build();
        let shared = LazyBucket::new(bus.clone(), subjects::AI_CACHE);
        let agreed = LazyBucket::new(bus.clone(), subjects::ADVISOR);
        let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
        Self { memory, shared, agreed, flights: Flights::default(), ttl }
    }

    /// What is known. Whoever asks has so much time; who asks just now is waited for as long.
    pub(crate) async fn look(&self, key: &FeatureHash, patience: Duration) -> Known {
        if let Some(answer) = self.in_process(key) {
            hit("process");
            return Known::Answer(answer);
        }
        let turn = match self.flights.take(key) {
            Ok(turn) => turn,
            Err(others) => return told(others, patience).await,
        };
        match self.among_copies(key, patience).await {
            Known::Answer(answer) => {
                turn.answered(Arc::clone(&answer));
                Known::Answer(answer)
            }
            Known::Ask(flight) => Known::Ask(Flight { turn: Some(turn), ..flight }),
            Known::InVain => Known::InVain,
        }
    }

    async fn among_copies(&self, key: &FeatureHash, patience: Duration) -> Known {
        // Somebody may have been told while we asked for our turn.
        if let Some(answer) = self.in_process(key) {
            hit("process");
            return Known::Answer(answer);
        }
        match self.remembered(key).await {
            Ok(Some(answer)) => {
                hit("bucket");
                return Known::Answer(self.keep(key, answer));
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "remembered answers are out of reach"),
        }
        match self.agree(key, patience).await {
            Ok(known) => known,
            Err(error) => {
                tracing::debug!(%error, "the copies cannot agree on who asks");
                Known::Ask(Flight { key: key.clone(), revision: None, turn: None })
            }
        }
    }

    /// It went well: all who wait get the answer, and whoever asks next.
    pub(crate) async fn answered(&self, flight: Flight, answer: RememberedAnswer) {
        let agreed = Agreed::Answered { answer: answer.clone() };
        let answer = self.keep(&flight.key, answer);
        if let Some(turn) = flight.turn {
            turn.answered(answer);
        }
        let name = place(&flight.key);
        let told = async {
            let (bucket, body) = (self.agreed.open().await?, written(&agreed));
            match flight.revision {
                Some(revision) => bucket.update(&name, body, revision).await,
                None => bucket.put(&name, body).await,
            }
        };
        let told = self.agreed.noted(told.await);
        told.map_err(|error| tracing::debug!(%error, "others may ask the same again")).ok();
    }

    /// It came to nothing: whoever waits goes on, and the next one may try.
    pub(crate) async fn in_vain(&self, flight: Flight) {
        // They need not wait for the bus.
        drop(flight.turn);
        let Some(revision) = flight.revision else { return };
        let told =
            async { self.agreed.open().await?.delete(&place(&flight.key), Some(revision)).await };
        let told = self.agreed.noted(told.await);
        told.map_err(|error| tracing::debug!(%error, "others wait until our time is over")).ok();
    }

    /// The leave to ask, whatever is remembered.
    pub(crate) const fn forced(key: FeatureHash) -> Flight {
        Flight { key, revision: None, turn: None }
    }

    /// What this process remembers by itself.
    #[must_use]
    pub fn in_process(&self, key: &FeatureHash) -> Option<Arc<RememberedAnswer>> {
        self.memory.get(key).filter(|answer| self.is_good(answer))
    }

    /// What all copies remember.
    ///
    /// # Errors
    /// When the bucket is out of reach.
    pub async fn remembered(
        &self,
        key: &FeatureHash,
    ) -> Result<Option<RememberedAnswer>, BucketError> {
        let entry = async { self.shared.open().await?.get(key.as_str()).await };
        let entry = self.shared.noted(entry.await)?;
        // What another release wrote is asked for again.
        let answer = entry.and_then(|entry| serde_json::from_slice(&entry.value).ok());
        Ok(answer.filter(|answer| self.is_good(answer)))
    }

    async fn agree(&self, key: &FeatureHash, patience: Duration) -> Result<Known, BucketError> {
        let name = place(key);
        let bucket = self.agreed.noted(self.agreed.open().await)?;
        let mut waited = false;
        // A little longer than the other has, who may have died.
        let deadline = Instant::now() + patience + LOOK * 4;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let until = Utc::now() + TimeDelta::from_std(patience).unwrap_or(TimeDelta::MAX);
            let asking = written(&Agreed::Asking { until });
            let ask = |revision| {
                Known::Ask(Flight { key: key.clone(), revision: Some(revision), turn: None })
            };
            let Some(entry) = self.agreed.noted(bucket.get(&name).await)? else {
                if waited {
                    return Ok(Known::InVain);
                }
                match bucket.create(&name, asking).await {
                    Ok(revision) => return Ok(ask(revision)),
                    Err(BucketError::Conflict { .. }) => continue,
                    Err(error) => return self.agreed.noted(Err(error)),
                }
            };
            match serde_json::from_slice::<Agreed>(&entry.value) {
                Ok(Agreed::Answered { answer }) if self.is_good(&answer) => {
                    hit("flight");
                    return Ok(Known::Answer(self.keep(key, answer)));
                }
                Ok(Agreed::Asking { until }) if until > Utc::now() => {
                    if left.is_zero() {
                        return Ok(Known::InVain);
                    }
                    waited = true;
                    tokio::time::sleep(LOOK.min(left)).await;
                }
                // An answer that is too old, or somebody whose time is over: taken from them.
                Ok(_) | Err(_) => match bucket.update(&name, asking, entry.revision).await {
                    Ok(revision) => return Ok(ask(revision)),
                    Err(BucketError::Conflict { .. }) => {}
                    Err(error) => return self.agreed.noted(Err(error)),
                },
            }
        }
    }

    /// Remembers an answer in this process.
    pub fn keep(&self, key: &FeatureHash, answer: RememberedAnswer) -> Arc<RememberedAnswer> {
        let answer = Arc::new(answer);
        self.memory.insert(key.clone(), Arc::clone(&answer));
        answer
    }

    fn is_good(&self, answer: &RememberedAnswer) -> bool {
        Utc::now().signed_duration_since(answer.analysed_at) < self.ttl
    }
}

/// What somebody else in this process is told, who may wait for another copy first.
async fn told(others: Others, patience: Duration) -> Known {
    let most = patience * 2 + LOOK * 8;
    match tokio::time::timeout(most, others.answer()).await {
        Ok(Some(answer)) => {
            hit("flight");
            Known::Answer(answer)
        }
        Ok(None) | Err(_) => Known::InVain,
    }
}

fn place(key: &FeatureHash) -> String {
    format!("flight.{}", key.as_str())
}

fn written(agreed: &Agreed) -> Vec<u8> {
    serde_json::to_vec(agreed).unwrap_or_default()
}

fn hit(level: &'static str) {
    metrics::counter!("ael_ai_cache_hits_total", "level" => level).increment(1);
}
