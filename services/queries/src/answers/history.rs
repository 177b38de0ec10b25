//! What happened to a lead and its sale: who did what, when, why, and what it changed.

use super::changes::{Happening, Story};
use super::lead::seen;
use super::rows::{At, parsed, push_beyond};
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::Answered;
use crate::view::View;
use ael_events::ids::{EventId, LeadId};
use ael_events::order::Order;
use ael_events::query::{HistoryEntry, LeadHistory};
use ael_events::values::MemberName;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// What happened to a lead and its sale, oldest first. What a page changed is told by its own
/// events and those before it.
///
/// # Errors
/// When there is no such lead that the asker may see.
pub async fn answer(view: &mut View, asker: Colleague, asked: &LeadHistory) -> Answered<Written> {
    let wanted = limit(asked.limit)?;
    let question = ("history", view.workspace, asker.id, asked.lead_id);
    let from: Option<Order> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    seen(view, asker, asked.lead_id).await?;
    let mut story = Story::of(asked.lead_id);
    if let Some(from) = from {
        // One by one: a lead may have lived through more than memory holds.
        let mut sql = statement(view, asked.lead_id, (Order::START, Some(from)), None);
        let mut earlier = sql.build_query_as::<Row>().fetch(&mut *view.tx);
        while let Some(row) = earlier.try_next().await? {
            story.pass(&row.happening())?;
        }
    }
    let range = (from.unwrap_or(Order::START), None);
    let mut sql = statement(view, asked.lead_id, range, Some(wanted + 1));
    let rows: Vec<Row> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let orders: Vec<Order> = rows.iter().map(|row| row.at.order()).collect();
    let entries =
        rows.into_iter().map(|row| row.into_entry(&mut story)).collect::<Answered<Vec<_>>>()?;
    let ids: Vec<EventId> = entries.iter().map(|entry| entry.event_id).collect();
    page(&entries, wanted, |last| {
        let nth = ids.iter().position(|id| *id == last.event_id)?;
        view.cursors.seal(&question, orders.get(nth)?)
    })
}

/// The lead's events after one place and up to another, in order.
fn statement(
    view: &View,
    lead: LeadId,
    (after, upto): (Order, Option<Order>),
    most: Option<usize>,
) -> QueryBuilder<'static, Postgres> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT t.incarnation, t.xid, t.position, t.event_id, t.sequence, t.event_type, \
         t.occurred_at, t.recorded_at, t.actor, m.name AS actor_name, t.edge, t.data \
         FROM read.timeline t \
         LEFT JOIN read.members m ON m.workspace = t.workspace AND m.id = t.actor_member \
         WHERE t.workspace = ",
    );
    sql.push_bind(view.workspace.uuid()).push(" AND t.subject = ").push_bind(lead.uuid());
    // What became of the sale is for who may look at sales.
    if !view.shows_sales() {
        sql.push(" AND t.aggregate = 'lead'");
    }
    push_beyond(&mut sql, ">", after);
    if let Some(upto) = upto {
        push_beyond(&mut sql, "<=", upto);
    }
    sql.push(" ORDER BY t.incarnation, t.xid, t.position");
    if let Some(most) = most {
        sql.push(format!(" LIMIT {most}"));
    }
    sql
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    at: At,
    event_id: Uuid,
    sequence: i64,
    event_type: String,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    actor: String,
    actor_name: Option<String>,
    edge: String,
    data: Value,
}

impl Row {
    fn happening(&self) -> Happening<'_> {
        Happening {
            sequence: self.sequence.unsigned_abs(),
            event_type: &self.event_type,
            occurred_at: self.occurred_at,
            actor: &self.actor,
            data: &self.data,
        }
    }

    fn into_entry(self, story: &mut Story) -> Answered<HistoryEntry> {
        let told = story.tell(&self.happening())?;
        let name = parsed("a member's name", self.actor_name, MemberName::try_from)?;
        Ok(HistoryEntry {
            event_id: EventId::from_uuid(self.event_id),
            version: self.sequence.unsigned_abs(),
            event_type: self.event_type,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            actor: self.actor,
            actor_name: name.map(String::from),
            edge: self.edge,
            why: told.why,
            data: self.data,
            changes: told.changes,
        })
    }
}
