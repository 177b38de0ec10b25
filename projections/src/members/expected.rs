//! What the tables should hold of a member or a workspace: for audits.

use super::row::{MemberRow, apply_to_member, apply_to_workspace};
use crate::audit::row::{Audited, Row};
use crate::digest;
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::query::{AggregateDigest, WorkspaceView};
use ael_events::values::AggregateKind;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] = &[
    Audited { table: "members", kind: AggregateKind::Member, id: "id", key: &[], of: &[] },
    Audited {
        table: "workspaces",
        kind: AggregateKind::Workspace,
        id: "workspace",
        key: &[],
        of: &[],
    },
];

pub(super) struct ExpectedMember {
    id: Uuid,
    member: Option<MemberRow>,
    workspace: Option<WorkspaceView>,
}

impl ExpectedMember {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, member: None, workspace: None }
    }
}

impl Expected for ExpectedMember {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let facts = &incoming.opened.facts;
        match incoming.event {
            Event::Member(event) if !incoming.only_purge => {
                self.member = Some(apply_to_member(self.member.clone(), facts, event)?);
            }
            Event::Workspace(event) if !incoming.only_purge => {
                self.workspace = Some(apply_to_workspace(self.workspace.clone(), facts, event)?);
            }
            Event::Member(_)
            | Event::Workspace(_)
            | Event::Lead(_)
            | Event::Sale(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => {}
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let member = self.member.iter().map(|MemberRow { view, bot_blocked, notifications }| {
            Row::of("members")
                .open("id", self.id)
                .open("version", view.version)
                .personal("name", &view.name)
                .personal("email", &view.email)
                .open("role", view.role.as_str())
                .open("language", view.language.as_str())
                .open("active", view.active)
                .open("telegram_linked", view.telegram_linked)
                .open("identity_linked", view.identity_linked)
                .open("bot_blocked", bot_blocked)
                .open("notifications", notifications)
                .time("joined_at", view.joined_at)
        });
        let workspace = self.workspace.iter().map(|view| {
            Row::of("workspaces")
                .open("workspace", self.id)
                .open("version", view.version)
                .open("name", &view.name)
                .open("settings", &view.settings)
                .time("created_at", view.created_at)
        });
        member.chain(workspace).collect()
    }

    fn digest(&self, kind: AggregateKind) -> Option<AggregateDigest> {
        match kind {
            AggregateKind::Member => {
                self.member.as_ref().map(|member| digest::of_member(&member.view))
            }
            AggregateKind::Workspace => self.workspace.as_ref().map(digest::of_workspace),
            AggregateKind::Lead
            | AggregateKind::Sale
            | AggregateKind::Invitation
            | AggregateKind::Token
            | AggregateKind::Advisor => None,
        }
    }
}
