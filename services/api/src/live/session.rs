//! One socket, from hello to goodbye.
//!
//! # Invariants
//!
//! - **No gap**: it hears from the room before it asks what was missed, and asks again whenever
//!   something may not have been heard.
//! - **Nothing older after something newer**, and as good as nothing twice: what the room told is
//!   not told again when it is read besides, nor the other way round.
//! - **Nobody waits for a slow reader**: who is behind by more than the room keeps, or takes
//!   nothing for a while, is dropped.

use super::callers::{Seat, Standing};
use super::house::{House, Stretch};
use super::message::{Farewell, Incoming, Outgoing};
use super::options::Options;
use super::recent::Recent;
use super::room::{Notice, Room, Told};
use ael_client::ClientError;
use ael_events::query::LiveChange;
use futures::{SinkExt as _, StreamExt as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_util::sync::CancellationToken;

/// How many changes that were read are remembered until the room has surely told them.
const REMEMBERED: usize = 1_024;
/// How many stretches may be missed; who missed more loads everything anew.
const MOST_STRETCHES: usize = 500;
/// How long we say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// We say why.
    Farewell(Farewell),
    /// What was missed cannot be told; where to go on afterwards, if that is known already.
    Reload(Option<String>),
    /// The client said goodbye.
    Closed,
    /// The connection is lost.
    Lost,
    /// The client takes nothing (any more), not even a goodbye.
    Stuck,
}

impl End {
    /// Of who may not listen (any more).
    const fn as_they_stand(standing: &Standing) -> Self {
        match standing {
            Standing::Is(_) | Standing::Gone => Self::Farewell(Farewell::NotAuthorised),
            Standing::Doubtful => Self::Farewell(Farewell::TryLater),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Farewell(Farewell::Restarting) => "restarting",
            Self::Farewell(Farewell::NotAuthorised) => "not_authorised",
            Self::Farewell(Farewell::NotUnderstood | Farewell::TooLarge) => "not_understood",
            Self::Farewell(Farewell::TryLater) => "try_later",
            Self::Farewell(Farewell::Reload) | Self::Reload(_) => "reload",
            Self::Closed => "closed",
            Self::Lost => "lost",
            Self::Stuck => "stuck",
        }
    }
}

/// What a session needs.
pub struct Means {
    /// Who listens.
    pub seat: Seat,
    /// Where.
    pub room: Arc<Room>,
    /// Whom we ask what was missed.
    pub house: Arc<dyn House>,
    /// Its pace.
    pub options: Arc<Options>,
    /// When to stop.
    pub stop: CancellationToken,
}

impl std::fmt::Debug for Means {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means").field("seat", &self.seat).finish_non_exhaustive()
    }
}

/// A socket and how far it has come.
#[derive(Debug)]
pub struct Session<S> {
    means: Means,
    socket: WebSocketStream<S>,
    notices: broadcast::Receiver<Notice>,
    cursor: String,
    /// The first and the last notice of the room that were dealt with.
    heard: Option<(u64, u64)>,
    /// What was read lately, until the room has told it, too.
    read: Option<Recent>,
    /// What was told since the cursor because it left their sight: the room's later notices of it
    /// are not for them, and so do not tell it.
    lost: Option<Recent>,
    /// Whether something was told after the cursor.
    is_beyond: bool,
    has_resumed: bool,
    ping_at: Instant,
    silent_at: Instant,
    cursor_at: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Hears from now on.
    pub fn new(means: Means, socket: WebSocketStream<S>) -> Self {
        let (now, notices) = (Instant::now(), means.room.hear());
        let options = &means.options;
        let (ping_at, silent_at) = (now + options.heartbeat, now + options.silence);
        let cursor_at = now + options.idle_cursor_every;
        Self {
            means,
            socket,
            notices,
            cursor: String::new(),
            heard: None,
            read: None,
            lost: None,
            is_beyond: false,
            has_resumed: false,
            ping_at,
            silent_at,
            cursor_at,
        }
    }

    /// Tells what changes until either side has enough.
    pub async fn run(mut self, cursor: Option<String>) {
        let end = match Box::pin(self.welcome(cursor)).await {
            Ok(()) => self.listen().await,
            Err(end) => end,
        };
        metrics::counter!("ael_live_ended_total", "why" => end.name()).increment(1);
        Box::pin(self.part(end)).await;
    }

    async fn welcome(&mut self, cursor: Option<String>) -> Result<(), End> {
        let is_resumed = cursor.is_some();
        self.cursor = match cursor {
            Some(cursor) => cursor,
            None => self.ask(None).await?.cursor,
        };
        let heartbeat_ms = u64::try_from(self.means.options.heartbeat.as_millis());
        let heartbeat_ms = heartbeat_ms.unwrap_or(u64::MAX);
        let hello = Outgoing::Hello { cursor: &self.cursor, heartbeat_ms }.text();
        self.send(Message::Text(hello)).await?;
        if is_resumed { self.catch_up().await } else { Ok(()) }
    }

