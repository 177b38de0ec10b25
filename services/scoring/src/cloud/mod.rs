//! A language model outside, over OpenAI's protocol: asked so many times at once, for so long,
//! again after what may pass, and not at all while it fails.

mod breaker;
mod careful;
mod config;
mod message;

pub(crate) use breaker::Standing;
pub(crate) use config::CloudConfig;
pub(crate) use message::{Reply, Spent};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use breaker::{Breaker, Leave};
use careful::{Careful, Refused};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How often something is tried that may pass.
const ATTEMPTS: u32 = 3;
/// The first pause between attempts; it doubles, give or take a half.
const PAUSE: Duration = Duration::from_millis(250);
/// How often it is looked how somebody else's try went.
const LOOK: Duration = Duration::from_millis(50);
/// What nobody can mend by waiting a moment, a wrong key for instance, is left alone so long.
const NOT_LET_IN: Duration = Duration::from_secs(60);

/// Nobody outside answers now: whoever asks goes to the next source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    /// The provider is left alone for now.
    #[error("the provider is left alone for now")]
    LeftAlone,
    /// It did not let us in: the key is wrong, or may not do this.
    #[error("the provider refused us ({0}): is OPENAI_API_KEY right?")]
    NotLetIn(u16),
    /// It does not take the request, whoever sends it.
    #[error("the provider does not take our request ({0}): is OPENAI_MODEL right?")]
    NotTaken(u16),
    /// It has too much to do.
    #[error("the provider has too much to do")]
    Busy,
    /// It failed, or what it said is no answer.
    #[error("the provider failed: {0}")]
    Failed(String),
    /// The time was over.
    #[error("the provider took too long")]
    TooLate,
}

/// The language model outside.
#[derive(Debug)]
pub(crate) struct Cloud {
    client: Client<OpenAIConfig>,
    config: CloudConfig,
    breaker: Breaker,
    at_once: Semaphore,
}

impl Cloud {
    /// A model that is asked as configured.
    ///
    /// # Errors
    /// When no connection can be secured here at all.
    pub(crate) fn new(config: CloudConfig) -> Result<Self, reqwest::Error> {
        // Whoever was first has chosen already, and has chosen the same.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let openai = OpenAIConfig::new()
            .with_api_base(config.base_url.as_str())
            .with_api_key(config.key.expose_secret());
        let client = Client::with_config(openai).with_http_service(Careful(http));
        let at_once = Semaphore::new(config.concurrency);
        Ok(Self { client, config, breaker: Breaker::new(), at_once })
    }

    /// The name of the model.
    pub(crate) fn model(&self) -> &str {
        &self.config.model
    }

    /// How long an answer may take in all.
    pub(crate) const fn patience(&self) -> Duration {
        self.config.total
    }

    /// What a request may cost at most, roughly, in millionths of a US dollar.
    pub(crate) fn estimate(&self, body: &Value) -> u64 {
        message::estimate(body, self.config.price)
    }

    /// How it stands with the provider.
    pub(crate) fn standing(&self) -> Standing {
        self.breaker.standing(Instant::now())
    }

    /// Asks: `body` is a chat completion request without its model.
    ///
    /// # Errors
    /// [`Unavailable`] when there is no answer until `deadline`.
    pub(crate) async fn ask(
        &self,
        mut body: Value,
        deadline: Instant,
    ) -> Result<Reply, Unavailable> {
        body["model"] = Value::from(self.config.model.as_str());
        let outcome = self.tried(&body, deadline).await;
        let told = match &outcome {
            Ok(_) => "answered",
            Err(Unavailable::LeftAlone) => "left_alone",
            Err(Unavailable::NotLetIn(_)) => "not_let_in",
            Err(Unavailable::NotTaken(_)) => "not_taken",
            Err(Unavailable::Busy) => "busy",
            Err(Unavailable::Failed(_)) => "failed",
            Err(Unavailable::TooLate) => "too_late",
        };
        metrics::counter!("ael_ai_requests_total", "provider" => "openai", "outcome" => told)
            .increment(1);
        outcome
    }

