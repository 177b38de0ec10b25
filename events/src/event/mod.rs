//! Everything that can have happened, as typed facts in the past tense, with their wire names.

mod advisor;
mod invitation;
mod lead;
mod member;
mod recorded;
mod sale;
mod token;
mod upcast;
mod workspace;

pub use advisor::{
    AdvisorEvent, ChallengerRefused, Consulted, Figures, ModelRolledBack, ModelTrained, OutsideFit,
    Training,
};
pub use invitation::{
    InvitationAccepted, InvitationCreated, InvitationEvent, InvitationRevoked, InviteePrivate,
};
pub use lead::{
    AbsorbedPrivate, AnalysisRecorded, AnalysisRequested, Assigned, Contacted, Created,
    DetailsEdited, Erased, FileAttached, FilePrivate, FileRemoved, Imported, ImportedOutcome,
    ImportedPrivate, LeadEvent, LeadProfile, Lost, MergedInto, MessageLogged, NoteAdded,
    NotePinned, NotePrivate, NoteUnpinned, OptionalText, OtherAbsorbed, OverriddenAdvice,
    Qualified, ReasonPrivate, Reopened, RolledBack, ScoreFeatures, TextPrivate, Transferred, Usage,
};
pub use member::{
    BotBlocked, Deactivated, IdentityLinked, IdentityPrivate, IdentityUnlinked, Joined,
    LanguageChanged, MemberEvent, MemberPrivate, NotificationsChanged, Reactivated, Renamed,
    RoleChanged, TelegramLinked, TelegramPrivate, TelegramUnlinked,
};
pub use recorded::{BadEvent, EventMetadata, Recorded};
pub use sale::{
    AgreementStarted, AmountSet, KycStarted, Opened, Paid, SaleEvent, SaleLost, SaleReasonPrivate,
};
pub use token::{TokenCreated, TokenEvent, TokenPrivate, TokenRevoked};
pub use upcast::upcast;
pub use workspace::{SettingsChanged, WorkspaceCreated, WorkspaceEvent};

use crate::values::AggregateKind;
use serde_json::Value;

/// An event of any aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of a workspace.
    Workspace(WorkspaceEvent),
    /// Of a member.
    Member(MemberEvent),
    /// Of an invitation.
    Invitation(InvitationEvent),
    /// Of a token.
    Token(TokenEvent),
    /// Of a lead.
    Lead(Box<LeadEvent>),
    /// Of a sale.
    Sale(SaleEvent),
    /// Of a workspace's advisor.
    Advisor(AdvisorEvent),
}

impl Event {
    /// The event's wire name, such as `lead.qualified.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Workspace(event) => event.wire_name(),
            Self::Member(event) => event.wire_name(),
            Self::Invitation(event) => event.wire_name(),
            Self::Token(event) => event.wire_name(),
            Self::Lead(event) => event.wire_name(),
            Self::Sale(event) => event.wire_name(),
            Self::Advisor(event) => event.wire_name(),
        }
    }

    /// Reads an event (of any version) from its wire name and its opened data.
    ///
    /// # Errors
    /// [`BadEvent`] when the name is unknown or the data is not of its form.
    pub fn from_wire(event_type: &str, data: Value) -> Result<Self, BadEvent> {
        let kind = event_type
            .split('.')
            .next()
            .and_then(|word| word.parse::<AggregateKind>().ok())
            .ok_or_else(|| BadEvent::Unknown { event_type: event_type.to_owned() })?;
        Ok(match kind {
            AggregateKind::Workspace => {
                Self::Workspace(WorkspaceEvent::from_wire(event_type, data)?)
            }
            AggregateKind::Member => Self::Member(MemberEvent::from_wire(event_type, data)?),
            AggregateKind::Invitation => {
                Self::Invitation(InvitationEvent::from_wire(event_type, data)?)
            }
            AggregateKind::Token => Self::Token(TokenEvent::from_wire(event_type, data)?),
            AggregateKind::Lead => Self::Lead(Box::new(LeadEvent::from_wire(event_type, data)?)),
            AggregateKind::Sale => Self::Sale(SaleEvent::from_wire(event_type, data)?),
            AggregateKind::Advisor => Self::Advisor(AdvisorEvent::from_wire(event_type, data)?),
        })
    }

    /// The event's data in the open, as it is before sealing.
    ///
    /// # Errors
    /// [`BadEvent::Data`] when a value cannot be written as JSON (a number that is none).
    pub fn to_wire(&self) -> Result<Value, BadEvent> {
        match self {
            Self::Workspace(event) => event.to_wire(),
            Self::Member(event) => event.to_wire(),
            Self::Invitation(event) => event.to_wire(),
            Self::Token(event) => event.to_wire(),
            Self::Lead(event) => event.to_wire(),
            Self::Sale(event) => event.to_wire(),
            Self::Advisor(event) => event.to_wire(),
        }
    }
}

