//! Working on what happened: every event of a consumer comes again until what it asks for is so.
//!
//! The event is the obligation. What is done about it has to be idempotent: a repeated delivery, a
//! second copy, a refilled stream or a crash before the acknowledgement bring it again. What cannot
//! be done now comes again in a moment; what needs a person is told of in `DEAD` besides.

use crate::{Bus, Consumer, Delivered, Headers};
use ael_events::subjects;
use bytes::Bytes;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a pull waits for the next event.
const PULL: Duration = Duration::from_secs(5);
/// How often it is said of an event that it is being worked on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// When an event that could not be worked on comes again.
const AGAIN: Duration = Duration::from_secs(2);
/// When one comes again that waits for a person or another release.
const PARKED: Duration = Duration::from_secs(60);

/// What becomes of an event after it was worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It asks for nothing, or what it asks for is so.
    Done,
    /// It comes again in a moment.
    Again,
    /// It needs a person or another release, for this reason (without personal data); it comes
    /// again now and then until it can be done.
    Parked(String),
}

/// Follows a consumer until told to stop, so many events at once; finishes what is under way.
/// `work` is given an event as it travels.
pub async fn follow<W, F>(
    (mut consumer, name): (Consumer, &'static str),
    at_once: usize,
    bus: &Bus,
    shutdown: &CancellationToken,
    work: W,
) where
    W: Fn(Bytes) -> F + Clone + Send + 'static,
    F: Future<Output = Fate> + Send + 'static,
{
    let mut said = false;
    let mut under_way = JoinSet::new();
    loop {
        // One that takes its time holds up no other: there is room for the next as soon as one is
        // done.
        while let Some(ended) = under_way.try_join_next() {
            noted(ended, name);
        }
        if under_way.len() >= at_once.max(1) {
            if let Some(ended) = under_way.join_next().await {
                noted(ended, name);
            }
            continue;
        }
        let room = at_once.max(1) - under_way.len();
        let batch = tokio::select! {
            () = shutdown.cancelled() => break,
            batch = consumer.next_batch(room, PULL) => batch,
        };
        match batch {
            Ok(batch) => {
                said = false;
                for delivered in batch {
                    let worked_on = work(delivered.payload.clone());
                    let bus = bus.clone();
                    under_way.spawn(async move {
                        let fate = at_work(&delivered, worked_on).await;
                        settle(&delivered, name, fate, &bus).await;
                    });
                }
            }
            Err(error) if said => tracing::debug!(%error, name, "still no events"),
            Err(error) => {
                tracing::warn!(%error, name, "events cannot be followed for now; trying again");
                said = true;
            }
        }
    }
    while let Some(ended) = under_way.join_next().await {
        noted(ended, name);
    }
}

/// Work that broke off by a defect is given again in a while; somebody should hear of it.
fn noted(ended: Result<(), JoinError>, name: &'static str) {
    if let Err(error) = ended {
        metrics::counter!("ael_events_broken_off_total", "consumer" => name).increment(1);
        tracing::error!(%error, name, "work on an event broke off; it comes again");
    }
}

/// Works, and says meanwhile that it does: the server would give the event to somebody else.
async fn at_work(delivered: &Delivered, work: impl Future<Output = Fate>) -> Fate {
    let mut work = std::pin::pin!(work);
    let mut signs = tokio::time::interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
    loop {
        tokio::select! {
            fate = &mut work => return fate,
            _ = signs.tick() => {
                if let Err(error) = delivered.in_progress().await {
                    tracing::debug!(%error, "the event may be given to somebody else besides");
                }
            }
        }
    }
}

async fn settle(delivered: &Delivered, consumer: &'static str, fate: Fate, bus: &Bus) {
    let settled = match fate {
        Fate::Done => delivered.ack().await,
        Fate::Again => delivered.nak(Some(AGAIN)).await,
        Fate::Parked(reason) => {
            tell(delivered, consumer, reason, bus).await;
            delivered.nak(Some(PARKED)).await
        }
    };
    if let Err(error) = settled {
        tracing::debug!(%error, consumer, "the event will come again");
    }
}

/// Tells of a parked event, in the log and in `DEAD`: the first time it comes, the second, the
/// fourth, and so on ever more seldom.
async fn tell(delivered: &Delivered, consumer: &'static str, reason: String, bus: &Bus) {
    metrics::counter!("ael_parked_events_total", "consumer" => consumer).increment(1);
    if !delivered.delivery.is_power_of_two() {
        return;
    }
    let sequence = delivered.stream_sequence;
    tracing::error!(%reason, sequence, consumer, "an event cannot be worked on; it comes again");
    let headers = Headers::new().with(subjects::HEADER_DEAD_REASON, reason);
    let (subject, event) = (subjects::dead(consumer), delivered.payload.clone());
    if let Err(error) = bus.publish_kept(&subject, headers, event).await {
        tracing::warn!(%error, "a dead letter could not be sent; its event is still in the stream");
    }
}
