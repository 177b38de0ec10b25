//! Reading the values of rows back into those of the vocabulary.

use crate::refusal::{Answered, Unanswered};
use ael_events::ids::MemberId;
use ael_events::order::Order;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::error::Error;
use std::str::FromStr;
use uuid::Uuid;

/// One of a few words.
pub fn word<T>(what: &'static str, text: &str) -> Answered<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    text.parse().map_err(Unanswered::unreadable::<T::Err>(what))
}

/// A value that may be missing.
pub fn parsed<V, T, E>(
    what: &'static str,
    value: Option<V>,
    parse: impl FnOnce(V) -> Result<T, E>,
) -> Answered<Option<T>>
where
    E: Error + Send + Sync + 'static,
{
    value.map(parse).transpose().map_err(Unanswered::unreadable::<E>(what))
}

/// A value that is kept as JSON.
pub fn json<T: DeserializeOwned>(what: &'static str, value: Value) -> Answered<T> {
    serde_json::from_value(value).map_err(Unanswered::unreadable::<serde_json::Error>(what))
}

/// A member's id.
pub const fn member(id: Uuid) -> MemberId {
    MemberId::from_uuid(id)
}

/// The columns of a place in the settled order.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct At {
    incarnation: i32,
    xid: i64,
    position: i64,
}

impl At {
    /// The place.
    pub const fn order(self) -> Order {
        Order {
            incarnation: self.incarnation,
            xid: self.xid.unsigned_abs(),
            position: self.position,
        }
    }
}

/// Only entries of the timeline (`t`) that stand before or after a place.
pub fn push_beyond(sql: &mut QueryBuilder<'_, Postgres>, how: &'static str, place: Order) {
    sql.push(" AND (t.incarnation, t.xid, t.position) ").push(how).push(" (");
    sql.push_bind(place.incarnation).push(", ");
    sql.push_bind(i64::try_from(place.xid).unwrap_or(i64::MAX)).push(", ");
    sql.push_bind(place.position).push(")");
}
