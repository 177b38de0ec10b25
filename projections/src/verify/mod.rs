//! Whether history and read models are sound, asked over the bus by a workspace's Admins and
//! answered in pages: no page holds a snapshot of the database longer than it reads, and where the
//! next begins is all that is remembered, by who asks.

mod page;

use crate::audit::{Audit, Place, SecondOpinion};
use crate::error::ProjectionError;
use ael_auth::{CursorKey, Denied, Directory, Oidc, admit_ask};
use ael_bus::{Handler, Request, Unhandled};
use ael_events::actor::Actor;
use ael_events::answer::{Failed, QueryAnswer, Rejected};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{VerifyPage, VerifyRequest};
use ael_events::subjects::RequestSubject;
use ael_events::values::Role;
use ael_seal::MasterKeyring;
use ael_store::{Chain, ChainHead, StoreError};
use bytes::Bytes;
use page::{Collected, Stop};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How many audits go on at once: each keeps a processor and a connection busy.
const AT_ONCE: usize = 2;

/// Where it is asked whether all is sound.
#[derive(Debug)]
pub struct VerifyDesk {
    directory: Directory,
    audit: Audit,
    chain: Chain,
    cursors: CursorKey,
    slots: Semaphore,
}

/// A question that gets no page.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Refused(#[from] Rejected),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("two audits are under way here")]
    Busy,
    #[error("where to go on cannot be written")]
    Unwritten,
    #[error("the read models could not be audited")]
    Projection(#[from] ProjectionError),
    #[error("the hash chain could not be read")]
    Store(#[from] StoreError),
}

impl Unanswered {
    /// What is not the asker's doing is logged here, once.
    fn into_answer(self) -> QueryAnswer<VerifyPage> {
        let (sentence, retry_after_ms) = match self {
            Self::Refused(refusal) => return QueryAnswer::Rejected(refusal),
            Self::Denied(denied) => {
                return match denied.into_refusal() {
                    Ok(refusal) => QueryAnswer::Rejected(refusal),
                    Err(failed) => QueryAnswer::Failed(failed),
                };
            }
            Self::Busy => ("other audits are under way: ask again in a moment", 1_000),
            Self::Unwritten => ("this page could not be written: ask again", 1_000),
            Self::Projection(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an audit broke off");
                ("this part could not be audited now: ask again from the same place", 1_000)
            }
            Self::Store(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an audit broke off");
                ("the hash chain could not be read now: ask again from the same place", 1_000)
            }
        };
        QueryAnswer::Failed(Failed { sentence: sentence.to_owned(), retry_after_ms })
    }
}

impl VerifyDesk {
    /// Over a pool of its own in the role of the projections.
    #[must_use]
    pub fn new(
        pool: PgPool,
        keyring: Arc<MasterKeyring>,
        opinion: Box<SecondOpinion>,
        cursors: CursorKey,
    ) -> Self {
        Self {
            directory: Directory::new(pool.clone()),
            audit: Audit::new(&pool, keyring, opinion),
            chain: Chain::new(pool),
            cursors,
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// The same with a provider whose sign-in tokens are taken, where there is one.
    #[must_use]
    pub fn with_provider(self, provider: Option<Oidc>) -> Self {
        Self { directory: self.directory.with_provider(provider), ..self }
    }

    /// Answers what arrived on a subject, whatever it is.
    pub async fn answer(&self, subject: &str, payload: &[u8]) -> QueryAnswer<VerifyPage> {
        match self.look(subject, payload).await {
            Ok(value) => QueryAnswer::Found { value },
            Err(unanswered) => unanswered.into_answer(),
        }
    }

    async fn look(&self, subject: &str, payload: &[u8]) -> Result<VerifyPage, Unanswered> {
        let subject = RequestSubject::parse(subject).ok_or_else(|| {
            let form = "ael.ask.<edge>.<workspace>.verify";
            Rejected::new("malformed_subject", format!("this is asked on {form}"))
        })?;
        admit_ask(subject.edge, VerifyRequest::NAME)?;
        let request: VerifyRequest = serde_json::from_slice(payload).map_err(|error| {
            Rejected::new("malformed", format!("the question cannot be read: {error}"))
        })?;
        let credential = &request.credential;
        let principal = self.directory.resolve(subject.edge, subject.workspace, credential).await?;
        principal.permit_ask(VerifyRequest::NAME)?;
        let Actor::Member { role: Role::Admin, id } = principal.actor else {
            let sentence = "this is only for Admins of the workspace (verify)";
            return Err(Rejected::new("forbidden", sentence).into());
        };
        let _slot = self.slots.try_acquire().map_err(|_| Unanswered::Busy)?;
        self.page(subject.workspace, id, &request).await
    }

    async fn page(
        &self,
        workspace: WorkspaceId,
        asker: MemberId,
        request: &VerifyRequest,
    ) -> Result<VerifyPage, Unanswered> {
        let question = ("verify", workspace, asker, &request.head);
        let kept = request.head.as_deref().map(str::parse::<ChainHead>).transpose();
        let kept = kept.map_err(|error| Rejected::new("malformed_head", error.to_string()))?;
        let budget_ms = request.budget_ms.unwrap_or(VerifyRequest::BUDGET_MS);
        let budget_ms = budget_ms.clamp(1, VerifyRequest::MAX_BUDGET_MS);
        let deadline = Instant::now() + Duration::from_millis(budget_ms.into());
        let mut place = match &request.cursor {
            Some(cursor) => self.cursors.open(&question, cursor)?,
            None => Stop::ReadModels(Place::START),
        };
        let mut page = Collected::default();
        loop {
            let next = match place {
                Stop::ReadModels(place) => {
                    let (found, next) = self.audit.go_on(workspace, place, deadline).await?;
                    page.add(found);
                    Some(next.map_or(Stop::Chain(ChainHead::START, true), Stop::ReadModels))
                }
                Stop::Chain(mut at, ok) => {
                    let mut faults = Vec::new();
                    let chain = &self.chain;
                    let is_end =
                        chain.verify_some(workspace, &mut at, kept.as_ref(), &mut faults).await?;
                    let ok = ok && faults.is_empty();
                    page.chain(&at, ok, &faults);
                    (!is_end).then_some(Stop::Chain(at, ok))
                }
            };
            match next {
                None => return Ok(page.page),
                Some(next) if page.is_full() || Instant::now() >= deadline => {
                    let cursor = self.cursors.seal(&question, &next);
                    page.page.next_cursor = Some(cursor.ok_or(Unanswered::Unwritten)?);
                    return Ok(page.page);
                }
                Some(next) => place = next,
            }
        }
    }
}

impl Handler for VerifyDesk {
    async fn handle(&self, request: Request) -> Bytes {
        let began = Instant::now();
        let answer = Box::pin(self.answer(&request.subject, &request.payload)).await;
        let outcome = match &answer {
            QueryAnswer::Found { .. } => "found",
            QueryAnswer::Rejected(_) => "rejected",
            QueryAnswer::Failed(_) => "failed",
        };
        metrics::histogram!("ael_verify_seconds", "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        written(&answer)
    }

    fn unhandled(&self, subject: &str, why: Unhandled) -> Bytes {
        written(&match why {
            Unhandled::TooLarge { bytes, limit } => {
                let sentence = format!("a question may have {limit} bytes; this one has {bytes}");
                QueryAnswer::Rejected(Rejected::new("too_large", sentence))
            }
            Unhandled::AnswerTooLarge { bytes, limit } => {
                tracing::error!(subject, bytes, limit, "a page is larger than the bus carries");
                failed("the page is larger than one message: ask with a smaller budget")
            }
            Unhandled::Panicked => failed("the audit broke off: ask again from the same place"),
        })
    }
}

fn failed(sentence: &str) -> QueryAnswer<VerifyPage> {
    QueryAnswer::Failed(Failed { sentence: sentence.to_owned(), retry_after_ms: 1_000 })
}

fn written(answer: &QueryAnswer<VerifyPage>) -> Bytes {
    Bytes::from(serde_json::to_vec(answer).unwrap_or_default())
}
