//! A lane of updates: each is answered once, in the order of its chat.
//!
//! # Invariants
//!
//! - **Answered, kept, put, acknowledged**, in this order: what an update led to is kept beside the
//!   dialogue before it is put into the outbox, and the update is acknowledged last. Wherever a
//!   crash happens, the update comes again and goes on from there.
//! - **Trouble holds up one chat for ten minutes at most.** Then the update lies in `DEAD`.

use super::dialogues::{Dialogues, Kept, Standing, Whose};
use super::in_order::{Fate, Work};
use super::outbox::Outbox;
use super::{Talk, Trouble, backoff, dead};
use ael_bus::{Bus, BusSeal, Delivered};
use chrono::Utc;
use std::sync::Arc;
use std::time::Duration;
use teloxide::types::Update;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// For how long an update is tried again.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(60);
/// Between attempts.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// What answers the updates of all lanes.
pub(crate) struct Lanes<T: Talk> {
    pub(crate) talk: Arc<T>,
    pub(crate) bus: Bus,
    pub(crate) seal: BusSeal,
    pub(crate) dialogues: Dialogues,
    pub(crate) outbox: Outbox,
    pub(crate) bot: u64,
}

/// One lane of them.
pub(crate) struct Lane<T: Talk> {
    pub(crate) lanes: Arc<Lanes<T>>,
    /// The name of its consumer.
    pub(crate) name: String,
}

/// An update, and whose conversation it belongs to.
pub(crate) struct Asked {
    update: Update,
    whose: Whose,
}

impl<T: Talk> Work for Lane<T> {
    type Item = Asked;

    fn read(&self, message: &Delivered) -> Result<(Option<i64>, Asked), String> {
        let plain = self.lanes.seal.open(&message.subject, &message.payload);
        let plain = plain.map_err(|error| format!("an update cannot be opened: {error}"))?;
        let update: Update =
            serde_json::from_slice(&plain).map_err(|_| "an update cannot be read".to_owned())?;
        let whose = whose(&update).ok_or_else(|| "an update of nobody".to_owned())?;
        Ok((Some(whose.chat), Asked { update, whose }))
    }

    async fn work(&self, asked: &Asked, message: &Delivered, stop: &CancellationToken) -> Fate {
        let begun = Instant::now();
        let mut attempt = 0;
        loop {
            let trouble = match tokio::time::timeout(ATTEMPT, self.lanes.answer(asked)).await {
                Ok(Ok(())) => {
                    let seconds = begun.elapsed().as_secs_f64();
                    metrics::histogram!("ael_bot_answer_seconds").record(seconds);
                    return Fate::Done;
                }
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble { reason: "an answer takes too long".to_owned() },
            };
            metrics::counter!("ael_bot_troubles_total").increment(1);
            if begun.elapsed() > PATIENCE {
                return self.bury(message, &trouble.reason, stop).await;
            }
            if attempt == 0 {
                tracing::warn!(%trouble, "an update is tried again until it can be answered");
            }
            tokio::select! {
                () = stop.cancelled() => return Fate::Back,
                () = tokio::time::sleep(backoff(attempt, SHORTEST, LONGEST)) => {}
            }
            attempt += 1;
        }
    }

    async fn bury(&self, message: &Delivered, reason: &str, stop: &CancellationToken) -> Fate {
        let Lanes { bus, seal, .. } = &*self.lanes;
        // What does not open is kept as it is.
        let plain = seal.open(&message.subject, &message.payload);
        let plain = plain.unwrap_or_else(|_| message.payload.to_vec());
        dead::bury((bus, seal), &self.name, &plain, reason, stop).await
    }
}

impl<T: Talk> Lanes<T> {
    async fn answer(&self, Asked { update, whose }: &Asked) -> Result<(), Trouble> {
        let prefix = format!("out-{}-{}", self.bot, update.id.0);
        loop {
            let loaded = self.dialogues.load::<T::Dialogue>(*whose).await?;
            match loaded.remembered.standing(update.id.0) {
                Standing::New => {}
                Standing::Last(outs) => {
                    metrics::counter!("ael_bot_updates_again_total").increment(1);
                    return self.outbox.put(&outs, &prefix).await;
                }
                Standing::Old => {
                    metrics::counter!("ael_bot_updates_again_total").increment(1);
                    return Ok(());
                }
            }
            let (dialogue, touched) = loaded.remembered.dialogue();
            let mut dialogue = dialogue.clone();
            let outs = self.talk.answer(update, &mut dialogue, touched).await?;
            let after = loaded.remembered.after(update.id.0, &outs, Utc::now(), dialogue);
            match self.dialogues.keep(*whose, &after, &loaded).await? {
                Kept::Outrun => metrics::counter!("ael_bot_outrun_total").increment(1),
                Kept::Yes => return self.outbox.put(&outs, &prefix).await,
            }
        }
    }
}

/// A conversation is of one person in one chat; where Telegram names only one of them, it is both.
pub(crate) fn whose(update: &Update) -> Option<Whose> {
    let user = update.from().and_then(|user| i64::try_from(user.id.0).ok());
    let chat = update.chat().map(|chat| chat.id.0);
    let (chat, user) = (chat.or(user)?, user.or(chat)?);
    Some(Whose { chat, user })
}
