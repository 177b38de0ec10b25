//! Everything between Telegram and the bus that has no opinion about leads and sales: updates come
//! in, are answered by a [`Talk`] in the order of their chat, and what it says goes out within
//! Telegram's limits.
//!
//! # Invariants
//!
//! - **First on the bus, then confirmed.** Telegram is told that an update was taken only once the
//!   server has it, so that no crash loses one.
//! - **A command is never repeated; a message may rarely appear twice and is never lost.** What an
//!   update led to is kept beside the dialogue, by compare-and-set, before any of it is sent.
//! - **One copy polls, one sends, and each lane has one owner**, by leases that end by themselves.
//! - **The bus holds no open text.** Updates, dialogues and what is sent are sealed.

mod chart;
mod dead;
mod dialogues;
mod in_order;
mod intake;
mod lanes;
mod lease;
mod limits;
mod outbox;
mod requests;
mod sender;
mod telegram;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod webhook;
mod wiring;

pub(crate) use telegram::Telegram;
pub(crate) use webhook::listen;
pub(crate) use wiring::{Wiring, introduced};

use crate::out::Out;
use ael_events::ids::Lane;
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use teloxide::types::Update;
use uuid::Uuid;

/// What the bot answers: implemented by `talk`, and by small ones in tests.
pub(crate) trait Talk: Send + Sync + 'static {
    /// What is remembered of a conversation (of one person in one chat).
    type Dialogue: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static;

    /// What an update leads to. Asked again with the dialogue as it was when it failed, or when
    /// somebody else changed the dialogue meanwhile: what it commands is idempotent by the
    /// update's id.
    ///
    /// `touched` is when the conversation last went on; never, for a new one.
    fn answer(
        &self,
        update: &Update,
        dialogue: &mut Self::Dialogue,
        touched: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Vec<Out>, Trouble>> + Send;
}

/// What the sender found out that the house should know.
pub(crate) trait Blocked: Send + Sync + 'static {
    /// The person of this chat blocked the bot, or the bot was put out of it.
    fn blocked(&self, chat: i64) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Something is away that will be back: it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Trouble {
    /// What is away, without personal data.
    pub(crate) reason: String,
}

/// The lane of a chat.
fn lane_of(chat: i64) -> Lane {
    Lane::of(Uuid::from_u64_pair(0, u64::from_be_bytes(chat.to_be_bytes())))
}

/// How long to wait before the next attempt: twice as long each time, somewhere between half of it
/// and all of it.
pub(crate) fn backoff(attempt: u32, shortest: Duration, longest: Duration) -> Duration {
    let ceiling = shortest.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(longest);
    ceiling.mul_f64(rand::random_range(0.5..=1.0))
}