    async fn listen(&mut self) -> End {
        let mut timer = pin!(sleep_until(self.wake_at()));
        loop {
            timer.as_mut().reset(self.wake_at());
            let outcome = tokio::select! {
                () = self.means.stop.cancelled() => {
                    Err(End::Farewell(Farewell::Restarting))
                }
                () = self.means.seat.changed() => self.check_standing(),
                frame = self.socket.next() => self.hear(frame).await,
                notice = self.notices.recv() => self.notice(notice).await,
                () = timer.as_mut() => self.tick().await,
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        self.ping_at.min(self.silent_at).min(self.cursor_at)
    }

    fn check_standing(&self) -> Result<(), End> {
        match self.means.seat.standing() {
            Standing::Is(_) => Ok(()),
            standing @ (Standing::Gone | Standing::Doubtful) => Err(End::as_they_stand(&standing)),
        }
    }

    async fn hear(&mut self, frame: Option<Result<Message, SocketError>>) -> Result<(), End> {
        self.silent_at = Instant::now() + self.means.options.silence;
        match frame {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(Incoming::Resume { cursor }) if !self.has_resumed => {
                    self.has_resumed = true;
                    self.cursor = cursor;
                    Box::pin(self.catch_up()).await
                }
                Ok(Incoming::Resume { .. }) | Err(_) => Err(End::Farewell(Farewell::NotUnderstood)),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                Err(End::Farewell(Farewell::NotUnderstood))
            }
            Some(Ok(Message::Close(_))) => Err(End::Closed),
            Some(Err(SocketError::Capacity(_))) => Err(End::Farewell(Farewell::TooLarge)),
            Some(Err(_)) | None => Err(End::Lost),
        }
    }

    async fn notice(&mut self, notice: Result<Notice, RecvError>) -> Result<(), End> {
        match notice {
            Ok(Notice::Change(told)) => self.tell(&told).await,
            Ok(Notice::Gap) => {
                // Not all sockets of all replicas at once.
                let pause = self.means.options.gap_spread.mul_f64(rand::random_range(0.0..1.0));
                self.cursor_at = self.cursor_at.min(Instant::now() + pause);
                Ok(())
            }
            Err(RecvError::Lagged(_)) => Err(End::Reload(None)),
            Err(RecvError::Closed) => Err(End::Farewell(Farewell::TryLater)),
        }
    }

    /// A notice of the room, unless it was read before.
    async fn tell(&mut self, told: &Told) -> Result<(), End> {
        let Told { change, text, number } = told;
        self.heard = Some((self.heard.map_or(*number, |(first, _)| first), *number));
        let was_read = |read: &Recent| read.number_of(change.id, change.version).is_some();
        if self.read.as_ref().is_some_and(was_read) || !self.may_hear(change) {
            return Ok(());
        }
        if self.loses(change) {
            let lost = self.lost.get_or_insert_with(|| Recent::new(REMEMBERED));
            lost.note(change.id, change.version, *number);
        }
        if !self.is_beyond {
            self.is_beyond = true;
            self.cursor_at = self.cursor_at.min(Instant::now() + self.cursor_pause());
        }
        self.send(Message::Text(text.clone())).await
    }

    fn may_hear(&self, change: &LiveChange) -> bool {
        match self.means.seat.standing() {
            Standing::Is(caller) => caller.may_hear(change),
            Standing::Gone | Standing::Doubtful => false,
        }
    }

    fn loses(&self, change: &LiveChange) -> bool {
        match self.means.seat.standing() {
            Standing::Is(caller) => caller.loses(change),
            Standing::Gone | Standing::Doubtful => false,
        }
    }

    /// Whether the room told them this while we were there.
    fn was_told(&self, change: &LiveChange) -> bool {
        if self.loses(change) {
            let number = |lost: &Recent| lost.number_of(change.id, change.version);
            return self.lost.as_ref().and_then(number).is_some();
        }
        let number = self.means.room.told(change.id, change.version);
        let (Some(number), Some((first, last))) = (number, self.heard) else { return false };
        (first..=last).contains(&number)
    }

    async fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.silent_at {
            return Err(End::Lost);
        }
        if now >= self.ping_at {
            self.ping_at = now + self.means.options.heartbeat;
            self.read = None;
            self.send(Message::Ping(bytes::Bytes::new())).await?;
        }
        if now >= self.cursor_at {
            Box::pin(self.catch_up()).await?;
        }
        Ok(())
    }

    /// A little more or less than the pace, so that sockets do not ask in step.
    fn cursor_pause(&self) -> Duration {
        self.means.options.cursor_every.mul_f64(rand::random_range(0.8..1.2))
    }

