//! Let a member work again: an Admin's decision.

use super::{Member, MemberRejection};
use ael_events::event::{MemberEvent, Reactivated};

pub(super) fn decide(member: &Member) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if member.is_active() {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::Reactivated(Reactivated {})])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{deactivated, given, joined};
    use super::*;
    use crate::Decider as _;
    use crate::testing::{ADMIN, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::command::ReactivateMember;
    use ael_events::values::Role;

    #[test]
    fn a_member_comes_back_in_their_role() {
        let past = [joined(Role::Manager), deactivated()];
        let events = given(past.clone()).when(ADMIN, ReactivateMember {}).then_events();
        let member = Member::fold(past.clone().into_iter().chain(events));
        assert_eq!(member.active_role(), Some(Role::Manager));
        assert_eq!(Member::fold(past).active_role(), None);
        given([joined(Role::Agent)]).when(ADMIN, ReactivateMember {}).then_nothing();
        given([joined(Role::Agent), deactivated()])
            .when(MANAGER, ReactivateMember {})
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }
}
