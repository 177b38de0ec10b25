//! What can be asked for, as typed commands in the imperative.
//!
//! A command names its aggregate by an id that the edge made, so that asking twice is one
//! intention.

mod advisor;
mod lead;
mod member_ref;
mod people;
mod sale;
mod secret;
mod settings;

pub use advisor::{AdvisorCommand, RecordConsultation, RecordTraining, RollBackModel};
pub use lead::{
    AddNote, AssignLead, AttachFile, CreateLead, DetailsPatch, EditDetails, EraseLead, ImportLead,
    LeadCommand, LogMessage, MarkContacted, MarkLost, MergeLead, Patch, PinNote, QualifyLead,
    RecordAnalysis, RemoveFile, ReopenLead, RequestAnalysis, RollBackLead, TransferToSales,
    UnpinNote,
};
pub use member_ref::MemberRef;
pub use people::{
    AcceptInvitation, AddMember, ChangeLanguage, ChangeNotifications, ChangeRole, ChangeSettings,
    CreateInvitation, CreateToken, CreateWorkspace, DeactivateMember, FirstAdmin,
    InvitationCommand, LinkIdentity, LinkTelegram, MemberCommand, NoteBotBlocked, ReactivateMember,
    RenameMember, RevokeInvitation, RevokeToken, TokenCommand, UnlinkIdentity, UnlinkTelegram,
    WorkspaceCommand,
};
pub use sale::{LoseSale, MoveSale, OpenSale, SaleCommand, SetAmount};
pub use secret::hash_of_secret;
pub use settings::{AdvisorPatch, DeadlinesPatch, SettingsPatch};

use crate::actor::ServicePrincipal;
use crate::ids::{
    AdvisorId, CommandId, EventId, InvitationId, LeadId, MemberId, SaleId, TokenId, WorkspaceId,
};
use crate::subjects::Edge;
use crate::values::{AggregateKind, TelegramUserId};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// What proves who asks. An edge forwards it; `platform/auth` alone resolves it. Hides its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// An API token, whole: `ael_<workspace>_<id>_<secret>`.
    Token {
        /// The token.
        token: String,
    },
    /// A token of the OpenID Connect provider that the installation trusts, whole: a JWT. Good on
    /// the API's edge alone (and, of what came by it, on the assistant's).
    Oidc {
        /// The token.
        token: String,
    },
    /// A Telegram account, as the bot's Telegram session proves it. Good on the bot's edge alone.
    Telegram {
        /// The account.
        user_id: TelegramUserId,
    },
    /// The command line on the server. Good on the `cli` edge alone.
    Operator {
        /// The member as whom the operator acts, if any.
        #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
        as_member: Option<MemberId>,
    },
    /// A service of the house. Good on that service's own edge alone.
    Service {
        /// Which row of the table.
        principal: ServicePrincipal,
        /// The member on whose behalf it acts, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_behalf_of: Option<MemberId>,
    },
}

impl Credential {
    /// Whether an edge may bring it at all. The assistant brings whatever its askers brought, which
    /// it looks at by the edge of the question: what was not good there never comes further.
    #[must_use]
    pub const fn is_good_on(&self, edge: Edge) -> bool {
        match self {
            Self::Token { .. } => match edge {
                Edge::Api | Edge::Bot | Edge::Assistant | Edge::Jobs | Edge::Cli => true,
                Edge::Scoring | Edge::Transcription => false,
            },
            Self::Oidc { .. } => matches!(edge, Edge::Api | Edge::Assistant),
            Self::Telegram { .. } => matches!(edge, Edge::Bot | Edge::Assistant),
            Self::Operator { as_member: None } => matches!(edge, Edge::Cli),
            Self::Operator { as_member: Some(_) } => matches!(edge, Edge::Cli | Edge::Assistant),
            Self::Service { principal, .. } => match principal {
                ServicePrincipal::Scoring => matches!(edge, Edge::Scoring),
                ServicePrincipal::Bot => matches!(edge, Edge::Bot),
                ServicePrincipal::Importer => matches!(edge, Edge::Jobs | Edge::Cli),
                ServicePrincipal::ProcessManager
                | ServicePrincipal::AssignmentRule
                | ServicePrincipal::Retention => matches!(edge, Edge::Jobs),
            },
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { .. } => f.write_str("Token(***)"),
            Self::Oidc { .. } => f.write_str("Oidc(***)"),
            Self::Telegram { .. } => f.write_str("Telegram(***)"),
            Self::Operator { as_member } => write!(f, "Operator({as_member:?})"),
            Self::Service { principal, .. } => write!(f, "Service({principal:?})"),
        }
    }
}

