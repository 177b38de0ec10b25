//! Old versions of events, brought to the present form when they are read. The store itself is
//! never rewritten.

use crate::values::{DeadlineHours, TimeZone};
use serde_json::{Map, Value, json};
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
        "workspace.created.v1" | "workspace.settings_changed.v1" => {
            if let Some(Value::Object(settings)) = data.get_mut("settings") {
                make_sense_of(settings);
            }
            (Cow::Borrowed(event_type), data)
        }
        current => (Cow::Borrowed(current), data),
    }
}

/// Settings were not always checked, and time zones come and go: what makes no sense today must not
/// keep a workspace from being read. A command is refused for the same.
fn make_sense_of(settings: &mut Map<String, Value>) {
    if let Some(Value::String(zone)) = settings.get_mut("time_zone")
        && TimeZone::parse(zone).is_err()
    {
        "UTC".clone_into(zone);
    }
    let Some(Value::Object(deadlines)) = settings.get_mut("stage_deadlines") else { return };
    for hours in deadlines.values_mut() {
        if let Some(number) = hours.as_u64() {
            *hours = json!(DeadlineHours::nearest(number).hours());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{BadEvent, LeadEvent, WorkspaceEvent};
    use crate::values::{Channel, MessageDirection, WorkspaceSettings};
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
    fn settings_from_before_they_were_checked_are_read() {
        let standard = WorkspaceSettings::standard().unwrap();
        let mut settings = serde_json::to_value(&standard).unwrap();
        settings["time_zone"] = json!("Kyiv");
        settings["stage_deadlines"]["new_hours"] = json!(0);
        settings["stage_deadlines"]["contacted_hours"] = json!(1_000_000);
        assert!(serde_json::from_value::<WorkspaceSettings>(settings.clone()).is_err());
        let data = json!({ "settings": settings });
        let event = WorkspaceEvent::from_wire("workspace.settings_changed.v1", data).unwrap();
        let WorkspaceEvent::SettingsChanged(changed) = event else { panic!("another event") };
        assert_eq!(changed.settings.time_zone.as_str(), "UTC");
        let deadlines = changed.settings.stage_deadlines;
        assert_eq!((deadlines.new_hours.hours(), deadlines.contacted_hours.hours()), (1, 8_760));
        assert_eq!(deadlines.qualified_hours, standard.stage_deadlines.qualified_hours);
    }

    #[test]
    fn settings_from_before_there_was_an_advisor_have_its_standard() {
        let standard = WorkspaceSettings::standard().unwrap();
        let mut settings = serde_json::to_value(&standard).unwrap();
        settings.as_object_mut().unwrap().remove("advisor");
        let data = json!({ "settings": settings });
        let event = WorkspaceEvent::from_wire("workspace.settings_changed.v1", data).unwrap();
        let WorkspaceEvent::SettingsChanged(changed) = event else { panic!("another event") };
        assert_eq!(changed.settings, standard);
    }

    #[test]
    fn an_event_from_the_future_is_named_not_guessed() {
        let error = LeadEvent::from_wire("lead.message_logged.v3", json!({})).unwrap_err();
        assert!(matches!(error, BadEvent::Unknown { event_type } if event_type.ends_with(".v3")));
    }
}
