//! Writing into streams: the relay's fenced batches of events, and single messages that are kept.

use crate::{Bus, Headers, Traceparent};
use async_nats::jetstream::{
    context::{PublishAckFuture, PublishError as NatsError, PublishErrorKind},
    message::PublishMessage,
};
use bytes::Bytes;
use futures::future::join_all;
use std::error::Error as _;

/// The largest number of messages in one batch.
pub const MAX_BATCH: usize = 4_096;

/// A message was not published, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The stream's last message is not the one that we expected: somebody else wrote, or the
    /// stream was emptied. Nothing after the messages that were in order was published.
    #[error("the stream does not end at {expected} as expected, but at {}", or_unknown(*.actual))]
    Fenced {
        /// The sequence that the first refused message expected before it.
        expected: u64,
        /// The stream's real last sequence, if the server said it.
        actual: Option<u64>,
    },
    /// The server did not confirm in time: the message may be in the stream or not.
    #[error("the bus did not confirm a message to {subject} in time")]
    Timeout {
        /// Where it was to go.
        subject: String,
    },
    /// No stream keeps this subject.
    #[error("no stream takes {subject}")]
    NoStream {
        /// Where it was to go.
        subject: String,
    },
    /// The server does not let this user publish there; nothing was published.
    #[error("user {user:?} may not publish to {subject}")]
    Refused {
        /// Who we are.
        user: String,
        /// Where it was to go.
        subject: String,
    },
    /// A batch of more than [`MAX_BATCH`] messages; nothing was published.
    #[error("{messages} messages are too many for one batch: the limit is {MAX_BATCH}")]
    BatchTooLong {
        /// Their number.
        messages: usize,
    },
    /// The server took the message but not where it was expected.
    #[error("a message to {subject} was kept at {actual} instead of {expected}")]
    Misplaced {
        /// Where it was to go.
        subject: String,
        /// The sequence that it should have had.
        expected: u64,
        /// The sequence that it has.
        actual: u64,
    },
    /// The server refused the message for another reason.
    #[error("the bus did not take a message to {subject}: {reason}")]
    Server {
        /// Where it was to go.
        subject: String,
        /// The server's words.
        reason: String,
    },
    /// The connection is closed, the subject is none, or the message is larger than the server
    /// takes; this message was not published.
    #[error("a message to {subject} cannot be sent: {reason}")]
    Unsendable {
        /// Where it was to go.
        subject: String,
        /// Why.
        reason: String,
    },
}

fn or_unknown(sequence: Option<u64>) -> String {
    sequence.map_or_else(|| "an unknown sequence".to_owned(), |sequence| sequence.to_string())
}

/// One message of a batch.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Where it goes.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
}

/// A message that a stream keeps once, however often it is published: within the stream's
/// `remembers_ids` a second one of the same id is dropped by the server.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Where it goes.
    pub subject: String,
    /// By what the server knows it again.
    pub id: String,
    /// What it says.
    pub payload: Bytes,
}

/// The ids of one attempt at one batch, unlike those of any other attempt.
struct BatchIds(u64);

impl BatchIds {
    fn fresh() -> Self {
        Self(rand::random())
    }

    /// The id of the message that follows this place of the stream.
    fn id_after(&self, place: u64) -> String {
        format!("{:016x}.{place}", self.0)
    }
}

/// The relay's way into a stream: batches that continue exactly where the stream ends.
#[derive(Debug, Clone)]
pub struct EventPublisher {
    bus: Bus,
    stream: String,
}

