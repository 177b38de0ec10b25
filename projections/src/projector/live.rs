//! Who watches a workspace is told what changed, after the read models show it.

use super::apply::Effect;
use crate::opened::{EventFacts, Opened};
use ael_bus::Bus;
use ael_events::ids::{SaleId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::LiveChange;
use ael_events::subjects;
use ael_events::values::AggregateKind;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is older is history that somebody replays: nobody waits for it.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// What changed, once per thing, with the version that it has now, in order.
pub(crate) fn changes(events: &[Opened], effect: &Effect, now: DateTime<Utc>) -> Vec<LiveChange> {
    let mut newest: BTreeMap<(WorkspaceId, AggregateKind, Uuid), LiveChange> = BTreeMap::new();
    for opened in events {
        let facts = &opened.facts;
        if now.signed_duration_since(facts.recorded_at) > FRESH {
            continue;
        }
        let Some(change) = change(facts, effect) else { continue };
        let lead = (facts.workspace, facts.data_subject);
        if change.owner_changed
            && let Some(version) = effect.sales.get(&lead)
        {
            // The sale is its lead's owner's, although nothing else happened to it.
            let id = SaleId::of(facts.lead()).uuid();
            let topic = AggregateKind::Sale.into();
            let sale = LiveChange { topic, id, version: *version, ..change.clone() };
            newest.insert((facts.workspace, AggregateKind::Sale, id), sale);
        }
        newest.insert((facts.workspace, facts.aggregate, facts.aggregate_id), change);
    }
    let mut changes: Vec<LiveChange> = newest.into_values().collect();
    changes.sort_by_key(|change| change.position.order);
    changes
}

/// What an event changed; nothing, where no read model shows it because its lead waits.
fn change(facts: &EventFacts, effect: &Effect) -> Option<LiveChange> {
    let lead = (facts.workspace, facts.data_subject);
    let (owner, previous) = match facts.aggregate {
        AggregateKind::Lead | AggregateKind::Sale => {
            let owner = *effect.owners.get(&lead)?;
            let previous = effect.previous_owners.get(&lead).copied();
            (owner, previous.filter(|previous| *previous != owner))
        }
        AggregateKind::Workspace
        | AggregateKind::Member
        | AggregateKind::Invitation
        | AggregateKind::Token
        | AggregateKind::Advisor => (None, None),
    };
    Some(LiveChange {
        workspace: facts.workspace,
        topic: facts.aggregate.into(),
        id: facts.aggregate_id,
        version: facts.sequence,
        position: PositionToken { lane: facts.lane, order: facts.order },
        owner,
        owner_changed: previous.is_some(),
        previous_owner: previous.flatten(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{LEAD, facts, hour};
    use ael_events::ids::MemberId;

    const ALICE: MemberId = MemberId::from_uuid(Uuid::from_u128(21));
    const BOB: MemberId = MemberId::from_uuid(Uuid::from_u128(22));

    fn happened(sequence: u64) -> Opened {
        let event = Err("what exactly does not matter".to_owned());
        let facts = EventFacts { recorded_at: hour(9), ..facts(sequence) };
        Opened { facts, event, data: serde_json::Value::Null }
    }

    fn told(effect: &Effect, events: &[Opened]) -> Vec<(String, u64, Option<MemberId>)> {
        let line =
            |change: LiveChange| (change.topic.into(), change.version, change.previous_owner);
        changes(events, effect, hour(9)).into_iter().map(line).collect()
    }

    fn effect(owner: Option<MemberId>) -> Effect {
        let lead = (facts(1).workspace, LEAD);
        Effect { owners: [(lead, owner)].into(), ..Effect::default() }
    }

    #[test]
    fn a_lead_that_changed_hands_is_told_with_who_had_it_and_so_is_its_sale() {
        let lead = (facts(1).workspace, LEAD);
        let mut effect = effect(Some(BOB));
        effect.previous_owners = [(lead, Some(ALICE))].into();
        let events = [happened(4), happened(5)];
        assert_eq!(told(&effect, &events), [("lead".to_owned(), 5, Some(ALICE))]);
        effect.sales = [(lead, 2)].into();
        let sale = ("sale".to_owned(), 2, Some(ALICE));
        let mut both = told(&effect, &events);
        both.sort();
        assert_eq!(both, [("lead".to_owned(), 5, Some(ALICE)), sale]);
        effect.previous_owners = [(lead, None)].into();
        let change = &changes(&events, &effect, hour(9))[0];
        assert!(change.owner_changed && change.previous_owner.is_none(), "it was nobody's");
    }

    #[test]
    fn a_lead_that_came_back_within_a_batch_has_not_changed_hands() {
        let mut effect = effect(Some(ALICE));
        let lead = (facts(1).workspace, LEAD);
        (effect.previous_owners, effect.sales) = ([(lead, Some(ALICE))].into(), [(lead, 2)].into());
        let change = changes(&[happened(4)], &effect, hour(9));
        assert!(change.len() == 1 && !change[0].owner_changed);
    }

    #[test]
    fn of_a_lead_that_no_read_model_shows_and_of_old_history_nothing_is_told() {
        assert_eq!(told(&Effect::default(), &[happened(4)]), []);
        assert_eq!(changes(&[happened(4)], &effect(None), hour(10)), []);
        assert_eq!(told(&effect(None), &[happened(4)]), [("lead".to_owned(), 4, None)]);
    }
}
