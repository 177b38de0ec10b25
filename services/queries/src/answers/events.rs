//! Everything that happened in a workspace, in the settled order, for its Admins.

use super::changes::why;
use super::lanes::Lanes;
use super::rows::{At, parsed, push_beyond, word};
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::{Answered, invalid};
use crate::view::View;
use ael_events::answer::Rejected;
use ael_events::event::{Event, event_name, event_names};
use ael_events::ids::{EventId, LeadId};
use ael_events::order::Order;
use ael_events::query::{AuditEvent, ListEvents};
use ael_events::values::{AggregateKind, MemberName};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// By how much the clocks of those who write may differ: within it, what was recorded earlier may
/// stand later in the order.
const CLOCKS: TimeDelta = TimeDelta::hours(1);

/// A page of everything that happened, oldest first. It ends where something is still missing, so
/// that whoever goes on from it misses nothing.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn answer(view: &mut View, asker: Colleague, asked: &ListEvents) -> Answered<Written> {
    let wanted = limit(asked.limit)?;
    let mut sql = statement(view, asker, asked, "").await?;
    let rows: Vec<Row> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let orders: BTreeMap<Uuid, Order> =
        rows.iter().map(|row| (row.event_id, row.at.order())).collect();
    let items = rows.into_iter().map(Row::into_event).collect::<Answered<Vec<_>>>()?;
    let question = question(view, asker, asked);
    page(&items, wanted, |last| view.cursors.seal(&question, orders.get(&last.event_id.uuid())?))
}

/// How the database would answer: the plan with what it looked at.
///
/// # Errors
/// As [`answer`].
pub async fn explain(view: &mut View, asker: Colleague, asked: &ListEvents) -> Answered<Value> {
    const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ";
    let mut sql = statement(view, asker, asked, EXPLAIN).await?;
    let (plan,): (Value,) = sql.build_query_as().fetch_one(&mut *view.tx).await?;
    Ok(plan)
}

/// What a cursor is bound to: another question or another asker begins anew.
fn question<'a>(view: &View, asker: Colleague, asked: &'a ListEvents) -> impl Serialize + use<'a> {
    let ListEvents { lead_id, member_id, event_types, from, to, .. } = asked;
    ("events", view.workspace, asker.id, lead_id, member_id, event_types, from, to)
}

/// Between which places of the order a page is looked for.
#[derive(Debug, Clone, Copy)]
struct Range {
    /// After this one.
    after: Order,
    /// Before this one.
    before: Option<Order>,
}

async fn statement(
    view: &mut View,
    asker: Colleague,
    asked: &ListEvents,
    opening: &'static str,
) -> Answered<QueryBuilder<'static, Postgres>> {
    let question = question(view, asker, asked);
    let cursor: Option<Order> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let limit = limit(asked.limit)? + 1;
    let types = Types::of(&asked.event_types)?;
    let missing = Lanes::read(view).await?.complete_before();
    let (first, last) = (begin(view, asked.from).await?, end(view, asked.to).await?);
    let range = Range {
        after: cursor.max(first).unwrap_or(Order::START),
        before: missing.into_iter().chain(last).min(),
    };
    let mut sql = QueryBuilder::new(opening);
    sql.push(
        "SELECT t.incarnation, t.xid, t.position, t.event_id, t.aggregate, t.aggregate_id, \
         t.subject, t.sequence, t.event_type, t.occurred_at, t.recorded_at, t.actor, \
         m.name AS actor_name, t.edge, t.data FROM (",
    );
    if types.names.is_empty() {
        push_stretch(&mut sql, view, asked, range, None);
        push_order(&mut sql, limit);
    } else {
        // Each type has an index of its own in this order: a page of each at most is looked at.
        sql.push("SELECT t.* FROM unnest(").push_bind(types.names.clone());
        sql.push(") AS n (name) CROSS JOIN LATERAL (");
        push_stretch(&mut sql, view, asked, range, Some(&types));
        push_order(&mut sql, limit);
        sql.push(") t");
    }
    sql.push(") t LEFT JOIN read.members m ON m.workspace = ");
    sql.push_bind(view.workspace.uuid()).push(" AND m.id = t.actor_member");
    push_order(&mut sql, limit);
    Ok(sql)
}

