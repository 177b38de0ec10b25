//! A service's place in a stream: batches of messages, each acknowledged when its work is done.

use crate::{
    Bus, Headers, Link, Traceparent,
    stream::{NO_SUCH_CONSUMER, NO_SUCH_STREAM, Reply},
};
use async_nats::{
    StatusCode, Subscriber,
    jetstream::{self, AckKind, message::Acker},
};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use serde::{Serialize, de::IgnoredAny};
use std::{fmt, time::Duration};
use tokio::{sync::watch, time::Instant};

/// What the server sends at once is complete when nothing more came for this long (it usually
/// says so itself).
const BURST_QUIET: Duration = Duration::from_millis(250);
/// The server may answer a waiting pull this much later than it promised.
const GRACE: Duration = Duration::from_secs(1);
/// The longest pause that is kept between attempts while the consumer is missing.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// No messages could be had.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The stream or the consumer does not exist (any more): the bus was wiped or not set up. It
    /// works again by itself once `ael topology apply` or `ael stream rebuild` has made it.
    #[error("there is no consumer {consumer} on stream {stream} at the moment")]
    Missing {
        /// The stream's name.
        stream: String,
        /// The consumer's name.
        consumer: String,
    },
    /// The server does not serve us now, for example because too many copies wait already.
    #[error("the bus does not serve consumer {consumer} now: {reason}")]
    Unavailable {
        /// The consumer's name.
        consumer: String,
        /// The server's words.
        reason: String,
    },
    /// The server does not let this user consume that.
    #[error("user {user:?} may not use consumer {consumer} on stream {stream}")]
    Refused {
        /// Who we are.
        user: String,
        /// The stream's name.
        stream: String,
        /// The consumer's name.
        consumer: String,
    },
    /// The connection was closed by us.
    #[error("the connection to the bus is closed")]
    Closed,
}

/// A message to work on. The server gives it again unless it is acknowledged within the
/// consumer's `ack_wait`.
pub struct Delivered {
    /// Where it was published.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
    /// Its place in the stream.
    pub stream_sequence: u64,
    /// How many times it was given out, this time included.
    pub delivery: u64,
    /// How many messages waited behind it when it was given out.
    pub pending: u64,
    acker: Acker,
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivered")
            .field("subject", &self.subject)
            .field("stream_sequence", &self.stream_sequence)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

impl Delivered {
    /// The story that the message belongs to.
    #[must_use]
    pub fn trace(&self) -> Traceparent {
        Traceparent::of(&self.headers)
    }

    /// Done. Not confirmed: should it get lost, the message comes again.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn ack(&self) -> Result<(), ConsumeError> {
        self.answer(AckKind::Ack).await
    }

    /// Done, and the server has confirmed that it knows (for work that must not come twice).
    ///
    /// # Errors
    /// When the server did not confirm; the message may come again.
    pub async fn ack_confirmed(&self) -> Result<(), ConsumeError> {
        self.acker.double_ack().await.map_err(|error| ConsumeError::Unavailable {
            consumer: self.subject.clone(),
            reason: error.to_string(),
        })
    }

    /// Not done: give it again, at once or after a while.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn nak(&self, delay: Option<Duration>) -> Result<(), ConsumeError> {
        self.answer(AckKind::Nak(delay)).await
    }

    /// Still working on it: count `ack_wait` from now.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn in_progress(&self) -> Result<(), ConsumeError> {
        self.answer(AckKind::Progress).await
    }

    /// Never give it again, although its work was not done.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn term(&self) -> Result<(), ConsumeError> {
        self.answer(AckKind::Term).await
    }

    async fn answer(&self, kind: AckKind) -> Result<(), ConsumeError> {
        self.acker.ack_with(kind).await.map_err(|_| ConsumeError::Closed)
    }
}

/// A ready-made durable consumer of the topology. Several copies of a service may use it at once:
/// each message goes to one of them.
pub struct Consumer {
    bus: Bus,
    stream: String,
    durable: String,
    inbox: String,
    inbox_messages: Subscriber,
    link: watch::Receiver<Link>,
    pulls: u64,
    failures: u32,
    not_before: Option<Instant>,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("stream", &self.stream)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}