    async fn tried(&self, body: &Value, deadline: Instant) -> Result<Reply, Unavailable> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            // The place is given back while it is waited for the next attempt.
            let failure = match self.attempt(body, deadline).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if attempt > 1
                && failure.why == Unavailable::LeftAlone
                && let Some(pause) = self.soon(deadline)
            {
                // It asked for time, and somebody else tries whether that was enough.
                attempt -= 1;
                tokio::time::sleep(pause).await;
                continue;
            }
            let jitter = rand::random_range(0.5..1.5);
            let own = (PAUSE * 2_u32.pow(attempt - 1)).mul_f64(jitter);
            let pause = failure.wait.map_or(own, |wait| wait.max(own));
            let left = deadline.saturating_duration_since(Instant::now());
            if !failure.passes || attempt >= ATTEMPTS || pause >= left {
                return Err(failure.why);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// When it is worth trying again a provider that is left alone, if that is soon enough.
    fn soon(&self, deadline: Instant) -> Option<Duration> {
        let pause = match self.standing() {
            Standing::Closed => Duration::ZERO,
            Standing::HalfOpen => LOOK,
            Standing::Open(left) => left + LOOK,
        };
        (pause < deadline.saturating_duration_since(Instant::now())).then_some(pause)
    }

    /// One attempt, of which the breaker hears however it ends.
    async fn attempt(&self, body: &Value, deadline: Instant) -> Result<Reply, Failure> {
        let place = tokio::time::timeout_at(deadline.into(), self.at_once.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(Failure::lasting(Unavailable::Busy)) };
        let leave = self.breaker.leave(Instant::now());
        let leave = leave.ok_or(Failure::lasting(Unavailable::LeftAlone))?;
        let began = Instant::now();
        let time = self.config.attempt.min(deadline.saturating_duration_since(began));
        let outcome = tokio::time::timeout(time, self.once(body)).await;
        metrics::histogram!("ael_ai_request_seconds", "provider" => "openai")
            .record(began.elapsed().as_secs_f64());
        match outcome {
            Ok(Ok(reply)) => {
                leave.went_well();
                Ok(reply)
            }
            Ok(Err(failure)) => {
                tell(leave, &failure);
                Err(failure)
            }
            Err(_) => {
                let failure = Failure::passing(Unavailable::TooLate);
                tell(leave, &failure);
                Err(failure)
            }
        }
    }

    async fn once(&self, body: &Value) -> Result<Reply, Failure> {
        let said: Result<Value, OpenAIError> = self.client.chat().create_byot(body).await;
        let said = said.map_err(|error| Failure::of(&error))?;
        let reply = message::read(said, body, self.config.price);
        reply.map_err(|what| Failure::passing(Unavailable::Failed(what.to_owned())))
    }
}

/// Tells the breaker: a provider that asks for time is left alone by all for so long. A request
/// that it does not take says nothing about the provider.
fn tell(leave: Leave<'_>, failure: &Failure) {
    match failure.why {
        Unavailable::NotTaken(status) if status != 404 => leave.went_well(),
        Unavailable::NotTaken(_)
        | Unavailable::LeftAlone
        | Unavailable::NotLetIn(_)
        | Unavailable::Busy
        | Unavailable::Failed(_)
        | Unavailable::TooLate => leave.failed(Instant::now(), failure.alone.or(failure.wait)),
    }
}

/// Why an attempt failed, and what that says about the next one.
struct Failure {
    why: Unavailable,
    passes: bool,
    wait: Option<Duration>,
    alone: Option<Duration>,
}

impl Failure {
    const fn passing(why: Unavailable) -> Self {
        Self { why, passes: true, wait: None, alone: None }
    }

    const fn lasting(why: Unavailable) -> Self {
        Self { why, passes: false, wait: None, alone: None }
    }

    fn of(error: &OpenAIError) -> Self {
        if let OpenAIError::Boxed(boxed) = error
            && let Some(refused) = boxed.downcast_ref::<Refused>()
        {
            return Self::refused(refused);
        }
        // The text may quote what was sent.
        Self::passing(Unavailable::Failed("its answer cannot be read".to_owned()))
    }

    fn refused(refused: &Refused) -> Self {
        let Refused::Status { status, retry_after } = refused else {
            return Self::passing(Unavailable::Failed(refused.to_string()));
        };
        let (status, wait) = (status.as_u16(), *retry_after);
        match status {
            401 | 403 => Self {
                why: Unavailable::NotLetIn(status),
                passes: false,
                wait: None,
                alone: Some(NOT_LET_IN),
            },
            429 => Self { wait, ..Self::passing(Unavailable::Busy) },
            408 | 500..=599 => {
                Self { wait, ..Self::passing(Unavailable::Failed(refused.to_string())) }
            }
            _ => Self::lasting(Unavailable::NotTaken(status)),
        }
    }
}
