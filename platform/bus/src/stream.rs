//! Looking into a stream: where it ends, what stands there, and whether it is still the same one.

use crate::{Bus, Headers};
use async_nats::jetstream::{
    context::{RequestError, RequestErrorKind},
    stream::LastRawMessageErrorKind,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::error::Error as _;

/// The server's code for a stream that does not exist.
pub(crate) const NO_SUCH_STREAM: u64 = 10_059;
/// The server's code for a consumer that does not exist.
pub(crate) const NO_SUCH_CONSUMER: u64 = 10_014;

/// A stream could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// There is no such stream.
    #[error("there is no stream {stream}; `ael topology apply` makes it")]
    Missing {
        /// Its name.
        stream: String,
    },
    /// Its last message was deleted and others were left: where it ends cannot be known any more.
    #[error("the last message of {stream} was deleted and others left: run `ael stream rebuild`")]
    Cut {
        /// Its name.
        stream: String,
    },
    /// The server did not answer in time, or does not let us ask.
    #[error("the bus did not answer about {stream} in time (or user {user:?} may not ask that)")]
    Timeout {
        /// The stream's name.
        stream: String,
        /// Who we are.
        user: String,
    },
    /// The server refused.
    #[error("the bus refused something about {stream}: {reason}")]
    Server {
        /// The stream's name.
        stream: String,
        /// The server's words.
        reason: String,
    },
}

/// How full a stream is and since when it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The sequence of its first message (one more than the last, if it is empty).
    pub first_sequence: u64,
    /// The sequence of the last message that it ever took; 0 for a new stream.
    pub last_sequence: u64,
    /// How many messages it holds.
    pub messages: u64,
    /// How many bytes it holds.
    pub bytes: u64,
    /// When it was made: a stream that was deleted and made again has another time.
    pub created: DateTime<Utc>,
}

/// A message as it stands in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
}

/// The end of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTail {
    /// The last sequence that the stream gave: what the next fenced batch has to expect.
    pub last_sequence: u64,
    /// The last message, unless the stream is empty (new, or purged).
    pub message: Option<StoredMessage>,
}

/// One stream, to look at and (for the administrator) to delete.
#[derive(Debug, Clone)]
pub struct StreamHandle {
    bus: Bus,
    name: String,
}

#[derive(Deserialize)]
struct InfoReply {
    created: DateTime<Utc>,
    state: StateReply,
}

#[derive(Deserialize)]
struct StateReply {
    messages: u64,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Reply<T> {
    Error { error: ApiError },
    Fine(T),
}

/// The server's refusal of a question about streams.
#[derive(Debug, Deserialize)]
pub(crate) struct ApiError {
    #[serde(default)]
    pub(crate) err_code: u64,
    #[serde(default)]
    pub(crate) description: String,
}

impl Bus {
    /// A stream by its name. Nothing is asked yet.
    #[must_use]
    pub fn stream(&self, name: &str) -> StreamHandle {
        StreamHandle { bus: self.clone(), name: name.to_owned() }
    }

    /// Asks the server about its streams: `$JS.API.<what>`.
    pub(crate) async fn ask_server<T: DeserializeOwned>(
        &self,
        what: String,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Reply<T>, RequestError> {
        self.jetstream.request(what, body).await
    }
}

impl StreamHandle {
    /// How full the stream is.
    ///
    /// # Errors
    /// See [`StreamError`].
    pub async fn state(&self) -> Result<StreamState, StreamError> {
        let info: InfoReply = self.ask("STREAM.INFO").await?;
        Ok(StreamState {
            first_sequence: info.state.first_seq,
            last_sequence: info.state.last_seq,
            messages: info.state.messages,
            bytes: info.state.bytes,
            created: info.created,
        })
    }

