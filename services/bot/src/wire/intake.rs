//! Updates come in: onto the bus first, and only then confirmed to Telegram.
//!
//! # Invariants
//!
//! - **First on the bus, then confirmed.** The next request for updates, or the answer to
//!   Telegram's, follows the server's word that it has them.
//! - **The server drops what comes twice**: each has an id made of the bot and the update.
//! - **Nothing is asked for ever.** What we do not know or cannot read is counted and confirmed.

use super::lanes::whose;
use super::telegram::{Refusal, Telegram};
use super::{Trouble, backoff, lane_of};
use ael_bus::{Bus, BusSeal, Kept};
use ael_events::subjects;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;
use teloxide::payloads::{DeleteWebhook, GetUpdates, GetUpdatesSetters as _};
use teloxide::types::{AllowedUpdate, Update, UpdateKind};
use tokio_util::sync::CancellationToken;

/// For how many seconds Telegram may keep us waiting for an update.
const WAIT_S: u32 = 25;
/// How long a request for updates may take in all.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between attempts.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// The kinds of updates that are worked on.
pub(crate) const WANTED: [AllowedUpdate; 5] = [
    AllowedUpdate::Message,
    AllowedUpdate::EditedMessage,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::InlineQuery,
    AllowedUpdate::MyChatMember,
];

/// The way onto the bus for updates.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    bus: Bus,
    seal: BusSeal,
    bot: u64,
}

/// The least that can be known of an update.
#[derive(Deserialize)]
struct Numbered {
    update_id: u32,
}

impl Intake {
    /// Of this bot.
    pub(crate) fn new(bus: Bus, seal: BusSeal, bot: u64) -> Self {
        Self { bus, seal, bot }
    }

    /// Puts updates onto the bus as Telegram wrote them; returns when the server has them all.
    pub(crate) async fn keep<'a>(
        &self,
        updates: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Trouble> {
        let mut kept = Vec::new();
        for text in updates {
            let Some((number, chat)) = read(text) else {
                metrics::counter!("ael_bot_updates_total", "kind" => "unknown").increment(1);
                continue;
            };
            let subject = subjects::telegram_update(lane_of(chat));
            let sealed = self.seal.seal(&subject, text.as_bytes());
            let trouble = |_| Trouble { reason: "an update cannot be sealed".to_owned() };
            let payload = sealed.map_err(trouble)?.into();
            let id = format!("update-{}-{number}", self.bot);
            kept.push(Kept { subject, id, payload });
        }
        let number = kept.len() as u64;
        let put = self.bus.publish_once_each(kept).await;
        put.map_err(|error| Trouble { reason: format!("updates cannot be kept: {error}") })?;
        metrics::counter!("ael_bot_updates_total", "kind" => "known").increment(number);
        Ok(())
    }

    /// The same, tried again until it is so; `false` when told to stop before.
    async fn keep_surely(&self, updates: &[Box<RawValue>], stop: &CancellationToken) -> bool {
        let mut attempt = 0;
        loop {
            let kept = self.keep(updates.iter().map(|update| update.get())).await;
            let Err(trouble) = kept else { return true };
            if attempt == 0 {
                tracing::warn!(%trouble, "updates wait at Telegram");
            }
            if !pause(attempt, stop).await {
                return false;
            }
            attempt += 1;
        }
    }

    /// Asks Telegram for updates until told to stop.
    pub(crate) async fn poll(&self, telegram: &Telegram, stop: CancellationToken) {
        let away = DeleteWebhook::new();
        let what = "the webhook cannot be taken away";
        if !until_done(what, &stop, || telegram.call(&away)).await {
            return;
        }
        let (mut offset, mut attempt) = (0, 0);
        while !stop.is_cancelled() {
            let request =
                GetUpdates::new().offset(offset).timeout(WAIT_S).limit(100).allowed_updates(WANTED);
            let asked = telegram.ask::<_, Vec<Box<RawValue>>>(&request, PATIENCE);
            let updates = tokio::select! {
                () = stop.cancelled() => return,
                updates = asked => updates,
            };
            match updates {
                Ok(updates) if updates.is_empty() => attempt = 0,
                Ok(updates) => {
                    let next = updates.iter().filter_map(|update| after(update.get())).max();
                    if !self.keep_surely(&updates, &stop).await {
                        return;
                    }
                    match next {
                        Some(next) => (offset, attempt) = (next, 0),
                        None => {
                            tracing::error!("Telegram sends updates without a number");
                            pause(attempt, &stop).await;
                            attempt += 1;
                        }
                    }
                }
                Err(refusal) => {
                    refused("updates cannot be asked for", attempt, &refusal);
                    wait_after(&refusal, attempt, &stop).await;
                    attempt += 1;
                }
            }
        }
    }
}

