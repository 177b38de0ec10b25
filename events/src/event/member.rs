//! What can have happened to a member.

use crate::private::Private;
use crate::values::{
    Email, IdentityIssuer, IdentitySubject, Language, MemberName, NotificationSettings, Role,
    TelegramUserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::events! {
    /// An event of a member.
    MemberEvent {
        /// A person became a member.
        "member.joined.v1" => Joined(Joined),
        /// They have this name now.
        "member.renamed.v1" => Renamed(Renamed),
        /// They have this role now.
        "member.role_changed.v1" => RoleChanged(RoleChanged),
        /// They may do nothing any more.
        "member.deactivated.v1" => Deactivated(Deactivated),
        /// They may again.
        "member.reactivated.v1" => Reactivated(Reactivated),
        /// This Telegram account is theirs.
        "member.telegram_linked.v1" => TelegramLinked(TelegramLinked),
        /// No Telegram account is theirs.
        "member.telegram_unlinked.v1" => TelegramUnlinked(TelegramUnlinked),
        /// They sign in with this identity of an OpenID Connect provider.
        "member.identity_linked.v1" => IdentityLinked(IdentityLinked),
        /// No identity is theirs.
        "member.identity_unlinked.v1" => IdentityUnlinked(IdentityUnlinked),
        /// They read this language.
        "member.language_changed.v1" => LanguageChanged(LanguageChanged),
        /// They want to be told this.
        "member.notifications_changed.v1" => NotificationsChanged(NotificationsChanged),
        /// They blocked the bot, which can't reach them any more.
        "member.bot_blocked.v1" => BotBlocked(BotBlocked),
    }
}

/// Who a member is; sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberPrivate {
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// See [`MemberEvent::Joined`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joined {
    /// Their role.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// Who they are.
    #[serde(default)]
    pub private: Private<MemberPrivate>,
}

/// See [`MemberEvent::Renamed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// Who they are.
    #[serde(default)]
    pub private: Private<MemberPrivate>,
}

/// See [`MemberEvent::RoleChanged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleChanged {
    /// The role before.
    pub from: Role,
    /// The role now.
    pub to: Role,
}

/// See [`MemberEvent::Deactivated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deactivated {}

/// See [`MemberEvent::Reactivated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reactivated {}

/// The sealed part of [`TelegramLinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TelegramPrivate {
    /// The account.
    pub user_id: TelegramUserId,
}

/// See [`MemberEvent::TelegramLinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TelegramLinked {
    /// The account.
    #[serde(default)]
    pub private: Private<TelegramPrivate>,
}

/// See [`MemberEvent::TelegramUnlinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TelegramUnlinked {}

/// The sealed part of [`IdentityLinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityPrivate {
    /// The provider.
    pub issuer: IdentityIssuer,
    /// The person's name there.
    pub subject: IdentitySubject,
}

/// See [`MemberEvent::IdentityLinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityLinked {
    /// The identity.
    #[serde(default)]
    pub private: Private<IdentityPrivate>,
}

/// See [`MemberEvent::IdentityUnlinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityUnlinked {}

/// See [`MemberEvent::LanguageChanged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageChanged {
    /// The language now.
    pub language: Language,
}

/// See [`MemberEvent::NotificationsChanged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationsChanged {
    /// What they want to be told now.
    pub notifications: NotificationSettings,
}

/// See [`MemberEvent::BotBlocked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotBlocked {}
