//! Notices that are said once to whoever listens now: wake-ups and live changes.

use crate::{Bus, Headers, Message, PublishError, Traceparent};
use bytes::Bytes;
use futures::StreamExt as _;
use std::fmt;

impl Bus {
    /// Says something to whoever listens at this moment. It is not kept, and nobody confirms it.
    ///
    /// # Errors
    /// When it is too large, or the connection is closed. A refusal by the server shows in
    /// [`Bus::refusals`] only.
    pub async fn publish(
        &self,
        subject: &str,
        payload: impl Into<Bytes>,
    ) -> Result<(), PublishError> {
        let headers = Traceparent::stamp(Headers::new()).into();
        self.client.publish_with_headers(subject.to_owned(), headers, payload.into()).await.map_err(
            |source| PublishError::Unsendable {
                subject: subject.to_owned(),
                reason: source.to_string(),
            },
        )
    }

    /// Listens to a subject, which may hold wildcards.
    ///
    /// # Errors
    /// When the subject is none, or the connection is closed. A refusal by the server shows in
    /// [`Bus::refusals`] only.
    pub async fn subscribe(&self, subject: &str) -> Result<Subscription, PublishError> {
        let subscriber = self.client.subscribe(subject.to_owned()).await.map_err(|source| {
            PublishError::Unsendable { subject: subject.to_owned(), reason: source.to_string() }
        })?;
        Ok(Subscription { subject: subject.to_owned(), subscriber })
    }
}

/// What is said on a subject, from now on. Reconnecting keeps it; what is said while the
/// connection is lost is missed. Dropping it ends it.
pub struct Subscription {
    subject: String,
    subscriber: async_nats::Subscriber,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Subscription {
    /// The next message; none once the connection is closed. May be cancelled without loss.
    pub async fn next(&mut self) -> Option<Message> {
        self.subscriber.next().await.map(Message::from)
    }
}
