//! Telegram, the sales team's front end: a pure client of the bus that holds the bot's token alone.

mod commands;
mod config;
mod out;
mod talk;
mod wire;

pub use config::{Config, IntakeConfig, TelegramConfig};

use crate::talk::Talker;
use crate::wire::{Telegram, Wiring, introduced};
use ael_bus::{Bus, BusError};
use ael_client::Client;
use ael_events::subjects::Edge;
use ael_service::{ConfigError, Health, health};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long an update waits for the house before it is tried again, and for one answer of it.
const PATIENCE: Duration = Duration::from_secs(8);
const ATTEMPT: Duration = Duration::from_secs(5);

/// The bot could not start.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// A setting makes no sense.
    #[error("a setting cannot be used")]
    Config(#[from] ConfigError),
    /// The bus cannot be reached at all.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// Telegram does not know us.
    #[error(
        "Telegram does not know TELEGRAM_BOT_TOKEN (or TELEGRAM_API_URL is no Bot API server): ask \
         @BotFather for the token; nothing was taken or sent"
    )]
    Token,
    /// Nobody can be heard where Telegram is to send updates to.
    #[error("BOT_HTTP_ADDR cannot be listened on")]
    Listen(#[from] std::io::Error),
}

/// Runs until told to stop. Any number of copies may run: they share the lanes of updates, and one
/// of them asks for updates and one sends.
///
/// # Errors
/// Only at the start: a place or a connection that cannot be had, or a token that Telegram does not
/// know.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), BotError> {
    let Some(telegram) = config.telegram else {
        tracing::info!("TELEGRAM_BOT_TOKEN is not set: the bot is off");
        health::serve("bot", &config.env, Health::new(&config.env, &[])).await?;
        shutdown.cancelled().await;
        return Ok(());
    };
    let health = Health::new(&config.env, &["bus"]);
    health::serve("bot", &config.env, health.clone()).await?;
    let hook = match &telegram.intake {
        IntakeConfig::Polling => None,
        IntakeConfig::Webhook { address, .. } => Some(wire::listen(*address).await?),
    };
    let bus = Bus::connect(&config.bus.into()).await?;
    bus.tell(health);
    let door = Telegram::new(&telegram.token, &telegram.api_url);
    let Some(me) = introduced(&door, &shutdown).await.map_err(|_| BotError::Token)? else {
        bus.drain().await?;
        return Ok(());
    };
    tracing::info!(bot = me.user.id.0, "Telegram knows us");
    let client = Client::new(bus.clone(), Edge::Bot).with_patience(PATIENCE).with_attempt(ATTEMPT);
    let talk = Arc::new(Talker::new(client, me.user.id.0, me.username().to_owned()));
    let blocked = Arc::clone(&talk);
    let announcing = {
        let (door, stop) = (door.clone(), shutdown.clone());
        tokio::spawn(async move { commands::announce(&door, &stop).await })
    };
    let wiring = Wiring { bus: bus.clone(), telegram: door, config: telegram, talk, blocked };
    Box::pin(wiring.run(hook, shutdown)).await;
    announcing.abort();
    bus.drain().await?;
    Ok(())
}
