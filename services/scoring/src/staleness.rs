//! Analyses that say nothing any more are made anew by themselves: at once when something happened
//! to the lead, and little by little when they only grew old.

use crate::advisor::Advisor;
use crate::analysis::{FRESH, Task, analyse, credential, features, unanswered};
use ael_bus::Fate;
use ael_client::Client;
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent};
use ael_events::ids::{CommandId, LeadId, WorkspaceId};
use ael_events::query::{LeadFeatures, Query, QueryRequest, StaleAnalysis};
use bytes::Bytes;
use chrono::Utc;
use futures::StreamExt as _;
use futures::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many old ones are made anew at once: nobody waits for them.
const AT_ONCE: usize = 4;

/// Looks at what happened to a lead, and analyses it anew if its analysis says nothing any more.
pub(crate) async fn happened(event: Bytes, client: Client, advisor: Arc<Advisor>) -> Fate {
    let Ok(event) = CloudEvent::parse(&event) else {
        return Fate::Parked("what came is no event".to_owned());
    };
    if event.recorded_at < Utc::now() - FRESH {
        return Fate::Done;
    }
    let read = serde_json::from_str(event.data.get())
        .map_err(|error| error.to_string())
        .and_then(|data| Event::from_wire(&event.event_type, data).map_err(|e| e.to_string()));
    match read {
        Ok(happened) if may_outdate(&happened) => {}
        Ok(_) => return Fate::Done,
        Err(reason) => return Fate::Parked(reason),
    }
    let (workspace, lead) = (event.workspace, LeadId::from_uuid(event.aggregate_id));
    let features = match features(&client, workspace, lead, Some(&event)).await {
        Ok(features) => features,
        Err(error) => return unanswered(lead, error),
    };
    let Some(command) = renewal(lead, &features) else { return Fate::Done };
    let task = Task {
        workspace,
        lead,
        command,
        correlation: Some(event.metadata.correlation_id),
        causation: Some(event.event_id),
        force: false,
    };
    analyse(&task, &features, &client, &advisor).await
}

/// The command that records a new analysis, if there is one that says nothing any more. Whoever
/// finds the same lead to be so, after another event, by the clock or in another copy, asks for the
/// same record, which is kept once.
fn renewal(lead: LeadId, features: &LeadFeatures) -> Option<CommandId> {
    let outdated = features.analysed_version.filter(|_| features.stale.is_some())?;
    let now = serde_json::to_string(&features.anonymous).unwrap_or_default();
    Some(CommandId::derived("reanalysis", &format!("{lead} {outdated} {now}")))
}

/// Whether an analysis from before may say nothing any more.
fn may_outdate(event: &Event) -> bool {
    let Event::Lead(event) = event else { return false };
    match event.as_ref() {
        LeadEvent::DetailsEdited(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::Absorbed(_) => true,
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::Analysed(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Erased(_) => false,
    }
}

/// Looks for old analyses now and then, until told to stop. Several copies may do the same work;
/// it is recorded once.
pub(crate) async fn grow_old(
    client: Client,
    advisor: Arc<Advisor>,
    every: Duration,
    stop: CancellationToken,
) {
    let mut looks = tokio::time::interval(every);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let renewed = async {
            match stale(&client).await {
                Ok(found) => renew(found, &client, &advisor).await,
                Err(error) => tracing::debug!(%error, "old analyses cannot be looked for now"),
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = renewed => {}
        }
    }
}

async fn stale(client: &Client) -> Result<Vec<StaleAnalysis>, ael_client::ClientError> {
    let query = Query::StaleAnalyses {};
    let request = QueryRequest { credential: credential(), after: None, query };
    client.query(WorkspaceId::from_uuid(Uuid::nil()), &request).await
}

async fn renew(found: Vec<StaleAnalysis>, client: &Client, advisor: &Advisor) {
    let renewed = stream::iter(found).map(|old| async move {
        let (workspace, lead) = (old.workspace, old.lead_id);
        let features = match features(client, workspace, lead, None).await {
            Ok(features) => features,
            Err(error) => return unanswered(lead, error),
        };
        let Some(command) = renewal(lead, &features) else { return Fate::Done };
        let (correlation, causation) = (None, None);
        let task = Task { workspace, lead, command, correlation, causation, force: false };
        analyse(&task, &features, client, advisor).await
    });
    let fates: Vec<Fate> = renewed.buffer_unordered(AT_ONCE).collect().await;
    for fate in fates {
        if let Fate::Parked(reason) = fate {
            tracing::error!(reason, "an old analysis cannot be made anew; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::tests::of;
    use ael_events::values::{Source, Stage, StaleReason};

    #[test]
    fn whoever_finds_the_same_analysis_outdated_asks_for_the_same_record() {
        let lead = LeadId::generate();
        let outdated = LeadFeatures {
            analysed_version: Some(3),
            stale: Some(StaleReason::Messages),
            ..of(Source::Manual, Stage::New, 4, true)
        };
        let record = renewal(lead, &outdated);
        assert!(record.is_some() && record == renewal(lead, &outdated.clone()));
        // One that is more recent, or knows more, is another.
        let later = LeadFeatures { analysed_version: Some(5), ..outdated.clone() };
        let mut knowing = outdated.clone();
        knowing.anonymous.message_count += 1;
        for other in [renewal(lead, &later), renewal(lead, &knowing)] {
            assert!(other.is_some() && other != record);
        }
        assert_eq!(renewal(lead, &LeadFeatures { stale: None, ..outdated.clone() }), None);
        assert_eq!(renewal(lead, &LeadFeatures { analysed_version: None, ..outdated }), None);
    }
}
