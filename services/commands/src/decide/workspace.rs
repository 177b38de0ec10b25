//! Workspaces: founded together with their first Admin.

use super::{Matter, member};
use crate::draft::Decision;
use crate::failure::Refused;
use ael_domain::member::Member;
use ael_domain::workspace::{Workspace, WorkspaceContext, create};
use ael_events::answer::Rejected;
use ael_events::command::{To, WorkspaceCommand};
use ael_events::ids::WorkspaceId;

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<WorkspaceId, WorkspaceCommand>,
) -> Result<Decision, Refused> {
    let workspace = matter.load::<Workspace>(to.id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&workspace) {
        return Ok(unexpected);
    }
    let context = WorkspaceContext { asked: matter.asked() };
    let by = &matter.principal.actor;
    let events = match workspace.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&workspace);
    let has_happened = !events.is_empty();
    draft.add(&workspace, to.id.uuid(), events)?;
    if let (true, WorkspaceCommand::Create(founding)) = (has_happened, &to.command) {
        let admin = matter.load::<Member>(founding.first_admin.member_id.uuid()).await?;
        member::add(&mut draft, &admin, create::first_admin_joins(founding))?;
    }
    Ok(Decision::Write(Box::new(draft)))
}

/// The refusal of everything in a workspace that is not there.
pub(super) fn no_such_workspace() -> Rejected {
    Rejected::new("no_such_workspace", "there is no such workspace: check its id")
}
