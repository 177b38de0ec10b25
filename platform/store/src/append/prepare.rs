//! An append made ready for the database: sealed, checked and laid out in rows.

use super::{Append, CommandRecord, StreamAppend, micros};
use crate::StoreError;
use ael_events::ids::{CommandId, Lane, LeadId, WorkspaceId};
use ael_seal::{DataKey, EventIdentity, WrappedKey, seal_data};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// One row of `write.events`.
#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) aggregate: &'static str,
    pub(super) aggregate_id: String,
    pub(super) sequence: i64,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) payload: String,
    pub(super) metadata: String,
    pub(super) event_id: Uuid,
    pub(super) lane: Lane,
}

/// What has to be in the store for a stream to be appended.
#[derive(Debug)]
pub(super) struct After {
    pub(super) aggregate: &'static str,
    pub(super) aggregate_id: String,
    /// The sequence of the event before the first; 0 when the stream begins.
    pub(super) sequence: i64,
    /// The data key with which it is sealed, unless this append makes it.
    pub(super) key: Option<Uuid>,
}

/// The shape of a stream, from which the answer is made.
#[derive(Debug)]
pub(super) struct StreamShape {
    pub(super) aggregate: &'static str,
    pub(super) aggregate_id: Uuid,
    pub(super) lane: Lane,
    pub(super) version: u64,
    pub(super) events: usize,
}

/// An append, ready for the call.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) workspace: WorkspaceId,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) events: Vec<EventRow>,
    pub(super) streams: Vec<StreamShape>,
    pub(super) answer: Option<CommandRecord>,
    pub(super) new_keys: Vec<(Uuid, WrappedKey)>,
    pub(super) after: Vec<After>,
    pub(super) claims: Vec<super::Claim>,
    pub(super) side: Map<String, Value>,
}

/// The data keys that an append seals with: those that exist, and those that it makes.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) known: HashMap<Uuid, DataKey>,
    pub(crate) made: Vec<(Uuid, DataKey, WrappedKey)>,
}

impl Keys {
    fn of(&self, subject: Uuid) -> Option<&DataKey> {
        let made = self.made.iter().find(|(made, ..)| *made == subject).map(|(_, key, _)| key);
        made.or_else(|| self.known.get(&subject))
    }
}

impl Prepared {
    pub(crate) fn new(append: &Append, keys: &Keys) -> Result<Self, StoreError> {
        let mut events = Vec::new();
        let mut after = Vec::with_capacity(append.streams.len());
        let mut streams = Vec::with_capacity(append.streams.len());
        for stream in &append.streams {
            let key = keys.of(stream.data_subject);
            let made = keys.made.iter().any(|(subject, ..)| *subject == stream.data_subject);
            let sealed = seal_stream(append, stream, key, &mut events)?;
            let key = (sealed && !made).then_some(stream.data_subject);
            if key.is_some() || stream.expected_version > 0 {
                after.push(After {
                    aggregate: stream.aggregate.as_str(),
                    aggregate_id: stream.aggregate_id.to_string(),
                    sequence: number(stream.expected_version)?,
                    key,
                });
            }
            streams.push(StreamShape {
                aggregate: stream.aggregate.as_str(),
                aggregate_id: stream.aggregate_id,
                lane: Lane::of(stream.data_subject),
                version: stream.version(),
                events: stream.events.len(),
            });
        }
        let new_keys =
            keys.made.iter().map(|(subject, _, wrapped)| (*subject, wrapped.clone())).collect();
        Ok(Self {
            workspace: append.workspace,
            recorded_at: micros(append.recorded_at),
            events,
            streams,
            answer: append.answer.clone(),
            new_keys,
            after,
            claims: append.claims_taken.clone(),
            side: side(append),
        })
    }

    /// The names of its events: kind, aggregate, sequence, event id.
    pub(crate) fn event_names(&self) -> (Vec<&str>, Vec<&str>, Vec<i64>, Vec<Uuid>) {
        let rows = &self.events;
        (
            rows.iter().map(|row| row.aggregate).collect(),
            rows.iter().map(|row| row.aggregate_id.as_str()).collect(),
            rows.iter().map(|row| row.sequence).collect(),
            rows.iter().map(|row| row.event_id).collect(),
        )
    }

