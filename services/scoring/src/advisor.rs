//! Who answers: what is remembered, else a model outside, else the local model, which always does.

use crate::analysis::credential;
use crate::cache::{Cache, Flight, Known};
use crate::cloud::{self, Cloud, Spent, Unavailable};
use crate::learning::Models;
use crate::local::{self, Advice, NoAdvice};
use crate::outside::{self, PROMPT_VERSION, Question, Said};
use ael_client::{Client, ClientError};
use ael_events::command::{AdvisorCommand, Command, CommandRequest, RecordConsultation, To};
use ael_events::event::Usage;
use ael_events::ids::{AdvisorId, CommandId, WorkspaceId};
use ael_events::query::{AdvisorContext, LeadFeatures, Query, QueryRequest, RememberedAnswer};
use ael_events::values::{FeatureHash, InvalidText, ModelName, PromptVersion};
use chrono::Utc;
use moka::sync::Cache as Memory;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// For how long it is taken for true how a workspace's leads end and what it has spent.
const CONTEXT: Duration = Duration::from_secs(30);
/// For so long what was spent here counts beside what the events tell: some of it twice, rather
/// than not at all.
const UNHEARD: Duration = Duration::from_secs(60);
/// Of how many workspaces that is remembered.
const WORKSPACES: u64 = 10_000;

/// An answer, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Advised {
    pub(crate) advice: Advice,
    pub(crate) usage: Usage,
    pub(crate) cache_key: Option<FeatureHash>,
}

/// The model outside with what it takes to ask it well.
#[derive(Debug)]
struct Outside {
    cloud: Cloud,
    cache: Cache,
    contexts: Memory<WorkspaceId, Arc<Context>>,
    purses: Memory<WorkspaceId, Arc<Purse>>,
    /// One asks how a workspace does, and the others wait for that.
    asking: tokio::sync::Mutex<()>,
}

/// How a workspace does, and what it may still spend.
#[derive(Debug)]
struct Context {
    told: AdvisorContext,
    purse: Arc<Purse>,
}

/// What this copy spends of a workspace's budget, until the events tell it.
#[derive(Debug, Default)]
struct Purse(Mutex<Spending>);

#[derive(Debug, Default)]
struct Spending {
    /// For what is being asked just now.
    held: u64,
    /// What was spent, and when; as long as somebody may not have heard of it.
    lately: Vec<(Instant, u64)>,
}

/// So much is held for a question until it is known what it costs.
#[derive(Debug)]
struct Held {
    purse: Arc<Purse>,
    amount: u64,
}

impl Purse {
    fn open(&self) -> MutexGuard<'_, Spending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Context {
    /// Holds so much for a question, if the budget has room for it.
    fn hold(&self, amount: u64) -> Option<Held> {
        let mut spending = self.purse.open();
        spending.lately.retain(|(at, _)| at.elapsed() < UNHEARD);
        let lately: u64 = spending.lately.iter().map(|(_, amount)| *amount).sum();
        let spent = self.told.spent_micro_usd + lately + spending.held;
        let budget = self.told.budget_micro_usd;
        if budget == 0 || spent.saturating_add(amount) > budget {
            return None;
        }
        spending.held += amount;
        drop(spending);
        Some(Held { purse: Arc::clone(&self.purse), amount })
    }
}

