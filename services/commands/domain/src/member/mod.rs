//! A member: a person of a workspace, in a role.
//!
//! ```text
//! joined ─▶ active ◀──▶ inactive      (the last active Admin stays one)
//! ```

pub(crate) mod add;
mod change_language;
mod change_notifications;
mod change_role;
mod deactivate;
mod link_identity;
mod link_telegram;
mod note_bot_blocked;
mod reactivate;
mod rejection;
mod rename;
mod unlink_identity;
mod unlink_telegram;

#[cfg(test)]
pub(crate) mod testing;

pub use rejection::MemberRejection;

use crate::Asked;
use crate::token::TokenOwner;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::MemberCommand;
use ael_events::event::{IdentityPrivate, MemberEvent, MemberPrivate};
use ael_events::ids::MemberId;
use ael_events::private::Private;
use ael_events::values::{
    Email, IdentityIssuer, IdentitySubject, Language, MemberName, NotificationSettings, Role,
    TelegramUserId,
};
use serde::{Deserialize, Serialize};

/// Everything that later decisions need to know about a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    standing: Standing,
    language: Option<Language>,
    notifications: NotificationSettings,
    telegram: Telegram,
    /// Whether an identity is linked, with which they sign in.
    #[serde(default)]
    identified: bool,
    /// The person: the one part of a snapshot that is sealed.
    #[serde(default)]
    private: Private<MemberPerson>,
}

/// Whether a member may do anything, and in which role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Nobody joined yet.
    #[default]
    Absent,
    Active(Role),
    Inactive(Role),
}

/// Whether the bot reaches them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Telegram {
    #[default]
    Unlinked,
    Linked,
    /// Linked, but they blocked the bot.
    Blocked,
}

/// Who a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPerson {
    /// Their name.
    pub name: MemberName,
    /// Their e-mail address.
    pub email: Option<Email>,
    /// Their Telegram account.
    pub telegram: Option<TelegramUserId>,
    /// The identity with which they sign in.
    #[serde(default)]
    pub identity: Option<Identity>,
}

/// An identity of an OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: IdentityIssuer,
    /// The person's name there.
    pub subject: IdentitySubject,
}

/// What the handler found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberContext {
    /// Which member.
    pub member_id: MemberId,
    /// When, and on whose behalf.
    pub asked: Asked,
    /// How many other members are active Admins.
    pub other_active_admins: u32,
    /// Another member of the workspace who has the Telegram account that is to be linked.
    pub telegram_taken_by: Option<MemberId>,
    /// Another member of the workspace who has the identity that is to be linked.
    pub identity_taken_by: Option<MemberId>,
}