/// Its number and the chat by which it is ordered, if it is of a kind that is worked on.
fn read(text: &str) -> Option<(u32, i64)> {
    let update: Update = serde_json::from_str(text).ok()?;
    let known = matches!(
        update.kind,
        UpdateKind::Message(_)
            | UpdateKind::EditedMessage(_)
            | UpdateKind::CallbackQuery(_)
            | UpdateKind::InlineQuery(_)
            | UpdateKind::MyChatMember(_)
    );
    let whose = whose(&update).filter(|_| known)?;
    Some((update.id.0, whose.chat))
}

/// The number after that of an update, whatever else it says.
fn after(text: &str) -> Option<i32> {
    let Numbered { update_id } = serde_json::from_str(text).ok()?;
    i32::try_from(update_id).ok()?.checked_add(1)
}

/// Does something at Telegram, tried again until it is done; `false` when told to stop before.
pub(crate) async fn until_done<F: Future<Output = Result<(), Refusal>>>(
    what: &str,
    stop: &CancellationToken,
    call: impl Fn() -> F,
) -> bool {
    let mut attempt = 0;
    loop {
        let done = tokio::select! {
            () = stop.cancelled() => return false,
            done = call() => done,
        };
        let Err(refusal) = done else { return true };
        refused(what, attempt, &refusal);
        wait_after(&refusal, attempt, stop).await;
        attempt += 1;
    }
}

fn refused(what: &str, attempt: u32, refusal: &Refusal) {
    metrics::counter!("ael_bot_intake_refusals_total").increment(1);
    if refusal.is_of_the_token() {
        tracing::error!("{what}: Telegram does not know TELEGRAM_BOT_TOKEN (any more)");
    } else if attempt > 0 {
        tracing::debug!(%refusal, "{what}; trying again");
    } else if matches!(refusal, Refusal::Refused { code: 409, .. }) {
        tracing::warn!("{what}: another program uses TELEGRAM_BOT_TOKEN too, or sets a webhook");
    } else {
        tracing::warn!(%refusal, "{what}; trying again");
    }
}

async fn wait_after(refusal: &Refusal, attempt: u32, stop: &CancellationToken) {
    let wait = match refusal {
        Refusal::TooMuch(wait) => *wait,
        Refusal::Away(_) | Refusal::Moved(_) => backoff(attempt, SHORTEST, LONGEST),
        Refusal::Refused { .. } => {
            backoff(attempt, Duration::from_secs(1), Duration::from_secs(30))
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

/// Waits before another attempt; `false` when told to stop.
async fn pause(attempt: u32, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(backoff(attempt, SHORTEST, LONGEST)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_ordered_by_its_chat_or_by_its_person_where_there_is_none() {
        let person = r#"{"id":7,"is_bot":false,"first_name":"Ada"}"#;
        let message = format!(
            r#"{{"update_id":5,"message":{{"message_id":1,"date":1700000000,"from":{person},
            "chat":{{"id":-9,"type":"group","title":"Sales"}},"text":"hi"}}}}"#
        );
        assert_eq!(read(&message), Some((5, -9)));
        let inline = format!(
            r#"{{"update_id":6,
            "inline_query":{{"id":"1","from":{person},"query":"x","offset":""}}}}"#
        );
        assert_eq!(read(&inline), Some((6, 7)));
    }

    #[test]
    fn what_is_not_known_is_confirmed_all_the_same() {
        for unknown in [
            r#"{"update_id":8,"holographic_message":{"depth":3}}"#,
            r#"{"update_id":8,"message":{"some fields are missing":true}}"#,
            r#"{"update_id":8,"poll":{"id":"1"}}"#,
        ] {
            assert_eq!((read(unknown), after(unknown)), (None, Some(9)), "{unknown}");
        }
        assert_eq!((read("{}"), after("{}")), (None, None));
    }
}
