//! What lies in the outbox is handed to Telegram by one copy: in the order of its chat, within the
//! limits, until Telegram has it.
//!
//! # Invariants
//!
//! - **Acknowledged when Telegram has it.** A crash before that sends it again.
//! - **Nothing is dropped but what nobody can get**: a person who blocked the bot (which is noted),
//!   a press or a query that is too old, and "typing". What Telegram refuses lies in `DEAD`.
//! - **Who waits for one chat waits in that chat alone.** Answers to presses wait for nobody.

use super::in_order::{Fate, Work};
use super::limits::Limits;
use super::requests::request;
use super::telegram::{Refusal, Telegram};
use super::{Blocked, backoff, dead};
use crate::out::Out;
use ael_bus::{Bus, BusSeal, Delivered};
use ael_events::subjects;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// For how long nothing is sent to a chat that refused us. Somebody who comes back hears again
/// soon.
const SILENCE: Duration = Duration::from_secs(30);
/// How often it is tried to have a blocked bot noted.
const NOTED_WITHIN: u32 = 6;
/// Between attempts.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// The sender, as long as it holds its lease.
pub(crate) struct Sender<B: Blocked> {
    telegram: Telegram,
    bus: Bus,
    seal: BusSeal,
    blocked: Arc<B>,
    limits: Limits,
    silent: Mutex<HashMap<i64, Instant>>,
}

/// What is done after an attempt.
enum Next {
    Done,
    /// Once more, in another form.
    As(Out),
    /// Once more, after a while.
    After(Duration),
    /// The chat refused us.
    Refused,
    /// Never, in Telegram's words.
    Never(u16, String),
}

impl<B: Blocked> Sender<B> {
    /// One that has just taken over.
    pub(crate) fn new(
        telegram: Telegram,
        (bus, seal): (Bus, BusSeal),
        blocked: Arc<B>,
        limits_are_kept: bool,
    ) -> Self {
        let limits = Limits::used_up(limits_are_kept);
        Self { telegram, bus, seal, blocked, limits, silent: Mutex::default() }
    }

    /// Waits until it may go; `false` when told to stop before.
    async fn turn(&self, out: &Out, stop: &CancellationToken) -> bool {
        let turn = async {
            match out.queue() {
                Some(chat) => self.limits.message(chat).await,
                None => self.limits.request().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = turn => true,
        }
    }

    fn is_silent(&self, chat: Option<i64>) -> bool {
        let Some(chat) = chat else { return false };
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.retain(|_, until| *until > Instant::now());
        silent.contains_key(&chat)
    }

    /// What an attempt leads to.
    fn judge(&self, out: &Out, attempt: u32, outcome: Result<(), Refusal>) -> Next {
        let refusal = match outcome {
            Ok(()) => return Next::Done,
            Err(refusal) => refusal,
        };
        let kind = match &refusal {
            Refusal::Away(_) => "away",
            Refusal::TooMuch(_) => "too_much",
            Refusal::Moved(_) => "moved",
            Refusal::Refused { .. } => "refused",
        };
        metrics::counter!("ael_bot_refusals_total", "kind" => kind).increment(1);
        if attempt == 0 && !matches!(refusal, Refusal::Refused { code: 400 | 403, .. }) {
            tracing::warn!(%refusal, "something could not be sent and is tried again");
        }
        match refusal {
            // By the time it could be shown, it would not be true any more.
            _ if matches!(out, Out::Busy { .. }) => Next::Done,
            Refusal::Away(_) => Next::After(backoff(attempt, SHORTEST, LONGEST)),
            Refusal::TooMuch(wait) => {
                self.limits.pause(out.queue(), wait);
                Next::After(Duration::ZERO)
            }
            Refusal::Moved(to) => Next::As(out.clone().moved(to)),
            Refusal::Refused { code: 403, .. } => Next::Refused,
            Refusal::Refused { code: 400, words } => refused(out, words),
            // The token, or something between: for a person to mend.
            Refusal::Refused { code: 401 | 404 | 409, .. } => Next::After(LONGEST),
            Refusal::Refused { code, words } => Next::Never(code, words),
        }
    }

    /// Has it noted that the chat refused us, and leaves it alone for a while.
    async fn note_refused(&self, chat: Option<i64>, stop: &CancellationToken) -> Fate {
        let Some(chat) = chat else { return Fate::Done };
        let until = Instant::now() + SILENCE;
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(chat, until);
        metrics::counter!("ael_bot_blocked_total").increment(1);
        for attempt in 0..NOTED_WITHIN {
            let Err(trouble) = self.blocked.blocked(chat).await else { return Fate::Done };
            tracing::warn!(%trouble, "that the bot was blocked could not be noted");
            tokio::select! {
                () = stop.cancelled() => return Fate::Back,
                () = tokio::time::sleep(backoff(attempt, SHORTEST, LONGEST)) => {}
            }
        }
        // It is found out again with the next message.
        Fate::Done
    }
}

/// What a 400 means, by Telegram's words.
fn refused(out: &Out, words: String) -> Next {
    let said = words.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|part| said.contains(part));
    match out {
        Out::Edit { .. } if says(&["message is not modified"]) => Next::Done,
        Out::Edit { .. }
            if says(&["message to edit not found", "can't be edited", "message_id_invalid"]) =>
        {
            Next::As(out.clone().into_new())
        }
        Out::Heard { .. } | Out::Found { .. }
            if says(&["query is too old", "query id is invalid", "query_id_invalid"]) =>
        {
            Next::Done
        }
        Out::Send { .. }
        | Out::Edit { .. }
        | Out::Chart { .. }
        | Out::Heard { .. }
        | Out::Found { .. }
        | Out::Busy { .. } => Next::Never(400, words),
    }
}

