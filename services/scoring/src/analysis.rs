//! From a request to its answer: look at the lead's features, ask for advice, record it.

use crate::advisor::{Advised, Advisor};
use ael_bus::Fate;
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::command::{Command, CommandRequest, Credential, RecordAnalysis, To};
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent, Recorded, Usage};
use ael_events::ids::{CommandId, EventId, LeadId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::{LeadFeatures, Query, QueryRequest};
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Requests that are older ask for nothing any more: a refilled stream brings them again.
pub(crate) const FRESH: TimeDelta = TimeDelta::hours(24);
/// For so long a forced request may stand beside another one about the same lead.
const OVERTAKEN: TimeDelta = TimeDelta::minutes(2);
/// Refusals after which there is nothing left to do: the lead is no more, or this request was
/// answered already.
const SETTLED: &[&str] = &["not_found", "erased", "merged", "command_id_reused"];

/// What is to be analysed, and because of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    pub(crate) workspace: WorkspaceId,
    pub(crate) lead: LeadId,
    /// Of the command that records the answer: the same for the same cause.
    pub(crate) command: CommandId,
    /// In which story it stands.
    pub(crate) correlation: Option<Uuid>,
    /// Which event asks for it, if one does.
    pub(crate) causation: Option<EventId>,
    /// Whether what is remembered is passed over.
    pub(crate) force: bool,
}

/// Works on one request and says what becomes of it.
pub(crate) async fn requested(event: Bytes, client: Client, advisor: Arc<Advisor>) -> Fate {
    let (event, force) = match asked(&event) {
        Ok(Some(asked)) => asked,
        Ok(None) => return Fate::Done,
        Err(reason) => return Fate::Parked(reason),
    };
    if event.recorded_at < Utc::now() - FRESH {
        return Fate::Done;
    }
    let task = Task {
        workspace: event.workspace,
        lead: LeadId::from_uuid(event.aggregate_id),
        command: CommandId::derived("analysis", &event.event_id.to_string()),
        correlation: Some(event.metadata.correlation_id),
        causation: Some(event.event_id),
        force,
    };
    let features = match features(&client, task.workspace, task.lead, Some(&event)).await {
        Ok(features) => features,
        Err(error) => return unanswered(task.lead, error),
    };
    if is_answered(&event, force, &features) {
        return Fate::Done;
    }
    analyse(&task, &features, &client, &advisor).await
}

/// Whether the request was answered already, and comes again from a refilled stream: nobody outside
/// is paid for it twice. A forced one that is new may have been overtaken by another's answer.
fn is_answered(event: &Recorded, force: bool, features: &LeadFeatures) -> bool {
    let is_new = Utc::now().signed_duration_since(event.recorded_at) < OVERTAKEN;
    let analysed = features.analysed_version.is_some_and(|version| version > event.sequence);
    analysed && !(force && is_new)
}

/// Asks for advice and records it.
pub(crate) async fn analyse(
    task: &Task,
    features: &LeadFeatures,
    client: &Client,
    advisor: &Advisor,
) -> Fate {
    let began = Instant::now();
    let advised = match advisor.advise(task.workspace, features, task.force).await {
        Ok(advised) => advised,
        Err(error) => return Fate::Parked(error.to_string()),
    };
    let model = advised.advice.model.as_str().to_owned();
    let spent = advised.usage.clone();
    let request = answer(task, features, advised, began);
    match client.command(task.workspace, &request).await {
        Err(ClientError::Rejected(refusal)) if SETTLED.contains(&refusal.code.as_str()) => {
            // The answer is nobody's any more; its price is the workspace's all the same.
            advisor.keep(task.workspace, spent);
            unanswered(task.lead, ClientError::Rejected(refusal))
        }
        Ok(accepted) => {
            metrics::counter!("ael_analyses_total", "by" => model)
                .increment(u64::from(!accepted.repeated));
            Fate::Done
        }
        Err(error) => unanswered(task.lead, error),
    }
}

/// What the advisor looks at of a lead, as it is after an event.
pub(crate) async fn features(
    client: &Client,
    workspace: WorkspaceId,
    lead: LeadId,
    after: Option<&Recorded>,
) -> Result<LeadFeatures, ClientError> {
    let after = after.map(|event| PositionToken { lane: event.lane, order: event.order });
    let query = Query::LeadFeatures { lead_id: lead };
    let request = QueryRequest { credential: credential(), after, query };
    client.query(workspace, &request).await
}

/// The event and whether it wants an answer of now, when it asks for an analysis.
fn asked(payload: &[u8]) -> Result<Option<(Recorded, bool)>, String> {
    let event = CloudEvent::parse(payload).map_err(|error| error.to_string())?;
    let data = serde_json::from_str(event.data.get()).map_err(|error| error.to_string())?;
    let happened = Event::from_wire(&event.event_type, data).map_err(|error| error.to_string())?;
    let Event::Lead(happened) = &happened else { return Ok(None) };
    let LeadEvent::AnalysisRequested(request) = happened.as_ref() else { return Ok(None) };
    let force = request.force;
    Ok(Some((event, force)))
}

pub(crate) const fn credential() -> Credential {
    Credential::Service { principal: ServicePrincipal::Scoring, on_behalf_of: None }
}

fn answer(
    task: &Task,
    features: &LeadFeatures,
    Advised { advice, usage, cache_key }: Advised,
    began: Instant,
) -> CommandRequest {
    let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let record = RecordAnalysis {
        score: advice.score,
        recommendation: advice.recommendation,
        reason: advice.reason,
        analysed_at: advice.analysed_at,
        model: advice.model,
        prompt_version: advice.prompt_version,
        features: features.anonymous.clone(),
        feature_hash: advice.feature_hash,
        cache_key,
        usage: Usage { latency_ms, ..usage },
        raw_score: advice.raw_score,
        raw_recommendation: advice.raw_recommendation,
    };
    CommandRequest {
        command_id: task.command,
        credential: credential(),
        expected_version: None,
        occurred_at: None,
        correlation_id: task.correlation,
        causation_id: task.causation,
        command: Command::Lead(To { id: task.lead, command: record.into() }),
    }
}

pub(crate) fn unanswered(lead: LeadId, error: ClientError) -> Fate {
    match error {
        ClientError::Rejected(refusal) if SETTLED.contains(&refusal.code.as_str()) => {
            tracing::info!(%lead, code = refusal.code, "there is nothing to analyse any more");
            Fate::Done
        }
        ClientError::Rejected(refusal) => {
            Fate::Parked(format!("the advisor was refused: {}", refusal.code))
        }
        error @ (ClientError::Failed(_) | ClientError::Unavailable(_)) => {
            tracing::warn!(%lead, %error, "an analysis could not be made; trying again");
            Fate::Again
        }
    }
}
