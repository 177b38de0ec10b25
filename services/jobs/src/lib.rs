//! What follows from an event, done so that nothing is lost and nothing happens twice: a pure
//! client of the bus.
//!
//! Today there is one process manager: a transferred lead gets its sale ([`sale_opening`]).

mod config;
pub mod sale_opening;

pub use config::Config;

use ael_bus::{Bus, BusError, ConsumeError, follow};
use ael_client::Client;
use ael_events::subjects::{self, Edge};
use ael_service::{ConfigError, Health, health};
use tokio_util::sync::CancellationToken;

/// The jobs service could not start.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// A setting makes no sense.
    #[error("a setting cannot be used")]
    Config(#[from] ConfigError),
    /// The bus cannot be reached at all.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// A consumer cannot be taken.
    #[error("the events cannot be followed")]
    Consume(#[from] ConsumeError),
}

/// Runs until told to stop. Any number of copies may run: each message goes to one of them, and
/// what follows from it is an idempotent command.
///
/// # Errors
/// Only when the first connection cannot be made.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), JobsError> {
    let health = Health::new(&config.env, &["bus"]);
    health::serve("jobs", &config.env, health.clone()).await?;
    let bus = Bus::connect(&config.bus.into()).await?;
    bus.tell(health);
    let client = Client::new(bus.clone(), Edge::Jobs);
    let transferred = bus.consumer(subjects::EVENTS, subjects::SALE_OPENING).await?;
    let imported = bus.consumer(subjects::EVENTS, subjects::SALE_OPENING_IMPORTED).await?;
    let open = move |event| sale_opening::open(event, client.clone());
    tokio::join!(
        follow((transferred, subjects::SALE_OPENING), 32, &bus, &shutdown, open.clone()),
        follow((imported, subjects::SALE_OPENING_IMPORTED), 32, &bus, &shutdown, open),
    );
    bus.drain().await?;
    Ok(())
}
