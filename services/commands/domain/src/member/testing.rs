//! A member's story in short words, for the tests of its rules.

use super::{Member, MemberContext};
use crate::testing::{Given, OLENA, asked, given_in};
use ael_events::command::LinkIdentity;
use ael_events::event::{
    Deactivated, IdentityLinked, IdentityPrivate, Joined, MemberEvent, MemberPrivate,
    TelegramLinked, TelegramPrivate,
};
use ael_events::private::Private;
use ael_events::values::{Language, Role, TelegramUserId};

/// Olena, beside another active Admin.
pub(crate) fn context() -> MemberContext {
    MemberContext {
        member_id: OLENA,
        asked: asked(),
        other_active_admins: 1,
        telegram_taken_by: None,
        identity_taken_by: None,
    }
}

pub(crate) fn given(events: impl IntoIterator<Item = MemberEvent>) -> Given<Member, MemberContext> {
    given_in(context(), events)
}

pub(crate) fn joined(role: Role) -> MemberEvent {
    let private = MemberPrivate { name: "Олена".parse().unwrap(), email: None };
    MemberEvent::Joined(Joined { role, language: Language::Uk, private: Private::Open(private) })
}

pub(crate) const fn deactivated() -> MemberEvent {
    MemberEvent::Deactivated(Deactivated {})
}

pub(crate) fn account(number: i64) -> TelegramUserId {
    number.try_into().unwrap()
}

pub(crate) fn linked(number: i64) -> MemberEvent {
    let private = Private::Open(TelegramPrivate { user_id: account(number) });
    MemberEvent::TelegramLinked(TelegramLinked { private })
}

pub(crate) fn identity(subject: &str) -> LinkIdentity {
    let issuer = "https://login.example.com/".parse().unwrap();
    LinkIdentity { issuer, subject: subject.parse().unwrap() }
}

pub(crate) fn identified(subject: &str) -> MemberEvent {
    let LinkIdentity { issuer, subject } = identity(subject);
    let private = Private::Open(IdentityPrivate { issuer, subject });
    MemberEvent::IdentityLinked(IdentityLinked { private })
}
