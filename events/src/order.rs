//! The one order of everything that happened, and the token by which a reader asks to see it.

use crate::ids::Lane;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The place of an event in the settled order: compared field by field, in this order.
///
/// `xid` is PostgreSQL's 64-bit transaction id (`xid8`); transaction ids start anew when a database
/// is restored, and so `incarnation` counts the restores. `position` orders events inside a
/// transaction.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub struct Order {
    /// Which life of the database, counted from 1; 0 stands before everything.
    pub incarnation: i32,
    /// The transaction that stored the event.
    pub xid: u64,
    /// The event's number as stored, unique in the database.
    pub position: i64,
}

impl Order {
    /// Before the first event.
    pub const START: Self = Self { incarnation: 0, xid: 0, position: 0 };
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.incarnation, self.xid, self.position)
    }
}

/// A text was not an order or a position token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a position: use the value that a write's answer carried, unchanged")]
pub struct NotAPosition;

impl FromStr for Order {
    type Err = NotAPosition;
    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(NotAPosition);
        let order = Self {
            incarnation: next()?.parse().map_err(|_| NotAPosition)?,
            xid: next()?.parse().map_err(|_| NotAPosition)?,
            position: next()?.parse().map_err(|_| NotAPosition)?,
        };
        if parts.next().is_some() { Err(NotAPosition) } else { Ok(order) }
    }
}

/// What a write's answer carries and a read may bring: "show me at least this". Opaque to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PositionToken {
    /// The lane that was written.
    pub lane: Lane,
    /// The last event that was written.
    pub order: Order,
}

impl fmt::Display for PositionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{}/{}", self.lane.number(), self.order)))
    }
}

impl FromStr for PositionToken {
    type Err = NotAPosition;
    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAPosition)?;
        let text = String::from_utf8(bytes).map_err(|_| NotAPosition)?;
        let (lane, order) = text.split_once('/').ok_or(NotAPosition)?;
        let lane: u8 = lane.parse().map_err(|_| NotAPosition)?;
        Ok(Self { lane: lane.try_into().map_err(|_| NotAPosition)?, order: order.parse()? })
    }
}

impl TryFrom<String> for PositionToken {
    type Error = NotAPosition;
    fn try_from(text: String) -> Result<Self, NotAPosition> {
        text.parse()
    }
}

impl From<PositionToken> for String {
    fn from(token: PositionToken) -> Self {
        token.to_string()
    }
}

impl schemars::JsonSchema for PositionToken {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PositionToken".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let description = "Opaque: bring it to a read to see this write.";
        schemars::json_schema!({ "type": "string", "description": description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_database_comes_after_the_one_before_it() {
        let before = Order { incarnation: 1, xid: 9_000_000_000, position: 5 };
        let after = Order { incarnation: 2, xid: 700, position: 6 };
        assert!(before < after);
        assert!(Order::START < before);
    }

    #[test]
    fn a_token_survives_its_trip_and_refuses_changes() {
        let order = Order { incarnation: 1, xid: 42, position: 7 };
        let token = PositionToken { lane: Lane::try_from(3).unwrap(), order };
        assert_eq!(token.to_string().parse::<PositionToken>().unwrap(), token);
        assert_eq!("AAAA".parse::<PositionToken>(), Err(NotAPosition));
    }
}
