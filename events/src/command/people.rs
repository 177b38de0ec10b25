//! What can be asked of a workspace, its members, invitations and tokens.

use super::{MemberRef, Patch, SettingsPatch};
use crate::ids::MemberId;
use crate::values::{
    Email, IdentityIssuer, IdentitySubject, Language, MemberName, NotificationSettings, Role,
    Scope, TelegramUserId, TokenLabel, WorkspaceName, WorkspaceSettings,
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

super::commands! {
    /// A command to a workspace.
    WorkspaceCommand {
        /// Found a workspace, with its first Admin.
        "create" => Create(CreateWorkspace),
        /// Change what it decides for itself.
        "change_settings" => ChangeSettings(ChangeSettings),
    }
}

super::commands! {
    /// A command to a member.
    MemberCommand {
        /// Add a member without an invitation (Admin).
        "add" => Add(AddMember),
        /// Change their name or e-mail.
        "rename" => Rename(RenameMember),
        /// Change their role.
        "change_role" => ChangeRole(ChangeRole),
        /// Let them do nothing any more.
        "deactivate" => Deactivate(DeactivateMember),
        /// Let them work again.
        "reactivate" => Reactivate(ReactivateMember),
        /// Link their Telegram account.
        "link_telegram" => LinkTelegram(LinkTelegram),
        /// Unlink it.
        "unlink_telegram" => UnlinkTelegram(UnlinkTelegram),
        /// Link the identity with which they sign in (Admin).
        "link_identity" => LinkIdentity(LinkIdentity),
        /// Unlink it (Admin).
        "unlink_identity" => UnlinkIdentity(UnlinkIdentity),
        /// Change their language.
        "change_language" => ChangeLanguage(ChangeLanguage),
        /// Change what they are told.
        "change_notifications" => ChangeNotifications(ChangeNotifications),
        /// Note that they blocked the bot.
        "note_bot_blocked" => NoteBotBlocked(NoteBotBlocked),
    }
}

super::commands! {
    /// A command to an invitation.
    InvitationCommand {
        /// Invite somebody.
        "create" => Create(CreateInvitation),
        /// Come: become a member and link the Telegram account that came.
        "accept" => Accept(AcceptInvitation),
        /// Take the invitation back.
        "revoke" => Revoke(RevokeInvitation),
    }
}

super::commands! {
    /// A command to a token.
    TokenCommand {
        /// Make a token.
        "create" => Create(CreateToken),
        /// Make it good for nothing.
        "revoke" => Revoke(RevokeToken),
    }
}

/// The first Admin of a new workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstAdmin {
    /// Their id.
    pub member_id: MemberId,
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// See [`WorkspaceCommand::Create`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Its name.
    pub name: WorkspaceName,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
    /// Who runs it.
    pub first_admin: FirstAdmin,
}

/// See [`WorkspaceCommand::ChangeSettings`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// What changes: what is absent stays as it is when this is decided.
    pub settings: SettingsPatch,
}

/// See [`MemberCommand::Add`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMember {
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Their role.
    pub role: Role,
    /// Their language.
    pub language: Language,
}

/// See [`MemberCommand::Rename`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameMember {
    /// The name afterwards; as it is when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<MemberName>,
    /// The e-mail address afterwards: as it is when not said, none when `null`.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<Email>,
}

/// See [`MemberCommand::ChangeRole`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRole {
    /// The role afterwards.
    pub role: Role,
}

/// See [`MemberCommand::Deactivate`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeactivateMember {}

/// See [`MemberCommand::Reactivate`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactivateMember {}

/// See [`MemberCommand::LinkTelegram`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkTelegram {
    /// The account.
    pub user_id: TelegramUserId,
}

/// See [`MemberCommand::UnlinkTelegram`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlinkTelegram {}

/// See [`MemberCommand::LinkIdentity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    /// The OpenID Connect provider, as its tokens have it in `iss`.
    pub issuer: IdentityIssuer,
    /// The person's name there, as tokens have it in `sub`.
    pub subject: IdentitySubject,
}

/// See [`MemberCommand::UnlinkIdentity`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlinkIdentity {}

/// See [`MemberCommand::ChangeLanguage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLanguage {
    /// The language afterwards.
    pub language: Language,
}

/// See [`MemberCommand::ChangeNotifications`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeNotifications {
    /// What they want to be told afterwards.
    pub notifications: NotificationSettings,
}

/// See [`MemberCommand::NoteBotBlocked`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBotBlocked {}

/// See [`InvitationCommand::Create`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The role that awaits them.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// SHA-256 of the code in the link, 64 hexadecimal digits.
    pub code_hash: String,
    /// Until when the link is good.
    pub expires_at: DateTime<Utc>,
    /// For how many hours, when that is what was asked for. The edge works out `expires_at` from
    /// it by its own clock: asked again a little later, it is still the same command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_hours: Option<u32>,
}

/// See [`InvitationCommand::Accept`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The code in the link.
    pub code: String,
    /// The member that they become: an id made at the edge.
    pub member_id: MemberId,
    /// The Telegram account that came, if it came by Telegram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telegram: Option<TelegramUserId>,
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptInvitation")
            .field("member_id", &self.member_id)
            .finish_non_exhaustive()
    }
}

/// See [`InvitationCommand::Revoke`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeInvitation {}

/// See [`TokenCommand::Create`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Whose rights it carries, at most.
    pub member_id: MemberRef,
    /// What it is for.
    pub label: TokenLabel,
    /// SHA-256 of the secret, 64 hexadecimal digits.
    pub secret_hash: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// Until when; for ever, when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// See [`TokenCommand::Revoke`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_name_is_written_as_it_always_was() {
        for written in [json!({ "name": "Ada" }), json!({ "name": "Ada", "email": "a@b.example" })]
        {
            let read: RenameMember = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), written);
        }
    }

    #[test]
    fn an_address_that_is_not_named_stays_and_null_takes_it_away() {
        let email = |written| serde_json::from_value::<RenameMember>(written).unwrap().email;
        assert_eq!(email(json!({ "name": "Ada" })), Patch::Keep);
        assert_eq!(email(json!({ "email": null })), Patch::Clear);
    }
}
