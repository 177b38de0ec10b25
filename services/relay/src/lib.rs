//! The relay: committed events → JetStream, and nothing else.
//!
//! Invariants, each held by a test:
//! - **Everything, once, in order.** The stream holds the store's settled events in the settled
//!   order, each exactly once: the relay resumes from the stream's own last message, and each
//!   message demands its place and the very message before it. Strangers between them change
//!   nothing of that.
//! - **Any number of relays.** One leads by an advisory lock, the others stand by; should two ever
//!   believe that they lead, the fence lets one of them through and sends the other back to look at
//!   the stream.
//! - **An emptied stream is refilled**, from the first event.
//! - **A stream that knows more than the store stops the relay.** Then the database was rolled
//!   back, and a person decides: `ael stream rebuild`.
//! - **The hash chain is extended before an event leaves the house**, so that nothing was ever
//!   published unchained.

mod config;
mod horizon;
mod leader;
mod pace;
mod publish;
mod resume;

pub use config::{Config, RelaySettings};
pub use resume::{Diverged, Resumed};

use ael_bus::{Bus, BusError, PublishError, StreamError};
use ael_events::envelope::BadEnvelope;
use ael_service::{ConfigError, Health, health};
use ael_store::StoreError;
use tokio_util::sync::CancellationToken;

/// The relay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A setting makes no sense.
    #[error("a setting cannot be used")]
    Config(#[from] ConfigError),
    /// The database did not do its part.
    #[error("the event store did not answer")]
    Store(#[from] StoreError),
    /// The bus cannot be reached at all.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// The stream cannot be looked at.
    #[error("the stream of events cannot be read")]
    Stream(#[from] StreamError),
    /// Events could not be published.
    #[error("events could not be published")]
    Publish(#[from] PublishError),
    /// The stream holds something that is no event of ours.
    #[error("the stream's last message is no event of ours: run `ael stream rebuild`")]
    Envelope(#[from] BadEnvelope),
    /// The stream knows more than the store.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}

/// Runs a relay until it is told to stop: leads when it can, stands by when another leads, and
/// comes back from whatever happens to the database or the bus.
///
/// # Errors
/// Only when the first connection cannot be made, so that a wrong configuration is seen at once.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), RelayError> {
    let health = Health::new(&config.env, &["database", "bus"]);
    health::serve("relay", &config.env, health.clone()).await?;
    let bus = Bus::connect(&config.bus.clone().into()).await?;
    bus.tell(health.clone());
    leader::run(&config, &bus, &health, &shutdown).await?;
    bus.drain().await?;
    Ok(())
}
