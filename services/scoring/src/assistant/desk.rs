//! Where questions arrive on the bus.

use super::brain::{Asker, Brain};
use super::eyes::{Eyes, Window};
use super::memory::{Conversation, Memory, Remembered};
use ael_bus::{Handler, Request, Unhandled};
use ael_client::ClientError;
use ael_events::answer::{Failed, QueryAnswer, Rejected};
use ael_events::query::{AssistantAnswer, AssistantRequest};
use ael_events::subjects::RequestSubject;
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an answer may take: less than its askers wait.
const PATIENCE: Duration = Duration::from_millis(7_000);

/// Answers questions.
pub(crate) struct AssistantDesk {
    window: Arc<dyn Window>,
    brain: Brain,
    memory: Option<Memory>,
}

impl AssistantDesk {
    pub(crate) fn new(window: Arc<dyn Window>, brain: Brain, memory: Option<Memory>) -> Self {
        Self { window, brain, memory }
    }

    /// Answers what arrived on a subject, whatever it is.
    pub(crate) async fn answer(
        &self,
        subject: &str,
        payload: &[u8],
    ) -> QueryAnswer<AssistantAnswer> {
        match timeout(PATIENCE, self.look(subject, payload)).await {
            Ok(Ok(value)) => QueryAnswer::Found { value },
            Ok(Err(ClientError::Rejected(refusal))) => QueryAnswer::Rejected(refusal),
            Ok(Err(ClientError::Failed(failed))) => QueryAnswer::Failed(failed),
            Ok(Err(ClientError::Unavailable(error))) => {
                tracing::warn!(%error, "a question could not be answered");
                failed("what you ask about cannot be looked up now: ask again in a moment")
            }
            Err(_) => failed("the answer took too long: ask again in a moment"),
        }
    }

    async fn look(&self, subject: &str, payload: &[u8]) -> Result<AssistantAnswer, ClientError> {
        let (eyes, request) = self.admit(subject, payload).map_err(ClientError::Rejected)?;
        let asker = Asker::of(&eyes).await?;
        let now = Utc::now();
        let conversation = request.conversation.as_ref().map(|name| Conversation {
            workspace: eyes.workspace,
            member: asker.id(),
            name,
        });
        let kept = self.memory.as_ref().zip(conversation);
        let remembered = match kept {
            Some((memory, conversation)) => memory.recall(conversation, now).await,
            None => Remembered::default(),
        };
        let (answer, after) =
            Box::pin(self.brain.answer(&eyes, &asker, &request, remembered, now)).await?;
        if let Some((memory, conversation)) = kept {
            memory.keep(conversation, &after).await;
        }
        Ok(answer)
    }

    /// Lets a question in that came by an edge which may ask, with a credential that is good there:
    /// who speaks is what the bus server vouches for.
    fn admit(&self, subject: &str, payload: &[u8]) -> Result<(Eyes, AssistantRequest), Rejected> {
        let subject = RequestSubject::parse(subject).ok_or_else(|| {
            let form = "ael.ask.<edge>.<workspace>.assistant";
            Rejected::new("malformed_subject", format!("this is asked on {form}"))
        })?;
        let (edge, name) = (subject.edge, AssistantRequest::NAME);
        if !AssistantRequest::EDGES.contains(&edge) {
            let details = json!({ "edge": edge.token(), "name": name });
            let sentence = format!("{name} cannot be asked by way of {edge}");
            return Err(Rejected::new("not_allowed_here", sentence).with(details));
        }
        let request: AssistantRequest = serde_json::from_slice(payload).map_err(|error| {
            Rejected::new("malformed", format!("the question cannot be read: {error}"))
        })?;
        if !request.credential.is_good_on(edge) {
            let sentence = "this way of proving who you are is not good here";
            return Err(Rejected::new("credential_not_allowed_here", sentence));
        }
        let eyes = Eyes {
            window: Arc::clone(&self.window),
            workspace: subject.workspace,
            credential: request.credential.clone(),
        };
        Ok((eyes, request))
    }
}

impl Handler for AssistantDesk {
    async fn handle(&self, request: Request) -> Bytes {
        let began = Instant::now();
        let answer = Box::pin(self.answer(&request.subject, &request.payload)).await;
        let outcome = match &answer {
            QueryAnswer::Found { value } if value.fell_back => "fell_back",
            QueryAnswer::Found { .. } => "found",
            QueryAnswer::Rejected(_) => "rejected",
            QueryAnswer::Failed(_) => "failed",
        };
        metrics::histogram!("ael_assistant_seconds", "outcome" => outcome)
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
                tracing::error!(subject, bytes, limit, "an answer is larger than the bus carries");
                failed("the answer is larger than one message: ask for less")
            }
            Unhandled::Panicked => failed("the answer broke off: ask again in a moment"),
        })
    }
}

fn failed(sentence: &str) -> QueryAnswer<AssistantAnswer> {
    QueryAnswer::Failed(Failed { sentence: sentence.to_owned(), retry_after_ms: 1_000 })
}

fn written(answer: &QueryAnswer<AssistantAnswer>) -> Bytes {
    Bytes::from(serde_json::to_vec(answer).unwrap_or_default())
}