/// An event's name without its version: `lead.qualified` of `lead.qualified.v1`.
#[must_use]
pub fn event_name(event_type: &str) -> &str {
    match event_type.rsplit_once(".v") {
        Some((name, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => event_type,
    }
}

/// The names of everything that can happen, without their versions.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    [
        WorkspaceEvent::WIRE_NAMES,
        MemberEvent::WIRE_NAMES,
        InvitationEvent::WIRE_NAMES,
        TokenEvent::WIRE_NAMES,
        LeadEvent::WIRE_NAMES,
        SaleEvent::WIRE_NAMES,
        AdvisorEvent::WIRE_NAMES,
    ]
    .into_iter()
    .flatten()
    .map(|event_type| event_name(event_type))
}

/// Declares an aggregate's events: the enum, their wire names, and how to read and write each.
macro_rules! events {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $wire:literal => $variant:ident($payload:ty)),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(tag = "type", content = "data")]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $wire)] $variant($payload)),+
        }

        impl $name {
            /// The wire names of all of them.
            pub const WIRE_NAMES: &'static [&'static str] = &[$($wire),+];

            /// The wire name, such as `lead.qualified.v1`.
            #[must_use]
            pub const fn wire_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire),+ }
            }

            /// Reads an event of any version, upcasting an old one.
            ///
            /// # Errors
            /// [`crate::event::BadEvent`] when the name is unknown or the data is not of its form.
            pub fn from_wire(
                event_type: &str,
                data: serde_json::Value,
            ) -> Result<Self, crate::event::BadEvent> {
                let (event_type, data) = crate::event::upcast(event_type, data);
                match event_type.as_ref() {
                    $($wire => serde_json::from_value::<$payload>(data).map(Self::$variant).map_err(
                        |source| crate::event::BadEvent::Data { event_type: $wire, source },
                    ),)+
                    unknown => {
                        let event_type = unknown.to_owned();
                        Err(crate::event::BadEvent::Unknown { event_type })
                    }
                }
            }

            /// The event's data in the open.
            ///
            /// # Errors
            /// [`crate::event::BadEvent::Data`] when a value cannot be written as JSON.
            pub fn to_wire(&self) -> Result<serde_json::Value, crate::event::BadEvent> {
                match self {
                    $(Self::$variant(payload) => serde_json::to_value(payload).map_err(
                        |source| crate::event::BadEvent::Data { event_type: $wire, source },
                    ),)+
                }
            }

            /// The JSON Schema of each event's data, by wire name.
            pub fn schemas(
                generator: &mut schemars::SchemaGenerator,
            ) -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($wire, generator.subschema_for::<$payload>())),+]
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                self.wire_name().to_owned()
            }
            fn event_version(&self) -> String {
                self.wire_name().rsplit('.').next().unwrap_or("v1").to_owned()
            }
        }
    };
}
pub(crate) use events;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_name_whatever_its_version() {
        assert_eq!(event_name("lead.message_logged.v1"), "lead.message_logged");
        assert_eq!(event_name("lead.message_logged.v12"), "lead.message_logged");
        assert_eq!(event_name("lead.verified"), "lead.verified");
        let names: Vec<&str> = event_names().collect();
        assert!(names.contains(&"sale.opened") && names.contains(&"token.revoked"));
        assert!(names.iter().all(|name| event_name(name) == *name), "{names:?}");
    }
}
