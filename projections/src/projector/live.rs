//! Who watches a workspace is told what changed, after the read models show it.

use super::apply::Effect;
use crate::opened::Opened;
use ael_bus::Bus;
use ael_events::ids::WorkspaceId;
use ael_events::order::PositionToken;
use ael_events::query::LiveChange;
use ael_events::subjects;
use ael_events::values::AggregateKind;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is older is history that somebody replays: nobody waits for it.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// What changed, once per aggregate, with the version that it has now.
pub(crate) fn changes(events: &[Opened], effect: &Effect, now: DateTime<Utc>) -> Vec<LiveChange> {
    let mut newest: BTreeMap<(WorkspaceId, AggregateKind, Uuid), LiveChange> = BTreeMap::new();
    for opened in events {
        let facts = &opened.facts;
        if now.signed_duration_since(facts.recorded_at) > FRESH {
            continue;
        }
        let owner = effect.owners.get(&(facts.workspace, facts.data_subject)).copied().flatten();
        let change = LiveChange {
            workspace: facts.workspace,
            topic: facts.aggregate.as_str().to_owned(),
            id: facts.aggregate_id,
            version: facts.sequence,
            position: PositionToken { lane: facts.lane, order: facts.order },
            owner,
        };
        newest.insert((facts.workspace, facts.aggregate, facts.aggregate_id), change);
    }
    newest.into_values().collect()
}

/// Says what changed to whoever listens now.
pub(crate) async fn publish(bus: &Bus, changes: &[LiveChange]) {
    for change in changes {
        let Ok(body) = serde_json::to_vec(change) else { continue };
        if let Err(error) = bus.publish(&subjects::live(change.workspace), body).await {
            tracing::debug!(%error, "a live notice could not be said");
            return;
        }
    }
}
