//! How an edge asks the house to do or to tell something, and asks again until there is an answer.
//!
//! A command carries its own id, so asking twice is one intention: a lost answer, a service that is
//! just being restarted or a database that is away for a moment cost time, never a double.

mod bearer;
mod secret;

pub use bearer::{Bearer, Bearers, FIRST_TOKEN};
pub use secret::{
    BadFirstSecret, FirstSecret, NewInvitationCode, NewToken, NoRandomness, invitation_of,
};

use ael_bus::{Bus, LinkState, RequestError};
use ael_events::answer::{Accepted, CommandAnswer, Failed, QueryAnswer, Rejected};
use ael_events::command::CommandRequest;
use ael_events::ids::WorkspaceId;
use ael_events::query::{
    AssistantAnswer, AssistantRequest, QueryRequest, VerifyPage, VerifyRequest,
};
use ael_events::subjects::{self, Edge};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::Instant;

/// What was begun when the time of a stretch of an audit is over is finished: one page of
/// aggregates, or the counters of a large workspace.
const VERIFY_GRACE: Duration = Duration::from_secs(10);

/// How long the assistant thinks at most, a language model included; a little more is waited.
const ASSISTANT_PATIENCE: Duration = Duration::from_millis(7_500);

/// What was asked did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It was refused: asking again cannot help.
    #[error(transparent)]
    Rejected(Rejected),
    /// It could not be done in the time that we had; the same request may be asked again.
    #[error(transparent)]
    Failed(Failed),
    /// Nobody answered in the time that we had. A command may or may not have been carried out:
    /// asking again with the same command id settles it.
    #[error("no answer from the running system: nothing is lost, ask again in a moment")]
    Unavailable(#[source] RequestError),
}

/// One edge's way to `commands` and `queries`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    bus: Bus,
    edge: Edge,
    patience: Duration,
    attempt: Duration,
    absence: Duration,
}

impl Client {
    /// Speaks as this edge (which has to be the bus user's own). Thirty seconds of patience.
    #[must_use]
    pub const fn new(bus: Bus, edge: Edge) -> Self {
        let (patience, attempt) = (Duration::from_secs(30), Duration::from_secs(5));
        Self { bus, edge, patience, attempt, absence: patience }
    }