impl Held {
    /// It cost so much.
    fn spent(&self, micro_usd: u64) {
        if micro_usd > 0 {
            self.purse.open().lately.push((Instant::now(), micro_usd));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut spending = self.purse.open();
        spending.held = spending.held.saturating_sub(self.amount);
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Advisor {
    client: Client,
    models: Models,
    outside: Option<Outside>,
    keeping: TaskTracker,
}

/// Why a model outside gave no answer; whatever it is, the local model does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOutside {
    #[error("there is no model outside")]
    Nobody,
    #[error("this month's budget is spent")]
    Budget,
    #[error("somebody else asks the same just now, in vain")]
    InVain,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("what the model says cannot be used: {0}")]
    Unusable(&'static str),
    #[error("how the workspace does cannot be learnt now")]
    Context(#[source] ClientError),
    #[error("a name cannot be kept")]
    Name(#[from] InvalidText),
}

impl Advisor {
    /// An advisor that asks a model outside where there is one.
    pub(crate) fn new(client: Client, outside: Option<(Cloud, Cache)>) -> Self {
        let outside = outside.map(|(cloud, cache)| {
            let contexts = Memory::builder().max_capacity(WORKSPACES).time_to_live(CONTEXT).build();
            let purses = Memory::builder().max_capacity(WORKSPACES).time_to_idle(UNHEARD).build();
            Outside { cloud, cache, contexts, purses, asking: tokio::sync::Mutex::default() }
        });
        let keeping = TaskTracker::new();
        Self { models: Models::new(client.clone()), client, outside, keeping }
    }

    /// The model outside, if there is one.
    pub(crate) fn cloud(&self) -> Option<&Cloud> {
        self.outside.as_ref().map(|outside| &outside.cloud)
    }

    /// Has the model outside go on with a conversation, from the same monthly budget.
    ///
    /// # Errors
    /// When there is no such model, it gives no answer, or nothing may be spent any more.
    pub(crate) async fn converse(
        &self,
        workspace: WorkspaceId,
        body: Value,
        deadline: Instant,
    ) -> Result<cloud::Reply, NotOutside> {
        let outside = self.outside.as_ref().ok_or(NotOutside::Nobody)?;
        let context = outside.context(&self.client, workspace).await;
        let context = context.map_err(NotOutside::Context)?;
        let held = context.hold(outside.cloud.estimate(&body)).ok_or(NotOutside::Budget)?;
        let reply = outside.cloud.ask(body, deadline.into_std()).await?;
        held.spent(reply.spent.micro_usd);
        self.keep(workspace, usage(reply.spent));
        Ok(reply)
    }

    /// Keeps what was spent for something that no analysis tells of: all copies count it, also
    /// after a restart. Nobody waits for it.
    pub(crate) fn keep(&self, workspace: WorkspaceId, usage: Usage) {
        let Some(cloud) = self.cloud().filter(|_| usage.cost_micro_usd > 0) else { return };
        let model = match ModelName::parse(cloud.model()) {
            Ok(model) => model,
            Err(error) => {
                tracing::error!(%error, "what was spent cannot be kept under OPENAI_MODEL");
                return;
            }
        };
        let told = AdvisorCommand::from(RecordConsultation { model, usage });
        let request = CommandRequest {
            command_id: CommandId::generate(),
            credential: credential(),
            expected_version: None,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command: Command::Advisor(To { id: AdvisorId::of(workspace), command: told }),
        };
        let client = self.client.clone();
        self.keeping.spawn(async move {
            if let Err(error) = client.command(workspace, &request).await {
                tracing::warn!(%workspace, %error, "what was spent could not be kept");
            }
        });
    }

    /// Waits until everything that was spent is kept.
    pub(crate) async fn settled(&self) {
        self.keeping.close();
        self.keeping.wait().await;
    }

    /// Advice about a lead. `force` passes over what is remembered.
    ///
    /// # Errors
    /// Only when even the local model has none.
    pub(crate) async fn advise(
        &self,
        workspace: WorkspaceId,
        features: &LeadFeatures,
        force: bool,
    ) -> Result<Advised, NoAdvice> {
        let mut spent = Spent::default();
        if let Some(outside) = &self.outside {
            match outside.advise(&self.client, workspace, features, force, &mut spent).await {
                Ok(advised) => return Ok(self.calibrated(workspace, features, advised).await),
                Err(error) => {
                    metrics::counter!("ael_ai_fallbacks_total").increment(1);
                    let error = &error as &dyn std::error::Error;
                    tracing::info!(%workspace, error, "the local model answers");
                }
            }
        }
        let advice = match self.models.advise(workspace, features).await {
            Ok(advice) => advice,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(%workspace, error, "what was learnt gives no advice: the rules do");
                local::advise(features)?
            }
        };
        // What was paid for nothing was paid all the same.
        Ok(Advised { advice, usage: usage(spent), cache_key: None })
    }

    /// The answer with its score as it should have been, by how leads ended that were scored so;
    /// what the model itself said stays beside it.
    async fn calibrated(
        &self,
        workspace: WorkspaceId,
        features: &LeadFeatures,
        mut advised: Advised,
    ) -> Advised {
        let advice = &mut advised.advice;
        let said = advice.score;
        let score = self.models.calibrate_outside(workspace, features, &advice.model, said).await;
        if score != said {
            advice.raw_score = Some(said);
            advice.raw_recommendation = Some(advice.recommendation);
            advice.score = score;
            advice.recommendation = local::recommended(score, features.min_transfer_score);
        }
        advised
    }
}

impl Outside {
    async fn advise(
        &self,
        client: &Client,
        workspace: WorkspaceId,
        features: &LeadFeatures,
        force: bool,
        spent: &mut Spent,
    ) -> Result<Advised, NotOutside> {
        let context = self.context(client, workspace).await.map_err(NotOutside::Context)?;
        let question = Question::of(features, &context.told.win_rates);
        let key = question.key(workspace, self.cloud.model())?;
        let patience = self.cloud.patience();
        let flight = if force {
            Cache::forced(key.clone())
        } else {
            match self.cache.look(&key, patience).await {
                Known::Answer(answer) => return remembered(features, &answer, key),
                Known::InVain => return Err(NotOutside::InVain),
                Known::Ask(flight) => flight,
            }
        };
        let deadline = Instant::now() + patience;
        let asked = self.ask(&context, &question, deadline, spent).await;
        self.settle(flight, asked, features, key, *spent).await
    }

    async fn settle(
        &self,
        flight: Flight,
        asked: Result<Said, NotOutside>,
        features: &LeadFeatures,
        key: FeatureHash,
        spent: Spent,
    ) -> Result<Advised, NotOutside> {
        let answer = match asked.and_then(|said| self.answer(said, spent)) {
            Ok(answer) => answer,
            Err(error) => {
                self.cache.in_vain(flight).await;
                return Err(error);
            }
        };
        metrics::counter!("ael_ai_cache_misses_total").increment(1);
        self.cache.answered(flight, answer.clone()).await;
        let advice = advice(features, &answer)?;
        Ok(Advised { advice, usage: usage(spent), cache_key: Some(key) })
    }

    /// Asks, and once more if what was said is no answer.
    async fn ask(
        &self,
        context: &Context,
        question: &Question,
        deadline: Instant,
        spent: &mut Spent,
    ) -> Result<Said, NotOutside> {
        let mut request = question.request();
        let mut repaired = false;
        loop {
            let held = context.hold(self.cloud.estimate(&request)).ok_or(NotOutside::Budget)?;
            let reply = self.cloud.ask(request.clone(), deadline.into_std()).await?;
            held.spent(reply.spent.micro_usd);
            *spent = spent.and(reply.spent);
            let words = reply.message.content.unwrap_or_default();
            let wrong = match outside::read(&words) {
                Ok(said) => return Ok(said),
                Err(_) if reply.message.cut_off => "it is too long",
                Err(wrong) => wrong,
            };
            metrics::counter!("ael_ai_unusable_total").increment(1);
            if repaired || reply.message.refusal.is_some() {
                return Err(NotOutside::Unusable(wrong));
            }
            repaired = true;
            request = outside::repair(request, &words, wrong);
        }
    }

    fn answer(&self, said: Said, spent: Spent) -> Result<RememberedAnswer, NotOutside> {
        Ok(RememberedAnswer {
            score: said.score,
            recommendation: said.recommendation,
            reason: said.reason,
            model: ModelName::parse(self.cloud.model())?,
            prompt_version: PromptVersion::parse(PROMPT_VERSION)?,
            analysed_at: Utc::now(),
            cost_micro_usd: spent.micro_usd,
        })
    }

    async fn context(
        &self,
        client: &Client,
        workspace: WorkspaceId,
    ) -> Result<Arc<Context>, ClientError> {
        if let Some(context) = self.contexts.get(&workspace) {
            return Ok(context);
        }
        let _one = self.asking.lock().await;
        if let Some(context) = self.contexts.get(&workspace) {
            return Ok(context);
        }
        let asked =
            QueryRequest { credential: credential(), after: None, query: Query::AdvisorContext {} };
        let told = client.query::<AdvisorContext>(workspace, &asked).await?;
        let purse = self.purses.get_with(workspace, Arc::default);
        let context = Arc::new(Context { told, purse });
        self.contexts.insert(workspace, Arc::clone(&context));
        Ok(context)
    }
}

fn remembered(
    features: &LeadFeatures,
    answer: &RememberedAnswer,
    key: FeatureHash,
) -> Result<Advised, NotOutside> {
    metrics::counter!("ael_ai_saved_micro_usd_total").increment(answer.cost_micro_usd);
    let usage = Usage { cached: true, ..Usage::default() };
    Ok(Advised { advice: advice(features, answer)?, usage, cache_key: Some(key) })
}

fn advice(features: &LeadFeatures, answer: &RememberedAnswer) -> Result<Advice, InvalidText> {
    Ok(Advice {
        score: answer.score,
        recommendation: answer.recommendation,
        reason: answer.reason.clone(),
        model: answer.model.clone(),
        prompt_version: answer.prompt_version.clone(),
        feature_hash: local::fingerprint(features)?,
        // Now it was found to be right for this lead.
        analysed_at: Utc::now(),
        raw_score: None,
        raw_recommendation: None,
    })
}

fn usage(spent: Spent) -> Usage {
    Usage {
        input_tokens: spent.input_tokens,
        output_tokens: spent.output_tokens,
        cost_micro_usd: spent.micro_usd,
        ..Usage::default()
    }
}
