//! From a request to its answer: look at the lead's features, score them, record what came of it.

use crate::learning::Models;
use crate::local::Advice;
use ael_bus::Fate;
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::command::{Command, CommandRequest, Credential, RecordAnalysis, To};
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent, Recorded, Usage};
use ael_events::ids::{CommandId, LeadId};
use ael_events::order::PositionToken;
use ael_events::query::{LeadFeatures, Query, QueryRequest};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Instant;

/// Requests that are older ask for nothing any more: a refilled stream brings them again.
const FRESH: TimeDelta = TimeDelta::hours(24);
/// Refusals after which there is nothing left to do: the lead is no more, or this request was
/// answered already.
const SETTLED: &[&str] = &["not_found", "erased", "merged", "command_id_reused"];

/// Works on one event and says what becomes of it.
pub(crate) async fn analyse(event: Bytes, client: Client, models: Models) -> Fate {
    let event = match requested(&event) {
        Ok(Some(event)) => event,
        Ok(None) => return Fate::Done,
        Err(reason) => return Fate::Parked(reason),
    };
    if event.recorded_at < Utc::now() - FRESH {
        return Fate::Done;
    }
    let began = Instant::now();
    let features = match client.query::<LeadFeatures>(event.workspace, &question(&event)).await {
        Ok(features) => features,
        Err(error) => return unanswered(&event, error),
    };
    let advice = match models.advise(event.workspace, &features).await {
        Ok(advice) => advice,
        Err(error) => return Fate::Parked(error.to_string()),
    };
    let request = answer(&event, &features, advice, began, Utc::now());
    match client.command(event.workspace, &request).await {
        Ok(accepted) => {
            metrics::counter!("ael_analyses_total", "by" => "local")
                .increment(u64::from(!accepted.repeated));
            Fate::Done
        }
        Err(error) => unanswered(&event, error),
    }
}

/// The event, when it asks for an analysis.
fn requested(payload: &[u8]) -> Result<Option<Recorded>, String> {
    let event = CloudEvent::parse(payload).map_err(|error| error.to_string())?;
    let data = serde_json::from_str(event.data.get()).map_err(|error| error.to_string())?;
    let happened = Event::from_wire(&event.event_type, data).map_err(|error| error.to_string())?;
    let asks = matches!(
        &happened,
        Event::Lead(event) if matches!(event.as_ref(), LeadEvent::AnalysisRequested(_))
    );
    Ok(asks.then_some(event))
}

const fn credential() -> Credential {
    Credential::Service { principal: ServicePrincipal::Scoring, on_behalf_of: None }
}

fn question(event: &Recorded) -> QueryRequest {
    let lead_id = LeadId::from_uuid(event.aggregate_id);
    let query = Query::LeadFeatures { lead_id };
    let position = PositionToken { lane: event.lane, order: event.order };
    QueryRequest { credential: credential(), after: Some(position), query }
}

fn answer(
    event: &Recorded,
    features: &LeadFeatures,
    advice: Advice,
    began: Instant,
    now: DateTime<Utc>,
) -> CommandRequest {
    let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let record = RecordAnalysis {
        score: advice.score,
        recommendation: advice.recommendation,
        reason: advice.reason,
        analysed_at: now,
        model: advice.model,
        prompt_version: advice.prompt_version,
        features: features.anonymous.clone(),
        feature_hash: advice.feature_hash,
        usage: Usage { latency_ms, ..Usage::default() },
        raw_score: None,
    };
    CommandRequest {
        command_id: CommandId::derived("analysis", &event.event_id.to_string()),
        credential: credential(),
        expected_version: None,
        occurred_at: None,
        correlation_id: Some(event.metadata.correlation_id),
        causation_id: Some(event.event_id),
        command: Command::Lead(To {
            id: LeadId::from_uuid(event.aggregate_id),
            command: record.into(),
        }),
    }
}

fn unanswered(event: &Recorded, error: ClientError) -> Fate {
    let lead = event.aggregate_id;
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
