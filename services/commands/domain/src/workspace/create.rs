//! Found a workspace, with its first Admin: the operator at the server decides it.

use super::{Workspace, WorkspaceRejection};
use crate::member::add::joins;
use ael_events::command::{AddMember, CreateWorkspace, FirstAdmin};
use ael_events::event::{MemberEvent, WorkspaceCreated, WorkspaceEvent};
use ael_events::values::Role;

pub(super) fn decide(
    workspace: &Workspace,
    command: CreateWorkspace,
) -> Result<Vec<WorkspaceEvent>, WorkspaceRejection> {
    if workspace.exists() {
        return Err(WorkspaceRejection::AlreadyExists);
    }
    let CreateWorkspace { name, settings, first_admin: _ } = command;
    Ok(vec![WorkspaceEvent::Created(WorkspaceCreated { name, settings })])
}

/// What happens to the first Admin, in the same transaction.
#[must_use]
pub fn first_admin_joins(command: &CreateWorkspace) -> Vec<MemberEvent> {
    let FirstAdmin { member_id: _, name, email } = command.first_admin.clone();
    let language = command.settings.language;
    vec![joins(AddMember { name, email, role: Role::Admin, language })]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::WorkspaceContext;
    use super::*;
    use crate::member::testing::joined;
    use crate::testing::{ADMIN, Given, OLENA, asked, given_in, settings};
    use crate::who_may::Forbidden;
    use ael_events::actor::Actor;

    pub(crate) fn given(
        events: impl IntoIterator<Item = WorkspaceEvent>,
    ) -> Given<Workspace, WorkspaceContext> {
        given_in(WorkspaceContext { asked: asked() }, events)
    }

    fn create() -> CreateWorkspace {
        CreateWorkspace {
            name: "Зоря".parse().unwrap(),
            settings: settings(),
            first_admin: FirstAdmin {
                member_id: OLENA,
                name: "Олена".parse().unwrap(),
                email: None,
            },
        }
    }

    pub(crate) fn created() -> WorkspaceEvent {
        let (name, settings) = (create().name, settings());
        WorkspaceEvent::Created(WorkspaceCreated { name, settings })
    }

    #[test]
    fn the_operator_founds_a_workspace_with_its_first_admin() {
        given([]).when(Actor::Operator, create()).then([created()]);
        assert_eq!(first_admin_joins(&create()), [joined(Role::Admin)]);
    }

    #[test]
    fn nobody_else_founds_one_and_none_is_founded_twice() {
        given([]).when(ADMIN, create()).then_refused(Forbidden::OnlyOperator);
        given([created()])
            .when(Actor::Operator, create())
            .then_refused(WorkspaceRejection::AlreadyExists);
    }
}
