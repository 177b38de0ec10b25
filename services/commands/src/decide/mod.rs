//! Finds out what each decision has to know, lets the domain decide, and drafts what is to be
//! written.
//!
//! One file per aggregate. No rule of the business stands here.

mod advisor;
mod invitation;
mod lead;
mod lead_rows;
mod member;
mod sale;
mod token;
mod workspace;

use crate::desk::Desk;
use crate::draft::{Decision, Draft};
use crate::failure::{Refused, Trouble};
use crate::intake::Intake;
use crate::repository::Freshness;
use crate::stored::{Known, Stored};
use ael_auth::Principal;
use ael_bus::Traceparent;
use ael_domain::Asked;
use ael_events::command::Command;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::values::{Role, WorkspaceSettings};
use ael_store::{Append, AppendMeta};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A command on its way to a decision: what was asked, by whom, when, and how fresh the facts have
/// to be.
#[derive(Debug)]
pub(crate) struct Matter<'a> {
    /// The service.
    pub(crate) desk: &'a Desk,
    /// What was asked.
    pub(crate) intake: &'a Intake,
    /// Who asks.
    pub(crate) principal: &'a Principal,
    /// When it is decided.
    pub(crate) now: DateTime<Utc>,
    /// How fresh the facts have to be.
    pub(crate) freshness: Freshness,
    /// Whether the store found that no Admin would be left.
    pub(crate) is_last_admin: bool,
}

impl Matter<'_> {
    /// Decides, or finds out that it cannot be decided now.
    pub(crate) async fn decide(&self) -> Result<Decision, Refused> {
        match &self.intake.request.command {
            Command::Workspace(to) => workspace::decide(self, to).await,
            Command::Member(to) => member::decide(self, to).await,
            Command::Invitation(to) => invitation::decide(self, to).await,
            Command::Token(to) => token::decide(self, to).await,
            Command::Lead(to) => lead::decide(self, to).await,
            Command::Sale(to) => sale::decide(self, to).await,
            Command::Advisor(to) => advisor::decide(self, to).await,
        }
    }

    const fn workspace(&self) -> WorkspaceId {
        self.intake.workspace
    }

    fn asked(&self) -> Asked {
        let occurred_at = self.intake.request.occurred_at.unwrap_or(self.now);
        Asked { now: self.now, occurred_at, on_behalf_of: self.principal.on_behalf_of }
    }

    /// An empty draft with all that is known about the command.
    fn draft<A: Stored>(&self, known: &Known<A>) -> Draft {
        let request = &self.intake.request;
        let meta = AppendMeta {
            actor: self.principal.actor,
            edge: self.intake.edge.token().to_owned(),
            occurred_at: request.occurred_at.unwrap_or(self.now),
            command_id: request.command_id,
            correlation_id: request.correlation_id.unwrap_or(request.command_id.uuid()),
            causation_id: request.causation_id,
            traceparent: Traceparent::current().map(|trace| trace.to_string()),
        };
        Draft::new(Append::new(self.workspace(), meta, self.now), known)
    }

    /// Whether the aggregate has the version that the asker expects.
    fn is_expected<A: Stored>(&self, known: &Known<A>) -> Result<(), Decision> {
        match self.intake.request.expected_version {
            Some(expected) if expected != known.version => {
                Err(Decision::Unexpected { version: known.version })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What the workspace decides for itself; none, when there is no such workspace.
    async fn settings(&self) -> Result<Option<Arc<WorkspaceSettings>>, Trouble> {
        self.desk.repository.settings(self.workspace(), self.freshness).await
    }

    /// The role of a member, if they are active.
    async fn active_role(&self, member: MemberId) -> Result<Option<Role>, Refused> {
        let anew = self.freshness.is_anew();
        Ok(self.desk.directory.active_role(self.workspace(), member, anew).await?)
    }

    async fn load<A: Stored>(&self, id: uuid::Uuid) -> Result<Known<A>, Trouble> {
        self.desk.repository.load(self.workspace(), id).await
    }
}
