//! Names of things: typed identifiers, made at the edge as UUID version 7 so that they sort by the
//! time they were made.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A text was not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID such as 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh identifier (UUID version 7). Only edges make ids; the domain is given them.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier behind a UUID that is already known to name such a thing.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }
    };
}

id!(/// A tenant; everything belongs to exactly one.
    WorkspaceId);
id!(/// A person of a workspace.
    MemberId);
id!(/// An offer to become a member, redeemable once.
    InvitationId);
id!(/// A personal API token (its name, not its secret).
    TokenId);
id!(/// A possible customer.
    LeadId);
id!(/// The sale of a transferred lead; see [`SaleId::of`].
    SaleId);
id!(/// The advisor of a workspace; see [`AdvisorId::of`].
    AdvisorId);
id!(/// A note on a lead.
    NoteId);
id!(/// A file attached to a lead.
    FileId);
id!(/// One intention of one principal: the key of idempotency.
    CommandId);
id!(/// One event, everywhere: in the store, on the bus, in a claim.
    EventId);

/// Namespace of [`SaleId::of`] and [`EventId`]s that are derived rather than made.
const DERIVED: Uuid = Uuid::from_u128(0x6ae1_c0de_5a1e_4b1d_9f00_ae1c_4d00_0001);

impl SaleId {
    /// The one sale that a lead can have: a UUID version 5 of the lead's id, so that opening it
    /// twice opens it once.
    #[must_use]
    pub fn of(lead: LeadId) -> Self {
        Self(Uuid::new_v5(&DERIVED, lead.0.as_bytes()))
    }
}

impl AdvisorId {
    /// The one advisor that a workspace has: a UUID version 5 of the workspace's id.
    #[must_use]
    pub fn of(workspace: WorkspaceId) -> Self {
        Self(Uuid::new_v5(&DERIVED, format!("advisor\u{1f}{workspace}").as_bytes()))
    }
}

impl CommandId {
    /// The id of a command that follows from something known (a consumer acting on an event, a row
    /// of a file): acting twice is then asking twice, which is answered the same.
    #[must_use]
    pub fn derived(purpose: &str, from: &str) -> Self {
        let text = format!("{purpose}\u{1f}{from}");
        Self(Uuid::new_v5(&DERIVED, text.as_bytes()))
    }
}

impl LeadId {
    /// The id of a lead that another system already names, so that importing it twice finds it
    /// again.
    #[must_use]
    pub fn of_external(workspace: WorkspaceId, source_system: &str, external_id: &str) -> Self {
        let text = format!("{workspace}\u{1f}{source_system}\u{1f}{external_id}");
        Self(Uuid::new_v5(&DERIVED, text.as_bytes()))
    }
}

/// The number of lanes that order the world: events of one lane are in order, lanes run in
/// parallel.
pub const LANES: u8 = 16;

/// A lane, 0–15: the stable hash of the data subject (the lead, for a lead and for its sale).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Lane(u8);

/// A number was not a lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("lane {0} does not exist: lanes are 0 to 15")]
pub struct NoSuchLane(pub u8);

impl Lane {
    /// The lane of a data subject: the low four bits of the first byte of SHA-256 of its 16 bytes.
    #[must_use]
    pub fn of(data_subject: Uuid) -> Self {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(data_subject.as_bytes());
        Self(digest[0] % LANES)
    }

    /// Every lane, in order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..LANES).map(Self)
    }

    /// The lane's number, 0–15.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Lane {
    type Error = NoSuchLane;
    fn try_from(number: u8) -> Result<Self, NoSuchLane> {
        if number < LANES { Ok(Self(number)) } else { Err(NoSuchLane(number)) }
    }
}

impl From<Lane> for u8 {
    fn from(lane: Lane) -> Self {
        lane.0
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_has_one_sale_and_always_the_same() {
        let lead = LeadId::from_uuid(Uuid::from_u128(7));
        assert_eq!(SaleId::of(lead), SaleId::of(lead));
        assert_ne!(SaleId::of(lead), SaleId::of(LeadId::from_uuid(Uuid::from_u128(8))));
    }

    #[test]
    fn the_lane_of_a_lead_never_changes() {
        let lanes: Vec<u8> = (0..8u128).map(|n| Lane::of(Uuid::from_u128(n)).number()).collect();
        assert_eq!(lanes, [7, 12, 9, 11, 5, 11, 11, 11]);
        assert!(Lane::try_from(16).is_err());
    }

    #[test]
    fn a_broken_id_says_what_an_id_looks_like() {
        let error = "lead-1".parse::<LeadId>().unwrap_err();
        assert!(error.to_string().contains("018f4e9c"));
    }
}
