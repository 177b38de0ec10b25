//! What is remembered of a conversation, on the bus, so that any copy goes on with it: changed by
//! compare-and-set, together with which updates it has answered and what the last one led to.
//!
//! # Invariants
//!
//! - **A conversation is of one person in one chat with one bot**: these make its key, a hash.
//! - **What was answered is known.** The ids of the last 32 updates are part of the value, and so
//!   an update that comes again is never answered again.
//! - **What is to be sent is kept before it is sent.** A crash in between sends it from here.

use super::Trouble;
use crate::out::Out;
use ael_bus::{BucketError, Bus, BusSeal, LazyBucket};
use ael_events::subjects;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;

/// How many updates are known to have been answered.
const HANDLED: usize = 32;

/// Whose conversation, in which chat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) chat: i64,
    pub(crate) user: i64,
}

/// What is remembered.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Remembered<D> {
    /// The updates that were answered last, the newest at the end.
    handled: VecDeque<u32>,
    /// What the newest one led to.
    outs: Vec<Out>,
    /// When the conversation last went on.
    touched: Option<DateTime<Utc>>,
    dialogue: D,
}

/// How an update stands to what is remembered.
#[derive(Debug, PartialEq)]
pub(crate) enum Standing {
    /// It was not answered yet.
    New,
    /// It was the last to be answered; this may not have been sent yet.
    Last(Vec<Out>),
    /// It was answered before others.
    Old,
}

impl<D> Remembered<D> {
    /// How an update stands to it.
    pub(crate) fn standing(&self, update: u32) -> Standing {
        if self.handled.back() == Some(&update) {
            Standing::Last(self.outs.clone())
        } else if self.handled.contains(&update) {
            Standing::Old
        } else {
            Standing::New
        }
    }

    /// The dialogue, and when it last went on.
    pub(crate) fn dialogue(&self) -> (&D, Option<DateTime<Utc>>) {
        (&self.dialogue, self.touched)
    }

    /// The same after an update was answered.
    pub(crate) fn after(&self, update: u32, outs: &[Out], now: DateTime<Utc>, dialogue: D) -> Self {
        let mut handled = self.handled.clone();
        handled.push_back(update);
        while handled.len() > HANDLED {
            handled.pop_front();
        }
        Self { handled, outs: outs.to_vec(), touched: Some(now), dialogue }
    }
}

/// What is remembered, and by what it can be changed if nobody else did.
pub(crate) struct Loaded<D> {
    pub(crate) remembered: Remembered<D>,
    revision: Option<u64>,
}

/// How keeping went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is kept.
    Yes,
    /// Somebody else was faster: load it anew and answer anew.
    Outrun,
}

/// The conversations of a bot.
#[derive(Debug, Clone)]
pub(crate) struct Dialogues {
    bucket: LazyBucket,
    seal: BusSeal,
    bot: u64,
}

impl Dialogues {
    /// Those of this bot.
    pub(crate) fn new(bus: &Bus, seal: BusSeal, bot: u64) -> Self {
        Self { bucket: LazyBucket::new(bus.clone(), subjects::DIALOGUES), seal, bot }
    }

    /// What is remembered of a conversation.
    pub(crate) async fn load<D>(&self, whose: Whose) -> Result<Loaded<D>, Trouble>
    where
        D: DeserializeOwned + Default,
    {
        let key = self.key(whose);
        let entry = async { self.bucket.open().await?.get(&key).await };
        let entry = self.bucket.noted(entry.await).map_err(away)?;
        let Some(entry) = entry else {
            return Ok(Loaded { remembered: Remembered::default(), revision: None });
        };
        let opened = self.seal.open(&key, &entry.value).map_err(|error| error.to_string());
        let remembered = opened.and_then(|plain| {
            serde_json::from_slice(&plain).map_err(|_| "it is of another form".to_owned())
        });
        let remembered = remembered.unwrap_or_else(|reason| {
            metrics::counter!("ael_bot_dialogues_forgotten_total").increment(1);
            tracing::warn!(reason, "a conversation cannot be read and begins anew");
            Remembered::default()
        });
        Ok(Loaded { remembered, revision: Some(entry.revision) })
    }

    /// Keeps it, if it still is what was loaded.
    pub(crate) async fn keep<D: Serialize>(
        &self,
        whose: Whose,
        remembered: &Remembered<D>,
        revision_of: &Loaded<D>,
    ) -> Result<Kept, Trouble> {
        let key = self.key(whose);
        let trouble = |what: &str| Trouble { reason: format!("a conversation {what}") };
        let plain = serde_json::to_vec(remembered).map_err(|_| trouble("cannot be written"))?;
        let sealed = self.seal.seal(&key, &plain).map_err(|_| trouble("cannot be sealed"))?;
        let kept = async {
            let bucket = self.bucket.open().await?;
            match revision_of.revision {
                Some(revision) => bucket.update(&key, sealed, revision).await,
                None => bucket.create(&key, sealed).await,
            }
        };
        match self.bucket.noted(kept.await) {
            Ok(_) => Ok(Kept::Yes),
            Err(BucketError::Conflict { .. }) => Ok(Kept::Outrun),
            Err(error) => Err(away(error)),
        }
    }

    fn key(&self, Whose { chat, user }: Whose) -> String {
        let name = format!("{}|{chat}|{user}", self.bot);
        Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What the bus says names a key, which is a hash.
fn away(error: BucketError) -> Trouble {
    Trouble { reason: format!("conversations cannot be had: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_thirty_two_updates_are_known_and_what_the_last_one_led_to() {
        let mut remembered = Remembered::<String>::default();
        assert_eq!(remembered.standing(1), Standing::New);
        for update in 1..=40 {
            let outs = vec![Out::Busy { chat: i64::from(update) }];
            remembered = remembered.after(update, &outs, Utc::now(), format!("step {update}"));
        }
        assert_eq!(remembered.standing(40), Standing::Last(vec![Out::Busy { chat: 40 }]));
        assert_eq!(remembered.standing(39), Standing::Old);
        assert_eq!(remembered.standing(9), Standing::Old);
        assert_eq!(remembered.standing(8), Standing::New, "that is long ago");
        assert_eq!(remembered.dialogue().0, "step 40");
    }
}