    /// The end of the stream, in one piece even while others write.
    ///
    /// # Errors
    /// See [`StreamError`]. A stream of which only the end was deleted is [`StreamError::Cut`]:
    /// whoever took it for empty would publish everything once more.
    pub async fn tail(&self) -> Result<StreamTail, StreamError> {
        loop {
            let StreamState { last_sequence, messages, .. } = self.state().await?;
            if messages == 0 {
                return Ok(StreamTail { last_sequence, message: None });
            }
            let message = self.message_at(last_sequence).await?;
            if message.is_some() {
                return Ok(StreamTail { last_sequence, message });
            }
            // Purged or deleted between the two questions, or the last one alone was deleted.
            let now = self.state().await?;
            if now.last_sequence == last_sequence && now.messages > 0 {
                return Err(StreamError::Cut { stream: self.name.clone() });
            }
        }
    }

    /// The message at a place of the stream, if there is one.
    ///
    /// # Errors
    /// See [`StreamError`].
    pub async fn message_at(&self, sequence: u64) -> Result<Option<StoredMessage>, StreamError> {
        let stream = self.bus.jetstream.get_stream_no_info(&self.name).await;
        let stream = stream.map_err(|error| self.server_error(error.to_string()))?;
        let error = match stream.get_raw_message(sequence).await {
            Ok(message) => {
                return Ok(Some(StoredMessage {
                    sequence: message.sequence,
                    subject: message.subject.into_string(),
                    headers: Headers::from(&message.headers),
                    payload: message.payload,
                }));
            }
            Err(error) => error,
        };
        match error.kind() {
            LastRawMessageErrorKind::NoMessageFound => Ok(None),
            LastRawMessageErrorKind::JetStream(refusal)
                if refusal.error_code().0 == NO_SUCH_STREAM =>
            {
                Err(StreamError::Missing { stream: self.name.clone() })
            }
            LastRawMessageErrorKind::JetStream(refusal) => {
                Err(self.server_error(refusal.to_string()))
            }
            LastRawMessageErrorKind::InvalidSubject | LastRawMessageErrorKind::Other => {
                match error.source().and_then(|source| source.downcast_ref::<RequestError>()) {
                    Some(source) => Err(self.unanswered(source)),
                    None => Err(self.server_error(error.to_string())),
                }
            }
        }
    }

    /// Deletes the stream with everything in it and its consumers (administrator). `false` when
    /// there was none.
    ///
    /// # Errors
    /// See [`StreamError`].
    pub async fn delete(&self) -> Result<bool, StreamError> {
        match self.ask::<serde::de::IgnoredAny>("STREAM.DELETE").await {
            Ok(_) => Ok(true),
            Err(StreamError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Empties the stream; sequences go on where they were (administrator).
    ///
    /// # Errors
    /// See [`StreamError`].
    pub async fn purge(&self) -> Result<(), StreamError> {
        self.ask::<serde::de::IgnoredAny>("STREAM.PURGE").await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str) -> Result<T, StreamError> {
        let nothing = serde_json::json!({});
        match self.bus.ask_server(format!("{what}.{}", self.name), &nothing).await {
            Ok(Reply::Fine(reply)) => Ok(reply),
            Ok(Reply::Error { error }) if error.err_code == NO_SUCH_STREAM => {
                Err(StreamError::Missing { stream: self.name.clone() })
            }
            Ok(Reply::Error { error }) => Err(self.server_error(error.description)),
            Err(error) => Err(self.unanswered(&error)),
        }
    }

    fn unanswered(&self, error: &RequestError) -> StreamError {
        match error.kind() {
            RequestErrorKind::TimedOut => {
                StreamError::Timeout { stream: self.name.clone(), user: self.bus.user().to_owned() }
            }
            RequestErrorKind::NoResponders
            | RequestErrorKind::InvalidSubject
            | RequestErrorKind::Other => self.server_error(error.to_string()),
        }
    }

    fn server_error(&self, reason: String) -> StreamError {
        StreamError::Server { stream: self.name.clone(), reason }
    }
}
