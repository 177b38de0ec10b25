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
    let before = member.person();
    let Some(name) = name.or_else(|| before.map(|person| person.name.clone())) else {
        return Err(MemberRejection::NameUnknown);
    };
    let email = email.applied(before.and_then(|person| person.email.clone()));
    if before.is_some_and(|person| person.name == name && person.email == email) {
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
    use ael_events::command::Patch;
    use ael_events::values::{Email, Role};

    fn called(name: &str, email: Option<Email>) -> MemberEvent {
        let private = Private::Open(MemberPrivate { name: name.parse().unwrap(), email });
        MemberEvent::Renamed(Renamed { private })
    }

    fn address() -> Email {
        "olena@example.com".parse().unwrap()
    }

    fn to(name: &str) -> RenameMember {
        RenameMember { name: Some(name.parse().unwrap()), email: Patch::Keep }
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
        let nothing = RenameMember { name: None, email: Patch::Keep };
        given([joined(Role::Agent)]).when(AGENT, nothing).then_nothing();
    }

    #[test]
    fn a_name_and_an_address_change_each_without_the_other() {
        let past = || [joined(Role::Agent), called("Олена", Some(address()))];
        given(past()).when(AGENT, to("Оля")).then([called("Оля", Some(address()))]);
        let other: Email = "olya@example.com".parse().unwrap();
        let moved = RenameMember { name: None, email: Patch::Set(other.clone()) };
        given(past()).when(AGENT, moved).then([called("Олена", Some(other))]);
        let without = RenameMember { name: None, email: Patch::Clear };
        given(past()).when(AGENT, without).then([called("Олена", None)]);
    }

    #[test]
    fn whose_name_was_erased_needs_one() {
        let erased = MemberEvent::Renamed(Renamed { private: Private::Erased });
        let past = || [joined(Role::Agent), erased.clone()];
        let only = RenameMember { name: None, email: Patch::Set(address()) };
        given(past()).when(ADMIN, only).then_refused(MemberRejection::NameUnknown);
        given(past()).when(ADMIN, to("Оля")).then([called("Оля", None)]);
    }
}
