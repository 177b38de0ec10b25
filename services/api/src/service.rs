//! Running the interface: the bus, then requests until told to stop, and nobody cut off.

use crate::app::app;
use crate::config::Config;
use crate::connections::Connections;
use crate::desk::Desk;
use crate::guard::{Guard, HANDED_ON};
use crate::live::{ClientHouse, Live};
use crate::probes::Probes;
use ael_bus::{Bus, BusError};
use ael_client::Client;
use ael_events::subjects::Edge;
use ael_service::{ConfigError, Health, health};
use poem::Server;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a request may take, asked again and waited for a position included.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long one answer may take: longer than a statement of `queries` and a wait for a position.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long it is asked again while nobody is there who could answer.
const ABSENCE: Duration = Duration::from_millis(1_500);
/// How long requests under way may take when told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// After how long a silent connection is closed.
const IDLE: Duration = Duration::from_secs(90);

/// How many requests one HTTP/2 connection may have under way.
const STREAMS: u32 = 128;

/// The interface could not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The bus cannot be reached.
    #[error("the bus cannot be reached")]
    Bus(#[from] BusError),
    /// Somebody else listens there, or the address is none of ours.
    #[error("{address} cannot be listened on: choose another HTTP_ADDR")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Answers requests until told to stop; those under way are finished first. Any number of copies
/// may run behind one name.
///
/// # Errors
/// When the bus cannot be reached or the address cannot be listened on.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), ApiError> {
    let health = Health::new(&config.env, &["bus", "http"]);
    let numbers = health::recorder("api");
    health::serve_with(&config.env, health.clone(), numbers.clone()).await?;
    let bus = Bus::connect(&config.bus.clone().into()).await?;
    bus.tell(health.clone());
    let client = Client::new(bus.clone(), Edge::Api)
        .with_patience(PATIENCE)
        .with_attempt(ATTEMPT)
        .with_absence(ABSENCE);
    let guard = Guard::new(&config);
    let probes = Probes::watch(bus.clone(), numbers, shutdown.clone());
    tokio::spawn(tidy(guard.clone(), shutdown.clone()));
    let acceptor = Connections::new(listen(config.address).await?, config.limits.connections);
    for address in acceptor.local_addr() {
        tracing::info!(%address, "requests are taken");
    }
    health.set("http", true);
    let house = Arc::new(ClientHouse::new(client.clone()));
    let live = Live::start(bus.clone(), house, config.live.clone(), shutdown.clone());
    let app = app(&config, Desk::new(client), live.clone(), guard, probes);
    let served = Server::new_with_acceptor(acceptor)
        .idle_timeout(IDLE)
        .http2_max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HANDED_ON)
        .run_with_graceful_shutdown(app, shutdown.cancelled_owned(), Some(FAREWELL))
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "answering broke off");
    }
    if timeout(FAREWELL, live.closed()).await.is_err() {
        tracing::warn!("stopped before every socket was closed");
    }
    Ok(bus.drain().await?)
}

async fn listen(address: SocketAddr) -> Result<poem::listener::TcpAcceptor, ApiError> {
    let listener = TcpListener::bind(address);
    listener.into_acceptor().await.map_err(|source| ApiError::Listen { address, source })
}

async fn tidy(guard: Guard, shutdown: CancellationToken) {
    let mut rounds = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = rounds.tick() => guard.tidy(),
        }
    }
}
