//! Link a member's Telegram account: the member themself, or an Admin. An account is one member's.

use super::{Member, MemberContext, MemberRejection, Telegram};
use ael_events::command::LinkTelegram;
use ael_events::event::{MemberEvent, TelegramLinked, TelegramPrivate};
use ael_events::private::Private;

pub(super) fn decide(
    member: &Member,
    context: &MemberContext,
    command: &LinkTelegram,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.is_active() {
        return Err(MemberRejection::NotActive);
    }
    if let Some(by) = context.telegram_taken_by.filter(|by| *by != context.member_id) {
        return Err(MemberRejection::TelegramTaken { by });
    }
    let user_id = command.user_id;
    let same = member.person().is_some_and(|person| person.telegram == Some(user_id));
    // Linking it anew says that the bot reaches them again.
    if same && member.telegram == Telegram::Linked {
        return Ok(Vec::new());
    }
    let private = Private::Open(TelegramPrivate { user_id });
    Ok(vec![MemberEvent::TelegramLinked(TelegramLinked { private })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, deactivated, given, joined, linked};
    use super::*;
    use crate::testing::{ADMIN, AGENT, OTHER_AGENT, TARAS};
    use crate::who_may::Forbidden;
    use ael_events::event::BotBlocked;
    use ael_events::values::Role;

    fn link(number: i64) -> LinkTelegram {
        LinkTelegram { user_id: account(number) }
    }

    #[test]
    fn a_member_or_an_admin_links_the_account() {
        for by in [AGENT, ADMIN] {
            given([joined(Role::Agent)]).when(by, link(7)).then([linked(7)]);
        }
        given([joined(Role::Agent)]).when(OTHER_AGENT, link(7)).then_refused(Forbidden::NotYours);
        given([joined(Role::Agent), linked(7)]).when(AGENT, link(7)).then_nothing();
        given([joined(Role::Agent), linked(7)]).when(AGENT, link(8)).then([linked(8)]);
    }

    #[test]
    fn an_account_is_one_members() {
        given([joined(Role::Agent)])
            .and(|context| context.telegram_taken_by = Some(TARAS))
            .when(AGENT, link(7))
            .then_refused(MemberRejection::TelegramTaken { by: TARAS });
    }

    #[test]
    fn linking_anew_says_that_the_bot_is_not_blocked_any_more() {
        let blocked = MemberEvent::BotBlocked(BotBlocked {});
        given([joined(Role::Agent), linked(7), blocked]).when(AGENT, link(7)).then([linked(7)]);
    }

    #[test]
    fn an_inactive_member_is_not_linked() {
        given([joined(Role::Agent), deactivated()])
            .when(ADMIN, link(7))
            .then_refused(MemberRejection::NotActive);
    }
}
