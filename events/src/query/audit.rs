//! Questions about what happened.

use super::lead::{Cursor, Page};
use crate::ids::{EventId, LeadId, MemberId};
use crate::values::AggregateKind;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use uuid::Uuid;

/// See [`super::Query::LeadHistory`]. Oldest first; the lead's sale included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadHistory {
    /// Which lead.
    pub lead_id: LeadId,
    /// Where the page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// A field that an event changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Which, as it is called where it is edited and shown: `stage`, `full_name`, `amount` …
    pub field: String,
    /// What it was; `null` when there was nothing. Of notes and files only those that changed.
    pub before: Value,
    /// What it is since.
    pub after: Value,
}

/// Its values hide themselves.
impl fmt::Debug for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldChange").field("field", &self.field).finish_non_exhaustive()
    }
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry {
    /// Its name, everywhere.
    pub event_id: EventId,
    /// The version that it gave the aggregate.
    pub version: u64,
    /// Its wire name, such as `lead.qualified.v1`.
    pub event_type: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
    /// Who: `member:<id>`, `service:<name>` or `operator`.
    pub actor: String,
    /// The member's name, where it was a member.
    pub actor_name: Option<String>,
    /// Through which edge.
    pub edge: String,
    /// Why, in words, where they were given; nothing after erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What exactly: the event's data, opened; without its private part after erasure.
    pub data: Value,
    /// What it changed of the lead or of its sale.
    #[serde(default)]
    pub changes: Vec<FieldChange>,
}

/// Its data and names hide themselves.
impl fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryEntry")
            .field("event_id", &self.event_id)
            .field("version", &self.version)
            .field("event_type", &self.event_type)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

/// A page of history.
pub type HistoryPage = Page<HistoryEntry>;

/// See [`super::Query::ListEvents`]. Everything that is given has to hold; oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListEvents {
    /// Of this lead and its sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
    /// Done by this member, or on their behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// Of one of these types: `lead.qualified` in any version, or `lead.qualified.v1`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub event_types: BTreeSet<String>,
    /// Recorded at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Recorded before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// Anything that happened in a workspace.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEvent {
    /// Its name, everywhere.
    pub event_id: EventId,
    /// What it happened to.
    pub aggregate: AggregateKind,
    /// To which one.
    pub aggregate_id: Uuid,
    /// The lead that it is about, for a lead and its sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
    /// The version that it gave the aggregate.
    pub version: u64,
    /// Its wire name, such as `lead.qualified.v1`.
    pub event_type: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When we learned of it.
    pub recorded_at: DateTime<Utc>,
    /// Who: `member:<id>`, `service:<name>` or `operator`.
    pub actor: String,
    /// The member's name, where it was a member or on behalf of one.
    pub actor_name: Option<String>,
    /// Through which edge.
    pub edge: String,
    /// Why, in words, where they were given; nothing after erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What exactly: the event's data, opened; without its private part after erasure, and never
    /// with what belongs to a secret.
    pub data: Value,
}

/// Its data and names hide themselves.
impl fmt::Debug for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditEvent")
            .field("event_id", &self.event_id)
            .field("version", &self.version)
            .field("event_type", &self.event_type)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

/// A page of everything that happened.
pub type EventPage = Page<AuditEvent>;

/// What could not be processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The read model that could not take it.
    pub projection: String,
    /// `lead/<id>` and so on: its later events wait.
    pub aggregate: String,
    /// The event's number within it.
    pub sequence: u64,
    /// Its name.
    pub event_id: EventId,
    /// Its wire name.
    pub event_type: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// What an aggregate amounts to, in the terms in which fold and read models are compared.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregateDigest {
    /// `lead/<id>` and so on.
    pub aggregate: String,
    /// Its version.
    pub version: u64,
    /// Field by field, as texts.
    pub fields: std::collections::BTreeMap<String, String>,
}

/// Its fields hide themselves.
impl fmt::Debug for AggregateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateDigest")
            .field("aggregate", &self.aggregate)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{LeadFilter, ListLeads, Query};
    use serde_json::json;

    #[test]
    fn who_is_looked_for_and_who_is_found_hide_themselves() {
        let words = "Олена";
        let filter = LeadFilter { q: Some(words.into()), ..LeadFilter::default() };
        let list = Query::ListLeads(ListLeads { filter, ..ListLeads::default() });
        let find = Query::FindMember { text: words.into() };
        let (field, after) = ("full_name".to_owned(), json!(words));
        let change = FieldChange { field, before: Value::Null, after };
        let entry = HistoryEntry {
            event_id: EventId::generate(),
            version: 1,
            event_type: "lead.created.v1".into(),
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            actor: "operator".into(),
            actor_name: Some(words.into()),
            edge: "cli".into(),
            why: Some(words.into()),
            data: json!({ "private": words }),
            changes: vec![change.clone()],
        };
        let fields = [("contact".to_owned(), words.to_owned())].into();
        let digest = AggregateDigest { aggregate: "lead/1".into(), version: 1, fields };
        let shown = format!("{list:?} {find:?} {entry:?} {change:?} {digest:?}");
        assert!(!shown.contains(words), "{shown}");
        assert!(shown.contains("find_member") && shown.contains("lead.created.v1"), "{shown}");
    }
}
