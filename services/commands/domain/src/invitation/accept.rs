//! Come: become a member, and link the Telegram account that came. Whoever has the code may, for
//! who comes is no member yet and the code is the proof.

use super::{Invitation, InvitationContext, InvitationRejection, Standing};
use ael_events::command::{AcceptInvitation, hash_of_secret};
use ael_events::event::{
    InvitationAccepted, InvitationEvent, Joined, MemberEvent, MemberPrivate, TelegramLinked,
    TelegramPrivate,
};
use ael_events::private::Private;
use subtle::ConstantTimeEq as _;

pub(super) fn decide(
    invitation: &Invitation,
    context: &InvitationContext,
    command: &AcceptInvitation,
) -> Result<Vec<InvitationEvent>, InvitationRejection> {
    let Some(offer) = &invitation.offer else { return Err(InvitationRejection::WrongCode) };
    if !opens(&command.code, &offer.code_hash) {
        return Err(InvitationRejection::WrongCode);
    }
    match invitation.standing {
        Standing::Open => {}
        Standing::Absent => return Err(InvitationRejection::WrongCode),
        Standing::Accepted(_) => return Err(InvitationRejection::AlreadyAccepted),
        Standing::Revoked => return Err(InvitationRejection::Revoked),
    }
    let expires_at = offer.expires_at;
    if context.asked.now >= expires_at {
        return Err(InvitationRejection::Expired { expires_at });
    }
    if context.member_exists {
        return Err(InvitationRejection::MemberExists);
    }
    if let (Some(by), Some(_)) = (context.telegram_taken_by, command.telegram) {
        return Err(InvitationRejection::TelegramTaken { by });
    }
    let member_id = command.member_id;
    Ok(vec![InvitationEvent::Accepted(InvitationAccepted { member_id })])
}

/// What happens to the member that they become, in the same transaction.
#[must_use]
pub fn member_joins(invitation: &Invitation, command: &AcceptInvitation) -> Vec<MemberEvent> {
    let Some(offer) = &invitation.offer else { return Vec::new() };
    let private = match invitation.invitee().cloned() {
        Some(invitee) => Private::Open(MemberPrivate { name: invitee.name, email: invitee.email }),
        None => Private::Erased,
    };
    let (role, language) = (offer.role, offer.language);
    let joined = MemberEvent::Joined(Joined { role, language, private });
    let linked = command.telegram.map(|user_id| {
        let private = Private::Open(TelegramPrivate { user_id });
        MemberEvent::TelegramLinked(TelegramLinked { private })
    });
    [joined].into_iter().chain(linked).collect()
}

/// Whether the code is the one whose hash was kept; takes as long for a wrong one as for the right.
fn opens(code: &str, hash: &str) -> bool {
    hash_of_secret(code).as_bytes().ct_eq(hash.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, given, invited, revoked};
    use super::*;
    use crate::Decider as _;
    use crate::member::testing::{account, joined, linked};
    use crate::testing::{AGENT, OLENA, TARAS, now, service};
    use ael_events::actor::{Actor, ServicePrincipal};
    use ael_events::values::Role;
    use chrono::TimeDelta;

    fn come(code: &str) -> AcceptInvitation {
        AcceptInvitation { code: code.into(), member_id: OLENA, telegram: Some(account(7)) }
    }

    #[test]
    fn whoever_has_the_code_becomes_a_member() {
        for by in [service(ServicePrincipal::Bot), Actor::Operator, AGENT] {
            given([invited()]).when(by, come("open sesame")).then([accepted()]);
        }
        let invitation = Invitation::fold([invited()]);
        let joins = member_joins(&invitation, &come("open sesame"));
        assert_eq!(joins, [joined(Role::Agent), linked(7)]);
        let by_web = AcceptInvitation { telegram: None, ..come("open sesame") };
        assert_eq!(member_joins(&invitation, &by_web), [joined(Role::Agent)]);
        assert_eq!(member_joins(&Invitation::default(), &by_web), []);
    }

    #[test]
    fn a_wrong_code_says_nothing_about_the_invitation() {
        for past in [vec![], vec![invited()], vec![invited(), accepted()]] {
            given(past)
                .when(Actor::Operator, come("open barley"))
                .then_refused(InvitationRejection::WrongCode);
        }
    }

    #[test]
    fn an_invitation_is_good_once_unless_taken_back_and_until_its_day() {
        let by = service(ServicePrincipal::Bot);
        given([invited(), accepted()])
            .when(by, come("open sesame"))
            .then_refused(InvitationRejection::AlreadyAccepted);
        given([invited(), revoked()])
            .when(by, come("open sesame"))
            .then_refused(InvitationRejection::Revoked);
        let expires_at = now() + TimeDelta::days(1);
        given([invited()])
            .and(|context| context.asked.now = expires_at)
            .when(by, come("open sesame"))
            .then_refused(InvitationRejection::Expired { expires_at });
    }

    #[test]
    fn who_is_a_member_does_not_become_one() {
        let by = service(ServicePrincipal::Bot);
        given([invited()])
            .and(|context| context.member_exists = true)
            .when(by, come("open sesame"))
            .then_refused(InvitationRejection::MemberExists);
        given([invited()])
            .and(|context| context.telegram_taken_by = Some(TARAS))
            .when(by, come("open sesame"))
            .then_refused(InvitationRejection::TelegramTaken { by: TARAS });
    }
}
