//! Invite somebody to a role: an Admin's decision.

use super::{Invitation, InvitationContext, InvitationRejection};
use crate::token::is_sha256;
use ael_events::command::CreateInvitation;
use ael_events::event::{InvitationCreated, InvitationEvent, InviteePrivate};
use ael_events::private::Private;

pub(super) fn decide(
    invitation: &Invitation,
    context: &InvitationContext,
    command: CreateInvitation,
) -> Result<Vec<InvitationEvent>, InvitationRejection> {
    if invitation.exists() {
        return Err(InvitationRejection::AlreadyExists);
    }
    let CreateInvitation { name, email, role, language, code_hash, expires_at, .. } = command;
    if !is_sha256(&code_hash) {
        return Err(InvitationRejection::BadHash);
    }
    if expires_at <= context.asked.now {
        return Err(InvitationRejection::EndsInThePast { expires_at });
    }
    Ok(vec![InvitationEvent::Created(InvitationCreated {
        role,
        language,
        code_hash: code_hash.to_ascii_lowercase(),
        expires_at,
        private: Private::Open(InviteePrivate { name, email }),
    })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HASH, given, invited};
    use super::*;
    use crate::testing::{ADMIN, MANAGER, now};
    use crate::who_may::Forbidden;
    use ael_events::values::{Language, Role};
    use chrono::TimeDelta;

    fn invite() -> CreateInvitation {
        CreateInvitation {
            name: "Олена".parse().unwrap(),
            email: None,
            role: Role::Agent,
            language: Language::Uk,
            code_hash: HASH.to_uppercase(),
            expires_at: now() + TimeDelta::days(1),
            valid_hours: None,
        }
    }

    #[test]
    fn an_admin_invites_somebody_once() {
        given([]).when(ADMIN, invite()).then([invited()]);
        given([invited()]).when(ADMIN, invite()).then_refused(InvitationRejection::AlreadyExists);
        given([])
            .when(MANAGER, invite())
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }

    #[test]
    fn an_invitation_has_a_code_and_ends_in_the_future() {
        given([])
            .when(ADMIN, CreateInvitation { code_hash: "secret".into(), ..invite() })
            .then_refused(InvitationRejection::BadHash);
        given([])
            .when(ADMIN, CreateInvitation { expires_at: now(), ..invite() })
            .then_refused(InvitationRejection::EndsInThePast { expires_at: now() });
    }
}
