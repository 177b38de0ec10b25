//! Unlink the identity with which a member signs in: an Admin's decision.

use super::{Member, MemberRejection};
use ael_events::event::{IdentityUnlinked, MemberEvent};

pub(super) fn decide(member: &Member) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.has_identity() {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::IdentityUnlinked(IdentityUnlinked {})])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, identified, joined};
    use super::*;
    use crate::Decider as _;
    use crate::testing::{ADMIN, AGENT};
    use crate::who_may::Forbidden;
    use ael_events::command::UnlinkIdentity;
    use ael_events::values::Role;

    #[test]
    fn an_admin_unlinks_the_identity_and_nobody_else_does() {
        let past = [joined(Role::Agent), identified("7")];
        let unlinked = MemberEvent::IdentityUnlinked(IdentityUnlinked {});
        given(past.clone()).when(ADMIN, UnlinkIdentity {}).then([unlinked.clone()]);
        let member = Member::fold(past.clone().into_iter().chain([unlinked]));
        assert!(!member.has_identity() && member.person().unwrap().identity.is_none());
        given([joined(Role::Agent)]).when(ADMIN, UnlinkIdentity {}).then_nothing();
        given(past)
            .when(AGENT, UnlinkIdentity {})
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }
}
