//! The service's life: connects, answers, and leaves without losing a command.

use crate::config::Config;
use crate::desk::Desk;
use crate::repository::Repository;
use crate::turns::Turns;
use crate::wake::RelayBell;
use ael_auth::{Directory, FetchError, Oidc};
use ael_bus::{Bus, BusError, ServeOptions};
use ael_events::subjects;
use ael_service::{ConfigError, Health, health};
use ael_store::{EventWriter, StoreError, WriterOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often rejections older than a day are swept out.
const SWEEP: Duration = Duration::from_secs(3600);

/// The service could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum CommandsError {
    /// A setting makes no sense.
    #[error("a setting cannot be used")]
    Config(#[from] ConfigError),
    /// The database cannot be entered.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// The bus cannot be entered.
    #[error("the bus cannot be used")]
    Bus(#[from] BusError),
    /// Sign-in by OpenID Connect cannot be offered.
    #[error("sign-in by OpenID Connect cannot be offered")]
    Provider(#[from] FetchError),
    /// The answering broke off by a defect.
    #[error("the command desk broke off")]
    Broken(#[source] tokio::task::JoinError),
}

/// Answers commands until told to stop; then finishes what is under way.
///
/// # Errors
/// When it cannot start: a setting, the database or the bus.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), CommandsError> {
    let health = Health::new(&config.env, &["database", "bus"]);
    health::serve("commands", &config.env, health.clone()).await?;
    let provider = config.provider.clone().map(Oidc::new).transpose()?;
    let writer = connect_store(&config).await?;
    health.set("database", true);
    let bus = Bus::connect(&config.bus.clone().into()).await?;
    let relay = RelayBell::default();
    let desk = Arc::new(Desk {
        repository: Repository::new(writer.clone(), config.cache_bytes),
        directory: Directory::new(writer.read_pool().clone()).with_provider(provider),
        turns: Turns::new(),
        relay: relay.clone(),
        health: health.clone(),
        writer: writer.clone(),
    });
    let uses = desk.directory.token_uses();
    let options = ServeOptions::new(subjects::COMMANDS).concurrency(config.concurrency);
    let serving = bus.serve(options, desk, shutdown.clone()).await?;
    // These end after the last command was answered, not when the end was announced.
    let ended = CancellationToken::new();
    let passing_on = tokio::spawn(relay.pass_on(bus.clone(), ended.clone()));
    let noting = tokio::spawn(uses.keep(ended.clone().cancelled_owned()));
    bus.tell(health);
    tokio::spawn(sweep(writer, ended.clone()));
    tracing::info!(concurrency = config.concurrency, "commands are answered");
    let served = serving.await;
    ended.cancel();
    if passing_on.await.is_err() {
        tracing::warn!("the relay's bell broke off");
    }
    if noting.await.is_err() {
        tracing::warn!("noting when tokens were last used broke off");
    }
    if let Err(error) = bus.drain().await {
        tracing::warn!(%error, "the bus was gone before the end");
    }
    tracing::info!("every command that came is answered");
    served.map_err(CommandsError::Broken)
}

async fn connect_store(config: &Config) -> Result<EventWriter, StoreError> {
    use secrecy::ExposeSecret as _;
    let url = config.database.url.expose_secret();
    EventWriter::connect(url, config.master.clone(), WriterOptions::default()).await
}

/// Sweeps out rejections that are older than a day.
async fn sweep(writer: EventWriter, ended: CancellationToken) {
    loop {
        match writer.purge_expired_rejections().await {
            Ok(0) => {}
            Ok(swept) => {
                tracing::debug!(swept, "old rejections are gone");
                continue;
            }
            Err(error) => tracing::warn!(%error, "old rejections could not be swept out"),
        }
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}
