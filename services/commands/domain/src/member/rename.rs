//! Change a member's name or e-mail: the member themself, or an Admin.

use super::{Member, MemberRejection};
use ael_events::command::RenameMember;
use ael_events::event::{MemberEvent, MemberPrivate, Renamed};
use ael_events::private::Private;

pub(super) fn decide(
    member: &Member,
    command: RenameMember,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    let RenameMember { name, email } = command;
    if member.person().is_some_and(|person| person.name == name && person.email == email) {
        return Ok(Vec::new());
    }
    let private = Private::Open(MemberPrivate { name, email });
    Ok(vec![MemberEvent::Renamed(Renamed { private })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined, linked};
    use super::*;
    use crate::Decider as _;
    use crate::testing::{ADMIN, AGENT, MANAGER};
    use crate::who_may::Forbidden;
    use ael_events::values::Role;

    fn to(name: &str) -> RenameMember {
        RenameMember { name: name.parse().unwrap(), email: None }
    }

    #[test]
    fn a_member_renames_themself_and_an_admin_everybody() {
        for by in [AGENT, ADMIN] {
            let past = [joined(Role::Agent), linked(7)];
            let events = given(past.clone()).when(by, to("Оля")).then_events();
            let member = Member::fold(past.into_iter().chain(events));
            let person = member.person().unwrap();
            assert_eq!(person.name.as_str(), "Оля");
            assert!(person.telegram.is_some(), "the account stays");
        }
        given([joined(Role::Agent)]).when(MANAGER, to("Оля")).then_refused(Forbidden::NotYours);
        given([]).when(ADMIN, to("Оля")).then_refused(MemberRejection::NotFound);
    }

    #[test]
    fn the_same_name_is_no_news() {
        given([joined(Role::Agent)]).when(AGENT, to("Олена")).then_nothing();
    }
}