impl EventPublisher {
    /// Publishes a batch that continues the stream after `expected_last`, and gives the stream's
    /// last sequence after it. Every message is sent without waiting for the one before, and each
    /// demands its own predecessor, so that whatever happens the stream holds a gap-free beginning
    /// of the batch and nothing else of it.
    ///
    /// The predecessor of the first is the place `expected_last`; that of each other one is the
    /// message before it in the batch, named by an id that was never used before. A place alone
    /// would not do: a stranger's message between two of ours takes the place of the one that it
    /// keeps out, and the next would find the place that it expects.
    ///
    /// Since the ids are fresh, a stream that was emptied takes the same events again.
    ///
    /// # Errors
    /// After any error, or when this future was dropped, read the stream's tail again: a beginning
    /// of the batch may have been published.
    pub async fn publish_batch(
        &self,
        batch: Vec<Publication>,
        expected_last: u64,
    ) -> Result<u64, PublishError> {
        let messages = batch.len();
        if messages > MAX_BATCH {
            return Err(PublishError::BatchTooLong { messages });
        }
        let mut sent = Vec::with_capacity(messages);
        let mut unsent = None;
        let mut predecessor = None;
        let ids = BatchIds::fresh();
        for (publication, expected) in batch.into_iter().zip(expected_last..) {
            let Publication { subject, headers, payload } = publication;
            let id = ids.id_after(expected);
            let mut message = PublishMessage::build()
                .headers(headers.into())
                .payload(payload)
                .message_id(&id)
                .expected_stream(&self.stream)
                .expected_last_sequence(expected);
            if let Some(predecessor) = predecessor.replace(id) {
                message = message.expected_last_message_id(predecessor);
            }
            match self.bus.jetstream.send_publish(subject.clone(), message).await {
                Ok(ack) => sent.push((subject, expected, ack)),
                Err(error) => {
                    unsent = Some(self.bus.explain_publish(subject, expected, &error));
                    break;
                }
            }
        }
        let confirmations = sent.into_iter().map(|(subject, expected, ack)| async move {
            self.confirm(subject, expected, ack).await
        });
        let mut last = expected_last;
        let mut failure = None;
        for confirmation in join_all(confirmations).await {
            match confirmation {
                Ok(sequence) => last = sequence,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        metrics::counter!("ael_bus_published_total").increment(last - expected_last);
        match failure.or(unsent) {
            None => Ok(last),
            Some(error) => {
                metrics::counter!("ael_bus_publish_failures_total").increment(1);
                Err(error)
            }
        }
    }

    async fn confirm(
        &self,
        subject: String,
        expected: u64,
        ack: PublishAckFuture,
    ) -> Result<u64, PublishError> {
        match ack.await {
            Ok(ack) if ack.sequence == expected + 1 => Ok(ack.sequence),
            Ok(ack) => Err(PublishError::Misplaced {
                subject,
                expected: expected + 1,
                actual: ack.sequence,
            }),
            Err(error) => Err(self.bus.explain_publish(subject, expected, &error)),
        }
    }
}

impl Bus {
    /// The fenced way into a stream.
    #[must_use]
    pub fn event_publisher(&self, stream: &str) -> EventPublisher {
        EventPublisher { bus: self.clone(), stream: stream.to_owned() }
    }

    /// Publishes one message to a subject that a stream keeps (a job, a dead letter, something for
    /// Telegram) and waits until the server has it. Gives its sequence in the stream.
    ///
    /// # Errors
    /// After [`PublishError::Timeout`] it may have been kept; after the others it was not.
    pub async fn publish_kept(
        &self,
        subject: &str,
        headers: Headers,
        payload: impl Into<Bytes>,
    ) -> Result<u64, PublishError> {
        let headers = Traceparent::stamp(headers).into();
        let message = PublishMessage::build().headers(headers).payload(payload.into());
        let explain = |error: NatsError| self.explain_publish(subject.to_owned(), 0, &error);
        let sent = self.jetstream.send_publish(subject.to_owned(), message).await;
        let ack = sent.map_err(explain)?.await.map_err(explain)?;
        Ok(ack.sequence)
    }

    /// Publishes messages in this order, none waiting for the one before, and returns when the
    /// server has them all.
    ///
    /// # Errors
    /// The first failure; some of the others may have been kept. Publishing all of them again does
    /// no harm.
    pub async fn publish_once_each(&self, messages: Vec<Kept>) -> Result<(), PublishError> {
        let mut sent = Vec::with_capacity(messages.len());
        for Kept { subject, id, payload } in messages {
            let headers = Traceparent::stamp(Headers::new()).into();
            let message = PublishMessage::build().headers(headers).payload(payload).message_id(&id);
            let explain = |error: NatsError| self.explain_publish(subject.clone(), 0, &error);
            let ack = self.jetstream.send_publish(subject.clone(), message).await;
            let ack = ack.map_err(explain)?;
            sent.push(async move {
                ack.await.map_err(|error| self.explain_publish(subject, 0, &error))
            });
        }
        join_all(sent).await.into_iter().try_for_each(|ack| ack.map(drop))
    }

    fn explain_publish(&self, subject: String, expected: u64, error: &NatsError) -> PublishError {
        let reason = || error.source().map_or_else(|| error.to_string(), ToString::to_string);
        match error.kind() {
            PublishErrorKind::WrongLastSequence => {
                PublishError::Fenced { expected, actual: sequence_in(&reason()) }
            }
            PublishErrorKind::TimedOut if self.was_refused(&subject) => {
                PublishError::Refused { user: self.user().to_owned(), subject }
            }
            PublishErrorKind::TimedOut => PublishError::Timeout { subject },
            PublishErrorKind::StreamNotFound => PublishError::NoStream { subject },
            PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded => {
                PublishError::Unsendable { subject, reason: error.to_string() }
            }
            // Who is told so stands behind a message that was refused before it.
            PublishErrorKind::WrongLastMessageId => PublishError::Fenced { expected, actual: None },
            PublishErrorKind::Other => PublishError::Server { subject, reason: reason() },
        }
    }
}

/// The number in the server's sentence "wrong last sequence: 7".
fn sequence_in(sentence: &str) -> Option<u64> {
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let (_, after) = sentence.split_once("wrong last sequence: ")?;
    digits(after).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_sentence_says_where_the_stream_ends() {
        let sentence = "wrong last sequence: 42 (code 400, error code 10071)";
        assert_eq!(sequence_in(sentence), Some(42));
        assert_eq!(sequence_in("something else: 42"), None);
    }
}
