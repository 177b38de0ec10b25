//! One connection to the bus per process: it comes back by itself, for ever, and says how it is.

use crate::config::BusConfig;
use async_nats::{Client, Event, ServerError, jetstream};
use bytes::Bytes;
use futures::StreamExt as _;
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How long the server may take to answer a question about streams, or to confirm a message.
pub(crate) const SERVER_TIMEOUT: Duration = Duration::from_secs(5);
/// How many refusals of the server are remembered, to explain a question that got no answer.
const REFUSALS_KEPT: usize = 256;

/// The connection could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// An address of the configuration cannot be read.
    #[error(
        "{url:?} is no address of a bus; expected nats://host:port or tls://host:port, without a \
         user and a password"
    )]
    Address {
        /// What stood there.
        url: String,
    },
    /// The server is on another machine and the way to it is not encrypted.
    #[error(
        "the bus at {host} is another machine and nats:// is not encrypted; use tls://{host}, \
         or set NATS_ALLOW_PLAINTEXT=1 if the network between is safe"
    )]
    Plaintext {
        /// The other machine.
        host: String,
    },
    /// The server does not know this user, or the password is wrong.
    #[error("the bus refused user {user:?}: its password is wrong or it is not in the topology")]
    Credentials {
        /// Who we said we are.
        user: String,
    },
    /// No server answered within the patience.
    #[error("no bus answered at {url} within {waited:?}")]
    Unreachable {
        /// Where we looked.
        url: String,
        /// For how long.
        waited: Duration,
        /// The last attempt's reason.
        #[source]
        source: async_nats::ConnectError,
    },
    /// The server does not answer; the connection may be lost and is being made again.
    #[error("the bus did not answer within {waited:?}")]
    Silent {
        /// How long we waited.
        waited: Duration,
    },
    /// The connection was closed by us; this process is stopping.
    #[error("the connection to the bus is closed")]
    Closed,
}

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Connected.
    Up,
    /// Lost; being made again.
    Down,
    /// Closed for good by [`Bus::drain`].
    Closed,
}

/// The state of the connection and how often it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// How it is.
    pub state: LinkState,
    /// How many times it was made; more than one means that it was lost in between.
    pub connects: u64,
}

/// What the server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its version, such as `2.9.10`.
    pub version: String,
    /// The largest message that it takes, in bytes.
    pub max_payload_bytes: usize,
}

impl ServerFacts {
    /// Whether the server is older than this version (an unreadable version counts as old).
    #[must_use]
    pub fn is_older_than(&self, major: u64, minor: u64, patch: u64) -> bool {
        let release = self.version.split(['-', '+']).next().unwrap_or_default();
        let mut parts = release.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        [next(), next(), next()] < [major, minor, patch]
    }
}

/// The connection of this process to the bus. Cloning it is cheap and shares the connection.
#[derive(Clone)]
pub struct Bus {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
    user: Arc<str>,
    watcher: Arc<Watcher>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("user", &self.user).field("link", &self.link()).finish()
    }
}

impl Bus {
    /// Connects, waiting up to `config.patience` for a server that is not there yet. Once made,
    /// the connection is remade for ever whenever it is lost.
    ///
    /// # Errors
    /// An unusable address, an unencrypted way to another machine, refused credentials, or nobody
    /// there.
    pub async fn connect(config: &BusConfig) -> Result<Self, BusError> {
        let servers = config.servers()?;
        let watcher = Arc::new(Watcher::default());
        let began = Instant::now();
        let mut attempts = 0;
        let client = loop {
            attempts += 1;
            let observer = watcher.clone();
            let options = config.options().event_callback(move |event| {
                let observer = observer.clone();
                async move { observer.note(&event) }
            });
            let error = match options.connect(&servers[..]).await {
                Ok(client) => break client,
                Err(error) => error,
            };
            if error.kind() == async_nats::ConnectErrorKind::AuthorizationViolation {
                return Err(BusError::Credentials { user: config.user.clone() });
            }
            let waited = began.elapsed();
            if waited >= config.patience {
                return Err(BusError::Unreachable {
                    url: config.url.clone(),
                    waited,
                    source: error,
                });
            }
            let pause = Duration::from_millis(50 * attempts.min(10));
            tokio::time::sleep(pause.min(config.patience - waited)).await;
        };
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(SERVER_TIMEOUT)
            .max_ack_inflight(4 * crate::MAX_BATCH)
            .build(client.clone());
        Ok(Self { client, jetstream, user: config.user.as_str().into(), watcher })
    }

    /// The user as whom we are connected.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How the connection is now.
    #[must_use]
    pub fn link(&self) -> Link {
        *self.watcher.link.borrow()
    }

    /// How the connection is, as it changes.
    #[must_use]
    pub fn watch_link(&self) -> watch::Receiver<Link> {
        self.watcher.link.subscribe()
    }