/// A command for one aggregate: `{"lead": {"id": …, "do": {"command": "qualify"}}}` and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// To a workspace (the one in the subject).
    Workspace(To<WorkspaceId, WorkspaceCommand>),
    /// To a member, or to whoever asks.
    Member(To<MemberRef, MemberCommand>),
    /// To an invitation.
    Invitation(To<InvitationId, InvitationCommand>),
    /// To a token.
    Token(To<TokenId, TokenCommand>),
    /// To a lead.
    Lead(To<LeadId, LeadCommand>),
    /// To a sale.
    Sale(To<SaleId, SaleCommand>),
    /// To the workspace's advisor.
    Advisor(To<AdvisorId, AdvisorCommand>),
}

/// A command and whom it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct To<I, C> {
    /// The aggregate.
    pub id: I,
    /// What to do.
    #[serde(rename = "do")]
    pub command: C,
}

impl Command {
    /// The kind of aggregate that it is for: the last token of its subject.
    #[must_use]
    pub const fn aggregate(&self) -> AggregateKind {
        match self {
            Self::Workspace(_) => AggregateKind::Workspace,
            Self::Member(_) => AggregateKind::Member,
            Self::Invitation(_) => AggregateKind::Invitation,
            Self::Token(_) => AggregateKind::Token,
            Self::Lead(_) => AggregateKind::Lead,
            Self::Sale(_) => AggregateKind::Sale,
            Self::Advisor(_) => AggregateKind::Advisor,
        }
    }

    /// The id of the aggregate that it is for; none, when that is whoever asks.
    #[must_use]
    pub const fn aggregate_id(&self) -> Option<Uuid> {
        Some(match self {
            Self::Workspace(to) => to.id.uuid(),
            Self::Member(To { id: MemberRef::Id(id), .. }) => id.uuid(),
            Self::Member(To { id: MemberRef::Me, .. }) => return None,
            Self::Invitation(to) => to.id.uuid(),
            Self::Token(to) => to.id.uuid(),
            Self::Lead(to) => to.id.uuid(),
            Self::Sale(to) => to.id.uuid(),
            Self::Advisor(to) => to.id.uuid(),
        })
    }

    /// The use case's name, such as `lead.qualify`: the row of the who-may table and of an edge's
    /// allow-list.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self {
            Self::Workspace(to) => to.command.name(),
            Self::Member(to) => to.command.name(),
            Self::Invitation(to) => to.command.name(),
            Self::Token(to) => to.command.name(),
            Self::Lead(to) => to.command.name(),
            Self::Sale(to) => to.command.name(),
            Self::Advisor(to) => to.command.name(),
        };
        format!("{}.{name}", self.aggregate())
    }
}

/// What travels on `ael.cmd.<edge>.<workspace>.<aggregate>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// The intention: asking twice with the same id gives the first answer again.
    pub command_id: CommandId,
    /// Who asks.
    pub credential: Credential,
    /// Refuse with a conflict unless the aggregate has this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
    /// When it happened, for what is recorded later than it happened; now, when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<DateTime<Utc>>,
    /// What it all began with; the command's own id, when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Uuid>,
    /// The event that led to the command, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<EventId>,
    /// What to do.
    pub command: Command,
}

/// Declares an aggregate's commands: the enum, tagged by `command` (many have a `name` of their
/// own), and the names.
macro_rules! commands {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $wire:literal => $variant:ident($payload:ty)),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(tag = "command")]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $wire)] $variant($payload)),+
        }

        impl $name {
            /// The names of all of them.
            pub const NAMES: &'static [&'static str] = &[$($wire),+];

            /// The name on the wire.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire),+ }
            }
        }

        $(impl From<$payload> for $name {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        })+
    };
}
pub(crate) use commands;