impl Member {
    /// What happens when this is asked of the member.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &MemberContext,
        command: MemberCommand,
    ) -> Result<Vec<MemberEvent>, MemberRejection> {
        let owner = Some(context.member_id);
        let subject = Subject { exists: true, owner, named: None };
        who_may::check(who_may::member(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            MemberCommand::Add(command) => add::decide(self, command),
            MemberCommand::Rename(command) => rename::decide(self, command),
            MemberCommand::ChangeRole(command) => change_role::decide(self, context, &command),
            MemberCommand::Deactivate(_) => deactivate::decide(self, context),
            MemberCommand::Reactivate(_) => reactivate::decide(self),
            MemberCommand::LinkTelegram(command) => link_telegram::decide(self, context, &command),
            MemberCommand::UnlinkTelegram(_) => unlink_telegram::decide(self),
            MemberCommand::LinkIdentity(command) => link_identity::decide(self, context, command),
            MemberCommand::UnlinkIdentity(_) => unlink_identity::decide(self),
            MemberCommand::ChangeLanguage(command) => change_language::decide(self, &command),
            MemberCommand::ChangeNotifications(command) => {
                change_notifications::decide(self, command)
            }
            MemberCommand::NoteBotBlocked(_) => note_bot_blocked::decide(self),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: MemberEvent) {
        match event {
            MemberEvent::Joined(joined) => {
                self.standing = Standing::Active(joined.role);
                self.language = Some(joined.language);
                self.is_called(joined.private);
            }
            MemberEvent::Renamed(renamed) => self.is_called(renamed.private),
            MemberEvent::RoleChanged(changed) => {
                self.standing = match self.standing {
                    Standing::Absent | Standing::Active(_) => Standing::Active(changed.to),
                    Standing::Inactive(_) => Standing::Inactive(changed.to),
                };
            }
            MemberEvent::Deactivated(_) => {
                if let Standing::Active(role) = self.standing {
                    self.standing = Standing::Inactive(role);
                }
            }
            MemberEvent::Reactivated(_) => {
                if let Standing::Inactive(role) = self.standing {
                    self.standing = Standing::Active(role);
                }
            }
            MemberEvent::TelegramLinked(linked) => {
                self.telegram = Telegram::Linked;
                self.has_account(linked.private.open().map(|account| account.user_id));
            }
            MemberEvent::TelegramUnlinked(_) => {
                self.telegram = Telegram::Unlinked;
                self.has_account(None);
            }
            MemberEvent::IdentityLinked(linked) => {
                self.identified = true;
                self.is_known_as(linked.private.open().cloned());
            }
            MemberEvent::IdentityUnlinked(_) => {
                self.identified = false;
                self.is_known_as(None);
            }
            MemberEvent::LanguageChanged(changed) => self.language = Some(changed.language),
            MemberEvent::NotificationsChanged(changed) => {
                self.notifications = changed.notifications;
            }
            MemberEvent::BotBlocked(_) => self.telegram = Telegram::Blocked,
        }
    }

    fn is_called(&mut self, private: Private<MemberPrivate>) {
        let telegram = self.person().and_then(|person| person.telegram);
        let identity = self.person().and_then(|person| person.identity.clone());
        self.private = match private {
            Private::Open(MemberPrivate { name, email }) => {
                Private::Open(MemberPerson { name, email, telegram, identity })
            }
            Private::Erased => Private::Erased,
        };
    }

    fn has_account(&mut self, telegram: Option<TelegramUserId>) {
        if let Private::Open(person) = &mut self.private {
            person.telegram = telegram;
        }
    }

    fn is_known_as(&mut self, identity: Option<IdentityPrivate>) {
        if let Private::Open(person) = &mut self.private {
            let known = |IdentityPrivate { issuer, subject }| Identity { issuer, subject };
            person.identity = identity.map(known);
        }
    }

    /// Refuses to decide about somebody who never joined.
    fn known(&self) -> Result<Role, MemberRejection> {
        self.role().ok_or(MemberRejection::NotFound)
    }

    /// Refuses to take the last active Admin from a workspace.
    fn may_stop_being_admin(&self, context: &MemberContext) -> Result<(), MemberRejection> {
        if self.standing == Standing::Active(Role::Admin) && context.other_active_admins == 0 {
            return Err(MemberRejection::LastAdmin);
        }
        Ok(())
    }

    /// Whether they ever joined.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.standing != Standing::Absent
    }

    /// Their role, whether they may use it now or not.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self.standing {
            Standing::Absent => None,
            Standing::Active(role) | Standing::Inactive(role) => Some(role),
        }
    }

    /// Whether they may do anything.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Active(_))
    }

    /// Their role, if they may use it now.
    #[must_use]
    pub fn active_role(&self) -> Option<Role> {
        self.role().filter(|_| self.is_active())
    }

    /// What a token of theirs has to know of them.
    #[must_use]
    pub fn token_owner(&self) -> Option<TokenOwner> {
        self.role().map(|role| TokenOwner { role, active: self.is_active() })
    }

    /// Their language.
    #[must_use]
    pub const fn language(&self) -> Option<Language> {
        self.language
    }

    /// What they want to be told.
    #[must_use]
    pub const fn notifications(&self) -> &NotificationSettings {
        &self.notifications
    }

    /// Whether a Telegram account is linked (and perhaps blocks the bot).
    #[must_use]
    pub fn has_telegram(&self) -> bool {
        self.telegram != Telegram::Unlinked
    }

    /// Whether an identity is linked, with which they sign in.
    #[must_use]
    pub const fn has_identity(&self) -> bool {
        self.identified
    }

    /// Whether they blocked the bot.
    #[must_use]
    pub fn blocks_the_bot(&self) -> bool {
        self.telegram == Telegram::Blocked
    }

    /// Who they are, while it is known.
    #[must_use]
    pub const fn person(&self) -> Option<&MemberPerson> {
        self.private.open()
    }
}

crate::decider::aggregate!(
    Member,
    "member",
    MemberContext,
    MemberCommand,
    MemberEvent,
    MemberRejection
);
