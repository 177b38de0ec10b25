//! The first workspace of a new system, with its first Admin.

use super::PATIENCE;
use super::bring::Steps;
use crate::people::workspace::{found, new_settings};
use crate::session::Session;
use ael_client::ClientError;
use ael_events::command::FirstAdmin;
use ael_events::ids::{CommandId, MemberId, WorkspaceId};
use ael_events::query::{ListMembers, MemberPage, Query, WorkspaceView};
use ael_events::values::{MemberName, WorkspaceName, WorkspaceSettings};
use ael_service::Env;
use std::time::Duration;
use uuid::Uuid;

/// The name of a new system's workspace.
const NAME: &str = "AEL";

/// An id that is the same at every start, so that a start that was cut short is finished by the
/// next one and nothing is founded twice.
pub fn fixed(what: &str) -> Uuid {
    CommandId::derived("up", what).uuid()
}

/// The id of the workspace that a new system begins with.
pub fn workspace_id() -> WorkspaceId {
    WorkspaceId::from_uuid(fixed("workspace"))
}

/// Waits until a question is answered, and founds the first workspace if there is none.
pub async fn workspace(session: &Session, steps: &Steps) -> anyhow::Result<()> {
    let patient = session.patient(PATIENCE);
    if !patient.workspaces().await?.is_empty() {
        steps.done("the system answers");
        return Ok(());
    }
    let env = Env::of_process();
    let id = workspace_id();
    let admin = env.get("AEL_ADMIN_NAME").unwrap_or("Admin");
    let first_admin = FirstAdmin {
        member_id: MemberId::from_uuid(fixed("admin")),
        name: MemberName::parse(admin)?,
        email: None,
    };
    founded(&patient, id, NAME, new_settings(&env)?, first_admin).await?;
    steps.done(&format!("workspace {NAME} with its first Admin, {admin:?}"));
    Ok(())
}

/// Founds a workspace, or finds that it is founded already, and waits until it is to be seen.
pub async fn founded(
    session: &Session,
    id: WorkspaceId,
    name: &str,
    settings: WorkspaceSettings,
    first_admin: FirstAdmin,
) -> anyhow::Result<WorkspaceView> {
    let member = first_admin.member_id;
    let answer = found(session, id, WorkspaceName::parse(name)?, settings, first_admin).await;
    let after = match answer {
        Ok(accepted) => accepted.position,
        Err(error) => match error.downcast::<ClientError>()? {
            // An earlier start founded it and was cut short.
            ClientError::Rejected(rejected) if rejected.code == "already_exists" => None,
            error @ (ClientError::Rejected(_)
            | ClientError::Failed(_)
            | ClientError::Unavailable(_)) => return Err(error.into()),
        },
    };
    let workspace = session.ask_in(id, Some(member), Query::GetWorkspace {}, after).await?;
    until_seen(session, id, member).await?;
    Ok(workspace)
}

/// The Admin's lane may lag behind the workspace's: whoever comes next has to find both.
async fn until_seen(
    session: &Session,
    workspace: WorkspaceId,
    member: MemberId,
) -> anyhow::Result<()> {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        looks.tick().await;
        // The first Admin is the first who joins.
        let query = Query::ListMembers(ListMembers::default());
        let first: MemberPage = session.ask_in(workspace, Some(member), query, None).await?;
        if first.items.iter().any(|one| one.id == member) {
            return Ok(());
        }
        anyhow::ensure!(
            tokio::time::Instant::now() < deadline,
            "the read models do not show the workspace's first Admin: see projections.log"
        );
    }
}
