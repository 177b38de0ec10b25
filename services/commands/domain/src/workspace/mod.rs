//! A workspace: a tenant, and what it decides for itself.

mod change_settings;
pub mod create;
mod rejection;

pub use rejection::WorkspaceRejection;

use crate::Asked;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::WorkspaceCommand;
use ael_events::event::WorkspaceEvent;
use ael_events::values::{WorkspaceName, WorkspaceSettings};
use serde::{Deserialize, Serialize};

/// Everything that later decisions need to know about a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workspace {
    /// Nobody founded it yet.
    #[default]
    Absent,
    /// It was founded.
    Founded(Founded),
}

/// A workspace that was founded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founded {
    /// Its name.
    pub name: WorkspaceName,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
}

/// What the handler found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkspaceContext {
    /// When, and on whose behalf.
    pub asked: Asked,
}

impl Workspace {
    /// What happens when this is asked of the workspace.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &WorkspaceContext,
        command: WorkspaceCommand,
    ) -> Result<Vec<WorkspaceEvent>, WorkspaceRejection> {
        let subject = Subject { exists: self.exists(), owner: None, named: None };
        who_may::check(who_may::workspace(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            WorkspaceCommand::Create(command) => create::decide(self, command),
            WorkspaceCommand::ChangeSettings(command) => change_settings::decide(self, command),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: WorkspaceEvent) {
        match event {
            WorkspaceEvent::Created(created) => {
                let (name, settings) = (created.name, created.settings);
                *self = Self::Founded(Founded { name, settings });
            }
            WorkspaceEvent::SettingsChanged(changed) => {
                if let Self::Founded(workspace) = self {
                    workspace.settings = changed.settings;
                }
            }
        }
    }

    /// Whether it was founded.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.founded().is_some()
    }

    /// The workspace, once it was founded.
    #[must_use]
    pub const fn founded(&self) -> Option<&Founded> {
        match self {
            Self::Absent => None,
            Self::Founded(workspace) => Some(workspace),
        }
    }

    /// What it decides for itself, once it was founded.
    #[must_use]
    pub fn settings(&self) -> Option<&WorkspaceSettings> {
        self.founded().map(|workspace| &workspace.settings)
    }
}

crate::decider::aggregate!(
    Workspace,
    "workspace",
    WorkspaceContext,
    WorkspaceCommand,
    WorkspaceEvent,
    WorkspaceRejection
);