    /// Whether this append makes the lead: it cannot have any contact yet.
    pub(super) fn begins(&self, lead: LeadId) -> bool {
        self.new_keys.iter().any(|(subject, _)| *subject == lead.uuid())
    }

    /// Whether the two would get in each other's way in one call, whatever the database says.
    pub(super) fn collides_with(&self, other: &Self) -> bool {
        fn id(prepared: &Prepared) -> Option<(&str, CommandId)> {
            prepared.answer.as_ref().map(|answer| (answer.principal.as_str(), answer.command_id))
        }
        let same_command = self.answer.is_some() && id(self) == id(other);
        same_command
            || self.streams.iter().any(|one| {
                other.streams.iter().any(|two| {
                    one.aggregate_id == two.aggregate_id && one.aggregate == two.aggregate
                })
            })
    }
}

fn seal_stream(
    append: &Append,
    stream: &StreamAppend,
    key: Option<&DataKey>,
    rows: &mut Vec<EventRow>,
) -> Result<bool, StoreError> {
    let metadata = serde_json::to_string(&append.meta.of(stream.data_subject))?;
    let mut any_sealed = false;
    for (event, sequence) in stream.events.iter().zip(stream.expected_version + 1..) {
        let identity = EventIdentity {
            workspace: append.workspace,
            aggregate: stream.aggregate,
            aggregate_id: stream.aggregate_id,
            sequence,
            event_type: &event.event_type,
        };
        let (payload, sealed) = seal_data(key, &identity, event.data.clone())?;
        any_sealed |= sealed;
        rows.push(EventRow {
            aggregate: stream.aggregate.as_str(),
            aggregate_id: stream.aggregate_id.to_string(),
            sequence: number(sequence)?,
            event_version: version_of(&event.event_type).to_owned(),
            event_type: event.event_type.clone(),
            payload: payload.get().to_owned(),
            metadata: metadata.clone(),
            event_id: event.event_id.uuid(),
            lane: Lane::of(stream.data_subject),
        });
    }
    Ok(any_sealed)
}

fn number(sequence: u64) -> Result<i64, StoreError> {
    i64::try_from(sequence).map_err(|_| StoreError::bad_row("a sequence is too large"))
}

/// `v1` of `lead.qualified.v1`.
fn version_of(event_type: &str) -> &str {
    event_type.rsplit('.').next().unwrap_or("v1")
}

/// What is rarer than events, as the JSON lists that `write.append_side` reads.
fn side(append: &Append) -> Map<String, Value> {
    let mut side = Map::new();
    let mut put = |name: &str, rows: Vec<Value>| {
        if !rows.is_empty() {
            side.insert(name.to_owned(), Value::Array(rows));
        }
    };
    put("destroy", append.destroy_keys.iter().map(|subject| json!(subject)).collect());
    put("release", append.claims_released.iter().map(|release| {
        json!({ "lead": release.lead, "kind": release.kind.map(ael_seal::ContactKind::as_str) })
    }).collect());
    put(
        "take",
        append
            .claims_taken
            .iter()
            .filter(|claim| claim.if_free)
            .map(|claim| {
                json!({
                    "kind": claim.kind.as_str(), "hmac": hex(&claim.hmac),
                    "lead": claim.lead, "if_free": claim.if_free
                })
            })
            .collect(),
    );
    put(
        "principals",
        append
            .principals
            .iter()
            .map(|row| {
                json!({
                    "member": row.member, "role": row.role.as_str(),
                    "active": row.active, "version": row.version
                })
            })
            .collect(),
    );
    put("credentials", append.credentials.iter().map(|row| {
        json!({
            "kind": row.kind.as_str(), "lookup": row.lookup, "member": row.member,
            "secret_hash": row.secret_hash, "scopes": row.scopes, "expires_at": row.expires_at,
            "made_with": row.made_with
        })
    }).collect());
    put(
        "credentials_removed",
        append
            .credentials_removed
            .iter()
            .map(|row| json!({ "kind": row.kind.as_str(), "lookup": row.lookup }))
            .collect(),
    );
    side
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
