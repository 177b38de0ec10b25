//! Answering the questions of other services: so many at a time, and none left half done.

use crate::{Bus, BusError, Headers, Traceparent, config::inbox_prefix, request::kind_of};
use ael_events::subjects::MAX_REQUEST_BYTES;
use async_nats::{Subject, Subscriber};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

/// While stopping, this many more requests are still taken, so that those on their way to us when
/// we say goodbye are answered (the client drops what arrives after an immediate goodbye).
const GOODBYE_REQUESTS: u64 = 512;
/// While stopping, this much silence means that nothing is on its way to us.
const GOODBYE_QUIET: Duration = Duration::from_millis(50);
/// While stopping, new requests are taken no longer than this.
const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// A question to this service.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its subject; the server vouches for the edge in it.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// What is asked.
    pub payload: Bytes,
    /// The story that it belongs to.
    pub trace: Traceparent,
}

/// Why a question never reached its handler, or its answer never left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhandled {
    /// The question is larger than is taken; it was not looked at.
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size that is taken.
        limit: usize,
    },
    /// The handler broke off by a defect; something may have happened.
    Panicked,
    /// The answer is larger than the bus carries; what was asked for has happened.
    AnswerTooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size that the server carries.
        limit: usize,
    },
}

/// A question with this header is none: it asks how the service is.
pub(crate) const PROBE: &str = "ael-probe";

/// How a service is, as it tells who probes it ([`Bus::probe`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it could answer a question now: what it needs for that is there.
    pub ready: bool,
    /// How many events the read model that is furthest behind has still to take; nothing, when
    /// the service knows nothing of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
}

/// What a service does with a question.
pub trait Handler: Send + Sync + 'static {
    /// Answers a question. Runs beside others; a panic costs only this one answer.
    fn handle(&self, request: Request) -> impl Future<Output = Bytes> + Send;

    /// The answer when [`handle`](Handler::handle) could not give one.
    fn unhandled(&self, subject: &str, why: Unhandled) -> Bytes;

    /// How the service is; ready, unless it says otherwise.
    fn standing(&self) -> impl Future<Output = Standing> + Send {
        async { Standing { ready: true, behind: None } }
    }
}

/// What a service answers and how many questions at a time.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The subjects, with wildcards: `ael.cmd.>`.
    pub subject: String,
    /// The queue group: each question goes to one member of it.
    pub queue: String,
    /// How many questions are worked on at once; more wait.
    pub concurrency: usize,
    /// How long work under way may take after the service was told to stop.
    pub patience: Duration,
}

impl ServeOptions {
    /// Serves what [`ael_events::subjects`] names, such as `COMMANDS`, 64 questions at a time.
    #[must_use]
    pub fn new((subject, queue): (&str, &str)) -> Self {
        Self {
            subject: subject.to_owned(),
            queue: queue.to_owned(),
            concurrency: 64,
            patience: Duration::from_secs(30),
        }
    }

    /// The same with another number of questions at a time (at least one).
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency: concurrency.max(1), ..self }
    }
}

impl Bus {
    /// Begins to answer; returns once the server knows of us. The task ends after `shutdown`: it
    /// takes what is on its way, finishes what is under way, and sees the answers to the server.
    ///
    /// # Errors
    /// When the subject is none, the connection is closed, or the server does not answer.
    pub async fn serve<H: Handler>(
        &self,
        options: ServeOptions,
        handler: Arc<H>,
        shutdown: CancellationToken,
    ) -> Result<JoinHandle<()>, BusError> {
        let ServeOptions { subject, queue, .. } = options.clone();
        let subscriber =
            self.client.queue_subscribe(subject, queue).await.map_err(|_| BusError::Closed)?;
        self.flush().await?;
        let desk = Arc::new(Desk { bus: self.clone(), handler });
        Ok(tokio::spawn(desk.run(options, subscriber, shutdown)))
    }
}

/// Where questions arrive and answers leave.
struct Desk<H> {
    bus: Bus,
    handler: Arc<H>,
}

/// Whether an answer would go to the inbox of the edge in the question's subject.
fn is_inbox_of(subject: &str, reply: &str) -> bool {
    let edge = subject.split('.').nth(2).unwrap_or_default();
    let below = reply.strip_prefix(&inbox_prefix(edge)).and_then(|rest| rest.strip_prefix('.'));
    below.is_some_and(|rest| !rest.is_empty())
}

