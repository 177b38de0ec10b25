//! Link the identity with which a member signs in: an Admin's decision. An identity is one
//! member's.

use super::{Identity, Member, MemberContext, MemberRejection};
use ael_events::command::LinkIdentity;
use ael_events::event::{IdentityLinked, IdentityPrivate, MemberEvent};
use ael_events::private::Private;

pub(super) fn decide(
    member: &Member,
    context: &MemberContext,
    command: LinkIdentity,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    if !member.is_active() {
        return Err(MemberRejection::NotActive);
    }
    if let Some(by) = context.identity_taken_by.filter(|by| *by != context.member_id) {
        return Err(MemberRejection::IdentityTaken { by });
    }
    let LinkIdentity { issuer, subject } = command;
    let wanted = Identity { issuer, subject };
    if member.person().is_some_and(|person| person.identity.as_ref() == Some(&wanted)) {
        return Ok(Vec::new());
    }
    let Identity { issuer, subject } = wanted;
    let private = Private::Open(IdentityPrivate { issuer, subject });
    Ok(vec![MemberEvent::IdentityLinked(IdentityLinked { private })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{deactivated, given, identified, identity, joined, linked};
    use super::*;
    use crate::Decider as _;
    use crate::testing::{ADMIN, AGENT, MANAGER, TARAS};
    use crate::who_may::Forbidden;
    use ael_events::values::Role;

    #[test]
    fn an_admin_links_the_identity_and_nobody_else_does() {
        given([joined(Role::Agent)]).when(ADMIN, identity("7")).then([identified("7")]);
        for by in [AGENT, MANAGER] {
            given([joined(Role::Agent)])
                .when(by, identity("7"))
                .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        }
        given([]).when(ADMIN, identity("7")).then_refused(MemberRejection::NotFound);
        given([joined(Role::Agent), deactivated()])
            .when(ADMIN, identity("7"))
            .then_refused(MemberRejection::NotActive);
    }

    #[test]
    fn a_member_has_one_identity_and_the_same_again_is_no_news() {
        let past = [joined(Role::Agent), linked(7), identified("7")];
        given(past.clone()).when(ADMIN, identity("7")).then_nothing();
        let events = given(past.clone()).when(ADMIN, identity("8")).then_events();
        assert_eq!(events, [identified("8")]);
        let member = Member::fold(past.into_iter().chain(events));
        let person = member.person().unwrap();
        assert_eq!(person.identity.as_ref().unwrap().subject.as_str(), "8");
        assert!(person.telegram.is_some(), "the account stays");
    }

    #[test]
    fn an_identity_is_one_members() {
        given([joined(Role::Agent)])
            .and(|context| context.identity_taken_by = Some(TARAS))
            .when(ADMIN, identity("7"))
            .then_refused(MemberRejection::IdentityTaken { by: TARAS });
    }
}
