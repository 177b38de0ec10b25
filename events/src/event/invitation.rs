//! What can have happened to an invitation.

use crate::ids::MemberId;
use crate::private::Private;
use crate::values::{Email, Language, MemberName, Role};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::events! {
    /// An event of an invitation.
    InvitationEvent {
        /// Somebody is invited.
        "invitation.created.v1" => Created(InvitationCreated),
        /// They came.
        "invitation.accepted.v1" => Accepted(InvitationAccepted),
        /// They are not to come any more.
        "invitation.revoked.v1" => Revoked(InvitationRevoked),
    }
}

/// Who is invited; sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteePrivate {
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// See [`InvitationEvent::Created`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationCreated {
    /// The role that awaits them.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// SHA-256 of the code in the link, hexadecimal; the code itself is kept nowhere.
    pub code_hash: String,
    /// Until when the link is good.
    pub expires_at: DateTime<Utc>,
    /// Who is invited.
    #[serde(default)]
    pub private: Private<InviteePrivate>,
}

/// See [`InvitationEvent::Accepted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationAccepted {
    /// The member that they became.
    pub member_id: MemberId,
}

/// See [`InvitationEvent::Revoked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationRevoked {}
