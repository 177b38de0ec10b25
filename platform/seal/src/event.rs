//! The private part of an event's data, sealed in its place and opened again.

use crate::cipher::{open_bytes, seal_bytes};
use crate::{DataKey, SealError};
use ael_events::ids::WorkspaceId;
use ael_events::private::{OPEN_KEY, SEALED_KEY};
use ael_events::values::AggregateKind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Which event a sealed part belongs to; authenticated with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventIdentity<'a> {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The kind of aggregate.
    pub aggregate: AggregateKind,
    /// The aggregate.
    pub aggregate_id: Uuid,
    /// The event's number within the aggregate.
    pub sequence: u64,
    /// The event's wire name, of the version that was stored.
    pub event_type: &'a str,
}

impl EventIdentity<'_> {
    fn associated_data(&self) -> String {
        let Self { workspace, aggregate, aggregate_id, sequence, event_type } = self;
        format!("{workspace}|{aggregate}|{aggregate_id}|{sequence}|{event_type}")
    }
}

/// Whether the data has a private part that is to be sealed.
fn has_private(data: &Value) -> bool {
    data.get(OPEN_KEY).is_some_and(|part| !part.is_null())
}

/// The data as it is stored: its private part sealed, where it has one; else untouched.
///
/// The second value says whether something was sealed, and so whether the event needs its key.
///
/// # Errors
/// [`SealError::Malformed`] when there is a private part but no key for it, or when the data brings
/// a sealed part of its own; [`SealError::Json`] when it can't be written.
pub fn seal_data(
    key: Option<&DataKey>,
    identity: &EventIdentity<'_>,
    mut data: Value,
) -> Result<(Box<RawValue>, bool), SealError> {
    if data.get(SEALED_KEY).is_some() {
        return Err(SealError::Malformed);
    }
    let sealing = has_private(&data);
    if sealing && let Some(fields) = data.as_object_mut() {
        let key = key.ok_or(SealError::Malformed)?;
        let private = fields.remove(OPEN_KEY).unwrap_or(Value::Null);
        let plain = Zeroizing::new(serde_json::to_vec(&private)?);
        let sealed = seal_bytes(key, identity.associated_data().as_bytes(), &plain)?;
        fields.insert(SEALED_KEY.to_owned(), Value::String(STANDARD_NO_PAD.encode(sealed)));
    }
    Ok((to_raw_value(&data)?, sealing))
}

/// The data in the open. Without the key, the person is erased: the sealed part is left out.
///
/// # Errors
/// [`SealError::Changed`] when the sealed part was changed or moved, [`SealError::Malformed`] when
/// it is none, [`SealError::Json`] when the data is not JSON.
pub fn open_data(
    key: Option<&DataKey>,
    identity: &EventIdentity<'_>,
    data: &RawValue,
) -> Result<Value, SealError> {
    let mut data: Value = serde_json::from_str(data.get())?;
    let Some(fields) = data.as_object_mut() else { return Ok(data) };
    let Some(sealed) = fields.remove(SEALED_KEY) else { return Ok(data) };
    if fields.get(OPEN_KEY).is_some_and(|part| !part.is_null()) {
        return Err(SealError::Malformed);
    }
    if let Some(key) = key {
        let sealed = sealed.as_str().ok_or(SealError::Malformed)?;
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError::Malformed)?;
        let plain = open_bytes(key, identity.associated_data().as_bytes(), &sealed)?;
        let plain = Zeroizing::new(plain);
        fields.insert(OPEN_KEY.to_owned(), serde_json::from_slice(&plain)?);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity(sequence: u64) -> EventIdentity<'static> {
        EventIdentity {
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
            aggregate: AggregateKind::Lead,
            aggregate_id: Uuid::from_u128(2),
            sequence,
            event_type: "lead.created.v1",
        }
    }

    fn data() -> Value {
        json!({ "source": "manual", "private": { "contact": { "full_name": "Olena Petrenko" } } })
    }

    #[test]
    fn a_person_is_sealed_and_everything_else_stays_readable() {
        let key = DataKey::generate().unwrap();
        let (stored, sealed) = seal_data(Some(&key), &identity(1), data()).unwrap();
        assert!(sealed);
        assert!(stored.get().contains("manual"));
        assert!(!stored.get().contains("Olena"));
        assert!(!stored.get().contains(OPEN_KEY));
        assert_eq!(open_data(Some(&key), &identity(1), &stored).unwrap(), data());
    }

    #[test]
    fn what_is_not_private_needs_no_key() {
        for untouched in [json!({}), json!({ "reason": "other", "private": null }), json!([1])] {
            let (stored, sealed) = seal_data(None, &identity(1), untouched.clone()).unwrap();
            assert!(!sealed);
            assert_eq!(open_data(None, &identity(1), &stored).unwrap(), untouched);
        }
        assert!(matches!(seal_data(None, &identity(1), data()), Err(SealError::Malformed)));
    }

    #[test]
    fn an_erased_persons_event_still_reads() {
        let key = DataKey::generate().unwrap();
        let (stored, _) = seal_data(Some(&key), &identity(1), data()).unwrap();
        let opened = open_data(None, &identity(1), &stored).unwrap();
        assert_eq!(opened, json!({ "source": "manual" }));
    }

    #[test]
    fn a_sealed_part_does_not_open_in_another_event() {
        let key = DataKey::generate().unwrap();
        let (stored, _) = seal_data(Some(&key), &identity(1), data()).unwrap();
        let moved = open_data(Some(&key), &identity(2), &stored);
        assert!(matches!(moved, Err(SealError::Changed)));
        let other = EventIdentity { aggregate_id: Uuid::from_u128(3), ..identity(1) };
        assert!(matches!(open_data(Some(&key), &other, &stored), Err(SealError::Changed)));
        let renamed = EventIdentity { event_type: "lead.imported.v1", ..identity(1) };
        assert!(matches!(open_data(Some(&key), &renamed, &stored), Err(SealError::Changed)));
    }

    #[test]
    fn what_is_no_sealed_part_is_an_error_and_no_panic() {
        let key = DataKey::generate().unwrap();
        for bad in [r#"{"sealed":5}"#, r#"{"sealed":"!"}"#, r#"{"sealed":""}"#] {
            let raw = RawValue::from_string(bad.to_owned()).unwrap();
            let opened = open_data(Some(&key), &identity(1), &raw);
            assert!(matches!(opened, Err(SealError::Malformed)), "{bad}");
        }
        let smuggled = json!({ "sealed": "x", "private": { "a": 1 } });
        assert!(matches!(seal_data(Some(&key), &identity(1), smuggled), Err(SealError::Malformed)));
    }
}