impl Bus {
    /// Takes a place at a durable consumer. Whether it exists shows at the first batch.
    ///
    /// # Errors
    /// [`ConsumeError::Closed`].
    pub async fn consumer(&self, stream: &str, durable: &str) -> Result<Consumer, ConsumeError> {
        let inbox = self.client.new_inbox();
        let answers = format!("{inbox}.*");
        let inbox_messages =
            self.client.subscribe(answers).await.map_err(|_| ConsumeError::Closed)?;
        Ok(Consumer {
            link: self.watch_link(),
            bus: self.clone(),
            stream: stream.to_owned(),
            durable: durable.to_owned(),
            inbox,
            inbox_messages,
            pulls: 0,
            failures: 0,
            not_before: None,
        })
    }
}

/// What is asked of the server: with `no_wait` what is there now, else the next within `expires`.
#[derive(Serialize)]
struct Pull {
    batch: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_wait: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
}

/// What the server says instead of a message.
enum Notice {
    /// Nothing more comes of this pull.
    End,
    /// The consumer or its stream does not exist.
    Missing,
    /// It will not serve us now.
    Unavailable(String),
    /// Nothing that matters (a heartbeat, or the end of an older pull).
    Ignored,
}

impl Consumer {
    /// The next messages, at most `max`: what is there at once, else what comes first within
    /// `expires`; none when nothing came. Small batches of a burst are filled up, so that work
    /// grows with the load.
    ///
    /// May be cancelled: what already arrived is given by the next call. Errors are paced inside
    /// (up to two seconds), so that one may simply call again, for ever.
    ///
    /// # Errors
    /// See [`ConsumeError`]. After a restart of the server it goes on without an error.
    pub async fn next_batch(
        &mut self,
        max: usize,
        expires: Duration,
    ) -> Result<Vec<Delivered>, ConsumeError> {
        if let Some(not_before) = self.not_before.take() {
            tokio::time::sleep_until(not_before).await;
        }
        let result = self.pull_batch(max.max(1), expires).await;
        match &result {
            Ok(batch) => {
                self.failures = 0;
                metrics::counter!("ael_bus_consumed_total", "stream" => self.stream.clone())
                    .increment(batch.len() as u64);
            }
            Err(_) => {
                let pause = Duration::from_millis(100) * 2_u32.pow(self.failures.min(5));
                self.failures += 1;
                self.not_before = Some(Instant::now() + pause.min(LONGEST_PAUSE));
            }
        }
        result
    }

    /// Gives the place up: what arrived but was not taken goes back at once.
    pub async fn close(mut self) {
        // What the server sent to us has arrived once it answers.
        if self.bus.flush().await.is_err() || self.inbox_messages.drain().await.is_err() {
            return;
        }
        while let Some(message) = self.inbox_messages.next().await {
            if let Some(delivered) = self.delivered(message)
                && delivered.nak(None).await.is_err()
            {
                return;
            }
        }
    }

    async fn pull_batch(
        &mut self,
        max: usize,
        expires: Duration,
    ) -> Result<Vec<Delivered>, ConsumeError> {
        let mut batch = Vec::new();
        while batch.len() < max
            && let Some(Some(message)) = self.inbox_messages.next().now_or_never()
        {
            batch.extend(self.delivered(message));
        }
        self.pull_now(&mut batch, max).await?;
        if batch.is_empty() {
            let nanos = u64::try_from(expires.as_nanos()).unwrap_or(u64::MAX);
            let wait = Pull { batch: 1, no_wait: false, expires: Some(nanos) };
            self.pull(&mut batch, wait, 1, expires + GRACE).await?;
            if !batch.is_empty() {
                self.pull_now(&mut batch, max).await?;
            }
        }
        Ok(batch)
    }

    /// Fills the batch with what is there now. A failure counts only if there is nothing yet.
    async fn pull_now(
        &mut self,
        batch: &mut Vec<Delivered>,
        max: usize,
    ) -> Result<(), ConsumeError> {
        if batch.len() >= max {
            return Ok(());
        }
        let now = Pull { batch: max - batch.len(), no_wait: true, expires: None };
        match self.pull(batch, now, max, BURST_QUIET).await {
            Err(_) if !batch.is_empty() => Ok(()),
            result => result,
        }
    }

