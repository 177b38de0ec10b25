//! Note that a member blocked the bot, which can't reach them any more: the bot alone knows.

use super::{Member, MemberRejection};
use ael_events::event::{BotBlocked, MemberEvent};

pub(super) fn decide(member: &Member) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.has_telegram() {
        return Err(MemberRejection::NoTelegram);
    }
    if member.blocks_the_bot() {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::BotBlocked(BotBlocked {})])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined, linked};
    use super::*;
    use crate::testing::{ADMIN, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::{Actor, ServicePrincipal};
    use ael_events::command::NoteBotBlocked;
    use ael_events::values::Role;

    const BOT: Actor = service(ServicePrincipal::Bot);

    #[test]
    fn the_bot_notes_that_it_was_blocked_once() {
        let blocked = MemberEvent::BotBlocked(BotBlocked {});
        given([joined(Role::Agent), linked(7)])
            .when(BOT, NoteBotBlocked {})
            .then([blocked.clone()]);
        given([joined(Role::Agent), linked(7), blocked])
            .when(BOT, NoteBotBlocked {})
            .then_nothing();
    }

    #[test]
    fn nobody_else_notes_it_and_not_of_somebody_without_an_account() {
        given([joined(Role::Agent)])
            .when(BOT, NoteBotBlocked {})
            .then_refused(MemberRejection::NoTelegram);
        let principal = ServicePrincipal::Bot;
        given([joined(Role::Agent), linked(7)])
            .when(ADMIN, NoteBotBlocked {})
            .then_refused(Forbidden::NotForPeople { principal });
    }
}
