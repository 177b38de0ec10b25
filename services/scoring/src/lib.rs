//! The advisor: says what a lead is worth and why, when it is asked to, and anew when what it said
//! says nothing any more. A pure client of the bus.
//!
//! The request is an event and the answer an idempotent command whose id derives from it: however
//! often the request comes and whoever crashes when, the history has one answer to it.

mod advisor;
mod analysis;
mod assistant;
mod cache;
mod cloud;
mod config;
mod flights;
pub mod learning;
mod local;
mod outside;
mod staleness;
mod standing;
mod words;

pub use cache::Cache;
pub use config::Config;

use crate::advisor::Advisor;
use crate::assistant::{AssistantDesk, Brain, Memory, Outside};
use crate::cloud::Cloud;
use ael_bus::{Bus, BusError, ConsumeError, ServeOptions, follow};
use ael_client::Client;
use ael_events::subjects::{self, Edge};
use ael_service::{BusConfig, ConfigError, Health, health};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long something is looked up for the assistant, asked again included.
const LOOK_PATIENCE: Duration = Duration::from_millis(4_000);
/// How long one look may take.
const LOOK_ATTEMPT: Duration = Duration::from_millis(2_500);

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
    /// No connection can be secured on this machine.
    #[error("no connection to a model outside can be secured")]
    Tls(#[from] reqwest::Error),
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
    let outside = match config.cloud {
        Some(cloud) => {
            tracing::info!("a language model outside is asked for analyses");
            Some((Cloud::new(cloud)?, Cache::new(&bus, config.cache_ttl)))
        }
        None => {
            tracing::info!("OPENAI_API_KEY is not set: the local model makes the analyses");
            None
        }
    };
    let advisor = Arc::new(Advisor::new(client.clone(), outside));
    let answering = match config.assistant {
        Some(assistant) => Some(answer(assistant, &advisor, shutdown.clone()).await?),
        None => {
            tracing::info!("NATS_ASSISTANT_PASSWORD is not set: the assistant is away");
            None
        }
    };
    let requests = bus.consumer(subjects::EVENTS, subjects::ANALYSIS).await?;
    let happened = bus.consumer(subjects::EVENTS, subjects::STALENESS).await?;
    let (asker, adviser) = (client.clone(), Arc::clone(&advisor));
    let requested = move |event| analysis::requested(event, asker.clone(), Arc::clone(&adviser));
    let (asker, adviser) = (client.clone(), Arc::clone(&advisor));
    let outdated = move |event| staleness::happened(event, asker.clone(), Arc::clone(&adviser));
    tokio::join!(
        follow((requests, subjects::ANALYSIS), config.at_once, &bus, &shutdown, requested),
        follow((happened, subjects::STALENESS), config.at_once, &bus, &shutdown, outdated),
        learning::keep_learning(client.clone(), config.retrain, shutdown.clone()),
        staleness::grow_old(client, Arc::clone(&advisor), config.stale_scan, shutdown.clone()),
        standing::tell(Arc::clone(&advisor), bus.clone(), shutdown.clone()),
    );
    if let Some((assistant, serving)) = answering {
        if serving.await.is_err() {
            tracing::error!("answering questions broke off by a defect");
        }
        assistant.drain().await?;
    }
    advisor.settled().await;
    bus.drain().await?;
    Ok(())
}

/// Answers questions as a user of its own: who consumes may not answer as well.
async fn answer(
    config: BusConfig,
    advisor: &Arc<Advisor>,
    stop: CancellationToken,
) -> Result<(Bus, JoinHandle<()>), ScoringError> {
    let password = config.password.clone();
    let bus = Bus::connect(&config.into()).await?;
    let memory = match bus.bucket(subjects::ASSISTANT_MEMORY).await {
        Ok(bucket) => Some(Memory::new(bucket, &password)),
        Err(error) => {
            tracing::warn!(%error, "conversations with the assistant are not remembered");
            None
        }
    };
    let window = Client::new(bus.clone(), Edge::Assistant)
        .with_patience(LOOK_PATIENCE)
        .with_attempt(LOOK_ATTEMPT);
    let brain = Brain { chat: Outside::of(advisor) };
    let desk = AssistantDesk::new(Arc::new(window), brain, memory);
    let serving = bus.serve(ServeOptions::new(subjects::ASSISTANT), Arc::new(desk), stop).await?;
    Ok((bus, serving))
}
