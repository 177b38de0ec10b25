//! Who decides: a person in a role, a service in its narrow row, or the operator at the server.

use crate::ids::MemberId;
use crate::values::Role;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A service that may decide what its row of the who-may table says, and nothing else.
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
#[serde(rename_all = "snake_case")]
pub enum ServicePrincipal {
    /// Records analyses; sees anonymous features.
    Scoring,
    /// Opens the sale of a transferred lead.
    ProcessManager,
    /// Imports on behalf of the Admin who asked.
    Importer,
    /// Assigns by a rule that a Manager or Admin switched on.
    AssignmentRule,
    /// Erases by a schedule that an Admin switched on.
    Retention,
    /// Notes that a member blocked the bot.
    Bot,
}

impl ServicePrincipal {
    /// Every service principal.
    pub const ALL: [Self; 6] = [
        Self::Scoring,
        Self::ProcessManager,
        Self::Importer,
        Self::AssignmentRule,
        Self::Retention,
        Self::Bot,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scoring => "scoring",
            Self::ProcessManager => "process_manager",
            Self::Importer => "importer",
            Self::AssignmentRule => "assignment_rule",
            Self::Retention => "retention",
            Self::Bot => "bot",
        }
    }
}

/// Who decides, as resolved by `commands` from the credential: never as claimed by an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person of the workspace.
    Member {
        /// Who.
        id: MemberId,
        /// In which role at the moment of the decision.
        role: Role,
    },
    /// A service.
    Service {
        /// Which.
        principal: ServicePrincipal,
        /// The member on whose behalf it acts, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_behalf_of: Option<MemberId>,
    },
    /// The command line on the server, acting for nobody.
    Operator,
}

impl Actor {
    /// The member who decides or on whose behalf a service does.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Member { id, .. } => Some(*id),
            Self::Service { on_behalf_of, .. } => *on_behalf_of,
            Self::Operator => None,
        }
    }

    /// Whether the actor is a member of at least this role.
    #[must_use]
    pub fn is_at_least(&self, needed: Role) -> bool {
        match self {
            Self::Member { role, .. } => *role >= needed,
            Self::Service { .. } | Self::Operator => false,
        }
    }
}

/// `member:<id>`, `service:<name>` or `operator`: the principal of idempotency, and the `actor` of
/// an event.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { id, .. } => write!(f, "member:{id}"),
            Self::Service { principal, .. } => write!(f, "service:{}", principal.as_str()),
            Self::Operator => f.write_str("operator"),
        }
    }
}
