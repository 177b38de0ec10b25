//! A member and a workspace, event by event. Pure.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{MemberEvent, MemberPrivate, WorkspaceEvent};
use ael_events::ids::MemberId;
use ael_events::private::Private;
use ael_events::query::{MemberView, WorkspaceView};
use ael_events::values::NotificationSettings;

/// A member with what only the house looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The member.
    pub view: MemberView,
    /// Whether they blocked the bot.
    pub bot_blocked: bool,
    /// What they want to be told.
    pub notifications: NotificationSettings,
}

/// The member after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply_to_member(
    row: Option<MemberRow>,
    facts: &EventFacts,
    event: &MemberEvent,
) -> Result<MemberRow, Unfit> {
    if let Some(row) = &row
        && !expect_next(row.view.version, facts.sequence)?
    {
        return Ok(row.clone());
    }
    let mut row = match (row, event) {
        (_, MemberEvent::Joined(event)) => MemberRow {
            view: MemberView {
                id: MemberId::from_uuid(facts.aggregate_id),
                version: facts.sequence,
                name: None,
                email: None,
                role: event.role,
                language: event.language,
                active: true,
                telegram_linked: false,
                identity_linked: false,
                joined_at: facts.occurred_at,
            },
            bot_blocked: false,
            notifications: NotificationSettings::default(),
        },
        (Some(row), _) => row,
        (None, _) => return Err(Unfit::NoBeginning),
    };
    match event {
        MemberEvent::Joined(event) => set_person(&mut row.view, &event.private),
        MemberEvent::Renamed(event) => set_person(&mut row.view, &event.private),
        MemberEvent::RoleChanged(event) => row.view.role = event.to,
        MemberEvent::Deactivated(_) => row.view.active = false,
        MemberEvent::Reactivated(_) => row.view.active = true,
        MemberEvent::TelegramLinked(_) => {
            row.view.telegram_linked = true;
            row.bot_blocked = false;
        }
        MemberEvent::TelegramUnlinked(_) => row.view.telegram_linked = false,
        MemberEvent::IdentityLinked(_) => row.view.identity_linked = true,
        MemberEvent::IdentityUnlinked(_) => row.view.identity_linked = false,
        MemberEvent::LanguageChanged(event) => row.view.language = event.language,
        MemberEvent::NotificationsChanged(event) => {
            row.notifications = event.notifications.clone();
        }
        MemberEvent::BotBlocked(_) => row.bot_blocked = true,
    }
    row.view.version = facts.sequence;
    Ok(row)
}

fn set_person(view: &mut MemberView, private: &Private<MemberPrivate>) {
    view.name = private.open().map(|person| person.name.clone());
    view.email = private.open().and_then(|person| person.email.clone());
}

/// The workspace after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply_to_workspace(
    view: Option<WorkspaceView>,
    facts: &EventFacts,
    event: &WorkspaceEvent,
) -> Result<WorkspaceView, Unfit> {
    if let Some(view) = &view
        && !expect_next(view.version, facts.sequence)?
    {
        return Ok(view.clone());
    }
    match (view, event) {
        (_, WorkspaceEvent::Created(event)) => Ok(WorkspaceView {
            id: facts.workspace,
            version: facts.sequence,
            name: event.name.clone(),
            settings: event.settings.clone(),
            created_at: facts.occurred_at,
        }),
        (Some(mut view), WorkspaceEvent::SettingsChanged(event)) => {
            view.settings = event.settings.clone();
            view.version = facts.sequence;
            Ok(view)
        }
        (None, WorkspaceEvent::SettingsChanged(_)) => Err(Unfit::NoBeginning),
    }
}