impl<B: Blocked> Work for Sender<B> {
    type Item = Out;

    fn read(&self, message: &Delivered) -> Result<(Option<i64>, Out), String> {
        let plain = self.seal.open(&message.subject, &message.payload);
        let plain =
            plain.map_err(|error| format!("what is to be sent cannot be opened: {error}"))?;
        let out: Out = serde_json::from_slice(&plain)
            .map_err(|_| "what is to be sent cannot be read".to_owned())?;
        Ok((out.queue(), out))
    }

    async fn work(&self, out: &Out, _: &Delivered, stop: &CancellationToken) -> Fate {
        let (mut out, mut attempt) = (out.clone(), 0);
        loop {
            if self.is_silent(out.chat()) {
                return Fate::Done;
            }
            if !self.turn(&out, stop).await {
                return Fate::Back;
            }
            let outcome = request(&self.telegram, &out).await;
            match self.judge(&out, attempt, outcome) {
                Next::Done => {
                    metrics::counter!("ael_bot_sent_total").increment(1);
                    return Fate::Done;
                }
                Next::As(other) => out = other,
                Next::Refused => return self.note_refused(out.chat(), stop).await,
                Next::Never(code, words) => {
                    let reason = format!("Telegram refused it with {code}");
                    let letter = json!({ "out": out, "words": words });
                    let plain = letter.to_string().into_bytes();
                    let way = (&self.bus, &self.seal);
                    return dead::bury(way, subjects::BOT_SENDER, &plain, &reason, stop).await;
                }
                Next::After(wait) => tokio::select! {
                    () = stop.cancelled() => return Fate::Back,
                    () = tokio::time::sleep(wait) => {}
                },
            }
            attempt += 1;
        }
    }

    async fn bury(&self, message: &Delivered, reason: &str, stop: &CancellationToken) -> Fate {
        let plain = self.seal.open(&message.subject, &message.payload);
        let plain = plain.unwrap_or_else(|_| message.payload.to_vec());
        dead::bury((&self.bus, &self.seal), subjects::BOT_SENDER, &plain, reason, stop).await
    }
}
