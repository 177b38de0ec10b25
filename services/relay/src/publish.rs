//! One batch: from settled events to messages that say where they stand.

use crate::RelayError;
use crate::resume::Resumed;
use ael_bus::{EventPublisher, Headers, Publication};
use ael_events::envelope::{CONTENT_TYPE, CloudEvent};
use ael_events::event::Recorded;
use ael_events::order::Order;
use ael_events::subjects;
use ael_store::{Chain, ChainHead, Settled};
use bytes::Bytes;

/// Extends the chain by the batch, publishes it behind the fence, and moves on.
///
/// After an error the stream has to be looked at again: a beginning of the batch may be in it.
pub(crate) async fn publish(
    batch: &[Settled],
    chain: &Chain,
    publisher: &EventPublisher,
    at: &mut Resumed,
) -> Result<(), RelayError> {
    let heads = chain.extend(at.cursor, batch).await?;
    let mut messages = Vec::with_capacity(batch.len());
    let mut cursor = at.cursor;
    for (index, settled) in batch.iter().enumerate() {
        let event = &settled.event;
        let previous = at.lanes.insert(event.lane, event.order).unwrap_or(Order::START);
        let mut message = message(event, previous)?;
        if index + 1 == batch.len()
            && let Some(head) = heads.get(&event.workspace)
        {
            message.headers =
                message.headers.with(subjects::HEADER_CHAIN_HEAD, anchor(event, head));
        }
        messages.push(message);
        cursor = event.order;
    }
    at.fence = publisher.publish_batch(messages, at.fence).await?;
    at.cursor = cursor;
    Ok(())
}

fn message(event: &Recorded, previous: Order) -> Result<Publication, RelayError> {
    let envelope = CloudEvent::from_recorded(event)?;
    let mut headers = Headers::new()
        .with("content-type", CONTENT_TYPE)
        .with(subjects::HEADER_LANE_PREVIOUS, previous.to_string());
    if let Some(traceparent) = &event.metadata.traceparent {
        headers = headers.with(subjects::HEADER_TRACEPARENT, traceparent.clone());
    }
    let payload = serde_json::to_vec(&envelope).map_err(ael_events::envelope::BadEnvelope::from)?;
    Ok(Publication {
        subject: subjects::event(event.lane, event.workspace, &event.event_type),
        headers,
        payload: Bytes::from(payload),
    })
}

/// `workspace/number/head`, with the head in hexadecimal.
fn anchor(event: &Recorded, head: &ChainHead) -> String {
    let hex: String = head.head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}/{}/{hex}", event.workspace, head.number)
}
