//! Where to go on: after the last event in the stream itself, wherever that came from.

use crate::RelayError;
use ael_bus::{Bus, StoredMessage, StreamHandle, StreamTail};
use ael_events::envelope::CloudEvent;
use ael_events::event::Recorded;
use ael_events::ids::Lane;
use ael_events::order::Order;
use ael_events::subjects;
use ael_store::SettledReader;
use std::collections::BTreeMap;

/// The stream ends with an event that the store does not have at that place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stream's last event ({order}, stream sequence {sequence}) is not in the event store: the \
     database was rolled back or exchanged. Nothing is published until `ael stream rebuild` has \
     made the stream anew from the store"
)]
pub struct Diverged {
    /// The place that the stream's last event claims.
    pub order: Order,
    /// Its sequence in the stream.
    pub sequence: u64,
}

/// Where the relay goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The last event in the stream; [`Order::START`] when it is empty.
    pub cursor: Order,
    /// The stream's last sequence: the fence of the next message.
    pub fence: u64,
    /// The last published event of each lane.
    pub lanes: BTreeMap<Lane, Order>,
}

/// How many messages at the stream's end may be none of ours before a person has to look.
const FOREIGN: u64 = 1_000;

/// The last message that is an event of ours. Whoever may ask the server anything can have the
/// answer sent into the stream: such messages are passed over, here as by every consumer.
async fn last_event(
    stream: &StreamHandle,
    tail: Option<StoredMessage>,
) -> Result<Option<(u64, Recorded)>, RelayError> {
    let Some(mut message) = tail else { return Ok(None) };
    let last = message.sequence;
    loop {
        let sequence = message.sequence;
        match CloudEvent::parse(&message.payload) {
            Ok(event) => return Ok(Some((sequence, event))),
            Err(error) if last - sequence >= FOREIGN => return Err(error.into()),
            Err(error) => {
                let error = error.to_string();
                tracing::error!(sequence, %error, "a foreign message in the stream is passed over");
            }
        }
        message = match before(stream, sequence).await? {
            Some(message) => message,
            None => return Ok(None),
        };
    }
}

/// The message before this place of the stream, if there is one.
async fn before(
    stream: &StreamHandle,
    mut sequence: u64,
) -> Result<Option<StoredMessage>, RelayError> {
    let first = stream.state().await?.first_sequence;
    while sequence > first.max(1) {
        sequence -= 1;
        if let Some(message) = stream.message_at(sequence).await? {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// Looks at the end of the stream and finds it in the store.
pub(crate) async fn resume(bus: &Bus, reader: &SettledReader) -> Result<Resumed, RelayError> {
    let stream = bus.stream(subjects::EVENTS);
    let StreamTail { last_sequence: fence, message } = stream.tail().await?;
    let cursor = match last_event(&stream, message).await? {
        None => Order::START,
        Some((sequence, last)) => {
            let stored = reader.event_at(last.order).await?;
            if stored.is_none_or(|stored| stored.event_id != last.event_id) {
                return Err(Diverged { order: last.order, sequence }.into());
            }
            last.order
        }
    };
    let mut lanes = BTreeMap::new();
    // The last event of the lane at or before the cursor: the one before the place just after it.
    let after = Order { position: cursor.position + 1, ..cursor };
    for lane in Lane::all() {
        let previous =
            if cursor == Order::START { None } else { reader.lane_previous(lane, after).await? };
        lanes.insert(lane, previous.unwrap_or(Order::START));
    }
    Ok(Resumed { cursor, fence, lanes })
}
