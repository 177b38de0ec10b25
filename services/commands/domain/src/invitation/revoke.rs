//! Take an invitation back: an Admin's decision.

use super::{Invitation, InvitationRejection, Standing};
use ael_events::event::{InvitationEvent, InvitationRevoked};

pub(super) fn decide(invitation: &Invitation) -> Result<Vec<InvitationEvent>, InvitationRejection> {
    match invitation.standing {
        Standing::Absent => Err(InvitationRejection::NotFound),
        Standing::Open => Ok(vec![InvitationEvent::Revoked(InvitationRevoked {})]),
        Standing::Revoked => Ok(Vec::new()),
        Standing::Accepted(_) => Err(InvitationRejection::AlreadyAccepted),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, given, invited, revoked};
    use super::*;
    use crate::testing::{ADMIN, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::command::RevokeInvitation;
    use ael_events::values::Role;

    #[test]
    fn an_admin_takes_an_invitation_back_before_it_is_accepted() {
        given([invited()]).when(ADMIN, RevokeInvitation {}).then([revoked()]);
        given([invited(), revoked()]).when(ADMIN, RevokeInvitation {}).then_nothing();
        given([invited(), accepted()])
            .when(ADMIN, RevokeInvitation {})
            .then_refused(InvitationRejection::AlreadyAccepted);
        given([]).when(ADMIN, RevokeInvitation {}).then_refused(InvitationRejection::NotFound);
        given([invited()])
            .when(MANAGER, RevokeInvitation {})
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }
}