    /// Waits until the connection that is there now is gone; at once when it is away.
    pub(crate) async fn lost(&self) {
        let mut link = self.watch_link();
        let now = *link.borrow();
        let gone = |link: &Link| match link.state {
            LinkState::Up => link.connects > now.connects.max(1),
            // Before the first word of the connection itself it only looks away.
            LinkState::Down => link.connects > 0,
            LinkState::Closed => true,
        };
        if link.wait_for(gone).await.is_err() {
            tracing::debug!("nobody tells any more how the connection is");
        }
    }

    /// What the server says about itself.
    #[must_use]
    pub fn server(&self) -> ServerFacts {
        let info = self.client.server_info();
        ServerFacts { version: info.version, max_payload_bytes: info.max_payload }
    }

    /// What the server refused us on this connection, newest last, in its own words.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.watcher.refusals().iter().cloned().collect()
    }

    /// Whether the server refused on this connection that we publish to this subject.
    pub(crate) fn was_refused(&self, subject: &str) -> bool {
        let quoted = format!("Publish to \"{subject}\"");
        self.watcher.refusals().iter().any(|refusal| refusal.contains(&quoted))
    }

    /// Waits until the server has taken in everything that this connection said so far: messages,
    /// answers, and what it listens to. (It goes through our own inbox and comes back.)
    ///
    /// # Errors
    /// When the connection is closed, or the server does not answer within five seconds.
    pub async fn flush(&self) -> Result<(), BusError> {
        let inbox = self.client.new_inbox();
        let echo = async {
            let mut echo = self.client.subscribe(inbox.clone()).await.ok()?;
            self.client.publish(inbox, Bytes::new()).await.ok()?;
            echo.next().await
        };
        match tokio::time::timeout(SERVER_TIMEOUT, echo).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(BusError::Closed),
            Err(_) => Err(BusError::Silent { waited: SERVER_TIMEOUT }),
        }
    }

    /// Ends this connection: takes nothing more, hands over what was said, closes. Services first
    /// end their own work ([`Bus::serve`] returns, consumers are closed).
    ///
    /// # Errors
    /// When the connection is closed already, or the server did not take in what was said last.
    pub async fn drain(&self) -> Result<(), BusError> {
        let flushed = self.flush().await;
        let mut link = self.watch_link();
        self.client.drain().await.map_err(|_| BusError::Closed)?;
        let closed = link.wait_for(|link| link.state == LinkState::Closed);
        match tokio::time::timeout(SERVER_TIMEOUT, closed).await {
            Ok(Ok(_)) => flushed,
            Ok(Err(_)) => Err(BusError::Closed),
            Err(_) => Err(BusError::Silent { waited: SERVER_TIMEOUT }),
        }
    }
}

/// Remembers what happens to the connection.
struct Watcher {
    link: watch::Sender<Link>,
    refusals: Mutex<VecDeque<String>>,
}

impl Default for Watcher {
    fn default() -> Self {
        let link = Link { state: LinkState::Down, connects: 0 };
        Self { link: watch::Sender::new(link), refusals: Mutex::default() }
    }
}

impl Watcher {
    fn refusals(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.link.send_modify(|link| {
                    link.state = LinkState::Up;
                    link.connects += 1;
                });
                // A server that comes back may have been given other permissions.
                self.refusals().clear();
                if self.link.borrow().connects > 1 {
                    metrics::counter!("ael_bus_reconnects_total").increment(1);
                    tracing::info!("the connection to the bus is back");
                }
            }
            Event::Disconnected => {
                self.link.send_modify(|link| link.state = LinkState::Down);
                tracing::warn!("the connection to the bus is lost, making it again");
            }
            Event::Closed => self.link.send_modify(|link| link.state = LinkState::Closed),
            Event::ServerError(ServerError::Other(error)) if error.contains("Permissions") => {
                metrics::counter!("ael_bus_refusals_total").increment(1);
                tracing::warn!(refusal = %error, "the bus refused something that is not ours");
                let mut refusals = self.refusals();
                if refusals.len() == REFUSALS_KEPT {
                    refusals.pop_front();
                }
                refusals.push_back(error.clone());
            }
            Event::SlowConsumer(_) => {
                metrics::counter!("ael_bus_dropped_total").increment(1);
                tracing::warn!("a message was dropped: this process does not keep up");
            }
            Event::ServerError(_) | Event::ClientError(_) => {
                tracing::debug!(%event, "the bus reports an error");
            }
            Event::Draining | Event::LameDuckMode => tracing::debug!(%event, "the bus reports"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let server = |version: &str| ServerFacts { version: version.into(), max_payload_bytes: 0 };
        assert!(server("2.9.10").is_older_than(2, 10, 27));
        assert!(server("2.10.9-RC.1").is_older_than(2, 10, 27));
        assert!(!server("2.10.27").is_older_than(2, 10, 27));
        assert!(!server("2.15.1").is_older_than(2, 10, 27));
        assert!(server("?").is_older_than(2, 10, 27));
    }
}
