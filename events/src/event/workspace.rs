//! What can have happened to a workspace.

use crate::values::{WorkspaceName, WorkspaceSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::events! {
    /// An event of a workspace.
    WorkspaceEvent {
        /// A workspace was founded.
        "workspace.created.v1" => Created(WorkspaceCreated),
        /// Its settings are now these.
        "workspace.settings_changed.v1" => SettingsChanged(SettingsChanged),
    }
}

/// See [`WorkspaceEvent::Created`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceCreated {
    /// Its name.
    pub name: WorkspaceName,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
}

/// See [`WorkspaceEvent::SettingsChanged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsChanged {
    /// The settings now.
    pub settings: WorkspaceSettings,
}
