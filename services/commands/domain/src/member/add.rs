//! Add a member without an invitation: an Admin's decision.

use super::{Member, MemberRejection};
use ael_events::command::AddMember;
use ael_events::event::{Joined, MemberEvent, MemberPrivate};
use ael_events::private::Private;

pub(super) fn decide(
    member: &Member,
    command: AddMember,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    if member.exists() {
        return Err(MemberRejection::AlreadyExists);
    }
    Ok(vec![joins(command)])
}

/// The beginning of every membership.
pub(crate) fn joins(member: AddMember) -> MemberEvent {
    let AddMember { name, email, role, language } = member;
    let private = Private::Open(MemberPrivate { name, email });
    MemberEvent::Joined(Joined { role, language, private })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined};
    use super::*;
    use crate::testing::{ADMIN, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::values::{Language, Role};

    fn add() -> AddMember {
        AddMember {
            name: "Олена".parse().unwrap(),
            email: None,
            role: Role::Agent,
            language: Language::Uk,
        }
    }

    #[test]
    fn an_admin_adds_a_member_once() {
        given([]).when(ADMIN, add()).then([joined(Role::Agent)]);
        given([joined(Role::Agent)])
            .when(ADMIN, add())
            .then_refused(MemberRejection::AlreadyExists);
        given([]).when(MANAGER, add()).then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }
}
