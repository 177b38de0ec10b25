//! Answering: every question takes the same way, and the whole of it stands here.

use crate::answers::{answer, explain_events, explain_leads, planned, read_by, shows_sales};
use crate::asker::{Asker, Colleague};
use crate::positions::Positions;
use crate::refusal::{Answered, Unanswered};
use crate::request::{Question, too_large};
use crate::view::Viewer;
use ael_auth::{CursorKey, Directory, Oidc, TokenUses, admit_query};
use ael_bus::{Handler, Request, Standing, Unhandled};
use ael_events::answer::{Failed, QueryAnswer, Rejected};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{ListEvents, ListLeads, Query};
use ael_events::values::{Role, Scope};
use bytes::Bytes;
use serde_json::Value;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long anything about a question may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the read models to take a write that is to be seen.
    pub position: Duration,
    /// For one statement.
    pub statement: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { position: Duration::from_secs(2), statement: Duration::from_secs(3) }
    }
}

/// Where questions are answered.
#[derive(Debug)]
pub struct Desk {
    directory: Directory,
    positions: Positions,
    viewer: Viewer,
}

impl Desk {
    /// A desk over a pool of the `ael_queries` role; ends its own watching with `shutdown`.
    #[must_use]
    pub fn new(
        pool: PgPool,
        cursors: CursorKey,
        patience: Patience,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            directory: Directory::new(pool.clone()),
            positions: Positions::watch(pool.clone(), patience.position, shutdown),
            viewer: Viewer::new(pool, cursors, patience.statement),
        }
    }

    /// The same with a provider whose sign-in tokens are taken, where there is one.
    #[must_use]
    pub fn with_provider(self, provider: Option<Oidc>) -> Self {
        Self { directory: self.directory.with_provider(provider), ..self }
    }

    /// When tokens were last used here: to be kept by the service.
    #[must_use]
    pub fn token_uses(&self) -> TokenUses {
        self.directory.token_uses()
    }

    /// Answers what arrived on a subject, whatever it is.
    pub async fn answer(&self, subject: &str, payload: &[u8]) -> Bytes {
        let began = Instant::now();
        let answered = self.look_up(subject, payload).await;
        let outcome = answered.as_ref().map_or_else(Unanswered::outcome, |_| "found");
        metrics::histogram!("ael_queries_seconds", "query" => name(subject), "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        answered.unwrap_or_else(|unanswered| written(&unanswered.into_answer()))
    }

    /// How the database answers a list of leads for a member: its plans, with what they looked at.
    ///
    /// # Errors
    /// The answer that a member would get instead.
    pub async fn explain_leads(
        &self,
        workspace: WorkspaceId,
        id: MemberId,
        role: Role,
        asked: &ListLeads,
    ) -> Result<Vec<Value>, QueryAnswer<()>> {
        let query = Query::ListLeads(asked.clone());
        let explained = async {
            let asker = Colleague { id, role, narrow: false };
            let plan = planned(&query, Asker::Colleague(asker));
            let mut view = self.viewer.open(workspace, plan).await?;
            explain_leads(&mut view, asker, asked).await
        };
        explained.await.map_err(Unanswered::into_answer)
    }

    /// How the database answers a list of everything that happened for an Admin.
    ///
    /// # Errors
    /// The answer that an Admin would get instead.
    pub async fn explain_events(
        &self,
        workspace: WorkspaceId,
        id: MemberId,
        asked: &ListEvents,
    ) -> Result<Value, QueryAnswer<()>> {
        let query = Query::ListEvents(asked.clone());
        let explained = async {
            let asker = Colleague { id, role: Role::Admin, narrow: false };
            let plan = planned(&query, Asker::Colleague(asker));
            let mut view = self.viewer.open(workspace, plan).await?;
            explain_events(&mut view, asker, asked).await
        };
        explained.await.map_err(Unanswered::into_answer)
    }

    async fn look_up(&self, subject: &str, payload: &[u8]) -> Answered<Bytes> {
        let Question { subject, request } = Question::parse(subject, payload)?;
        let (edge, workspace, query) = (subject.edge, subject.workspace, &request.query);
        admit_query(edge, query.name())?;
        let principal = self.directory.resolve(edge, workspace, &request.credential).await?;
        principal.permit_query(query.name())?;
        if shows_sales(query) {
            principal.permit_scope(Scope::SalesRead)?;
        }
        let asker = Asker::admit(&principal.actor, query)?.by(&principal);
        if let Some(token) = request.after {
            self.positions.reach(token, read_by(query)).await?;
        }
        let mut view = self.viewer.open(workspace, planned(query, asker)).await?;
        view.scopes = principal.scopes;
        // It only read: its end goes to the database with the connection's return to the pool, and
        // the answer does not wait for that.
        answer(&mut view, asker, query).await
    }
}

impl Handler for Desk {
    async fn handle(&self, request: Request) -> Bytes {
        self.answer(&request.subject, &request.payload).await
    }

    async fn standing(&self) -> Standing {
        match self.viewer.behind().await {
            Ok(behind) => Standing { ready: true, behind: Some(behind) },
            Err(_) => Standing { ready: false, behind: None },
        }
    }

    fn unhandled(&self, subject: &str, why: Unhandled) -> Bytes {
        let answer = match why {
            Unhandled::TooLarge { bytes, limit } => QueryAnswer::Rejected(too_large(bytes, limit)),
            Unhandled::AnswerTooLarge { bytes, limit } => {
                tracing::warn!(subject, bytes, limit, "an answer is larger than the bus carries");
                let sentence = "the answer is larger than one message: ask for less at once";
                QueryAnswer::Rejected(Rejected::new("answer_too_large", sentence))
            }
            Unhandled::Panicked => QueryAnswer::Failed(Failed {
                sentence: "the question could not be answered: ask again in a moment".to_owned(),
                retry_after_ms: 1_000,
            }),
        };
        written(&answer)
    }
}

/// A query's name as a metric's label; what is none of ours does not make up labels.
fn name(subject: &str) -> &'static str {
    let asked = subject.rsplit('.').next().unwrap_or_default();
    Query::NAMES.iter().find(|name| **name == asked).copied().unwrap_or("unknown")
}

fn written(answer: &QueryAnswer<()>) -> Bytes {
    Bytes::from(serde_json::to_vec(answer).unwrap_or_default())
}