fn push_stretch(
    sql: &mut QueryBuilder<'static, Postgres>,
    view: &View,
    asked: &ListEvents,
    range: Range,
    types: Option<&Types>,
) {
    sql.push("SELECT t.* FROM read.timeline t WHERE t.workspace = ");
    sql.push_bind(view.workspace.uuid());
    if let Some(lead) = asked.lead_id {
        sql.push(" AND t.subject = ").push_bind(lead.uuid());
        sql.push(" AND t.aggregate IN ('lead', 'sale')");
    }
    if let Some(member) = asked.member_id {
        sql.push(" AND t.actor_member = ").push_bind(member.uuid());
    }
    if let Some(types) = types {
        sql.push(" AND t.event_name = n.name");
        if !types.exact.is_empty() {
            sql.push(" AND (t.event_type = ANY(").push_bind(types.exact.clone());
            sql.push(") OR t.event_name = ANY(").push_bind(types.any.clone()).push("))");
        }
    }
    if let Some(from) = asked.from {
        sql.push(" AND t.recorded_at >= ").push_bind(from);
    }
    if let Some(to) = asked.to {
        sql.push(" AND t.recorded_at < ").push_bind(to);
    }
    push_beyond(sql, ">", range.after);
    if let Some(before) = range.before {
        push_beyond(sql, "<", before);
    }
}

fn push_order(sql: &mut QueryBuilder<'static, Postgres>, limit: usize) {
    sql.push(format!(" ORDER BY t.incarnation, t.xid, t.position LIMIT {limit}"));
}

/// A place before which nothing was recorded at or after a time.
async fn begin(view: &mut View, from: Option<DateTime<Utc>>) -> Answered<Option<Order>> {
    let Some(early) = from.and_then(|from| from.checked_sub_signed(CLOCKS)) else {
        return Ok(None);
    };
    let sql = "SELECT incarnation, xid, position FROM read.timeline \
               WHERE workspace = $1 AND recorded_at < $2 ORDER BY recorded_at DESC LIMIT 1";
    beside(view, sql, early).await
}

/// A place after which nothing was recorded before a time.
async fn end(view: &mut View, to: Option<DateTime<Utc>>) -> Answered<Option<Order>> {
    let Some(late) = to.and_then(|to| to.checked_add_signed(CLOCKS)) else { return Ok(None) };
    let sql = "SELECT incarnation, xid, position FROM read.timeline \
               WHERE workspace = $1 AND recorded_at >= $2 ORDER BY recorded_at LIMIT 1";
    beside(view, sql, late).await
}

async fn beside(view: &mut View, sql: &str, time: DateTime<Utc>) -> Answered<Option<Order>> {
    let row: Option<At> = sqlx::query_as(sql)
        .bind(view.workspace.uuid())
        .bind(time)
        .fetch_optional(&mut *view.tx)
        .await?;
    Ok(row.map(At::order))
}

/// The types that are asked for.
#[derive(Debug, Default)]
struct Types {
    /// All of their names.
    names: Vec<String>,
    /// Those that are meant in any version.
    any: Vec<String>,
    /// Those that are meant in one version.
    exact: Vec<String>,
}

impl Types {
    fn of(asked: &BTreeSet<String>) -> Result<Self, Rejected> {
        let known: BTreeSet<&str> = event_names().collect();
        let mut types = Self::default();
        let mut names = BTreeSet::new();
        for event_type in asked {
            let name = event_name(event_type);
            if !known.contains(name) {
                let shown: String = event_type.chars().take(60).collect();
                let sentence = format!("there is no event {shown}: such as lead.qualified");
                return Err(invalid("event_types", sentence));
            }
            names.insert(name.to_owned());
            let kind = if name == event_type { &mut types.any } else { &mut types.exact };
            kind.push(event_type.clone());
        }
        types.names = names.into_iter().collect();
        Ok(types)
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    at: At,
    event_id: Uuid,
    aggregate: String,
    aggregate_id: Uuid,
    subject: Uuid,
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
    fn into_event(self) -> Answered<AuditEvent> {
        let aggregate: AggregateKind = word("a kind of aggregate", &self.aggregate)?;
        let name = parsed("a member's name", self.actor_name, MemberName::try_from)?;
        let (lead_id, why) = match aggregate {
            AggregateKind::Lead | AggregateKind::Sale => {
                // What cannot be read is listed all the same: its data says what there is.
                let event = Event::from_wire(&self.event_type, self.data.clone()).ok();
                let why = event.as_ref().and_then(why).map(|reason| reason.as_str().to_owned());
                (Some(LeadId::from_uuid(self.subject)), why)
            }
            AggregateKind::Workspace
            | AggregateKind::Member
            | AggregateKind::Invitation
            | AggregateKind::Token
            | AggregateKind::Advisor => (None, None),
        };
        Ok(AuditEvent {
            event_id: EventId::from_uuid(self.event_id),
            aggregate,
            aggregate_id: self.aggregate_id,
            lead_id,
            version: self.sequence.unsigned_abs(),
            event_type: self.event_type,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            actor: self.actor,
            actor_name: name.map(String::from),
            edge: self.edge,
            why,
            data: self.data,
        })
    }
}
