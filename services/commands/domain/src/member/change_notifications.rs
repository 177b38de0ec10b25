//! Change what one wants to be told.

use super::{Member, MemberRejection};
use ael_events::command::ChangeNotifications;
use ael_events::event::{MemberEvent, NotificationsChanged};

pub(super) fn decide(
    member: &Member,
    command: ChangeNotifications,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    let notifications = command.notifications;
    if let Some(hours) = notifications.quiet_hours.filter(|(from, to)| *from > 23 || *to > 23) {
        return Err(MemberRejection::BadQuietHours { hours });
    }
    if member.notifications == notifications {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::NotificationsChanged(NotificationsChanged { notifications })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined};
    use super::*;
    use crate::testing::{ADMIN, AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::{NotificationSettings, Role};

    fn quiet(from: u8, to: u8) -> ChangeNotifications {
        let quiet_hours = Some((from, to));
        let notifications = NotificationSettings { quiet_hours, ..NotificationSettings::default() };
        ChangeNotifications { notifications }
    }

    #[test]
    fn everybody_chooses_themself_what_they_are_told() {
        given([joined(Role::Agent)]).when(AGENT, quiet(22, 7)).then_events();
        given([joined(Role::Agent)]).when(ADMIN, quiet(22, 7)).then_refused(Forbidden::NotYours);
        let notifications = NotificationSettings::default();
        given([joined(Role::Agent)])
            .when(AGENT, ChangeNotifications { notifications })
            .then_nothing();
    }

    #[test]
    fn a_day_has_24_hours() {
        given([joined(Role::Agent)])
            .when(AGENT, quiet(22, 24))
            .then_refused(MemberRejection::BadQuietHours { hours: (22, 24) });
    }
}
