//! A member as an edge names them that does not know yet who asks.

use crate::actor::Actor;
use crate::ids::{MemberId, NotAnId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A member's id, or `me`: the member who asks, as `commands` finds out from the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemberRef {
    /// Whoever asks.
    Me,
    /// This one.
    Id(MemberId),
}

impl MemberRef {
    /// Who that is when this actor asks; none, when it is whoever asks and that is no member.
    #[must_use]
    pub const fn of(self, by: &Actor) -> Option<MemberId> {
        match self {
            Self::Me => by.member(),
            Self::Id(id) => Some(id),
        }
    }
}

impl From<MemberId> for MemberRef {
    fn from(id: MemberId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for MemberRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl FromStr for MemberRef {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::Id) }
    }
}

impl TryFrom<String> for MemberRef {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<MemberRef> for String {
    fn from(member: MemberRef) -> Self {
        member.to_string()
    }
}

impl JsonSchema for MemberRef {
    fn schema_name() -> Cow<'static, str> {
        "MemberRef".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let id = generator.subschema_for::<MemberId>();
        json_schema!({ "anyOf": [{ "const": "me" }, id] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Role;

    #[test]
    fn a_member_is_named_by_their_id_as_ever_or_as_whoever_asks() {
        let id = MemberId::generate();
        let written = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::to_string(&MemberRef::Id(id)).unwrap(), written);
        assert_eq!(serde_json::from_str::<MemberRef>(&written).unwrap(), MemberRef::Id(id));
        assert_eq!(serde_json::from_str::<MemberRef>("\"me\"").unwrap(), MemberRef::Me);
        assert!(serde_json::from_str::<MemberRef>("\"you\"").is_err());
    }

    #[test]
    fn whoever_asks_is_the_member_if_one_asks() {
        let (id, other) = (MemberId::generate(), MemberId::generate());
        let by = Actor::Member { id, role: Role::Agent };
        assert_eq!(MemberRef::Me.of(&by), Some(id));
        assert_eq!(MemberRef::Id(other).of(&by), Some(other));
        assert_eq!(MemberRef::Me.of(&Actor::Operator), None);
    }
}
