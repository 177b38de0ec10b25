//! Change what a workspace decides for itself: an Admin's decision.
//!
//! What leads have already stays: a business domain or a tag that is taken from the settings is
//! only not given anew.

use super::{Workspace, WorkspaceRejection};
use ael_events::command::ChangeSettings;
use ael_events::event::{SettingsChanged, WorkspaceEvent};

pub(super) fn decide(
    workspace: &Workspace,
    command: ChangeSettings,
) -> Result<Vec<WorkspaceEvent>, WorkspaceRejection> {
    let Some(before) = workspace.settings() else { return Err(WorkspaceRejection::NotFound) };
    let settings = command.settings;
    if *before == settings {
        return Ok(Vec::new());
    }
    Ok(vec![WorkspaceEvent::SettingsChanged(SettingsChanged { settings })])
}

#[cfg(test)]
mod tests {
    use super::super::create::tests::{created, given};
    use super::*;
    use crate::testing::{ADMIN, MANAGER, settings};
    use crate::who_may::Forbidden;
    use ael_events::actor::Actor;
    use ael_events::values::{Role, WorkspaceSettings};

    fn change(stale_days: u32) -> ChangeSettings {
        ChangeSettings { settings: WorkspaceSettings { stale_days, ..settings() } }
    }

    #[test]
    fn an_admin_changes_the_settings() {
        let settings = change(3).settings;
        given([created()])
            .when(ADMIN, change(3))
            .then([WorkspaceEvent::SettingsChanged(SettingsChanged { settings })]);
        given([created()]).when(ADMIN, change(7)).then_nothing();
        given([]).when(ADMIN, change(3)).then_refused(WorkspaceRejection::NotFound);
    }

    #[test]
    fn nobody_else_changes_them() {
        given([created()])
            .when(MANAGER, change(3))
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        given([created()]).when(Actor::Operator, change(3)).then_refused(Forbidden::NotForOperator);
    }
}
