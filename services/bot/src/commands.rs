//! The commands that Telegram offers while somebody types, in either language.

use crate::talk::{LANGUAGES, command_list};
use crate::wire::{Telegram, backoff};
use std::time::Duration;
use teloxide::payloads::{SetMyCommands, SetMyCommandsSetters as _};
use teloxide::types::{BotCommand, BotCommandScope};
use tokio_util::sync::CancellationToken;

/// Between attempts to tell Telegram.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Tells Telegram the commands, until it has heard. Every copy does: it is the same each time.
pub(crate) async fn announce(telegram: &Telegram, stop: &CancellationToken) {
    for (language, code) in LANGUAGES {
        let commands: Vec<BotCommand> = command_list(language)
            .into_iter()
            .map(|(name, about)| BotCommand::new(name, about))
            .collect();
        // English is for everybody whose language has no list of its own.
        let payload = SetMyCommands::new(commands).scope(BotCommandScope::AllPrivateChats);
        let payload = match code {
            Some(code) => payload.language_code(code),
            None => payload,
        };
        for attempt in 0.. {
            let Err(refusal) = telegram.call(&payload).await else { break };
            tracing::warn!(%refusal, "Telegram was not told the commands; telling it again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff(attempt, SHORTEST, LONGEST)) => {}
            }
        }
    }
}