    /// The same with another patience: how long it asks again before it gives up.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self.absence = patience;
        self
    }

    /// The same with another time to wait for somebody to be there who could answer, for edges
    /// whose own askers want to know soon. No longer than the patience.
    #[must_use]
    pub const fn with_absence(mut self, absence: Duration) -> Self {
        self.absence = absence;
        self
    }

    /// The same with another time to wait for one answer before asking again.
    #[must_use]
    pub const fn with_attempt(mut self, attempt: Duration) -> Self {
        self.attempt = attempt;
        self
    }

    /// The connection behind it.
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Asks for a command to be carried out, again and again with the same id until it is answered.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn command(
        &self,
        workspace: WorkspaceId,
        request: &CommandRequest,
    ) -> Result<Accepted, ClientError> {
        let subject = subjects::command(self.edge, workspace, request.command.aggregate());
        self.persist(&subject, request, |answer: CommandAnswer| match answer {
            CommandAnswer::Accepted(accepted) => Ok(accepted),
            CommandAnswer::Rejected(rejected) => Err(ClientError::Rejected(rejected)),
            CommandAnswer::Failed(failed) => Err(ClientError::Failed(failed)),
        })
        .await
    }

    /// Asks a question until it is answered.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn query<T: DeserializeOwned>(
        &self,
        workspace: WorkspaceId,
        request: &QueryRequest,
    ) -> Result<T, ClientError> {
        let subject = subjects::query(self.edge, workspace, request.query.name());
        self.persist(&subject, request, |answer: Written| {
            serde_json::from_str(answer.read()?.get()).map_err(|source| {
                let subject = subject.clone();
                ClientError::Unavailable(RequestError::Unreadable { subject, source })
            })
        })
        .await
    }

    /// Asks a question until it is answered; the answer stays as it was written, for an edge that
    /// passes it on.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn query_raw(
        &self,
        workspace: WorkspaceId,
        request: &QueryRequest,
    ) -> Result<Box<RawValue>, ClientError> {
        let subject = subjects::query(self.edge, workspace, request.query.name());
        self.persist(&subject, request, Written::read).await
    }

    /// Asks for the next stretch of an audit. Not asked again when it takes too long: it would
    /// only add to what keeps the other side busy.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn verify(
        &self,
        workspace: WorkspaceId,
        request: &VerifyRequest,
    ) -> Result<VerifyPage, ClientError> {
        let subject = subjects::ask(self.edge, workspace, VerifyRequest::NAME);
        self.present().await;
        let budget_ms = request.budget_ms.unwrap_or(VerifyRequest::BUDGET_MS);
        let timeout = Duration::from_millis(budget_ms.min(VerifyRequest::MAX_BUDGET_MS).into());
        let answer = self.bus.ask(&subject, request, timeout + VERIFY_GRACE).await;
        found(answer.map_err(unanswered)?)
    }

    /// Asks the assistant. Not asked again when it takes too long: it answers in time or not at
    /// all, and a language model is paid for each time.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn assist(
        &self,
        workspace: WorkspaceId,
        request: &AssistantRequest,
    ) -> Result<AssistantAnswer, ClientError> {
        let subject = subjects::ask(self.edge, workspace, AssistantRequest::NAME);
        self.present().await;
        let answer = self.bus.ask(&subject, request, ASSISTANT_PATIENCE).await;
        found(answer.map_err(unanswered)?)
    }

    /// Waits until the bus is there, no longer than for somebody to answer.
    async fn present(&self) {
        let mut link = self.bus.watch_link();
        let there = link.wait_for(|link| link.state != LinkState::Down);
        let waited = tokio::time::timeout(self.absence, there).await;
        tracing::debug!(in_time = waited.is_ok(), "looked whether the bus is there");
    }

    /// Asks until there is an answer that asking again would not change, or the patience ends.
    async fn persist<Q: Serialize, A: DeserializeOwned, T>(
        &self,
        subject: &str,
        question: &Q,
        read: impl Fn(A) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let (deadline, mut absent_since) = (Instant::now() + self.patience, None);
        let payload = serde_json::to_vec(question).map(Bytes::from).map_err(|source| {
            ClientError::Unavailable(RequestError::Unreadable {
                subject: subject.to_owned(),
                source,
            })
        })?;
        for round in 0_u32.. {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = self.attempt.min(left).max(Duration::from_millis(50));
            let error = match self.once(subject, payload.clone(), timeout).await.and_then(&read) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(pause) = pause(&error, round) else { return Err(error) };
            absent_since = is_absence(&error).then(|| absent_since.unwrap_or_else(Instant::now));
            let ends = absent_since.map_or(deadline, |since| deadline.min(since + self.absence));
            if Instant::now() + pause >= ends {
                return Err(error);
            }
            tracing::debug!(subject, round, %error, "asking again");
            tokio::time::sleep(pause).await;
        }
        Err(ClientError::Failed(Failed {
            sentence: "it was asked too often without an answer".to_owned(),
            retry_after_ms: 1_000,
        }))
    }

    async fn once<A: DeserializeOwned>(
        &self,
        subject: &str,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<A, ClientError> {
        let answer = self.bus.request(subject, payload, timeout).await.map_err(unanswered)?;
        serde_json::from_slice(&answer).map_err(|source| {
            ClientError::Unavailable(RequestError::Unreadable {
                subject: subject.to_owned(),
                source,
            })
        })
    }
}

fn found<T>(answer: QueryAnswer<T>) -> Result<T, ClientError> {
    match answer {
        QueryAnswer::Found { value } => Ok(value),
        QueryAnswer::Rejected(rejected) => Err(ClientError::Rejected(rejected)),
        QueryAnswer::Failed(failed) => Err(ClientError::Failed(failed)),
    }
}

/// A [`QueryAnswer`] whose value is left as it was written. (An internally tagged enum would have
/// to take it apart to find the tag.)
#[derive(Deserialize)]
struct Written {
    outcome: Outcome,
    value: Option<Box<RawValue>>,
    code: Option<String>,
    sentence: Option<String>,
    #[serde(default)]
    details: Value,
    retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Found,
    Rejected,
    Failed,
}