    /// One pull: collects until the batch holds `max`, the server says that nothing more comes,
    /// nothing came for `quiet`, or the connection was made anew (the server forgets pulls then).
    async fn pull(
        &mut self,
        batch: &mut Vec<Delivered>,
        pull: Pull,
        max: usize,
        quiet: Duration,
    ) -> Result<(), ConsumeError> {
        let burst = pull.no_wait;
        let connects = self.link.borrow_and_update().connects;
        let ours = self.ask(&pull).await?;
        let mut deadline = Instant::now() + quiet;
        while batch.len() < max {
            let message = tokio::select! {
                message = self.inbox_messages.next() => message,
                Ok(()) = self.link.changed() => {
                    if self.link.borrow().connects == connects {
                        continue;
                    }
                    return Ok(());
                }
                () = tokio::time::sleep_until(deadline) => return self.explain_silence().await,
            };
            let Some(message) = message else { return Err(ConsumeError::Closed) };
            if let Some(status) = message.status {
                match read_notice(&message, status, &ours) {
                    Notice::End => return Ok(()),
                    Notice::Ignored => continue,
                    Notice::Missing => return Err(self.missing()),
                    Notice::Unavailable(reason) => {
                        let consumer = self.durable.clone();
                        return Err(ConsumeError::Unavailable { consumer, reason });
                    }
                }
            }
            if let Some(delivered) = self.delivered(message) {
                let last = delivered.pending == 0;
                batch.push(delivered);
                if burst && last {
                    return Ok(());
                }
            }
            deadline = Instant::now() + quiet;
        }
        Ok(())
    }

    /// Sends a pull and gives the subject on which the server speaks about it.
    async fn ask(&mut self, pull: &Pull) -> Result<String, ConsumeError> {
        self.pulls += 1;
        let reply = format!("{}.{}", self.inbox, self.pulls);
        let Ok(body) = serde_json::to_vec(pull) else { return Err(ConsumeError::Closed) };
        self.bus
            .client
            .publish_with_reply(self.pull_subject(), reply.clone(), body.into())
            .await
            .map_err(|_| ConsumeError::Closed)?;
        Ok(reply)
    }

    fn pull_subject(&self) -> String {
        format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.durable)
    }

    /// A consumer that exists answers each pull in time, if only to say that there is nothing; one
    /// that does not exist says nothing at all (depending on the server's version).
    async fn explain_silence(&self) -> Result<(), ConsumeError> {
        if self.bus.was_refused(&self.pull_subject()) {
            return Err(ConsumeError::Refused {
                user: self.bus.user().to_owned(),
                stream: self.stream.clone(),
                consumer: self.durable.clone(),
            });
        }
        let subject = format!("CONSUMER.INFO.{}.{}", self.stream, self.durable);
        let info = self.bus.ask_server::<IgnoredAny>(subject, &serde_json::json!({})).await;
        match info {
            Ok(Reply::Error { error })
                if [NO_SUCH_STREAM, NO_SUCH_CONSUMER].contains(&error.err_code) =>
            {
                Err(self.missing())
            }
            // It is there but slow, or the connection is lost and comes back: go on.
            Ok(Reply::Error { .. } | Reply::Fine(_)) | Err(_) => Ok(()),
        }
    }

    fn missing(&self) -> ConsumeError {
        ConsumeError::Missing { stream: self.stream.clone(), consumer: self.durable.clone() }
    }

    /// A message of the stream; none for notices of the server.
    fn delivered(&self, message: async_nats::Message) -> Option<Delivered> {
        if message.status.is_some() {
            return None;
        }
        let message = jetstream::Message { message, context: self.bus.jetstream.clone() };
        let (stream_sequence, delivery, pending) = match message.info() {
            Ok(info) => {
                let delivery = u64::try_from(info.delivered).unwrap_or(1);
                (info.stream_sequence, delivery, info.pending)
            }
            Err(error) => {
                tracing::warn!(%error, "a message that is of no stream arrived at a consumer");
                return None;
            }
        };
        let (message, acker) = message.split();
        let crate::Message { subject, headers, payload } = message.into();
        Some(Delivered { subject, headers, payload, stream_sequence, delivery, pending, acker })
    }
}

fn read_notice(message: &async_nats::Message, status: StatusCode, ours: &str) -> Notice {
    let said = message.description.clone().unwrap_or_default();
    let of_this_pull = message.subject.as_str() == ours;
    if status == StatusCode::NO_RESPONDERS
        || (status == StatusCode::REQUEST_TERMINATED && said.contains("Deleted"))
    {
        return if of_this_pull { Notice::Missing } else { Notice::Ignored };
    }
    if !of_this_pull || status == StatusCode::IDLE_HEARTBEAT {
        return Notice::Ignored;
    }
    let refused = status == StatusCode::REQUEST_TERMINATED && said.contains("Exceeded");
    if refused || status.as_u16() == 400 { Notice::Unavailable(said) } else { Notice::End }
}
