//! Analyses that say nothing any more are made anew by themselves: at once when something happened
//! to the lead, and little by little when they only grew old.

use crate::advisor::Advisor;
use crate::analysis::{FRESH, Task, analyse, credential, features, unanswered};
use ael_bus::Fate;
use ael_client::Client;
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent};
use ael_events::ids::{CommandId, LeadId, WorkspaceId};
use ael_events::query::{Query, QueryRequest, StaleAnalysis};
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
    let task = Task {
        workspace: event.workspace,
        lead: LeadId::from_uuid(event.aggregate_id),
        command: CommandId::derived("reanalysis", &event.event_id.to_string()),
        correlation: Some(event.metadata.correlation_id),
        causation: Some(event.event_id),
        force: false,
    };
    match features(&client, &task, Some(&event)).await {
        Ok(features) if features.analysed_version.is_some() && features.stale.is_some() => {
            analyse(&task, &features, &client, &advisor).await
        }
        Ok(_) => Fate::Done,
        Err(error) => unanswered(&task, error),
    }
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
        let cause = format!("{} {}", old.lead_id, old.analysed_at.timestamp_micros());
        let task = Task {
            workspace: old.workspace,
            lead: old.lead_id,
            command: CommandId::derived("reanalysis", &cause),
            correlation: None,
            causation: None,
            force: false,
        };
        match features(client, &task, None).await {
            Ok(features) if features.stale.is_some() => {
                analyse(&task, &features, client, advisor).await
            }
            Ok(_) => Fate::Done,
            Err(error) => unanswered(&task, error),
        }
    });
    let fates: Vec<Fate> = renewed.buffer_unordered(AT_ONCE).collect().await;
    for fate in fates {
        if let Fate::Parked(reason) = fate {
            tracing::error!(reason, "an old analysis cannot be made anew; it is tried again");
        }
    }
}
