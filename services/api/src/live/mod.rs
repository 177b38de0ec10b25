//! `/ws`: what changed, told to whoever may know, as soon as the read models show it.
//!
//! - [`room`]: a workspace's changes, heard once per process, whatever the number of sockets.
//! - [`callers`]: who listens, looked up anew when their membership or token changes.
//! - [`caller`]: which changes they may hear of.
//! - [`session`]: one socket: hello, what was missed, what changes, heartbeat, goodbye.
//! - [`ticket`]: how browsers get in.
//!
//! A notice says that something changed and never what: whoever hears it loads the thing itself,
//! with its own rights.

mod caller;
mod callers;
mod client_house;
mod house;
mod message;
mod options;
mod recent;
mod room;
mod session;
mod ticket;
mod upgrade;

pub(crate) use client_house::ClientHouse;
pub use options::Options;
pub(crate) use upgrade::upgrade;

use ael_bus::Bus;
use ael_client::ClientError;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::subjects::WS_TICKETS;
use callers::{Callers, NotSeated, Seat};
use chrono::Utc;
use house::House;
use options::MAX_MESSAGE_BYTES;
use room::{Hub, NotHeard, Room};
use secrecy::SecretString;
use session::{Means, Session};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use ticket::{Issued, TicketError, Tickets};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often it is looked which rooms are empty.
const TIDY: Duration = Duration::from_secs(1);
/// What a socket reads at once: clients say next to nothing, and there are thousands of them.
const READ_BUFFER: usize = 1_024;

/// Nobody is let in by this request.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Who asks was refused, or could not be looked up.
    #[error(transparent)]
    Asked(#[from] ClientError),
    /// The ticket is not good, or cannot be redeemed now.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// As many sockets as one credential may have.
    #[error("{limit} sockets are open with this token already: close one")]
    TooMany {
        /// How many one credential may have.
        limit: usize,
    },
    /// As many sockets as this process holds.
    #[error("there is no room for another socket here: try again in a moment")]
    Full,
    /// The bus is away.
    #[error("live changes cannot be heard now: try again in a moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<NotSeated> for Refused {
    fn from(error: NotSeated) -> Self {
        match error {
            NotSeated::Asked(error) => Self::Asked(error),
            NotSeated::TooMany { limit } => Self::TooMany { limit },
        }
    }
}

impl From<NotHeard> for Refused {
    fn from(error: NotHeard) -> Self {
        Self::Unavailable(error.into())
    }
}

/// The live part of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    bus: Bus,
    house: Arc<dyn House>,
    hub: Hub,
    callers: Arc<Callers>,
    tickets: OnceCell<Tickets>,
    options: Arc<Options>,
    open: AtomicUsize,
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Live {
    /// Begins; sockets are closed when `stop` says so.
    #[must_use]
    pub fn start(
        bus: Bus,
        house: Arc<dyn House>,
        options: Options,
        stop: CancellationToken,
    ) -> Self {
        let callers = Callers::new(house.clone(), options.most_per_caller);
        let inner = Arc::new(Inner {
            hub: Hub::new(bus.clone(), callers.clone(), options.queue),
            bus,
            house,
            callers,
            tickets: OnceCell::new(),
            options: Arc::new(options),
            open: AtomicUsize::new(0),
            stop,
            sockets: TaskTracker::new(),
        });
        inner.callers.watch(&inner.stop);
        tokio::spawn(tidy(inner.clone()));
        Self(inner)
    }

    async fn tickets(&self) -> Result<&Tickets, Refused> {
        let open = async || self.0.bus.bucket(WS_TICKETS).await.map(Tickets::new);
        let tickets = self.0.tickets.get_or_try_init(open).await;
        Ok(tickets.map_err(TicketError::Unavailable)?)
    }

    /// Makes a ticket for somebody who may listen.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn ticket(
        &self,
        workspace: WorkspaceId,
        credential: Credential,
    ) -> Result<Issued, Refused> {
        self.0.house.who(workspace, &credential).await?;
        Ok(self.tickets().await?.issue(workspace, credential, Utc::now()).await?)
    }

    /// Lets somebody in by a ticket, which is good for nothing afterwards.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn admit_by_ticket(&self, ticket: &SecretString) -> Result<Admission, Refused> {
        let admit = self.tickets().await?.redeem(ticket, Utc::now()).await?;
        self.admit(admit.workspace, admit.credential).await
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn admit(
        &self,
        workspace: WorkspaceId,
        credential: Credential,
    ) -> Result<Admission, Refused> {
        if self.0.stop.is_cancelled() {
            return Err(Refused::Full);
        }
        let place = Place::take(&self.0).ok_or(Refused::Full)?;
        let seat = self.0.callers.admit(workspace, credential).await?;
        let room = self.0.hub.enter(workspace).await?;
        seat.is_heard(room.opened());
        Ok(Admission { inner: self.0.clone(), place, seat, room })
    }

    /// Waits until every socket is closed, after it was told to stop.
    pub async fn closed(&self) {
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }
}

async fn tidy(inner: Arc<Inner>) {
    while inner.stop.run_until_cancelled(tokio::time::sleep(TIDY)).await.is_some() {
        inner.hub.tidy().await;
    }
}

/// One of the sockets that a process holds.
#[derive(Debug)]
struct Place(Arc<Inner>);

impl Place {
    fn take(inner: &Arc<Inner>) -> Option<Self> {
        let most = inner.options.most;
        let more = |open: usize| (open < most).then_some(open + 1);
        inner.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        metrics::gauge!("ael_live_sockets").increment(1.0);
        Some(Self(inner.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("ael_live_sockets").decrement(1.0);
    }
}

/// Somebody who was let in and whose socket is about to open.
#[derive(Debug)]
pub struct Admission {
    inner: Arc<Inner>,
    place: Place,
    seat: Seat,
    room: Arc<Room>,
}

impl Admission {
    /// Tells what changes over an upgraded connection, from a cursor on if there is one, in the
    /// background.
    pub fn serve<S>(self, connection: S, cursor: Option<String>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { inner, place, seat, room } = self;
        let sockets = inner.sockets.clone();
        sockets.spawn(async move {
            let config = WebSocketConfig::default()
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(0)
                .max_message_size(Some(MAX_MESSAGE_BYTES))
                .max_frame_size(Some(MAX_MESSAGE_BYTES));
            let socket =
                WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
            let (house, options) = (inner.house.clone(), inner.options.clone());
            let stop = inner.stop.clone();
            let means = Means { seat, room, house, options, stop };
            Session::new(means, socket).run(cursor).await;
            drop(place);
        });
    }
}
