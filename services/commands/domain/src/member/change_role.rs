//! Change a member's role: an Admin's decision, but the last active Admin stays one.

use super::{Member, MemberContext, MemberRejection};
use ael_events::command::ChangeRole;
use ael_events::event::{MemberEvent, RoleChanged};

pub(super) fn decide(
    member: &Member,
    context: &MemberContext,
    command: &ChangeRole,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    let (from, to) = (member.known()?, command.role);
    if from == to {
        return Ok(Vec::new());
    }
    member.may_stop_being_admin(context)?;
    Ok(vec![MemberEvent::RoleChanged(RoleChanged { from, to })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{deactivated, given, joined};
    use super::*;
    use crate::testing::{ADMIN, AGENT, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::values::Role;

    fn to(role: Role) -> ChangeRole {
        ChangeRole { role }
    }

    #[test]
    fn an_admin_changes_roles() {
        let changed = RoleChanged { from: Role::Agent, to: Role::Manager };
        given([joined(Role::Agent)])
            .when(ADMIN, to(Role::Manager))
            .then([MemberEvent::RoleChanged(changed)]);
        given([joined(Role::Agent)]).when(ADMIN, to(Role::Agent)).then_nothing();
        for by in [AGENT, MANAGER] {
            given([joined(Role::Agent)])
                .when(by, to(Role::Admin))
                .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        }
    }

    #[test]
    fn the_last_active_admin_stays_an_admin() {
        given([joined(Role::Admin)]).when(ADMIN, to(Role::Agent)).then_events();
        given([joined(Role::Admin)])
            .and(|context| context.other_active_admins = 0)
            .when(ADMIN, to(Role::Agent))
            .then_refused(MemberRejection::LastAdmin);
        // One who is not active is not the last.
        given([joined(Role::Admin), deactivated()])
            .and(|context| context.other_active_admins = 0)
            .when(ADMIN, to(Role::Agent))
            .then_events();
    }
}