impl Written {
    fn read(self) -> Result<Box<RawValue>, ClientError> {
        let sentence = self.sentence.unwrap_or_default();
        match self.outcome {
            Outcome::Found => self.value.ok_or_else(|| {
                let sentence = "an answer came without what it answers".to_owned();
                ClientError::Failed(Failed { sentence, retry_after_ms: 1_000 })
            }),
            Outcome::Rejected => {
                let code = self.code.unwrap_or_default();
                Err(ClientError::Rejected(Rejected { code, sentence, details: self.details }))
            }
            Outcome::Failed => {
                let retry_after_ms = self.retry_after_ms.unwrap_or(1_000);
                Err(ClientError::Failed(Failed { sentence, retry_after_ms }))
            }
        }
    }
}

/// Whether nobody is there who could answer.
const fn is_absence(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unavailable(RequestError::NoResponders { .. } | RequestError::Lost { .. })
    )
}

/// A request that was too large to send is refused here, in the words in which the house would.
fn unanswered(error: RequestError) -> ClientError {
    match error {
        RequestError::TooLarge { bytes, limit } => ClientError::Rejected(Rejected::new(
            "too_large",
            format!("the request has {bytes} bytes and {limit} are taken: make it smaller"),
        )),
        RequestError::NoResponders { .. }
        | RequestError::Timeout { .. }
        | RequestError::Lost { .. }
        | RequestError::Refused { .. }
        | RequestError::Unreadable { .. }
        | RequestError::Unsendable { .. } => ClientError::Unavailable(error),
    }
}

/// How long to wait before asking again, or nothing when asking again cannot help.
fn pause(error: &ClientError, round: u32) -> Option<Duration> {
    let backoff_ms = (25_u64 << round.min(6)).min(1_000);
    let wait_ms = match error {
        ClientError::Rejected(_) => return None,
        ClientError::Failed(failed) => failed.retry_after_ms.clamp(backoff_ms, 5_000),
        ClientError::Unavailable(error) => match error {
            RequestError::NoResponders { .. }
            | RequestError::Timeout { .. }
            | RequestError::Lost { .. } => backoff_ms,
            RequestError::TooLarge { .. }
            | RequestError::Refused { .. }
            | RequestError::Unreadable { .. }
            | RequestError::Unsendable { .. } => return None,
        },
    };
    Some(Duration::from_millis(wait_ms).mul_f64(rand::random_range(0.5..=1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> RequestError {
        RequestError::NoResponders { subject: "ael.cmd".to_owned() }
    }

    #[test]
    fn a_refusal_is_never_asked_again() {
        let refusal = ClientError::Rejected(Rejected::new("not_qualified", "not qualified"));
        assert_eq!(pause(&refusal, 0), None);
        let large = unanswered(RequestError::TooLarge { bytes: 300_000, limit: 262_144 });
        assert!(matches!(&large, ClientError::Rejected(refusal) if refusal.code == "too_large"));
    }

    #[test]
    fn a_failure_is_asked_again_no_sooner_than_it_says() {
        let failed = Failed { sentence: "away".to_owned(), retry_after_ms: 2_000 };
        let wait = pause(&ClientError::Failed(failed), 0).unwrap();
        assert!((1_000..=2_000).contains(&wait.as_millis()), "{wait:?}");
    }

    #[test]
    fn an_answer_that_is_passed_on_says_the_same_as_one_that_is_read() {
        let read = |json: &str| serde_json::from_str::<Written>(json).unwrap().read();
        let found = read(r#"{"outcome":"found","value":{"b":1, "a":[2]}}"#).unwrap();
        assert_eq!(found.get(), r#"{"b":1, "a":[2]}"#);
        for answer in [
            QueryAnswer::<()>::Rejected(Rejected::new("not_found", "none").with(1.into())),
            QueryAnswer::<()>::Failed(Failed { sentence: "away".into(), retry_after_ms: 7 }),
        ] {
            let passed = read(&serde_json::to_string(&answer).unwrap()).unwrap_err();
            match (answer, passed) {
                (QueryAnswer::Rejected(one), ClientError::Rejected(other)) => {
                    assert_eq!(one, other);
                }
                (QueryAnswer::Failed(one), ClientError::Failed(other)) => assert_eq!(one, other),
                (one, other) => panic!("{one:?} became {other:?}"),
            }
        }
    }

    #[test]
    fn silence_is_asked_again_ever_more_slowly_up_to_a_second() {
        let unavailable = ClientError::Unavailable(nobody());
        assert!(pause(&unavailable, 0).unwrap() <= Duration::from_millis(25));
        let late = pause(&unavailable, 40).unwrap();
        assert!(late >= Duration::from_millis(500) && late <= Duration::from_secs(1));
    }
}
