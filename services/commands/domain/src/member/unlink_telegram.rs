//! Unlink a member's Telegram account: the member themself, or an Admin.

use super::{Member, MemberRejection};
use ael_events::event::{MemberEvent, TelegramUnlinked};

pub(super) fn decide(member: &Member) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.has_telegram() {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::TelegramUnlinked(TelegramUnlinked {})])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined, linked};
    use super::*;
    use crate::testing::{ADMIN, AGENT, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::command::UnlinkTelegram;
    use ael_events::values::Role;

    #[test]
    fn a_member_or_an_admin_unlinks_the_account() {
        let unlinked = MemberEvent::TelegramUnlinked(TelegramUnlinked {});
        for by in [AGENT, ADMIN] {
            given([joined(Role::Agent), linked(7)])
                .when(by, UnlinkTelegram {})
                .then([unlinked.clone()]);
        }
        given([joined(Role::Agent)]).when(AGENT, UnlinkTelegram {}).then_nothing();
        given([joined(Role::Agent), linked(7)])
            .when(OTHER_AGENT, UnlinkTelegram {})
            .then_refused(Forbidden::NotYours);
    }
}
