//! Running the service: database, bus, questions until told to stop, and nobody left waiting.

use crate::config::QueriesConfig;
use crate::desk::{Desk, Patience};
use ael_auth::{CursorKey, FetchError, Oidc};
use ael_bus::{Bus, BusError, ServeOptions};
use ael_events::subjects::QUERIES;
use ael_service::{ConfigError, Health, health};
use ael_store::{DbRole, PoolOptions, StoreError};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The query service could not start.
#[derive(Debug, thiserror::Error)]
pub enum QueriesError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be entered.
    #[error("the read models cannot be reached")]
    Store(#[from] StoreError),
    /// The bus cannot be reached.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// Sign-in by OpenID Connect cannot be offered.
    #[error("sign-in by OpenID Connect cannot be offered")]
    Provider(#[from] FetchError),
}

/// Answers questions until told to stop; those under way are finished first. Any number of copies
/// may run: each question goes to one of them.
///
/// # Errors
/// Only when the first connections cannot be made.
pub async fn run(config: QueriesConfig, shutdown: CancellationToken) -> Result<(), QueriesError> {
    let health = Health::new(&config.env, &["database", "bus"]);
    health::serve("queries", &config.env, health.clone()).await?;
    let options = PoolOptions {
        application: "ael-queries".to_owned(),
        max_connections: config.connections,
        ..PoolOptions::default()
    };
    let url = config.database.url.expose_secret();
    let pool = ael_store::connect(url, DbRole::Queries, &options).await?;
    health.set("database", true);
    let bus = Bus::connect(&config.bus.into()).await?;
    let watching = CancellationToken::new();
    let cursors = CursorKey::of_database(url);
    let provider = config.provider.map(Oidc::new).transpose()?;
    let desk = Desk::new(pool.clone(), cursors, Patience::default(), watching.clone());
    let desk = desk.with_provider(provider);
    let noting = tokio::spawn(desk.token_uses().keep(watching.clone().cancelled_owned()));
    let serve = ServeOptions::new(QUERIES).concurrency(config.concurrency);
    let serving = bus.serve(serve, Arc::new(desk), shutdown).await?;
    bus.tell(health);
    if serving.await.is_err() {
        tracing::error!("answering broke off by a defect");
    }
    watching.cancel();
    if noting.await.is_err() {
        tracing::warn!("noting when tokens were last used broke off");
    }
    pool.close().await;
    Ok(bus.drain().await?)
}
