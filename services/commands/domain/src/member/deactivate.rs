//! Let a member do nothing any more: an Admin's decision, but the last active Admin stays one.

use super::{Member, MemberContext, MemberRejection};
use ael_events::event::{Deactivated, MemberEvent};

pub(super) fn decide(
    member: &Member,
    context: &MemberContext,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.is_active() {
        return Ok(Vec::new());
    }
    member.may_stop_being_admin(context)?;
    Ok(vec![MemberEvent::Deactivated(Deactivated {})])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{deactivated, given, joined};
    use super::*;
    use crate::testing::{ADMIN, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::command::DeactivateMember;
    use ael_events::values::Role;

    #[test]
    fn an_admin_deactivates_a_member() {
        given([joined(Role::Manager)]).when(ADMIN, DeactivateMember {}).then([deactivated()]);
        given([joined(Role::Manager), deactivated()])
            .when(ADMIN, DeactivateMember {})
            .then_nothing();
        given([joined(Role::Agent)])
            .when(MANAGER, DeactivateMember {})
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }

    #[test]
    fn the_last_active_admin_stays_active() {
        given([joined(Role::Admin)]).when(ADMIN, DeactivateMember {}).then([deactivated()]);
        given([joined(Role::Admin)])
            .and(|context| context.other_active_admins = 0)
            .when(ADMIN, DeactivateMember {})
            .then_refused(MemberRejection::LastAdmin);
        given([joined(Role::Manager)])
            .and(|context| context.other_active_admins = 0)
            .when(ADMIN, DeactivateMember {})
            .then([deactivated()]);
    }
}
