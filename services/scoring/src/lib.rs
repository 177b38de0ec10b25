//! The advisor: says what a lead is worth and why, when it is asked to. A pure client of the bus.
//!
//! The request is an event and the answer an idempotent command whose id derives from it: however
//! often the request comes and whoever crashes when, the history has one answer to it.

mod analysis;
mod config;
pub mod learning;
mod local;
mod words;

pub use config::Config;

use ael_bus::{Bus, BusError, ConsumeError, follow};
use ael_client::Client;
use ael_events::subjects::{self, Edge};
use ael_service::{ConfigError, Health, health};
use tokio_util::sync::CancellationToken;

/// The advisor could not start.
#[derive(Debug, thiserror::Error)]
pub enum ScoringError {
    /// A setting makes no sense.
    #[error("a setting cannot be used")]
    Config(#[from] ConfigError),
    /// The bus cannot be reached at all.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// A consumer cannot be taken.
    #[error("requests for an analysis cannot be followed")]
    Consume(#[from] ConsumeError),
}

/// Runs until told to stop. Any number of copies may run: each request goes to one of them.
///
/// # Errors
/// Only when the first connection cannot be made.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), ScoringError> {
    let health = Health::new(&config.env, &["bus"]);
    health::serve("scoring", &config.env, health.clone()).await?;
    let bus = Bus::connect(&config.bus.into()).await?;
    bus.tell(health);
    let client = Client::new(bus.clone(), Edge::Scoring);
    let requests = bus.consumer(subjects::EVENTS, subjects::ANALYSIS).await?;
    let models = learning::Models::new(client.clone());
    let learning = config.retrain.map(|every| {
        tokio::spawn(learning::keep_learning(client.clone(), every, shutdown.clone()))
    });
    let analyse = move |event| analysis::analyse(event, client.clone(), models.clone());
    follow((requests, subjects::ANALYSIS), &bus, &shutdown, analyse).await;
    if let Some(learning) = learning {
        learning.await.ok();
    }
    bus.drain().await?;
    Ok(())
}
