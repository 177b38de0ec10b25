//! Asking another service and waiting for its answer.

use crate::serve::PROBE;
use crate::{Bus, Headers, Standing, Traceparent};
use ael_events::subjects::MAX_REQUEST_BYTES;
use async_nats::client::RequestErrorKind;
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio::time::Instant;

/// A question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody serves this subject at the moment; nothing happened.
    #[error("nobody answers {subject} at the moment")]
    NoResponders {
        /// What was asked.
        subject: String,
    },
    /// No answer came in time; the question may or may not have been acted on.
    #[error("no answer to {subject} within {waited:?}")]
    Timeout {
        /// What was asked.
        subject: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The connection to the bus went away before the answer came, or is away; the question may or
    /// may not have been acted on.
    #[error("the connection to the bus was lost before {subject} was answered")]
    Lost {
        /// What was asked.
        subject: String,
    },
    /// The question is larger than the bus takes; it was not sent.
    #[error("a request of {bytes} bytes is too large: the limit is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size that is taken.
        limit: usize,
    },
    /// The server does not let this user ask that; nothing happened.
    #[error("user {user:?} may not ask {subject}")]
    Refused {
        /// Who we are.
        user: String,
        /// What was asked.
        subject: String,
    },
    /// The question could not be written or its answer could not be read.
    #[error("what was asked or answered on {subject} cannot be understood")]
    Unreadable {
        /// What was asked.
        subject: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The connection is closed, or the subject is none.
    #[error("{subject} cannot be asked")]
    Unsendable {
        /// What was asked.
        subject: String,
        /// Why.
        #[source]
        source: async_nats::RequestError,
    },
}

impl Bus {
    /// Asks and waits for the answer. The running story (trace) goes along.
    ///
    /// # Errors
    /// See [`RequestError`]; only after a [`RequestError::Timeout`] or a [`RequestError::Lost`] may
    /// something have happened.
    pub async fn request(
        &self,
        subject: &str,
        payload: impl Into<Bytes>,
        timeout: Duration,
    ) -> Result<Bytes, RequestError> {
        self.request_with(subject, Headers::new(), payload, timeout).await
    }

    /// Asks in JSON and reads the answer as JSON.
    ///
    /// # Errors
    /// As [`Bus::request`], and [`RequestError::Unreadable`].
    pub async fn ask<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Q,
        timeout: Duration,
    ) -> Result<A, RequestError> {
        let unreadable = |source| RequestError::Unreadable { subject: subject.to_owned(), source };
        let payload = serde_json::to_vec(question).map_err(unreadable)?;
        let answer = self.request(subject, payload, timeout).await?;
        serde_json::from_slice(&answer).map_err(unreadable)
    }

    /// Asks one of those who answer on a subject how it is.
    ///
    /// # Errors
    /// As [`Bus::ask`].
    pub async fn probe(&self, subject: &str, timeout: Duration) -> Result<Standing, RequestError> {
        let headers = Headers::new().with(PROBE, "1");
        let answer = self.request_with(subject, headers, Bytes::new(), timeout).await?;
        serde_json::from_slice(&answer)
            .map_err(|source| RequestError::Unreadable { subject: subject.to_owned(), source })
    }

    /// Asks with headers of one's own.
    ///
    /// # Errors
    /// As [`Bus::request`].
    pub async fn request_with(
        &self,
        subject: &str,
        headers: Headers,
        payload: impl Into<Bytes>,
        timeout: Duration,
    ) -> Result<Bytes, RequestError> {
        let payload = payload.into();
        let bytes = payload.len();
        if bytes > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge { bytes, limit: MAX_REQUEST_BYTES });
        }
        let kind = kind_of(subject);
        let began = Instant::now();
        let request = async_nats::Request::new()
            .headers(Traceparent::stamp(headers).into())
            .payload(payload)
            .timeout(Some(timeout));
        // An answer to a connection that is gone does not come: whoever asks hears it at once.
        let answer = tokio::select! {
            biased;
            answer = self.client.send_request(subject.to_owned(), request) =>
                answer.map_err(|error| self.explain(subject, timeout, error)),
            () = self.lost() => Err(RequestError::Lost { subject: subject.to_owned() }),
        };
        metrics::histogram!("ael_bus_request_seconds", "kind" => kind.clone())
            .record(began.elapsed().as_secs_f64());
        answer.map(|message| message.payload).inspect_err(|error| {
            metrics::counter!("ael_bus_request_failures_total",
                "kind" => kind, "reason" => reason(error))
            .increment(1);
        })
    }

    fn explain(
        &self,
        subject: &str,
        waited: Duration,
        error: async_nats::RequestError,
    ) -> RequestError {
        let subject = subject.to_owned();
        match error.kind() {
            RequestErrorKind::NoResponders => RequestError::NoResponders { subject },
            RequestErrorKind::TimedOut if self.was_refused(&subject) => {
                RequestError::Refused { user: self.user().to_owned(), subject }
            }
            RequestErrorKind::TimedOut => RequestError::Timeout { subject, waited },
            RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::InvalidSubject
            | RequestErrorKind::Other => RequestError::Unsendable { subject, source: error },
        }
    }
}

/// The kind of a subject, for metrics: `cmd`, `qry`, `ask` …; never a workspace.
pub(crate) fn kind_of(subject: &str) -> String {
    subject.split('.').nth(1).unwrap_or("other").to_owned()
}

fn reason(error: &RequestError) -> &'static str {
    match error {
        RequestError::NoResponders { .. } => "no_responders",
        RequestError::Timeout { .. } => "timeout",
        RequestError::Lost { .. } => "lost",
        RequestError::TooLarge { .. } => "too_large",
        RequestError::Refused { .. } => "refused",
        RequestError::Unreadable { .. } => "unreadable",
        RequestError::Unsendable { .. } => "unsendable",
    }
}