    /// Tells what happened after the cursor and was not told, stretch by stretch, and then the
    /// cursor that it has come to.
    async fn catch_up(&mut self) -> Result<(), End> {
        let began = Instant::now();
        let mut read = self.read.take().unwrap_or_else(|| Recent::new(REMEMBERED));
        let mut is_current = false;
        for _ in 0..MOST_STRETCHES {
            let stretch = self.ask(Some(self.cursor.clone())).await?;
            if stretch.reset {
                return Err(End::Reload(Some(stretch.cursor)));
            }
            for change in &stretch.changes {
                let was_told =
                    self.was_told(change) || read.number_of(change.id, change.version).is_some();
                read.note(change.id, change.version, 0);
                if !was_told && self.may_hear(change) {
                    self.send(Message::Text(Outgoing::of(change).text())).await?;
                }
            }
            self.cursor = stretch.cursor;
            if stretch.is_end {
                self.is_beyond = false;
                self.lost = None;
                self.read = Some(read);
                if self.flush_notices().await? {
                    is_current = true;
                    break;
                }
                read = self.read.take().unwrap_or_else(|| Recent::new(REMEMBERED));
            }
        }
        if !is_current {
            return Err(End::Reload(None));
        }
        let pause = self.means.options.idle_cursor_every.mul_f64(rand::random_range(0.8..1.2));
        let pause = if self.is_beyond { self.cursor_pause() } else { pause };
        self.cursor_at = Instant::now() + pause;
        // Meanwhile nobody read what the client said.
        self.silent_at += began.elapsed();
        let cursor = Outgoing::Cursor { cursor: &self.cursor }.text();
        self.send(Message::Text(cursor)).await
    }

    /// Tells what the room said meanwhile; whether nothing of it was lost.
    async fn flush_notices(&mut self) -> Result<bool, End> {
        loop {
            match self.notices.try_recv() {
                Ok(Notice::Change(told)) => self.tell(&told).await?,
                Ok(Notice::Gap) => return Ok(false),
                Err(TryRecvError::Lagged(_)) => {
                    self.heard = None;
                    return Ok(false);
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(true),
            }
        }
    }

    /// Asks what happened, again and again for a while.
    async fn ask(&mut self, cursor: Option<String>) -> Result<Stretch, End> {
        let until = Instant::now() + self.means.options.patience;
        let mut pause = Duration::from_millis(100);
        let mut cursor = cursor;
        let mut is_refused = false;
        loop {
            let Means { seat, house, stop, .. } = &self.means;
            let answer = tokio::select! {
                () = stop.cancelled() => return Err(End::Farewell(Farewell::Restarting)),
                standing = seat.ended() => return Err(End::as_they_stand(&standing)),
                answer = house.changes(seat.workspace(), seat.credential(), cursor.as_deref()) => {
                    answer
                }
            };
            match answer {
                Ok(stretch) => {
                    return Ok(Stretch { reset: stretch.reset || is_refused, ..stretch });
                }
                // A cursor that is none: where is now?
                Err(ClientError::Rejected(_)) if cursor.is_some() => {
                    cursor = None;
                    is_refused = true;
                }
                Err(ClientError::Rejected(_)) => {
                    return Err(End::Farewell(Farewell::NotAuthorised));
                }
                Err(ClientError::Failed(_) | ClientError::Unavailable(_)) => {
                    if Instant::now() + pause >= until {
                        return Err(End::Farewell(Farewell::TryLater));
                    }
                    let pause_now = pause.mul_f64(rand::random_range(0.5..1.0));
                    tokio::select! {
                        () = stop.cancelled() => return Err(End::Farewell(Farewell::Restarting)),
                        standing = seat.ended() => return Err(End::as_they_stand(&standing)),
                        () = tokio::time::sleep(pause_now) => {}
                    }
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.means.options.stuck_after, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Lost),
            Err(_) => Err(End::Stuck),
        }
    }

    async fn part(mut self, end: End) {
        let farewell = match end {
            End::Farewell(farewell) => Some(farewell),
            End::Reload(cursor) => {
                let cursor = match cursor {
                    Some(cursor) => Some(cursor),
                    None => self.ask(None).await.ok().map(|stretch| stretch.cursor),
                };
                let reload = Outgoing::Reload { cursor: cursor.as_deref() }.text();
                if self.send(Message::Text(reload)).await.is_err() {
                    return;
                }
                Some(Farewell::Reload)
            }
            End::Closed => None,
            End::Lost | End::Stuck => return,
        };
        let frame = farewell.map(|farewell| CloseFrame {
            code: farewell.code().into(),
            reason: farewell.reason().into(),
        });
        let goodbye = async {
            if self.socket.close(frame).await.is_ok() {
                // Until the client has said goodbye, too.
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        timeout(GOODBYE, goodbye).await.ok();
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
