//! Telegram, the sales team's front end: a pure client of the bus that holds the bot's token alone.

mod config;
mod out;
mod wire;

pub use config::{Config, IntakeConfig, TelegramConfig};

use crate::out::Out;
use crate::wire::{Blocked, Talk, Telegram, Trouble, Wiring, introduced};
use ael_bus::{Bus, BusError};
use ael_service::{ConfigError, Health, health};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use teloxide::types::Update;
use tokio_util::sync::CancellationToken;

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
    // ──── The real talk is put in here: it may be given `bus`, `door`, `me` and the outbox. ────
    let (talk, blocked) = (Arc::new(Silent), Arc::new(Silent));
    let wiring = Wiring { bus: bus.clone(), telegram: door, config: telegram, talk, blocked };
    Box::pin(wiring.run(hook, shutdown)).await;
    bus.drain().await?;
    Ok(())
}

/// Says nothing, until there is somebody who talks.
struct Silent;

impl Talk for Silent {
    type Dialogue = ();

    async fn answer(
        &self,
        _: &Update,
        (): &mut (),
        _: Option<DateTime<Utc>>,
    ) -> Result<Vec<Out>, Trouble> {
        Ok(Vec::new())
    }
}

impl Blocked for Silent {
    async fn blocked(&self, _: i64) -> Result<(), Trouble> {
        Ok(())
    }
}