impl<H: Handler> Desk<H> {
    async fn run(
        self: Arc<Self>,
        options: ServeOptions,
        mut subscriber: Subscriber,
        shutdown: CancellationToken,
    ) {
        let slots = Arc::new(Semaphore::new(options.concurrency));
        let work = TaskTracker::new();
        let mut taken = 0;
        loop {
            let message = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                message = subscriber.next() => message,
            };
            let Some(message) = message else { break };
            taken += 1;
            self.take(message, &slots, &work).await;
        }
        self.say_goodbye(subscriber, taken, &slots, &work).await;
        work.close();
        if timeout(options.patience, work.wait()).await.is_err() {
            tracing::warn!(unfinished = work.len(), "stopped before every answer was given");
        }
        if let Err(error) = self.bus.flush().await {
            tracing::warn!(%error, "it is not known whether the last answers arrived");
        }
    }

    /// Leaves the queue group without losing a question that the server already gave to us.
    async fn say_goodbye(
        self: &Arc<Self>,
        mut subscriber: Subscriber,
        taken: u64,
        slots: &Arc<Semaphore>,
        work: &TaskTracker,
    ) {
        let limit = Instant::now() + GOODBYE_LIMIT;
        if subscriber.unsubscribe_after(taken + GOODBYE_REQUESTS).await.is_err() {
            return;
        }
        loop {
            let patience = limit.min(Instant::now() + GOODBYE_QUIET);
            match timeout_at(patience, subscriber.next()).await {
                Ok(Some(message)) => self.take(message, slots, work).await,
                Ok(None) => return,
                Err(_) => break,
            }
        }
        if subscriber.drain().await.is_err() {
            return;
        }
        while let Ok(Some(message)) = timeout(GOODBYE_LIMIT, subscriber.next()).await {
            self.take(message, slots, work).await;
        }
    }

    /// Starts work on a question as soon as there is room for it.
    async fn take(
        self: &Arc<Self>,
        message: async_nats::Message,
        slots: &Arc<Semaphore>,
        work: &TaskTracker,
    ) {
        // The server does not ask whether the asker may speak where it wants its answer: ours would
        // go out under our name, into the stream of events if need be.
        let Some(reply) = message.reply.clone().filter(|it| is_inbox_of(&message.subject, it))
        else {
            tracing::warn!(subject = %message.subject, "a question without a way back, ignored");
            return;
        };
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let desk = self.clone();
        work.spawn(async move {
            desk.answer(message, reply).await;
            drop(slot);
        });
    }

    async fn answer(&self, message: async_nats::Message, reply: Subject) {
        let message = crate::Message::from(message);
        let kind = kind_of(&message.subject);
        let trace = Traceparent::of(&message.headers);
        let subject = message.subject.clone();
        let began = Instant::now();
        let span = tracing::info_span!("request", %subject, trace_id = %trace.trace_id());
        let (answer, outcome) =
            Box::pin(trace.scope(self.decide(message, trace)).instrument(span)).await;
        metrics::histogram!("ael_bus_served_seconds", "kind" => kind, "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        if let Err(error) = self.bus.client.publish(reply, answer).await {
            tracing::warn!(%subject, %error, "an answer could not be sent");
        }
    }

    async fn decide(&self, message: crate::Message, trace: Traceparent) -> (Bytes, &'static str) {
        let crate::Message { subject, headers, payload } = message;
        let bytes = payload.len();
        if bytes > MAX_REQUEST_BYTES {
            let why = Unhandled::TooLarge { bytes, limit: MAX_REQUEST_BYTES };
            return (self.handler.unhandled(&subject, why), "too_large");
        }
        if headers.get(PROBE).is_some() {
            let standing = serde_json::to_vec(&self.handler.standing().await);
            return (Bytes::from(standing.unwrap_or_default()), "probed");
        }
        let request = Request { subject: subject.clone(), headers, payload, trace };
        // The handler shares nothing with us but itself, and locks of the house ignore poison.
        let handled = AssertUnwindSafe(self.handler.handle(request)).catch_unwind().await;
        let Ok(answer) = handled else {
            tracing::error!(%subject, "a handler broke off by a defect");
            return (self.handler.unhandled(&subject, Unhandled::Panicked), "panicked");
        };
        let limit = self.bus.client.max_payload();
        if answer.len() > limit {
            let why = Unhandled::AnswerTooLarge { bytes: answer.len(), limit };
            return (self.handler.unhandled(&subject, why), "answer_too_large");
        }
        (answer, "answered")
    }
}

#[cfg(test)]
mod tests {
    use super::is_inbox_of;

    #[test]
    fn an_answer_goes_to_the_askers_own_inbox_and_nowhere_else() {
        let subject = "ael.cmd.api.w.lead";
        assert!(is_inbox_of(subject, "_INBOX_api.x.1"));
        for elsewhere in [
            "ael.evt.00.w.lead.created",
            "ael.cmd.cli.w.lead",
            "_INBOX_cli.x.1",
            "_INBOX_api",
            "_INBOX_apis.x",
            "$JS.ACK.JOBS.jobs.1.1.1.1.0",
            "",
        ] {
            assert!(!is_inbox_of(subject, elsewhere), "{elsewhere}");
        }
    }
}
