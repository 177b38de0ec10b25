//! A history for tests: entries of the timeline, how far its lanes have come, and what waits.

use crate::house::{House, Tenant, day};
use ael_events::event::event_name;
use ael_events::ids::{Lane, MemberId};
use ael_events::order::Order;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// Something that happened, as the timeline has it.
#[derive(Clone)]
pub struct Entry {
    /// What kind of thing it happened to.
    pub aggregate: &'static str,
    /// To which one.
    pub id: Uuid,
    /// The lead, for a lead's sale.
    pub subject: Option<Uuid>,
    /// As which of its events.
    pub version: i64,
    /// The wire name.
    pub event_type: &'static str,
    /// Who did it.
    pub member: Option<MemberId>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What exactly.
    pub data: Value,
}

impl Entry {
    pub fn of(aggregate: &'static str, id: Uuid, event_type: &'static str) -> Self {
        let (subject, member, data) = (None, None, json!({}));
        Self { aggregate, id, subject, version: 1, event_type, member, recorded_at: day(1), data }
    }

    pub fn lane(&self) -> Lane {
        Lane::of(self.subject.unwrap_or(self.id))
    }
}

pub const fn at(xid: u64) -> Order {
    Order { incarnation: 1, xid, position: 1 }
}

impl Tenant<'_> {
    /// The timeline has it at this place, and its lane has come so far.
    pub async fn happened(&self, xid: u64, entry: &Entry) {
        self.entry(xid, entry).await;
        self.house.timeline_at(entry.lane(), at(xid)).await;
    }

    /// The timeline has it, wherever its lane stands.
    pub async fn entry(&self, xid: u64, entry: &Entry) {
        let actor =
            entry.member.map_or_else(|| "operator".to_owned(), |member| format!("member:{member}"));
        sqlx::query(
            "INSERT INTO rm_timeline_1.entries VALUES ($1, $2, 1, $3, 1, $4, $5, $6, $7, $8, $9, \
             $10, $10, $11, $12, 'api', $13)",
        )
        .bind(self.id.uuid())
        .bind(entry.subject.unwrap_or(entry.id))
        .bind(i64::try_from(xid).unwrap())
        .bind(Uuid::now_v7())
        .bind(entry.aggregate)
        .bind(entry.id)
        .bind(entry.version)
        .bind(event_name(entry.event_type))
        .bind(entry.event_type)
        .bind(entry.recorded_at)
        .bind(actor)
        .bind(entry.member.map(MemberId::uuid))
        .bind(&entry.data)
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }

    /// It is in the store, and the timeline has still to take it.
    pub async fn waits(&self, xid: u64, entry: &Entry) {
        sqlx::query(
            "INSERT INTO write.events (workspace, aggregate_type, aggregate_id, sequence, \
             event_type, event_version, payload, metadata, \"timestamp\", event_id, lane, \
             incarnation, xid, position) VALUES ($1, $2, $3, $4, $5, '1', '{}', '{}', now(), $6, \
             $7, 1, $8::text::xid8, 1)",
        )
        .bind(self.id.uuid())
        .bind(entry.aggregate)
        .bind(entry.id.to_string())
        .bind(entry.version)
        .bind(entry.event_type)
        .bind(Uuid::now_v7())
        .bind(i16::from(entry.lane().number()))
        .bind(xid.to_string())
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }
}

impl House {
    /// A lane of the timeline has come so far.
    pub async fn timeline_at(&self, lane: Lane, order: Order) {
        let Order { incarnation, xid, position } = order;
        self.write(&format!(
            "UPDATE read.checkpoints SET incarnation = {incarnation}, xid = {xid}, \
             position = {position} WHERE projection = 'timeline' AND lane = {}",
            lane.number()
        ))
        .await;
    }
}
