//! Old versions of events, brought to the present form when they are read. The store itself is
//! never rewritten.

use serde_json::{Value, json};
use std::borrow::Cow;

/// Brings an event's data to its newest version, one step after another; what is new already stays
/// as it is.
#[must_use]
pub fn upcast(event_type: &str, mut data: Value) -> (Cow<'_, str>, Value) {
    match event_type {
        // v1 counted a message and knew neither who spoke nor by which way.
        "lead.message_logged.v1" => {
            if let Value::Object(fields) = &mut data {
                fields.entry("direction").or_insert(json!("outgoing"));
                fields.entry("channel").or_insert(json!("other"));
            }
            (Cow::Borrowed("lead.message_logged.v2"), data)
        }
        current => (Cow::Borrowed(current), data),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{BadEvent, LeadEvent};
    use crate::values::{Channel, MessageDirection};
    use serde_json::json;

    #[test]
    fn a_message_logged_before_channels_were_known_still_counts() {
        let event = LeadEvent::from_wire("lead.message_logged.v1", json!({ "count": 3 })).unwrap();
        let LeadEvent::MessageLogged(message) = event else { panic!("another event: {event:?}") };
        assert_eq!(message.count, 3);
        assert_eq!(message.direction, MessageDirection::Outgoing);
        assert_eq!(message.channel, Channel::Other);
    }

    #[test]
    fn an_event_from_the_future_is_named_not_guessed() {
        let error = LeadEvent::from_wire("lead.message_logged.v3", json!({})).unwrap_err();
        assert!(matches!(error, BadEvent::Unknown { event_type } if event_type.ends_with(".v3")));
    }
}
