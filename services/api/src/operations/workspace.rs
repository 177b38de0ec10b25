//! What the workspace decides for itself.

use super::Tag;
use crate::desk::Desk;
use crate::wire::{Body, Found, Problem, Reader, Writer, Written};
use ael_events::command::{ChangeSettings, Command, SettingsPatch, To, WorkspaceCommand};
use ael_events::query::{Query, WorkspaceView};
use poem_openapi::OpenApi;

/// The workspace.
#[derive(Debug)]
pub(crate) struct WorkspaceApi(pub(crate) Desk);

#[OpenApi(tag = "Tag::Workspace")]
impl WorkspaceApi {
    /// Look at the workspace
    #[oai(path = "/workspace", method = "get", operation_id = "get_workspace")]
    async fn get(&self, reader: Reader) -> Result<Found<WorkspaceView>, Problem> {
        Ok(Found::versioned(self.0.ask(&reader, Query::GetWorkspace {}).await?))
    }

    /// Change the workspace's settings
    ///
    /// What is absent stays as it is, whoever changes it at the same moment.
    #[oai(path = "/workspace", method = "patch", operation_id = "change_settings")]
    async fn change(&self, writer: Writer, body: Body<SettingsPatch>) -> Result<Written, Problem> {
        let id = writer.maker.caller.workspace;
        let command = WorkspaceCommand::ChangeSettings(ChangeSettings { settings: body.0 });
        Ok(Written(self.0.tell(&writer, Command::Workspace(To { id, command })).await?))
    }
}
