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
    let settings = command.settings.applied(before.clone());
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
    use ael_events::command::SettingsPatch;
    use ael_events::values::{Role, WorkspaceSettings};

    fn change(stale_days: u32) -> ChangeSettings {
        let stale_days = Some(stale_days);
        ChangeSettings { settings: SettingsPatch { stale_days, ..SettingsPatch::default() } }
    }

    fn stale_after(stale_days: u32) -> WorkspaceSettings {
        WorkspaceSettings { stale_days, ..settings() }
    }

    #[test]
    fn an_admin_changes_the_settings() {
        let settings = stale_after(3);
        given([created()])
            .when(ADMIN, change(3))
            .then([WorkspaceEvent::SettingsChanged(SettingsChanged { settings })]);
        given([created()]).when(ADMIN, change(7)).then_nothing();
        given([]).when(ADMIN, change(3)).then_refused(WorkspaceRejection::NotFound);
    }

    #[test]
    fn two_who_change_different_settings_keep_each_others_change() {
        let changed = |settings| WorkspaceEvent::SettingsChanged(SettingsChanged { settings });
        let currency = Some("EUR".parse().unwrap());
        let euros = SettingsPatch { currency, ..SettingsPatch::default() };
        let both = WorkspaceSettings { currency: "EUR".parse().unwrap(), ..stale_after(3) };
        given([created(), changed(stale_after(3))])
            .when(ADMIN, ChangeSettings { settings: euros })
            .then([changed(both)]);
    }

    #[test]
    fn nobody_else_changes_them() {
        given([created()])
            .when(MANAGER, change(3))
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        given([created()]).when(Actor::Operator, change(3)).then_refused(Forbidden::NotForOperator);
    }
}
